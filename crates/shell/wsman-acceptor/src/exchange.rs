//! A login in several legs: NTLM or Kerberos as they are, or with SPNEGO around them.
//!
//! What comes first decides: clients send either under `Negotiate`, and Windows takes both.

use crate::account::Account;
use crate::error::LoginError;
use crate::kerberos::{self, KERBEROS, KERBEROS_OF_WINDOWS};
use crate::logins::{Logins, ServiceKey};
use crate::ntlm::{self, Challenge, SIGNATURE_SIZE};
use crate::sealer::Sealer;
use crate::spnego::{self, Init, State, Token};

/// What a leg is made of and judged by, besides the client's token.
pub(super) struct Fresh<'f> {
    pub(super) logins: &'f Logins,
    /// The hash of the channel that is really there, if it is one.
    pub(super) channel: Option<[u8; 16]>,
    /// Which mechanisms may be spoken under the word before the token.
    pub(super) takes_ntlm: bool,
    pub(super) takes_kerberos: bool,
    /// Octets that are unpredictable and never used twice.
    pub(super) nonce: [u8; 8],
    pub(super) chance: [u8; 36],
    /// Now, in seconds since 1970 and in 100 ns since 1601.
    pub(super) seconds: u64,
    pub(super) time: u64,
}

/// Somebody who has logged in.
pub(super) struct Entered {
    pub(super) user: String,
    /// How messages are sealed, if the client wants that.
    pub(super) sealer: Option<Sealer>,
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
    Done(Option<Vec<u8>>, Entered),
}

/// Whether a token begins a login, whatever came before it.
pub(super) fn begins(token: &[u8]) -> bool {
    ntlm::kind(token) == Some(1) || spnego::is_initial(token)
}

impl Exchange {
    /// Takes the first token.
    pub(super) fn begin(token: &[u8], fresh: &Fresh<'_>) -> Result<Progress, LoginError> {
        if kerberos::is_bare(token) {
            let (reply, entered) = fresh.ticket(token)?;
            return Ok(Progress::Done(Some(reply), entered));
        }
        if token.starts_with(ntlm::SIGNATURE) {
            let challenge = fresh.challenge(token)?;
            return Ok(Progress::More(challenge.message().to_vec(), Self::Raw(challenge)));
        }
        let Some(Token::Init(init)) = spnego::read(token) else { return Err(LoginError::Mechanism) };
        if let Some((mechanism, ticket)) = fresh.first_ticket(&init) {
            let (reply, entered) = fresh.ticket(ticket)?;
            return Ok(Progress::Done(
                Some(spnego::write(State::Completed, Some(mechanism), Some(&reply), None)),
                entered,
            ));
        }
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
    pub(super) fn proceed(self, token: &[u8], fresh: &Fresh<'_>) -> Result<Progress, LoginError> {
        let (list, ntlm_is_first, challenge) = match self {
            Self::Raw(challenge) => return Ok(Progress::Done(None, fresh.judged(challenge, token)?.entered(fresh))),
            Self::Spnego { list, ntlm_is_first, challenge } => (list, ntlm_is_first, challenge),
        };
        let Some(Token::Response(response)) = spnego::read(token) else { return Err(LoginError::Malformed) };
        let token = response.token.ok_or(LoginError::Malformed)?;
        let Some(challenge) = challenge else {
            let challenge = fresh.challenge(token)?;
            let answer = spnego::write(State::Incomplete, None, Some(challenge.message()), None);
            return Ok(Progress::More(answer, Self::Spnego { list, ntlm_is_first, challenge: Some(challenge) }));
        };
        let mut accepted = fresh.judged(challenge, token)?;
        let own_mic = check_list(&list, response.list_mic, ntlm_is_first, &mut accepted)?;
        let mic = own_mic.as_ref().map(<[u8; SIGNATURE_SIZE]>::as_slice);
        Ok(Progress::Done(Some(spnego::write(State::Completed, None, None, mic)), accepted.entered(fresh)))
    }
}

/// Checks that the list of mechanisms is the one that the client sent, and signs it in turn. The client may leave that out
/// only if its first wish was granted (RFC 4178, 5).
fn check_list(
    list: &[u8],
    mic: Option<&[u8]>,
    may_be_left_out: bool,
    accepted: &mut ntlm::Accepted,
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

impl ntlm::Accepted {
    fn entered(self, fresh: &Fresh<'_>) -> Entered {
        let user = fresh.logins.accounts.get(self.account).map(Account::name).unwrap_or_default();
        Entered { user, sealer: self.session.map(Sealer::Ntlm) }
    }
}

impl Fresh<'_> {
    fn challenge(&self, negotiate: &[u8]) -> Result<Challenge, LoginError> {
        self.takes_ntlm.then_some(()).ok_or(LoginError::Mechanism)?;
        Challenge::new(negotiate, &self.logins.identity, self.nonce, self.time)
    }

    fn services(&self) -> Option<&[ServiceKey]> {
        self.logins.services.as_deref().filter(|_| self.takes_kerberos)
    }

    fn judged(&self, challenge: Challenge, token: &[u8]) -> Result<ntlm::Accepted, LoginError> {
        let (accounts, bindings) = (self.logins.accounts.as_slice(), self.logins.channel_bindings);
        challenge.judge(token, ntlm::Judgement { accounts, bindings, channel: self.channel })
    }

    /// The ticket in an offer, if tickets are what the client would like best.
    fn first_ticket<'t>(&self, init: &Init<'t>) -> Option<(&'t [u8], &'t [u8])> {
        let first = init.mechanisms.first().copied().filter(|_| self.services().is_some())?;
        [KERBEROS, KERBEROS_OF_WINDOWS].contains(&first).then_some((first, init.token?))
    }

    fn ticket(&self, token: &[u8]) -> Result<(Vec<u8>, Entered), LoginError> {
        let services = self.services().ok_or(LoginError::Mechanism)?;
        let accepted = kerberos::accept(
            token,
            kerberos::Judgement {
                services,
                bindings: self.logins.channel_bindings,
                channel: self.channel,
                now: self.seconds,
                chance: self.chance,
            },
        )?;
        let sealer = Some(Sealer::Kerberos(Box::new(accepted.session)));
        Ok((accepted.reply, Entered { user: accepted.principal, sealer }))
    }
}
