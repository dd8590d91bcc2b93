//! The server's half of an NTLM login: a challenge, and the judgement of what comes back (MS-NLMP 3.2.5).
//!
//! NTLMv2 alone, with extended session security. What proves the password is compared always, also for a client that
//! proves its messages besides; the names are part of what is proved. A challenge is good for one answer.

mod charset;
mod flag;
#[cfg(any(test, fuzzing))]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a client of tests, which may end them")]
pub(super) mod initiator;
mod keys;
mod message;
mod session;
#[cfg(test)]
mod tests;

use crate::account::Account;
use crate::channel::{self, ChannelBindings};
use crate::digest::are_same;
use crate::error::LoginError;
use crate::logins::ComputerNames;
use message::{Authenticate, Blob, MIC_AT, MIC_SIZE, av};
pub(super) use message::{SIGNATURE, kind};
pub(super) use session::{SIGNATURE_SIZE, Session};

/// What a client must be able to do. `NTLMSSP_NEGOTIATE_NTLM` is not required: clients that work against Windows leave it
/// out, and the response itself shows whether it is NTLMv2.
const REQUIRED: u32 = flag::EXTENDED_SESSION_SECURITY;
/// The bit of [`av::FLAGS`] that says that the third message proves all three.
const HAS_MIC: u32 = 0x0000_0002;

/// A login that waits for its answer.
pub(super) struct Challenge {
    first: Vec<u8>,
    second: Vec<u8>,
    nonce: [u8; 8],
    flags: u32,
}

/// A user who is authenticated.
pub(super) struct Accepted {
    /// Which of the accounts.
    pub(super) account: usize,
    /// How messages are sealed, if the client wants that.
    pub(super) session: Option<Box<Session>>,
}

/// What the answer to a challenge is judged by.
#[derive(Clone, Copy)]
pub(super) struct Judgement<'j> {
    pub(super) accounts: &'j [Account],
    pub(super) bindings: ChannelBindings,
    /// The hash of the channel that is really there, if it is one.
    pub(super) channel: Option<[u8; 16]>,
}

impl Challenge {
    /// Answers a first message. `nonce` must never have been used before; `time` is in 100 ns since 1601.
    pub(super) fn new(first: &[u8], identity: &ComputerNames, nonce: [u8; 8], time: u64) -> Result<Self, LoginError> {
        let asked = message::read_negotiate(first).ok_or(LoginError::Malformed)?;
        let challenge = message::write_challenge(asked, identity, nonce, time);
        let (second, flags) = challenge.ok_or(LoginError::Malformed)?;
        if asked & REQUIRED != REQUIRED {
            return Err(LoginError::TooOld);
        }
        Ok(Self { first: first.to_vec(), second, nonce, flags })
    }

    /// The second message.
    pub(super) fn message(&self) -> &[u8] {
        &self.second
    }

    /// Judges the third message. The challenge is used up by it.
    pub(super) fn judge(self, third: &[u8], by: Judgement<'_>) -> Result<Accepted, LoginError> {
        let answer = Authenticate::read(third, self.flags).ok_or(LoginError::Malformed)?;
        let flags = answer.flags;
        if flags & REQUIRED != REQUIRED || answer.is_anonymous {
            return Err(LoginError::TooOld);
        }
        let (proof, blob) = Blob::split(answer.nt_response).ok_or(LoginError::TooOld)?;
        let find = |account: &Account| account.is_named(&answer.domain, &answer.user);
        let account = by.accounts.iter().position(find).ok_or(LoginError::UnknownUser)?;
        let password = by.accounts.get(account).ok_or(LoginError::UnknownUser)?.password();
        // Some clients leave the domain out of their key, and are let in (MS-NLMP 3.2.5.1.2).
        let response_key = [answer.domain.as_str(), ""]
            .map(|domain| keys::response_key(password, &answer.user, domain))
            .into_iter()
            .find(|key| are_same(&keys::proof(key, self.nonce, blob.0), &proof))
            .ok_or(LoginError::WrongPassword)?;
        check_bindings(blob, by)?;
        let base_key = keys::base_key(&response_key, proof);
        let is_exchanged = flags & flag::KEY_EXCHANGE != 0;
        let session_key = if is_exchanged {
            keys::exchanged(&base_key, answer.wrapped_key.try_into().map_err(|_| LoginError::Malformed)?)
        } else {
            base_key
        };
        self.check_mic(third, blob, &session_key)?;
        let can_seal = flag::SIGN | flag::SEAL | flag::KEY_128;
        let session = (flags & can_seal == can_seal).then(|| Box::new(Session::new(&session_key, is_exchanged)));
        Ok(Accepted { account, session })
    }

    /// Checks the code that proves all three messages, if the client says that there is one. It says so within what the
    /// password proves, so an on-path attacker cannot remove the code.
    fn check_mic(&self, third: &[u8], blob: Blob<'_>, session_key: &keys::Key) -> Result<(), LoginError> {
        let flags = blob.pair(av::FLAGS).map_err(|()| LoginError::Malformed)?;
        if flags.and_then(|flags| message::u32_at(flags, 0)).unwrap_or(0) & HAS_MIC == 0 {
            return Ok(());
        }
        let (head, rest) = third.split_at_checked(MIC_AT).ok_or(LoginError::Malformed)?;
        let (mic, rest) = rest.split_at_checked(MIC_SIZE).ok_or(LoginError::Malformed)?;
        let expected = keys::hmac_md5(session_key.as_slice(), &[&self.first, &self.second, head, &[0; MIC_SIZE], rest]);
        if are_same(mic, &expected) { Ok(()) } else { Err(LoginError::Altered) }
    }
}

/// Checks the channel that the client means.
fn check_bindings(blob: Blob<'_>, by: Judgement<'_>) -> Result<(), LoginError> {
    let sent = blob.pair(av::CHANNEL_BINDINGS).map_err(|()| LoginError::Malformed)?;
    channel::check(by.bindings, by.channel, sent)
}
