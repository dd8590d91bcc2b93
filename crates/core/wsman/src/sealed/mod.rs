//! The frame of sealed messages, for both sides: how octets that a login has sealed are put into an HTTP body.
//!
//! MS-WSMV 2.2.9.1 describes it as MIME and differs from MIME in all that matters: headers begin with a tab, no empty line
//! ends them, and no line end stands before a boundary. Sealed octets may hold anything, a boundary too; so the end of a
//! part is looked for behind as many octets as its `Length` promises.

use crate::media_type::parameter;

/// The boundary that Windows writes, and that some clients look for to the letter.
const BOUNDARY: &str = "Encrypted Boundary";
/// Maximum length of a boundary (RFC 2046, 5.1.1).
const BOUNDARY_MAX: usize = 70;
/// Maximum length of a line of a part's head. The usual ones have less than 80 octets.
const LINE_MAX: usize = 512;
/// Maximum number of lines in a part's head. Two are usual.
const LINES_MAX: usize = 8;
/// Maximum number of parts in a message. Only clients that seal in pieces of 16 KiB write more than one, so this is 8 MiB.
const PARTS_MAX: usize = 512;
/// Octets that say how long the signature is.
const SIGNATURE_LENGTH_SIZE: usize = 4;

/// The way of sealing that is named on the wire: the one that was logged in with, not the one that it chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The login came under `Negotiate` or `NTLM`.
    Spnego,
    /// The login came under `Kerberos`.
    Kerberos,
}

impl Protocol {
    fn media_type(self) -> &'static str {
        match self {
            Self::Spnego => "application/HTTP-SPNEGO-session-encrypted",
            Self::Kerberos => "application/HTTP-Kerberos-session-encrypted",
        }
    }
}

/// One sealed part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The type that the content has when it is unsealed, with its parameters: `application/soap+xml;charset=UTF-8`.
    pub original_type: String,
    /// The octets that the content has when it is unsealed.
    pub original_length: usize,
    /// The octets as they are on the wire: the length of the signature in four octets, little end first, the signature,
    /// and the sealed content.
    pub sealed: Vec<u8>,
}

/// A sealed message that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame of a sealed message is not well formed at octet {at}: {what}")]
pub struct SealedError {
    /// Where in the body, counted from 0.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

/// Whether a body of this type is a sealed message.
pub fn is_sealed(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    ["multipart/encrypted", "multipart/x-multi-encrypted"].iter().any(|known| media_type.eq_ignore_ascii_case(known))
}

/// Frames parts: the type of the body, and the body.
pub fn write(protocol: Protocol, parts: &[Part]) -> (String, Vec<u8>) {
    let protocol = protocol.media_type();
    let media_type = if parts.len() > 1 { "multipart/x-multi-encrypted" } else { "multipart/encrypted" };
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.sealed.len() + 256).sum());
    for Part { original_type, original_length, sealed } in parts {
        let head = format!(
            "--{BOUNDARY}\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type={original_type};Length={original_length}\r\n\
             --{BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(sealed);
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("{media_type};protocol=\"{protocol}\";boundary=\"{BOUNDARY}\""), body)
}

/// Reads a framed message of either protocol.
///
/// Others write a space behind the two hyphens of a boundary, other letter case, spaces for the tab, and no line end or
/// something more at the very end; all of that is accepted.
///
/// # Errors
/// [`SealedError`] says where and what.
pub fn read(content_type: &str, body: &[u8]) -> Result<Vec<Part>, SealedError> {
    if !is_sealed(content_type) {
        return Err(SealedError { at: 0, what: "its type is not that of a sealed message" });
    }
    let boundary = parameter(content_type, "boundary")
        .filter(|boundary| !boundary.is_empty() && boundary.len() <= BOUNDARY_MAX)
        .ok_or(SealedError { at: 0, what: "its type names no boundary" })?;
    let mut cursor = Cursor { body, at: 0, boundary: boundary.as_bytes() };
    let mut parts = Vec::new();
    cursor.delimiter()?;
    loop {
        if parts.len() == PARTS_MAX {
            return Err(cursor.error("it has too many parts"));
        }
        let original = cursor.head(|name, value| {
            name.eq_ignore_ascii_case("OriginalContent").then(|| original_content(value)).flatten()
        })?;
        let (original_type, original_length) =
            original.ok_or_else(|| cursor.error("no OriginalContent stands here"))?;
        cursor.delimiter()?;
        let octets = cursor.octet_stream()?;
        octets.ok_or_else(|| cursor.error("no application/octet-stream stands here"))?;
        let (sealed, last) = cursor.sealed(original_length)?;
        parts.push(Part { original_type, original_length, sealed });
        if last {
            return Ok(parts);
        }
    }
}

