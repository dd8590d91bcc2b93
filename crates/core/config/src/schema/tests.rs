//! The schema describes what the reader reads.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::read;

/// A key and a word that nothing resembles, so that the reader lists what it allows.
const UNKNOWN: &str = "zzzzzzzzzzzz";

fn schema() -> Value {
    serde_json::from_str(&crate::schema()).unwrap()
}

/// What the reader lists behind `words` for this text.
fn listed(text: &str, words: &str) -> BTreeSet<String> {
    let error = read(&format!("version = 1\n{text}\n")).unwrap_err().to_string();
    let list = error.split_once(words).unwrap_or_else(|| panic!("{error}")).1;
    list.lines().next().unwrap().split(", ").map(str::to_owned).collect()
}

fn keys(schema: &Value, path: &str) -> BTreeSet<String> {
    schema.pointer(path).unwrap()["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_section_has_the_keys_that_the_reader_knows_and_no_others() {
    let schema = schema();
    for (path, before) in [
        ("", ""),
        ("/properties/login", "[login]\n"),
        ("/properties/host/items", "[[host]]\nurl = 'http://hv01'\n"),
        ("/properties/run", "[run]\n"),
        ("/properties/serve", "[serve]\n"),
        ("/properties/policy", "[policy]\n"),
        ("/properties/policy/properties/paused", "[policy.paused]\n"),
        ("/properties/discover", "[discover]\n"),
        ("/properties/hold/items", "[[hold]]\nall = true\nreason = 'r'\n"),
    ] {
        let mut known = listed(&format!("{before}{UNKNOWN} = 1"), "unknown key; allowed are ");
        if path == "/properties/login" {
            // The reader knows it there to say that it belongs to a host.
            assert!(known.remove("spn"));
        }
        assert_eq!(keys(&schema, path), known, "{path}");
        assert_eq!(schema.pointer(path).unwrap()["additionalProperties"], false, "{path}");
    }
}

#[test]
fn every_choice_has_the_words_that_the_reader_knows_and_no_others() {
    let schema = schema();
    for (path, before) in [
        ("/properties/login/properties/auth", "[login]\nauth"),
        ("/properties/host/items/properties/auth", "[[host]]\nurl = 'http://hv01'\nauth"),
        ("/properties/policy/properties/peer_unseen", "[policy]\npeer_unseen"),
        ("/properties/policy/properties/paused/properties/at_boot", "[policy.paused]\nat_boot"),
        ("/properties/policy/properties/paused/properties/while_running", "[policy.paused]\nwhile_running"),
        ("/properties/policy/properties/paused/properties/initial", "[policy.paused]\ninitial"),
    ] {
        let words = schema.pointer(path).unwrap()["enum"].as_array().unwrap();
        let words: BTreeSet<String> = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        assert_eq!(words, listed(&format!("{before} = '{UNKNOWN}'"), "is not one of "), "{path}");
    }
    assert!(read("version = 1\n[policy]\nresync = 'approve'\n").is_ok());
    assert_eq!(schema.pointer("/properties/policy/properties/resync/enum").unwrap(), &serde_json::json!(["approve"]));
}

/// Whether a value has one of the types that a schema names.
fn is_of(kind: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("the type {other}"),
    };
    kind.as_str().map_or_else(|| kind.as_array().unwrap().iter().any(|kind| is(kind.as_str().unwrap())), is)
}

