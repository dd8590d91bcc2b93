//! Rewrites a message tag by tag, so that prefixes, order and blanks stay as the host wrote them. The message is well-formed,
//! which the caller has checked, and has no DTD. Comments and instructions are left out.

use super::words::Words;
use crate::xml::escape;

/// What may stand instead of a tag, with its end.
const SECTIONS: [(&str, &str); 2] = [("<!--", "-->"), ("<?", "?>")];
const CDATA: (&str, &str) = ("<![CDATA[", "]]>");

pub(super) fn rewrite(xml: &str, words: &mut Words) -> String {
    let mut out = String::with_capacity(xml.len());
    // The names of the open elements, and the text since the last tag: references and sections within it count for nothing.
    let (mut open, mut text): (Vec<&str>, String) = (Vec::new(), String::new());
    let mut rest = xml;
    while let Some((before, found)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        text.push_str(&decoded(before));
        if let Some(inner) = found.strip_prefix(CDATA.0) {
            let (section, after) = inner.split_once(CDATA.1).unwrap_or((inner, ""));
            text.push_str(section);
            rest = after;
            continue;
        }
        if let Some((start, end)) = SECTIONS.into_iter().find(|(start, _)| found.starts_with(start)) {
            let inner = found.get(start.len()..).unwrap_or_default();
            rest = inner.split_once(end).map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = found.split_at_checked(end_of_tag(found)).unwrap_or((found, ""));
        rest = after;
        let written = words.text(open.last().copied(), &std::mem::take(&mut text));
        // Beside the root, a blank must not be a reference.
        if written.trim().is_empty() {
            out.push_str(&written);
        } else {
            out.push_str(&escape(&written));
        }
        if let Some(name) = tag.strip_prefix("</") {
            open.pop();
            out.push_str("</");
            out.push_str(&qualified(name.trim_end_matches('>').trim_end(), words));
            out.push('>');
            continue;
        }
        let closes = tag.ends_with("/>");
        let content = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
        let end = content.find(|c: char| c.is_ascii_whitespace()).unwrap_or(content.len());
        let (name, attributes) = content.split_at_checked(end).unwrap_or((content, ""));
        out.push('<');
        out.push_str(&qualified(name, words));
        write_attributes(&mut out, attributes, words);
        out.push_str(if closes { "/>" } else { ">" });
        if !closes {
            open.push(local(name));
        }
    }
    out
}

/// Where the tag at the beginning ends: at the first `>` outside quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some(_), _) => {}
        }
    }
    tag.len()
}

fn write_attributes(out: &mut String, mut rest: &str, words: &mut Words) {
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| ['"', '\''].contains(c)) else { return };
        let Some((value, next)) = after.get(1..).and_then(|value| value.split_once(quote)) else { return };
        rest = next;
        let name = name.trim();
        let value = words.text(Some(local(name)), &decoded(value));
        out.push(' ');
        out.push_str(&qualified(name, words));
        out.push_str("=\"");
        out.push_str(&escape(&value));
        out.push('"');
    }
}

/// A name with its prefix.
fn qualified(name: &str, words: &mut Words) -> String {
    match name.split_once(':') {
        Some((prefix, local)) => format!("{}:{}", words.name(prefix), words.name(local)),
        None => words.name(name),
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// A text with its references resolved. Without a DTD there are five names; one that is none of them stays as it is.
fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, found)) = rest.find('&').and_then(|at| rest.split_at_checked(at)) {
        decoded.push_str(before);
        let reference = found.strip_prefix('&').and_then(|inner| inner.split_once(';'));
        if let Some((c, after)) = reference.and_then(|(name, after)| Some((character(name)?, after))) {
            decoded.push(c);
            rest = after;
        } else {
            decoded.push('&');
            rest = found.get(1..).unwrap_or_default();
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        number => {
            let number = number.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
