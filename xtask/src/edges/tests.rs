//! Small metadata, hand-made: what is green and what is red.

use serde_json::{Value, json};

use super::findings;

fn package(name: &str, dependencies: &[Value]) -> Value {
    json!({"name": name, "source": null, "dependencies": dependencies})
}

fn ours(name: &str) -> Value {
    json!({"name": name, "source": null, "kind": null, "path": "anywhere"})
}

fn outside(name: &str, kind: Option<&str>) -> Value {
    json!({"name": name, "source": "registry+https://example.test/index", "kind": kind})
}

fn found(packages: &[Value]) -> Vec<String> {
    findings(&json!({"packages": packages})).unwrap()
}

#[test]
fn the_edges_of_the_table_are_green() {
    let packages = [
        package("reprise-engine", &[ours("reprise-model"), outside("fastrand", None)]),
        package("reprise-model", &[outside("uuid", None)]),
        package("reprise-hyperv", &[ours("reprise-model"), ours("cim-types")]),
        package("reprise-lab-server", &[ours("reprise-lab"), ours("wsman-acceptor"), outside("tokio", None)]),
        package("reprise", &[ours("reprise-engine"), ours("reprise-lab-server")]),
    ];
    assert_eq!(found(&packages), Vec::<String>::new());
}

#[test]
fn a_neighbour_that_is_not_in_the_row_is_red() {
    let red = found(&[package("reprise-engine", &[ours("cim-types"), ours("reprise-model")])]);
    assert_eq!(
        red,
        [
            "reprise-engine -> cim-types: reprise-engine may use only reprise-model; the engine decides and cannot reach a host, not even by mistake"
        ]
    );
}

#[test]
fn a_neighbour_counts_in_tests_and_build_scripts_and_by_name_alone() {
    for kind in [Some("dev"), Some("build"), None] {
        let red = found(&[package("reprise-lab", &[json!({"name": "reprise-hyperv", "kind": kind})])]);
        assert_eq!(red.len(), 1, "{kind:?}");
        assert!(red[0].starts_with("reprise-lab -> reprise-hyperv: "), "{red:?}");
    }
}

#[test]
fn the_client_has_the_acceptor_in_its_tests_alone_and_the_labs_front_never_has_the_client() {
    let acceptor = |kind: Option<&str>| json!({"name": "wsman-acceptor", "kind": kind, "path": "anywhere"});
    assert_eq!(found(&[package("wsman-http", &[acceptor(Some("dev"))])]), Vec::<String>::new());
    for kind in [None, Some("build")] {
        assert_eq!(found(&[package("wsman-http", &[acceptor(kind)])]).len(), 1, "{kind:?}");
    }
    assert_eq!(found(&[package("reprise-lab-server", &[ours("wsman-http")])]).len(), 1);
}

#[test]
fn a_runtime_in_a_pure_crate_is_red_with_all_its_sisters() {
    for name in ["tokio", "tokio-util", "serde", "serde_json"] {
        let red = found(&[package("reprise-engine", &[outside(name, None)])]);
        assert_eq!(red.len(), 1, "{name}");
        assert!(red[0].starts_with(&format!("reprise-engine -> {name}: ")), "{red:?}");
    }
    assert_eq!(found(&[package("wsman", &[outside("tokio-rustls", None)])]).len(), 1);
    assert_eq!(found(&[package("wsman", &[outside("native-tls", None)])]).len(), 1);
}

#[test]
fn a_ban_is_on_direct_use_by_the_product_alone() {
    assert_eq!(found(&[package("reprise-engine", &[outside("serde_json", Some("dev"))])]), Vec::<String>::new());
    assert_eq!(found(&[package("reprise-engine", &[outside("tokio", Some("build"))])]).len(), 1);
    assert_eq!(found(&[package("reprise-engine", &[outside("serdelike", None)])]), Vec::<String>::new());
}

#[test]
fn the_crates_that_stand_alone_may_use_nobody() {
    for name in ["reprise-platform", "xtask", "reprise-wmi-standin", "cim-types", "reprise-model"] {
        let red = found(&[package(name, &[ours("wsman")])]);
        assert_eq!(red.len(), 1, "{name}");
        assert!(red[0].contains("may use nothing of ours"), "{red:?}");
    }
}

#[test]
fn the_stand_in_for_wmi_never_ships() {
    assert_eq!(found(&[package("reprise", &[ours("reprise-wmi-standin")])]).len(), 1);
}

#[test]
fn a_crate_that_the_table_does_not_know_is_red_from_both_ends() {
    let red = found(&[package("reprise-mystery", &[]), package("reprise", &[ours("reprise-mystery")])]);
    assert_eq!(red.len(), 2, "{red:?}");
    assert!(red[0].starts_with("reprise -> reprise-mystery: "), "{red:?}");
    assert!(red[1].starts_with("reprise-mystery -> (any): "), "{red:?}");
}

#[test]
fn packages_from_a_registry_are_nobodys_business() {
    let foreign = json!({"name": "hyper", "source": "registry+x", "dependencies": [outside("tokio", None)]});
    assert_eq!(found(&[foreign]), Vec::<String>::new());
}

#[test]
fn metadata_without_packages_is_an_error_that_says_what_to_do() {
    let error = findings(&json!({})).unwrap_err().to_string();
    assert!(error.contains("cargo metadata --format-version 1"), "{error}");
}
