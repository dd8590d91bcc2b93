//! What any bytes must not break, as bodies of fuzz targets; the replay of what they were fed before.

pub use crate::auth::fuzz::{login_client, login_library};
pub use crate::server::fuzz::login_server;

use crate::sealed::{self, Protocol};

/// The type of a sealed body with the usual boundary.
pub(crate) const SEALED: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

/// The target `sealed`: a line with the body's type, and the body; without a known type all of it is the body.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn sealed(bytes: &[u8]) {
    let line = bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.split_at_checked(end));
    let (content_type, body) = line
        .and_then(|(line, rest)| Some((str::from_utf8(line).ok()?, rest.get(1..)?)))
        .filter(|(line, _)| sealed::is_sealed(line))
        .unwrap_or((SEALED, bytes));
    let Ok(parts) = sealed::read(content_type, body) else { return };
    assert!(!parts.is_empty() && parts.iter().all(|part| part.sealed.len() >= 4 + part.original_length));
    // Not every part can be written anew: a boundary of ours behind the promised length would end it, and a type may fill
    // a line of its own that has no room for what we write around it.
    let holds_boundary = |octets: &[u8]| octets.windows(18).any(|window| window == b"Encrypted Boundary");
    if parts.iter().any(|part| holds_boundary(&part.sealed) || part.original_type.len() > 400) {
        return;
    }
    let (content_type, body) = sealed::write(Protocol::Spnego, &parts);
    assert_eq!(sealed::read(&content_type, &body), Ok(parts));
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[
            ("sealed", super::sealed),
            ("login_server", super::login_server),
            ("login_client", super::login_client),
            ("login_library", super::login_library),
        ]);
    }
}
