//! Each rule, seen red once and green beside it.

use super::{File, findings};

fn found(path: &str, text: &str) -> Vec<String> {
    findings(&[File { path: path.to_owned(), text: text.to_owned() }])
}

fn is_red(path: &str, text: &str, part: &str) {
    let red = found(path, text);
    assert_eq!(red.len(), 1, "{red:?}");
    assert!(red[0].starts_with(path), "{red:?}");
    assert!(red[0].contains(part), "{red:?}");
}

fn is_green(path: &str, text: &str) {
    assert_eq!(found(path, text), Vec::<String>::new());
}

#[test]
fn a_file_of_801_lines_is_red_and_one_of_800_green() {
    let of = |lines: usize| format!("//! Long.\n{}", "\n".repeat(lines - 1));
    is_red("crates/core/lab/src/world.rs", &of(801), "801 lines");
    is_green("crates/core/lab/src/world.rs", &of(800));
}

#[test]
fn a_module_whose_first_line_says_nothing_is_red() {
    is_red("xtask/src/x.rs", "use std::fmt;\n", "first line");
    is_red("xtask/src/x.rs", "", "first line");
    is_red("xtask/src/x.rs", "// Not a doc comment.\n", "first line");
    is_green("xtask/src/x.rs", "//! A doc comment.\n");
}

#[test]
fn a_name_that_fits_everything_is_red_as_file_folder_module_and_crate() {
    for name in ["common", "util", "utils", "base", "helper", "helpers", "misc", "imp"] {
        is_red(&format!("crates/core/lab/src/{name}.rs"), "//! X.\n", name);
        is_red(&format!("crates/core/lab/src/{name}/x.rs"), "//! X.\n", name);
        is_red("crates/core/lab/src/x.rs", &format!("//! X.\npub(crate) mod {name};\n"), name);
        is_red("crates/core/lab/src/x.rs", &format!("//! X.\nmod {name} {{\n}}\n"), name);
        is_red("crates/core/x/Cargo.toml", &format!("[package]\nname = \"reprise-{name}\"\n"), name);
    }
    is_green("crates/core/lab/src/database.rs", "//! X.\nmod simple;\n");
    is_green("crates/core/x/Cargo.toml", "[package]\nname = \"reprise-important\"\n");
}

#[test]
fn work_that_is_put_off_without_a_decision_is_red() {
    for mark in [concat!("TO", "DO"), concat!("FIX", "ME")] {
        is_red("a.rs", &format!("//! X.\n// {mark}: later\n"), "names no decision");
        is_red("ci/a.sh", &format!("# {mark} later\n"), "names no decision");
        is_green("a.rs", &format!("//! X.\n// {mark}(ADR 0007): when brokers are followed\n"));
    }
}

#[test]
fn a_path_of_one_machine_is_red_and_a_url_or_a_namespace_is_not() {
    for top in ["home", "Users", "work"] {
        is_red("docs/a.md", &format!("see `/{top}/me/notes`\n"), "one machine");
        is_green("docs/a.md", &format!("see https://example.test/{top}/me and target/{top}/x\n"));
    }
    is_red("docs/a.md", concat!("/ro", "ot/.cargo/bin\n"), "one machine");
    is_green("docs/a.md", "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2 `/root/cimv2`\n");
}

fn function(lines: usize, indent: &str, above: &str) -> String {
    let body = format!("{indent}    call();\n\n{indent}    // said\n").repeat(lines);
    format!("//! X.\n{above}{indent}pub(crate) async fn long<T>(\n{indent}    t: T,\n{indent}) {{\n{body}{indent}}}\n")
}

#[test]
fn a_function_over_70_lines_is_red_unless_it_says_why() {
    // The two lines between name and brace count; blank lines and comments do not.
    is_red("a.rs", &function(69, "", ""), "`long` has 71 lines");
    is_red("a.rs", &function(80, "    ", ""), "`long` has 82 lines");
    is_green("a.rs", &function(68, "", ""));
    is_green("a.rs", &function(80, "", "#[expect(clippy::too_many_lines, reason = \"one table\")]\n"));
}

