//! A login in several legs: NTLM as it is, or with SPNEGO around it.
//!
//! What comes first decides: clients send either under `Negotiate`, and Windows takes both.

use super::ntlm::{self, Accepted, Challenge, Judgement, SIGNATURE_SIZE};
use super::spnego::{self, State, Token};
use super::{Identity, LoginError};

/// What a challenge is made of besides the client's first message.
pub(super) struct Fresh<'f> {
    pub(super) identity: &'f Identity,
    pub(super) nonce: [u8; 8],
    /// In 100 ns since 1601.
    pub(super) time: u64,
}

/// A login under way.
pub(super) enum Exchange {
    /// NTLM without anything around it.
    Raw(Challenge),
    /// SPNEGO, with the list of mechanisms that the client sent.
    Spnego { list: Vec<u8>, ntlm_is_first: bool, challenge: Option<Challenge> },
}

/// Where a login is after a token.
pub(super) enum Progress {
    /// This is to be answered, and another token will come.
    More(Vec<u8>, Exchange),
    /// This is to be answered, and the login is complete.
    Done(Option<Vec<u8>>, Accepted),
}

/// Whether a token begins a login, whatever came before it.
pub(super) fn begins(token: &[u8]) -> bool {
    ntlm::kind(token) == Some(1) || spnego::is_initial(token)
}

impl Exchange {
    /// Takes the first token.
    pub(super) fn begin(token: &[u8], fresh: &Fresh<'_>) -> Result<Progress, LoginError> {
        if token.starts_with(ntlm::SIGNATURE) {
            let challenge = fresh.challenge(token)?;
            return Ok(Progress::More(challenge.message().to_vec(), Self::Raw(challenge)));
        }
        let Some(Token::Init(init)) = spnego::read(token) else { return Err(LoginError::Mechanism) };
        let place = init.mechanisms.iter().position(|mechanism| *mechanism == spnego::NTLM);
        let ntlm_is_first = place.ok_or(LoginError::Mechanism)? == 0;
        // The token belongs to the first mechanism; if that is not NTLM, the client has to send another one.
        let challenge = match init.token.filter(|_| ntlm_is_first) {
            Some(token) => Some(fresh.challenge(token)?),
            None => None,
        };
        let state = if ntlm_is_first { State::Incomplete } else { State::RequestMic };
        let message = challenge.as_ref().map(Challenge::message);
        let answer = spnego::write(state, Some(spnego::NTLM), message, None);
        Ok(Progress::More(answer, Self::Spnego { list: init.mechanism_list.to_vec(), ntlm_is_first, challenge }))
    }

    /// Takes a further token. Whatever is wrong with it, the login has to begin anew.
    pub(super) fn proceed(
        self,
        token: &[u8],
        fresh: &Fresh<'_>,
        judgement: Judgement<'_>,
    ) -> Result<Progress, LoginError> {
        let (list, ntlm_is_first, challenge) = match self {
            Self::Raw(challenge) => return Ok(Progress::Done(None, challenge.judge(token, judgement)?)),
            Self::Spnego { list, ntlm_is_first, challenge } => (list, ntlm_is_first, challenge),
        };
        let Some(Token::Response(response)) = spnego::read(token) else { return Err(LoginError::Malformed) };
        let token = response.token.ok_or(LoginError::Malformed)?;
        let Some(challenge) = challenge else {
            let challenge = fresh.challenge(token)?;
            let answer = spnego::write(State::Incomplete, None, Some(challenge.message()), None);
            return Ok(Progress::More(answer, Self::Spnego { list, ntlm_is_first, challenge: Some(challenge) }));
        };
        let mut accepted = challenge.judge(token, judgement)?;
        let own_mic = check_list(&list, response.list_mic, ntlm_is_first, &mut accepted)?;
        let mic = own_mic.as_ref().map(<[u8; SIGNATURE_SIZE]>::as_slice);
        Ok(Progress::Done(Some(spnego::write(State::Completed, None, None, mic)), accepted))
    }
}

/// Checks that the list of mechanisms is the one that the client sent, and signs it in turn. The client may leave that out
/// only if its first wish was granted (RFC 4178, 5).
fn check_list(
    list: &[u8],
    mic: Option<&[u8]>,
    may_be_left_out: bool,
    accepted: &mut Accepted,
) -> Result<Option<[u8; SIGNATURE_SIZE]>, LoginError> {
    match (mic, &mut accepted.session) {
        (None, _) if may_be_left_out => Ok(None),
        (None, _) | (Some(_), None) => Err(LoginError::Altered),
        (Some(mic), Some(session)) => {
            if session.incoming.sign(list) != mic {
                return Err(LoginError::Altered);
            }
            Ok(Some(session.outgoing.sign(list)))
        }
    }
}

impl Fresh<'_> {
    fn challenge(&self, negotiate: &[u8]) -> Result<Challenge, LoginError> {
        Challenge::new(negotiate, self.identity, self.nonce, self.time)
    }
}
