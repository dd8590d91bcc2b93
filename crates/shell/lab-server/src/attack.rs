//! The texts with which hosts attack: within the size of an answer, and costly for a reader without bounds.

use std::fmt::Write as _;

use wsman::server::RequestKind;

/// Attributes of one element: about seven megabytes.
const ATTRIBUTES: u32 = 600_000;
/// Elements within each other: about 400 KB.
const NESTED: u32 = 15_000;
/// Namespaces around the elements that are beside each other.
const AROUND: u32 = 50;
/// Elements beside each other: about seven megabytes.
const SIBLINGS: usize = 500_000;
/// Rows of 4 KB in one answer.
const ROWS: usize = 100;

fn envelope(body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" \
         xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn numbered(count: u32, write: impl Fn(&mut String, u32)) -> String {
    let mut text = String::new();
    (0..count).for_each(|number| write(&mut text, number));
    text
}

/// An element with very many attributes.
pub(crate) fn attributes() -> String {
    let attributes = numbered(ATTRIBUTES, |text, number| {
        let _infallible = write!(text, " a{number:x}=\"\"");
    });
    envelope(&format!("<a{attributes}/>"))
}

/// Elements within each other, each with a namespace.
pub(crate) fn nested() -> String {
    let open = numbered(NESTED, |text, number| {
        let _infallible = write!(text, "<a xmlns:n{number:x}=\"u\">");
    });
    envelope(&(open + &"</a>".repeat(usize::try_from(NESTED).unwrap_or(0))))
}

/// Elements beside each other, each with a namespace, within many.
pub(crate) fn siblings() -> String {
    let around = numbered(AROUND, |text, number| {
        let _infallible = write!(text, " xmlns:n{number:x}=\"u\"");
    });
    envelope(&format!("<a{around}>{}</a>", "<b xmlns=\"\"/>".repeat(SIBLINGS)))
}

/// Rows without an end, to what asks for rows.
pub(crate) fn rows(kind: RequestKind) -> String {
    const CONTEXT: &str = "<n:EnumerationContext>uuid:00000000-0000-4000-8000-000000000000</n:EnumerationContext>";
    match kind {
        RequestKind::Enumerate => envelope(&format!("<n:EnumerateResponse>{CONTEXT}</n:EnumerateResponse>")),
        RequestKind::Pull => {
            let row = format!("<w:XmlFragment><Name>{}</Name></w:XmlFragment>", "x".repeat(4_000));
            envelope(&format!("<n:PullResponse>{CONTEXT}<n:Items>{}</n:Items></n:PullResponse>", row.repeat(ROWS)))
        }
        RequestKind::Identify
        | RequestKind::Get
        | RequestKind::Release
        | RequestKind::Invoke
        | RequestKind::Subscribe
        | RequestKind::Unsubscribe
        | RequestKind::Other => attributes(),
    }
}
