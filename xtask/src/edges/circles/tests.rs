//! Small crates, hand-made: which circles are seen, and what is none.

use super::circles;
use super::tree::Sources;

fn sources(files: &[(&str, &str)]) -> Sources {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    circles("c", "c/src", &sources(files))
}

const NONE: Vec<String> = Vec::new();

#[test]
fn two_modules_that_use_each_other_are_a_circle_with_both_places() {
    let red = found(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "//! a\nuse crate::b::B;\npub struct A(B);\n"),
        ("b.rs", "pub struct B;\n\nfn f() { super::a::A::new() }\n"),
    ]);
    assert_eq!(red, ["c: a -> b -> a (c/src/a.rs:2, c/src/b.rs:3)"]);
}

#[test]
fn one_direction_is_no_circle() {
    let green = [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")];
    assert_eq!(found(&green), NONE);
}

#[test]
fn a_circle_through_a_third_is_seen_and_the_shortest_of_a_knot_is_shown() {
    let three = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use super::b::B; pub struct A;"),
        ("b.rs", "use super::c::C; pub struct B;"),
        ("c.rs", "use super::a::A; pub struct C;"),
    ];
    assert_eq!(found(&three), ["c: a -> b -> c -> a (c/src/a.rs:1, c/src/b.rs:1, c/src/c.rs:1)"]);
    let mut shorter = three;
    shorter[3].1 = "use super::{a::A, b::{self, B}}; pub struct C;";
    assert_eq!(found(&shorter), ["c: b -> c -> b (c/src/b.rs:1, c/src/c.rs:1)"]);
}

#[test]
fn two_knots_are_two_lines() {
    let red = found(&[
        ("lib.rs", "mod a; mod b; mod x { mod y { use super::X; } struct X; fn f() { y::g() } }"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ]);
    assert_eq!(red.len(), 2, "{red:?}");
    assert!(red.iter().any(|line| line.starts_with("c: x -> x::y -> x ")), "{red:?}");
}

#[test]
fn children_that_use_what_their_parent_defines_while_it_uses_them_are_a_circle() {
    let parent = "mod child;\npub struct Shared;\npub fn f() { child::g() }\n";
    let red = found(&[
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", parent),
        ("parent/child.rs", "use super::Shared;\npub fn g(_: Shared) {}"),
    ]);
    assert_eq!(red, ["c: parent -> parent::child -> parent (c/src/parent/mod.rs:3, c/src/parent/child.rs:1)"]);
}

#[test]
fn a_parent_that_declares_and_shows_its_children_does_not_use_them() {
    let green = [
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child;\npub use child::Thing;\npub(crate) use child::{a, b::*};\npub struct Shared;"),
        ("parent/child.rs", "use super::Shared;\npub struct Thing(Shared);"),
    ];
    assert_eq!(found(&green), NONE);
    let mut red = green;
    red[1].1 = "mod child;\npub use child::Thing;\npub struct Shared;\nfn f() -> Thing { Thing }";
    assert_eq!(found(&red).len(), 1, "a name that is shown and used is a use");
    red[1].1 = "mod child;\nuse child::Thing;\npub struct Shared;";
    assert_eq!(found(&red).len(), 1, "a private import is a use");
}

#[test]
fn names_that_the_top_passes_on_count_for_who_defines_them() {
    let red = found(&[
        ("lib.rs", "mod a; mod b;\npub use a::A; pub use b::*;"),
        ("a.rs", "use crate::B; pub struct A;"),
        ("b.rs", "fn f() -> crate::A { todo!() } pub struct B;"),
    ]);
    assert_eq!(red, ["c: a -> b -> a (c/src/a.rs:1, c/src/b.rs:1)"]);
}

#[test]
fn a_module_that_is_brought_in_by_its_name_counts_for_what_is_named_through_it() {
    let files = [
        ("lib.rs", "mod a; mod b; mod low;"),
        ("a.rs", "use crate::b; fn f() { b::Low } pub struct A;"),
        ("b.rs", "pub use crate::low::Low; fn f(_: crate::a::A) {}"),
        ("low.rs", "pub struct Low;"),
    ];
    assert_eq!(found(&files), NONE);
    let mut red = files;
    red[1].1 = "use crate::b as other; fn f() { other::g() } pub struct A;";
    assert_eq!(found(&red).len(), 1);
}

#[test]
fn what_is_for_tests_or_fuzzing_alone_does_not_count() {
    let green = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "pub struct A { #[cfg(test)] seen: crate::b::B, x: u8 }\n#[cfg(test)]\nmod tests;\n\
             #[cfg(any(test, fuzzing))]\nmod fuzz { use crate::b::B; }\n#[cfg(test)] use crate::b::{B, C};\n\
             #[cfg(test)]\nimpl A { fn f<T, U>() -> [u8; 3] { crate::b::B } }\n#[test]\nfn g<T, U>() { crate::b::f() }",
        ),
        ("a/tests.rs", "use crate::b::B;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_eq!(found(&green), NONE);
    let mut red = green;
    red[1].1 = "#[cfg(not(test))] use crate::b::B; pub struct A;";
    assert_eq!(found(&red).len(), 1, "this is the product");
    for (condition, counts) in [
        ("any(windows, test)", true),
        ("not(any(test, fuzzing))", true),
        ("all(unix, feature = \"test\")", true),
        ("all(test, unix)", false),
        ("all(not(windows), any(fuzzing, test))", false),
    ] {
        let text = format!("#[cfg({condition})] use crate::b::B; pub struct A;");
        let mut one = red;
        one[1].1 = &text;
        assert_eq!(found(&one).len(), usize::from(counts), "{condition}");
    }
    red[1].1 = "#[cfg(test)]\nmod tests;\nuse crate::b::B; pub struct A;";
    assert_eq!(found(&red).len(), 1, "what follows a module of tests counts");
}

#[test]
fn comments_texts_and_characters_name_nothing() {
    let text = r##"
pub struct A;
// use crate::b::B;
/* use crate::b::B; /* crate::b::B */ crate::b::B */
/// See [`crate::b::B`].
const TEXTS: &[&str] = &["crate::b::B", r#"" use crate::b::B"#, "\"crate::b::B"];
const BYTES: &[u8] = br"crate::b::B";
fn f<'a>(x: &'a str) -> char { match x { _ => '"' } }
fn g() -> [char; 3] { ['\'', '\\', '\u{7f}'] }
"##;
    let with = |a: &str| found(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "use crate::a::A; pub struct B;")]);
    assert_eq!(with(text), NONE);
    let red = with(&format!("{text}use crate::b::B;"));
    assert_eq!(red, ["c: a -> b -> a (c/src/a.rs:10, c/src/b.rs:1)"], "what follows them is read, with its line");
}

#[test]
fn other_crates_and_local_names_are_nobodys_business() {
    let green = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use ::b::B; use outside::b::C; use b; fn f() { ::crate_b::g(); Self::b(); T::b::c() } pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_eq!(found(&green), NONE);
}

#[test]
fn imports_that_lead_in_a_circle_themselves_come_to_an_end() {
    let odd =
        [("lib.rs", "mod a; mod b;"), ("a.rs", "pub use crate::b::X;"), ("b.rs", "pub use crate::a::X; use super::*;")];
    let _ends = found(&odd);
}
