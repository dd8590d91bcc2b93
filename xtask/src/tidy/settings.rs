//! Settings that nothing reads: a field of the configuration or the policy that neither the engine nor the program asks for.

use std::collections::BTreeSet;

use super::file::File;
use crate::token::{Placed, Token, tokens};

/// Where settings are held once they have been checked.
const HELD_IN: &[&str] = &["crates/core/config/src/settings.rs", "crates/core/model/src/policy.rs"];

/// Who acts on them.
const READERS: &[&str] = &["crates/core/engine/src/", "crates/shell/reprise/src/"];

pub(super) fn check(files: &[File]) -> Vec<String> {
    let product =
        files.iter().filter(|file| READERS.iter().any(|folder| file.path.starts_with(folder)) && !is_test(file));
    let read: BTreeSet<String> = product.flat_map(|file| fields_read(&tokens(&file.text))).collect();
    let held = files.iter().filter(|file| HELD_IN.contains(&file.path.as_str()));
    let mut findings = Vec::new();
    for file in held {
        for (name, line) in fields(&tokens(&file.text)).into_iter().filter(|(name, _)| !read.contains(name)) {
            findings.push(format!(
                "{}:{line}: nothing reads the setting `{name}`; refuse it until something does",
                file.path
            ));
        }
    }
    findings
}

fn is_test(file: &File) -> bool {
    file.path.ends_with("/tests.rs") || file.path.contains("/tests/")
}

/// The public fields of structs, each with its line.
fn fields(tokens: &[Placed]) -> Vec<(String, usize)> {
    let field = |window: &[Placed]| match window {
        [public, name, colon] if public.is_word("pub") && colon.is_sign(':') => {
            name.word().map(|word| (word.to_owned(), name.line))
        }
        _ => None,
    };
    tokens.windows(3).filter_map(field).collect()
}

/// Names that stand behind a dot and are not assigned to.
fn fields_read(tokens: &[Placed]) -> Vec<String> {
    let mut product = without_tests(tokens);
    product.extend(product.last().cloned()); // so that the last name has two tokens behind it
    let reads = |window: &[Placed]| match window {
        [dot, name, next, after] => {
            let assigns = next.is_sign('=') && !after.is_sign('=');
            let is_field = dot.is_sign('.') && !next.is_sign('(') && !assigns;
            name.word().filter(|_| is_field).map(ToOwned::to_owned)
        }
        _ => None,
    };
    product.windows(4).filter_map(reads).collect()
}

/// All but modules and functions under `#[cfg(test)]`.
fn without_tests(tokens: &[Placed]) -> Vec<Placed> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        let is_test = matches!(rest, [hash, open, cfg, _, test, ..]
            if hash.is_sign('#') && open.is_sign('[') && cfg.is_word("cfg") && test.is_word("test"));
        if is_test {
            rest = rest.get(end_of_item(rest)..).unwrap_or_default();
        } else {
            kept.push(first.clone());
            rest = after;
        }
    }
    kept
}

/// Behind the first semicolon or the brace that closes the first block.
fn end_of_item(tokens: &[Placed]) -> usize {
    let mut open = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.token {
            Token::Sign('{') => open += 1,
            Token::Sign('}') if open <= 1 => return at + 1,
            Token::Sign('}') => open -= 1,
            Token::Sign(';') if open == 0 => return at + 1,
            Token::Sign(_) | Token::Word(_) | Token::PathSeparator | Token::Literal => {}
        }
    }
    tokens.len()
}
