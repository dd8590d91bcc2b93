//! `status` and `explain`: what they say of a pair of hosts, and that they do nothing.

use std::process::{Command, Output};

use serde_json::Value;

use crate::lab::{Lab, PROGRAM, Ran, ran};

/// A verb against both hosts.
fn output(lab: &Lab, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).args(["--user", &lab.user(), "--password-file", &lab.path("password")]);
    command.args(["--host", &lab.url(0), "--host", &lab.url(1)]).current_dir(lab.path("."));
    command.output().unwrap()
}

fn json(lab: &Lab, arguments: &[&str]) -> Ran {
    ran(&output(lab, &[arguments, &["--json"]].concat()))
}

fn page(lab: &Lab, arguments: &[&str]) -> String {
    String::from_utf8(output(lab, arguments).stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A pair of which one leg is broken.
fn half_broken() -> Lab {
    let lab = Lab::new(&["--vms", "4"]);
    lab.post("/hosts/hv01.lab.test/shutdown?in_flight=1");
    lab.post("/hosts/hv01.lab.test/boot");
    assert_eq!(lab.states(), [8, 3, 3, 3]);
    lab
}

#[test]
fn a_healthy_pair_is_protected_and_its_document_has_the_contracts_keys() {
    let lab = Lab::new(&["--vms", "2"]);
    let seen = json(&lab, &["status"]);
    assert_eq!((seen.code, &seen.document["source"]), (0, &"look".into()), "{}", seen.standard_error);
    let document = ["version", "taken", "source", "hosts", "relationships", "errors"];
    let host = ["name", "url", "ready", "age_s", "error"];
    let leg = [
        "vm",
        "vm_id",
        "leg",
        "primary",
        "replica",
        "state",
        "replica_state",
        "health",
        "protected",
        "wanted",
        "last_replication",
        "lag_s",
        "pending_bytes",
        "verdict",
        "reason",
        "detail",
        "next",
        "held",
        "incident",
        "forecast_resync",
    ];
    assert_eq!(keys(&seen.document), document);
    assert_eq!(keys(&seen.document["hosts"][0]), host);
    assert_eq!(keys(&seen.legs()[0]), leg);
    assert!(seen.document["hosts"].as_array().unwrap().iter().all(|host| host["age_s"].is_u64()), "{}", seen.document);
    for leg in seen.legs() {
        assert_eq!((&leg["state"], &leg["replica_state"]), (&"Replicating".into(), &"Replicating".into()), "{leg}");
        assert_eq!((&leg["protected"], &leg["verdict"], &leg["next"]), (&true.into(), &"none".into(), &Value::Null));
        assert!(leg["lag_s"].is_u64() && leg["last_replication"].is_string(), "{leg}");
        assert!(leg["health"] == "Normal" && leg["pending_bytes"].is_u64(), "{leg}");
    }
    assert!(page(&lab, &["status"]).contains("Protected: 2 of 2"));
    assert!(page(&lab, &["explain", "vm-001"]).contains("`reprise run` has nothing to do."));
    assert_eq!(json(&lab, &["explain", "vm-001"]).code, 0);
}

#[test]
fn of_a_half_broken_pair_the_worst_stands_first_and_nothing_is_done() {
    let lab = half_broken();
    let seen = json(&lab, &["status"]);
    assert_eq!(seen.code, 3, "{}", seen.standard_error);
    let leg = seen.leg("vm-001");
    assert_eq!((&leg["verdict"], &leg["state"], &leg["wanted"]), (&"resume".into(), &"Error".into(), &true.into()));
    assert_eq!(seen.legs().iter().filter(|leg| leg["protected"] == true).count(), 3);
    let text = page(&lab, &["status"]);
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("vm-")).collect();
    assert!(rows[0].starts_with("vm-001") && rows[0].contains("resume"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Protected: 3 of 4") && words.contains("`reprise run` would resume 1."), "{text}");
    let one = json(&lab, &["status", "vm-002"]);
    assert_eq!((one.code, one.legs().len()), (0, 1), "only what was asked for counts");
    let id = lab.world()["vms"][0]["vm_id"].as_str().unwrap().to_owned();
    assert_eq!(json(&lab, &["status", &id, "vm-002"]).legs().len(), 2);
    assert_eq!((lab.states(), lab.events()), (vec![8, 3, 3, 3], vec![]));
}

#[test]
fn a_broken_leg_is_explained_by_both_ends_the_events_and_the_rule_that_decided() {
    let lab = half_broken();
    let seen = json(&lab, &["explain", "vm-001"]);
    assert_eq!((seen.code, seen.legs().len()), (3, 1), "it is not protected: {}", seen.standard_error);
    let leg = seen.leg("vm-001");
    let facts = leg["facts"].as_array().unwrap();
    let fact = |name: &str| facts.iter().find(|fact| fact["fact"] == name).unwrap();
    assert_eq!(keys(fact("sender_state")), ["fact", "value", "source", "age_s"]);
    assert_eq!(keys(&leg["rules"][0]), ["rule", "says", "decided"]);
    assert_eq!(
        (&fact("sender_state")["value"], &fact("receiver_state")["value"]),
        (&"Error".into(), &"Replicating".into())
    );
    assert_eq!(fact("sender_state")["source"], "look:hv01.lab.test");
    assert_eq!(fact("event_32022")["value"]["code"], "0x80004004");
    assert!(fact("event_32086")["age_s"].is_u64() && fact("receiver_state")["age_s"].is_u64(), "{facts:?}");
    let rules = leg["rules"].as_array().unwrap();
    let decided: Vec<&Value> = rules.iter().filter(|rule| rule["decided"] == true).collect();
    assert_eq!((decided.len(), &decided[0]["rule"]), (1, &"sender".into()), "{rules:?}");
    let text = page(&lab, &["explain", "vm-001"]);
    for words in [
        "vm-001 (hv01 → hv02): Error, not protected. `reprise run` would resume it.",
        "hv02.lab.test, seen ",
        "32022, aborted, as by a shutdown (0x80004004)",
        "Decided by the state on the primary server.",
        "next:    Use `reprise run`",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(lab.states(), [8, 3, 3, 3]);
}

#[test]
fn a_held_vm_is_left_and_shows_its_hold() {
    let lab = half_broken();
    let host = |n: usize| format!("[[host]]\nurl = '{}'\n", lab.url(n));
    let login = format!("[login]\nuser = '{}'\npassword_file = '{}'\n", lab.user(), lab.path("password"));
    let hold = "[[hold]]\nvm = 'vm-001'\nreason = 'migration'\nuntil = '2999-01-01T00:00:00Z'\n";
    let config = lab.write_secret("reprise.toml", &format!("version = 1\n{login}{}{}{hold}", host(0), host(1)));
    let verb = |arguments: &[&str]| {
        ran(&Command::new(PROGRAM).args(arguments).args(["--json", "--config", &config]).output().unwrap())
    };
    let seen = verb(&["status"]);
    assert_eq!(seen.code, 0, "what is held is not wanted: {}", seen.standard_error);
    let leg = seen.leg("vm-001");
    assert_eq!((&leg["verdict"], &leg["reason"], &leg["wanted"]), (&"leave".into(), &"held".into(), &false.into()));
    let shown = &leg["held"];
    assert_eq!((&shown["id"], &shown["by"]), (&"config-1".into(), &"configuration".into()));
    assert_eq!((&shown["reason"], &shown["until"]), (&"migration".into(), &"2999-01-01T00:00:00.000Z".into()));
    assert_eq!(seen.leg("vm-002")["held"], Value::Null);
    let explained = verb(&["explain", "vm-001"]);
    let rules = explained.legs()[0]["rules"].as_array().unwrap().clone();
    assert_eq!((&rules[0]["rule"], &rules[0]["decided"]), (&"hold".into(), &true.into()), "{rules:?}");
}

#[test]
fn a_host_that_cannot_be_reached_leaves_the_rest_seen_and_all_of_them_is_a_failure() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.post("/hosts/hv02.lab.test/management?mode=refuse");
    let seen = json(&lab, &["status", "--timeout", "2"]);
    assert_eq!(seen.code, 3, "{}", seen.standard_error);
    let hosts = seen.document["hosts"].as_array().unwrap();
    let unseen = hosts.iter().find(|host| host["ready"] == false).unwrap();
    assert!(unseen["age_s"].is_null() && unseen["error"]["what"].is_string(), "{unseen}");
    assert_eq!((&seen.leg("vm-001")["protected"], &seen.leg("vm-001")["replica_state"]), (&true.into(), &Value::Null));
    assert_eq!((&seen.leg("vm-002")["verdict"], &seen.leg("vm-002")["state"]), (&"wait".into(), &Value::Null));
    let text = page(&lab, &["explain", "vm-002", "--timeout", "2"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("hv02.lab.test does not show it") && words.contains("is not ready: cannot"), "{text}");
    assert!(!words.contains("cannot cannot"), "{text}");
    lab.post("/hosts/hv01.lab.test/management?mode=refuse");
    for verb in [&["status"][..], &["status", "vm-001"], &["explain", "vm-001"]] {
        let seen = json(&lab, &[verb, &["--timeout", "2"]].concat());
        assert_eq!((seen.code, seen.document["relationships"].as_array().map(Vec::len)), (1, Some(0)), "{verb:?}");
    }
}

#[test]
fn a_name_that_several_vms_or_none_have_is_refused_with_what_was_seen() {
    let lab = Lab::new(&["--vms", "4", "--odd-names"]);
    let world = lab.world();
    let vms = world["vms"].as_array().unwrap();
    let ids: Vec<&str> = vms.iter().filter(|vm| vm["vm"] == "web").map(|vm| vm["vm_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{vms:?}");
    for verb in ["status", "explain"] {
        let output = output(&lab, &[verb, "WEB"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
        assert!(ids.iter().all(|id| told.contains(id)), "{told}");
        let unknown = json(&lab, &[verb, "sql-99"]);
        assert_eq!((unknown.code, unknown.document.is_null()), (2, true));
        assert!(unknown.standard_error.contains("web"), "{}", unknown.standard_error);
        assert_eq!(json(&lab, &[verb, ids[0]]).legs().len(), 1);
        let nobody = Command::new(PROGRAM).args([verb, "web", "--host", "ftp://x"]).output().unwrap();
        assert_eq!((nobody.status.code(), nobody.stdout.len()), (Some(2), 0));
    }
}

#[test]
fn an_extended_relationship_is_explained_if_it_is_asked_for() {
    let lab = Lab::new(&["--hosts", "3", "--vms", "1", "--extended", "1"]);
    let explained =
        |more: &[&str]| json(&lab, &[&["explain", "vm-001", "--timeout", "5", "--host", &lab.url(2)], more].concat());
    assert_eq!(explained(&[]).legs()[0]["leg"], "simple");
    assert_eq!(explained(&["--extended"]).legs()[0]["leg"], "extended");
    assert_eq!(json(&lab, &["status", "--timeout", "5", "--on", "hv03", "--host", &lab.url(2)]).legs().len(), 1);
    let misspelt = json(&lab, &["status", "--timeout", "5", "--on", "hv-03"]);
    assert_eq!((misspelt.code, misspelt.document.is_null()), (2, true), "nothing of it must not look like success");
    assert!(misspelt.standard_error.contains("hv02.lab.test"), "{}", misspelt.standard_error);
}

#[test]
fn health_and_what_is_pending_are_shown_for_those_who_look_and_no_run_asks_what_is_pending() {
    for os in ["2012", "2012r2"] {
        let lab = Lab::new(&["--vms", "3", "--os", os]);
        lab.post("/vms/vm-001/pause");
        lab.post("/vms/vm-002/pause?side=receiver");
        lab.post("/vms/vm-003/set?last_replication=never");
        let seen = json(&lab, &["status"]);
        let health = ["vm-001", "vm-002", "vm-003"].map(|vm| seen.leg(vm)["health"].as_str().unwrap().to_owned());
        assert_eq!(health, ["Warning", "Critical", "Warning"], "the worse end counts: {}", seen.document);
        let pending = |ran: &Ran| ran.leg("vm-001")["pending_bytes"].as_u64().unwrap();
        assert!(pending(&seen) > 0, "{}", seen.document);
        assert_eq!(lab.requests("invoke"), 3, "one for each VM");
        let text = page(&lab, &["status"]);
        assert!(
            text.contains("Suspended,") && text.contains("Warning") && text.contains("in\n  poor health: 1"),
            "{text}"
        );
        let explained = json(&lab, &["explain", "vm-001"]);
        let facts = explained.legs()[0]["facts"].as_array().unwrap().clone();
        assert!(facts.iter().any(|fact| fact["fact"] == "sender_health" && fact["value"] == "Warning"), "{facts:?}");
        assert!(pending(&explained) > 0);
        let text = page(&lab, &["explain", "vm-001"]);
        assert!(text.contains("its health is Warning") && text.contains("wait to be sent"), "{text}");
        lab.post("/requests/reset");
        lab.run(&[0, 1], &["--dry-run"]);
        assert_eq!(lab.requests("invoke"), 0);
    }
}

#[test]
fn a_host_that_does_not_say_what_is_pending_costs_nothing_else() {
    let lab = Lab::new(&["--vms", "2"]);
    lab.post("/faults/busy?host=hv01.lab.test&op=invoke");
    let seen = json(&lab, &["status"]);
    assert_eq!(seen.code, 0, "{}", seen.standard_error);
    assert_eq!(seen.leg("vm-001")["pending_bytes"], Value::Null);
    assert!(seen.leg("vm-002")["pending_bytes"].is_u64(), "{}", seen.document);
}

#[test]
fn a_hold_that_matches_nothing_is_told_by_those_who_look_with_advice_that_they_can_follow() {
    let lab = half_broken();
    let host = |n: usize| format!("[[host]]\nurl = '{}'\n", lab.url(n));
    let login = format!("[login]\nuser = '{}'\npassword_file = '{}'\n", lab.user(), lab.path("password"));
    let hold = "[[hold]]\nvm = 'vm-0O1'\nreason = 'migration'\n";
    let config = lab.write_secret("reprise.toml", &format!("version = 1\n{login}{}{}{hold}", host(0), host(1)));
    for verb in [&["status"][..], &["explain", "vm-001"]] {
        let shown =
            |more: &[&str]| Command::new(PROGRAM).args(verb).args(more).args(["--config", &config]).output().unwrap();
        let seen = ran(&shown(&["--json"]));
        let errors = seen.document["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["what"]), (1, &"cannot apply the hold on VM vm-0O1".into()), "{errors:?}");
        assert!(seen.standard_error.contains("vm-0O1"), "{}", seen.standard_error);
        let text = String::from_utf8(shown(&[]).stdout).unwrap();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in [&errors[0].to_string(), &words] {
            assert!(told.contains("`reprise run --ignore-unmatched-holds`"), "{told}");
            assert!(!told.contains("nothing was resumed") && !told.contains("add `--ignore"), "{told}");
        }
        assert!(words.contains("the hold on VM vm-0O1"), "{words}");
    }
}

#[test]
fn advice_about_the_command_line_names_the_verb_that_was_typed() {
    let refused = |arguments: &[&str]| {
        let output =
            Command::new(PROGRAM).args(arguments).env("REPRISE_CONFIG", "/nowhere/reprise.toml").output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for arguments in [["status", "*"], ["explain", "*"]] {
        let told = refused(&arguments);
        assert!(told.contains("`reprise status` alone") && !told.contains("hold"), "{told}");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("reprise.toml");
    std::fs::write(&config, "version = 1\n").unwrap();
    let config = config.to_str().unwrap();
    for (verb, named) in [
        (&["run"][..], "reprise run --host"),
        (&["status"], "reprise status --host"),
        (&["explain", "vm-001"], "reprise explain VM --host"),
        (&["events"], "reprise events --host"),
    ] {
        let told = refused(&[verb, &["--config", config]].concat());
        assert!(told.contains(named) && told.contains(config), "{told}");
    }
}

#[test]
fn of_an_extended_relationship_elsewhere_it_is_said_that_it_is_on_that_host() {
    let lab = Lab::new(&["--hosts", "3", "--vms", "1", "--extended", "1"]);
    let seen = json(&lab, &["explain", "vm-001", "--timeout", "5", "--on", "hv03", "--host", &lab.url(2)]);
    assert_eq!((seen.code, seen.document.is_null()), (2, true));
    for words in ["only an extended relationship from or to hv03", "add --extended, or leave out --on"] {
        assert!(seen.standard_error.contains(words), "{words}: {}", seen.standard_error);
    }
}