/// Whether a value fits a schema, by the rules of JSON Schema for the words that ours has. An unknown word is a failure.
fn fits(schema: &Value, value: &Value) -> bool {
    let Some(rules) = schema.as_object() else { return schema.as_bool().unwrap() };
    rules.iter().all(|(word, rule)| match word.as_str() {
        "$schema" | "title" | "description" | "format" => true,
        "type" => is_of(rule, value),
        "const" => rule == value,
        "enum" => rule.as_array().unwrap().contains(value),
        "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
        "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| crate::parse_duration(text).is_ok()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(rule, item))),
        "required" => rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
        "oneOf" => rule.as_array().unwrap().iter().filter(|one| fits(one, value)).count() == 1,
        "properties" => {
            rule.as_object().unwrap().iter().all(|(key, rule)| value.get(key).is_none_or(|value| fits(rule, value)))
        }
        "additionalProperties" => value.as_object().is_none_or(|own| {
            let named = |key: &String| rules.get("properties").is_some_and(|named| named.get(key).is_some());
            own.iter().filter(|(key, _)| !named(key)).all(|(_, value)| fits(rule, value))
        }),
        other => panic!("the word {other}"),
    })
}

fn is_valid(text: &str) -> bool {
    fits(&schema(), &toml::from_str(text).unwrap())
}

#[test]
fn the_samples_are_valid_and_a_misspelt_key_in_them_is_not() {
    let sample = include_str!("../../../../../packaging/reprise.toml");
    assert!(is_valid(sample));
    assert!(is_valid(include_str!("../../../../../packaging/workgroup.toml")));
    let commented = sample.lines().skip_while(|line| *line != "# [[hold]]").filter_map(|line| line.strip_prefix("# "));
    let hold: Vec<&str> = commented.collect();
    let hold = format!("version = 1\n{}\n", hold.join("\n"));
    assert!(is_valid(&hold) && !is_valid(&hold.replace("reason", "raeson")), "{hold}");
    assert!(!is_valid(&sample.replace("per_host =", "per_hots =")));
}

#[test]
fn the_schema_and_the_reader_agree_about_what_is_wrong() {
    let host = "[[host]]\nurl = 'http://hv01'\n";
    for (text, right) in [
        (String::new(), true),
        (format!("{host}tier = 2\nspn = 'HTTP/hv01'\n"), true),
        (format!("{host}local = false\n"), true),
        (format!("{host}local = true\n"), false),
        ("[[host]]\nlocal = true\n".to_owned(), true),
        ("[[host]]\nlocal = false\n".to_owned(), false),
        ("[[host]]\nname = 'hv01'\n".to_owned(), false),
        ("[[host]]\nulr = 'http://hv01'\n".to_owned(), false),
        (format!("{host}tier = -1\n"), false),
        (format!("{host}passwordfile = 'f'\n"), false),
        ("[login]\nuser = 'a'\nspn = 'HTTP/hv01'\n".to_owned(), false),
        ("[run]\ntimeout = 90\nretry_for = '1h30m'\nper_host = 1\n".to_owned(), true),
        ("[run]\ntimeout = -1\n".to_owned(), false),
        ("[run]\ntimeout = 'soon'\n".to_owned(), false),
        ("[run]\nper_host = 0\n".to_owned(), false),
        ("[run]\nper_host = 4294967296\n".to_owned(), false),
        ("[policy]\npeer_unseen = 'wiat'\n".to_owned(), false),
        ("[policy]\nresync = 'window'\n".to_owned(), false),
        ("[policy.paused]\nat_boot = 7\n".to_owned(), false),
        ("[[hold]]\nall = true\nreason = 'r'\n".to_owned(), true),
        ("[[hold]]\nall = false\nreason = 'r'\n".to_owned(), false),
        ("[[hold]]\nvm = 'a'\nhost = 'b'\nreason = 'r'\n".to_owned(), false),
        ("[[hold]]\nvm = 'a'\n".to_owned(), false),
        ("[[hold]]\nreason = 'r'\n".to_owned(), false),
        ("[discover]\npeers = 1\n".to_owned(), false),
        ("[discover]\nresolve = { hv02 = 5 }\n".to_owned(), false),
        ("[discover]\nresolve = { hv02 = 'http://hv02' }\n".to_owned(), true),
    ] {
        let text = format!("version = 1\n{text}");
        assert_eq!((read(&text).is_ok(), is_valid(&text)), (right, right), "{text}");
    }
    assert!(!is_valid("version = 2\n") && !is_valid("[run]\n"));
}
