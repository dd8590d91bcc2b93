//! The fuzz target of a server's logins: whatever is sent on a connection, in whatever order, is answered.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{SecretSlice, SecretString};

use crate::ntlm::SIGNATURE_SIZE;
use crate::ntlm::initiator::{Initiator, Keys};
use crate::{
    Account, Channel, ChannelBindings, ComputerNames, ConnectionLogin, LoginRequest, Logins, Schemes, ServiceKey, Taken,
};
use wsman::sealed::{self, Part, Protocol};

/// The type of a sealed body with the usual boundary.
const SEALED: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";
const SOAP: &str = "application/soap+xml;charset=UTF-8";
/// Maximum number of requests on one connection.
const REQUESTS_MAX: usize = 16;

/// One connection, and a client that knows the password.
struct Session {
    connection: ConnectionLogin,
    keys: Option<Keys>,
}

/// The target `login_server`: requests, each an octet for its kind, two for its length (the low one first), and that many.
///
/// # Panics
/// If what must hold does not: that is a find.
pub fn login_server(bytes: &[u8]) {
    let Some((first, mut rest)) = bytes.split_first() else { return };
    let channel = if first & 1 == 0 { Channel::clear() } else { Channel::tls(rest) };
    let channel_bindings = if first & 2 == 0 { ChannelBindings::IfSent } else { ChannelBindings::Required };
    let accounts = vec![Account::new("LAB\\administrator", SecretString::from("hunter2"))];
    let schemes = Schemes { negotiate: true, ntlm: true, basic: true, certificate: true };
    let key = SecretSlice::from(vec![7; 32]);
    let services = Some(vec![ServiceKey { principal: "svc@LAB.TEST".to_owned(), encryption_type: 18, key }]);
    let logins = Logins { accounts, schemes, identity: ComputerNames::of("hv01.lab.test"), channel_bindings, services };
    let mut session = Session { connection: ConnectionLogin::new(Arc::new(logins), channel), keys: None };
    for _ in 0..REQUESTS_MAX {
        let Some(([kind, low, high], behind)) = rest.split_first_chunk::<3>() else { return };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (payload, behind) = behind.split_at_checked(length).unwrap_or((behind, &[]));
        session.request(*kind, payload);
        rest = behind;
    }
}

impl Session {
    fn request(&mut self, kind: u8, payload: &[u8]) {
        let token = |scheme: &str| format!("{scheme} {}", STANDARD.encode(payload));
        let knew = self.connection.user().is_some();
        let outcome = match kind % 8 {
            0 => self.take(Some(&token("Negotiate")), "", b""),
            1 => self.take(Some(&token("NTLM")), "", b""),
            2 => self.take(Some(&token("Basic")), SOAP, b"<x/>"),
            3 => self.take(Some(&String::from_utf8_lossy(payload)), SOAP, b"<x/>"),
            4 => self.take(None, SEALED, payload),
            5 => self.take(None, SOAP, payload),
            6 => return self.log_in(payload),
            _ => return self.seal(payload),
        };
        if let Taken::Message(message) = &outcome {
            assert!(knew || kind % 8 == 2 || kind % 8 == 3, "a message of nobody: {message:?}");
        }
    }

    fn take(&mut self, authorization: Option<&str>, content_type: &str, body: &[u8]) -> Taken {
        self.connection.take(LoginRequest { authorization, content_type, body })
    }

    /// A login that is good up to the third message, in which octets are changed: one and its place a time.
    fn log_in(&mut self, changes: &[u8]) {
        let client = Initiator::new("LAB", "administrator", "hunter2");
        let negotiate = format!("NTLM {}", STANDARD.encode(client.negotiate()));
        let Taken::GoesOn(challenge) = self.take(Some(&negotiate), "", b"") else { return };
        let challenge = challenge.strip_prefix("NTLM ").and_then(|token| STANDARD.decode(token).ok());
        let Some((mut third, keys)) = challenge.map(|challenge| client.authenticate(&challenge)) else { return };
        for (at, change) in changes.iter().zip(changes.iter().skip(1)).step_by(2) {
            if let Some(octet) = third.get_mut(usize::from(*at)) {
                *octet ^= change;
            }
        }
        let third = format!("NTLM {}", STANDARD.encode(third));
        self.keys = matches!(self.take(Some(&third), "", b""), Taken::LoggedIn(_)).then_some(keys);
    }

    /// A message that is sealed well, and its answer.
    fn seal(&mut self, payload: &[u8]) {
        let Some(keys) = &mut self.keys else { return };
        let mut content = payload.to_vec();
        let signature = keys.outgoing.seal(&mut content);
        let sealed = [&16_u32.to_le_bytes()[..], &signature, &content].concat();
        let part = Part { original_type: SOAP.to_owned(), original_length: payload.len(), sealed };
        let (content_type, body) = sealed::write(Protocol::Spnego, &[part]);
        let request = LoginRequest { authorization: None, content_type: &content_type, body: &body };
        if let Taken::Message(message) = self.connection.take(request) {
            assert_eq!(message.content, payload);
            let (content_type, body) = self.connection.write("<answer/>".to_owned(), message.is_sealed);
            let parts = sealed::read(&content_type, &body).unwrap_or_default();
            let part = parts.first().and_then(|part| part.sealed.get(4..)?.split_at_checked(SIGNATURE_SIZE));
            let opened = part.is_some_and(|(signature, sealed)| {
                let mut answer = sealed.to_vec();
                keys.incoming.open(signature, &mut answer) && answer == b"<answer/>"
            });
            assert!(opened, "the client cannot open the answer");
        }
    }
}

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[("login_server", super::login_server)]);
    }
}