#[test]
fn a_function_without_a_body_has_no_length() {
    let text =
        format!("//! X.\ntrait A {{\n    fn one(&self);\n}}\n{}fn two() {{\n}}\n", "const B: u8 = 1;\n".repeat(90));
    is_green("a.rs", &text);
}

#[test]
fn all_findings_are_told_at_once() {
    let red = found("crates/core/lab/src/misc.rs", "fn a() {}\nmod util;\n");
    assert_eq!(red.len(), 3, "{red:?}");
}

#[test]
fn a_setting_that_neither_the_engine_nor_the_program_reads_is_red() {
    let held = ("crates/core/model/src/policy.rs", "//! X.\npub struct Policy {\n    pub resync: Resync,\n}\n");
    let with = |path: &str, text: &str| {
        let file = |(path, text): (&str, &str)| File { path: path.to_owned(), text: format!("//! X.\n{text}") };
        findings(&[file(held), file((path, text))])
    };
    let engine = "crates/core/engine/src/judge.rs";
    assert_eq!(with(engine, "fn f(p: Policy) { p.resync }"), Vec::<String>::new());
    assert_eq!(with("crates/shell/reprise/src/x.rs", "fn f() { if p.resync == X {} }"), Vec::<String>::new());
    assert_eq!(with(engine, "#[cfg(test)]\nmod tests;\nfn f() { p.resync }"), Vec::<String>::new());
    for (path, text) in [
        (engine, ""),
        (engine, "fn f(p: &mut Policy) { p.resync = Resync::Never; p.resync(); }"),
        (engine, "// p.resync\n"),
        (engine, "#[cfg(test)]\nmod tests { fn f() { p.resync } }"),
        ("crates/core/engine/src/tests.rs", "fn f() { p.resync }"),
        ("crates/core/lab/src/leg.rs", "fn f() { leg.resync }"),
    ] {
        let red = with(path, text);
        assert_eq!(red.len(), 1, "{path}: {text}");
        assert!(red[0].starts_with("crates/core/model/src/policy.rs:4: nothing reads the setting `resync`"), "{red:?}");
    }
}

#[test]
fn a_phrase_that_readers_stumble_over_is_red_with_what_to_write_instead() {
    let of = |line: &str| format!("//! X.\n// {line}\n");
    is_red(
        "crates/core/config/src/x.rs",
        &of("An error is told with its line."),
        ":2: not \"is told\" but: is reported",
    );
    for line in
        ["Mend this line.", "Whoever reads it, stops.", "The user and his password", "with what may pass, or not"]
    {
        is_red("crates/core/config/src/x.rs", &of(line), "not \"");
    }
    is_red("README.md", "# X\nHis password\n", "not \"his\"");
    for line in
        ["recommended, amend, mending_x", "this, ether, hist, whim", "what it told, asked", "what may pass_through"]
    {
        is_green("crates/core/config/src/x.rs", &of(line));
    }
    is_green("crates/core/wsman/corpus/x.md", "his\n");
}

#[test]
fn a_public_type_of_one_name_in_two_crates_is_red() {
    let with = |path: &str, text: &str| {
        let file = |(path, text): (&str, &str)| File { path: path.to_owned(), text: format!("//! X.\n{text}\n") };
        findings(&[file(("crates/core/lab/src/view.rs", "pub struct Host {\n}")), file((path, text))])
    };
    let engine = "crates/core/engine/src/host.rs";
    for text in ["pub struct Host;", "pub enum Host {}", "pub trait Host {}", "pub type Host = ();"] {
        let red = with(engine, text);
        assert_eq!(red.len(), 1, "{text}: {red:?}");
        assert!(red[0].starts_with("crates/core/engine, crates/core/lab: the public type `Host`"), "{red:?}");
    }
    for (path, text) in [
        (engine, "pub(crate) struct Host;\nstruct View;\npub fn host() {}"),
        ("crates/core/engine/src/tests/mod.rs", "pub struct Host;"),
        ("crates/core/lab/src/host.rs", "pub struct Host;"),
        ("xtask/src/host.rs", "pub struct Host;"),
    ] {
        assert_eq!(with(path, text), Vec::<String>::new(), "{path}: {text}");
    }
}