/// Reads `type=application/soap+xml;charset=UTF-8;Length=1247`.
fn original_content(value: &str) -> Option<(String, usize)> {
    let (original_type, length) = value.rsplit_once(';')?;
    let (name, length) = length.split_once('=')?;
    let length = Some(length.trim()).filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))?;
    let (kind, original_type) = original_type.split_once('=')?;
    let known = name.trim().eq_ignore_ascii_case("length") && kind.trim().eq_ignore_ascii_case("type");
    known.then_some(())?;
    Some((original_type.trim().to_owned(), length.parse().ok()?))
}

/// Where in a body the reader is.
struct Cursor<'b> {
    body: &'b [u8],
    at: usize,
    boundary: &'b [u8],
}

impl<'b> Cursor<'b> {
    fn error(&self, what: &'static str) -> SealedError {
        SealedError { at: self.at, what }
    }

    fn rest(&self) -> &'b [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    /// What stands behind a delimiter at the beginning of `text`, as far as its boundary.
    fn behind_boundary(&self, text: &'b [u8]) -> Option<&'b [u8]> {
        let text = text.strip_prefix(b"--")?;
        text.strip_prefix(b" ").unwrap_or(text).strip_prefix(self.boundary)
    }

    /// Takes a delimiter that opens a part.
    fn delimiter(&mut self) -> Result<(), SealedError> {
        let rest = self.behind_boundary(self.rest()).and_then(|rest| rest.strip_prefix(b"\r\n"));
        let rest = rest.ok_or_else(|| self.error("no boundary stands here"))?;
        self.at = self.body.len().saturating_sub(rest.len());
        Ok(())
    }

    /// Takes one line, without its end.
    fn line(&mut self) -> Result<&'b str, SealedError> {
        let rest = self.rest();
        let within = rest.get(..LINE_MAX).unwrap_or(rest);
        let end = within.windows(2).position(|pair| pair == b"\r\n");
        let line = end.and_then(|end| rest.get(..end)).and_then(|line| std::str::from_utf8(line).ok());
        let line = line.ok_or_else(|| self.error("no line of a head stands here"))?;
        self.at += line.len() + 2;
        Ok(line)
    }

    /// Takes the lines of a head up to the next delimiter; gives the last thing that `wanted` finds in one.
    fn head<T>(&mut self, wanted: impl Fn(&str, &str) -> Option<T>) -> Result<Option<T>, SealedError> {
        let mut found = None;
        for _ in 0..LINES_MAX {
            if self.behind_boundary(self.rest()).is_some() {
                return Ok(found);
            }
            let line = self.line()?;
            let (name, value) = line.split_once(':').ok_or_else(|| self.error("a line of a head has no name"))?;
            found = wanted(name.trim(), value).or(found);
        }
        Err(self.error("a head has too many lines"))
    }

    /// Takes the one line that stands before sealed octets; `None` if it says something else.
    fn octet_stream(&mut self) -> Result<Option<()>, SealedError> {
        let (name, value) = self.line()?.split_once(':').unwrap_or_default();
        let is_head = name.trim().eq_ignore_ascii_case("Content-Type");
        Ok((is_head && value.trim().eq_ignore_ascii_case("application/octet-stream")).then_some(()))
    }

    /// Whether a boundary with this behind it ends the message. What stands behind the end is ignored (RFC 2046 5.1.1), but
    /// for another boundary: then this was none, or a part would be lost without a word.
    fn is_last(&self, behind: &'b [u8]) -> bool {
        let Some(behind) = behind.strip_prefix(b"--") else { return false };
        // Spaces may stand before the line's end (transport padding).
        let padding = behind.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
        let behind = behind.get(padding..).unwrap_or_default();
        let ends = behind.is_empty() || behind.starts_with(b"\r\n");
        ends && !(0..behind.len()).any(|at| behind.get(at..).is_some_and(|rest| self.behind_boundary(rest).is_some()))
    }

    /// Takes sealed octets and the delimiter behind them. True if it is the last one.
    fn sealed(&mut self, original_length: usize) -> Result<(Vec<u8>, bool), SealedError> {
        let rest = self.rest();
        let signature = rest.first_chunk::<SIGNATURE_LENGTH_SIZE>().map(|length| u32::from_le_bytes(*length));
        let signature = signature.and_then(|length| usize::try_from(length).ok());
        let shortest = signature
            .and_then(|signature| signature.checked_add(SIGNATURE_LENGTH_SIZE)?.checked_add(original_length))
            .filter(|shortest| *shortest <= rest.len())
            .ok_or_else(|| self.error("fewer octets stand here than the lengths promise"))?;
        let mut end = shortest;
        while let Some(behind) = rest.get(end..).filter(|behind| !behind.is_empty()) {
            if let Some(behind) = self.behind_boundary(behind) {
                let last = self.is_last(behind);
                if last || behind.starts_with(b"\r\n") {
                    let sealed = rest.get(..end).unwrap_or_default().to_vec();
                    self.at += end;
                    if !last {
                        self.delimiter()?;
                    }
                    return Ok((sealed, last));
                }
            }
            end += 1;
        }
        Err(self.error("no boundary ends the sealed octets"))
    }
}

#[cfg(test)]
mod tests;
