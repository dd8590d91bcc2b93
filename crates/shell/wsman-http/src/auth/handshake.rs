//! The legs of a login over HTTP: empty requests that carry tokens, until both sides are content (RFC 4559).

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cim::{CallError, ErrorKind, Hint, Reached};
use hyper::StatusCode;

use super::binding;
use super::error::AuthError;
use super::kdc::Kdc;
use super::offer::Mechanism;
use super::open::open;
use super::security::{Security, without_blocking};
use crate::endpoint::Endpoint;
use crate::limits::Limits;
use crate::login::{Credential, Login};
use crate::wire::{self, Message, RawResponse, Wire};

/// Maximum number of tokens that this side sends. NTLM takes two, SPNEGO one more at the most; a server that goes on has no end.
const LEGS_MAX: usize = 5;
/// The type of the empty body that carries a token.
const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// How a login failed.
#[derive(Debug)]
pub(crate) enum LoginFailure {
    /// The connection or the host failed, or the host refused something else than the user's proof.
    Call(CallError),
    /// The mechanism failed on this side.
    Mechanism(AuthError),
    /// The host refused the user's proof.
    ByHost(CallError),
    /// The Kerberos server refused the user's proof, before the host said anything.
    ByAccounts(AuthError),
}

impl From<CallError> for LoginFailure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<AuthError> for LoginFailure {
    fn from(error: AuthError) -> Self {
        Self::Mechanism(error)
    }
}

/// Asks what logins a service offers: the challenges of its refusal of an empty request.
pub(crate) async fn probe(wire: &mut Wire, limits: &Limits) -> Result<Vec<String>, CallError> {
    let answer = post(wire, None, limits).await?;
    if answer.status == StatusCode::UNAUTHORIZED {
        return Ok(answer.challenges);
    }
    Err(unexpected(wire, answer.status))
}

/// Logs this connection in. What comes back seals and unseals its messages.
pub(crate) async fn log_in(
    wire: &mut Wire,
    login: &Login,
    endpoint: &Endpoint,
    (scheme, mechanism): (&'static str, Mechanism),
    limits: &Limits,
) -> Result<Box<dyn Security>, LoginFailure> {
    let binding = wire.way.tls.as_ref().map(|tls| binding::of_certificate(&tls.certificate));
    let kdc = Kdc { until: Instant::now() + limits.login, connect: limits.connect };
    // NTLM by password computes and waits for nobody. Anything else may look up a Kerberos server or ask the system.
    let is_ntlm = matches!(mechanism, Mechanism::Ntlm | Mechanism::SpnegoNtlm);
    let quick = is_ntlm && matches!(login.identity, Credential::Password { .. });
    let mut security = if quick {
        open(login, endpoint, mechanism, binding.as_deref(), kdc)?
    } else {
        let (mine, to) = (login.clone(), endpoint.clone());
        let begun = tokio::task::spawn_blocking(move || open(&mine, &to, mechanism, binding.as_deref(), kdc)).await;
        begun.unwrap_or(Err(AuthError::Broken("begin a login")))?
    };
    let mut heard = Vec::new();
    for leg in 0..LEGS_MAX {
        let token = heard;
        let stepped = without_blocking(security, quick, move |security| security.step(&token)).await;
        let (own, step) = stepped.map_err(|error| refused_here(error, leg, &wire.at))?;
        security = own;
        if step.token.is_empty() {
            return Err(AuthError::Invalid("it asks to go on where nothing is left to say".to_owned()).into());
        }
        let authorization = zeroize::Zeroizing::new(format!("{scheme} {}", STANDARD.encode(&step.token)));
        let answer = post(wire, Some(&authorization), limits).await?;
        let token = token_of(&answer.challenges, scheme)?;
        match (answer.status, token) {
            (StatusCode::UNAUTHORIZED, Some(token)) if !step.done => heard = token,
            // The first token of NTLM proves nothing, and the Kerberos server has already judged a user who has a ticket.
            (StatusCode::UNAUTHORIZED, _) if leg > 0 && !mechanism.is_kerberos() => {
                return Err(LoginFailure::ByHost(refused(wire, login, mechanism)));
            }
            (StatusCode::UNAUTHORIZED, _) => return Err(refused(wire, login, mechanism).into()),
            (status, None) if status.is_success() && step.done => return Ok(security),
            (status, None) if status.is_success() => return Err(unproved(wire).into()),
            // A login that is done may still be confirmed, which says no more.
            (status, Some(_)) if status.is_success() && step.done => return Ok(security),
            (status, Some(token)) if status.is_success() => {
                let (security, step) = without_blocking(security, quick, move |security| security.step(&token)).await?;
                return if step.done { Ok(security) } else { Err(unproved(wire).into()) };
            }
            (status, _) => return Err(unexpected(wire, status).into()),
        }
    }
    Err(AuthError::Invalid(format!("it asks for more than {LEGS_MAX} tokens")).into())
}

/// A failure on this side, and whose word it rests on: the first step is made without the host.
fn refused_here(error: AuthError, leg: usize, at: &str) -> LoginFailure {
    match (error.judges_the_user(), leg) {
        (false, _) => LoginFailure::Mechanism(error),
        (true, 0) => LoginFailure::ByAccounts(error),
        (true, _) => LoginFailure::ByHost(error.at(at)),
    }
}

async fn post(wire: &mut Wire, authorization: Option<&str>, limits: &Limits) -> Result<RawResponse, CallError> {
    let message = Message { content_type: SOAP, authorization, body: Bytes::new() };
    let sent = wire.send(message, limits.login, limits.body).await;
    // Nothing of the call was in it, whatever became of it.
    sent.map_err(|error| CallError { reached: Reached::No, ..error })
}

/// The token of the scheme's challenge, if there is one.
pub(super) fn token_of(challenges: &[String], scheme: &str) -> Result<Option<Vec<u8>>, AuthError> {
    let token = challenges.iter().find_map(|challenge| {
        let (name, token) = challenge.trim().split_once(' ')?;
        name.eq_ignore_ascii_case(scheme).then(|| token.trim())
    });
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    let decoded = STANDARD.decode(token);
    decoded.map(Some).map_err(|error| AuthError::Invalid(format!("its token is not base64: {error}")))
}

fn refused(wire: &Wire, login: &Login, mechanism: Mechanism) -> CallError {
    let why = match mechanism {
        // Windows has shown what it has, and there is no password that could be wrong.
        Mechanism::Ntlm if matches!(login.identity, Credential::CurrentUser) => {
            "the host does not know the account, or it may not log in over the network there"
        }
        Mechanism::Ntlm | Mechanism::SpnegoNtlm => {
            "the user or the password is wrong, the account is locked, or it may not log in over the network there"
        }
        Mechanism::SpnegoKerberos | Mechanism::Kerberos => {
            "its name belongs to another account of the domain (see setspn), the clocks differ, or the user may not log in there"
        }
        Mechanism::Negotiate => {
            "it may not log in over the network there, or the host's name belongs to another account of the domain (see setspn)"
        }
    };
    let between = if wire.way.tls.is_some() { "; or something between ends the TLS connection" } else { "" };
    let message = format!("{} refused {} by {}: {why}{between}", wire.at, login.user(), mechanism.label());
    let hint = if mechanism.is_kerberos() { Hint::Kerberos } else { Hint::Ntlm };
    CallError::new(ErrorKind::Denied, Reached::No, message).with_hint(hint)
}

fn unproved(wire: &Wire) -> CallError {
    let message = format!("{} let us in without proving who it is: the connection was dropped", wire.at);
    CallError::new(ErrorKind::Denied, Reached::No, message)
}

fn unexpected(wire: &Wire, status: StatusCode) -> CallError {
    let at = &wire.at;
    wire::unserved(status, at, Reached::No).unwrap_or_else(|| {
        let message = format!("{at} answered a login with HTTP status {status}");
        CallError::new(ErrorKind::Malformed, Reached::No, message)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_challenge_with_nothing_after_its_scheme_holds_no_token() {
        let challenges = ["Basic realm=\"WSMAN\"".to_owned(), "negotiate  AQID ".to_owned()];
        assert_eq!(token_of(&challenges, "Negotiate"), Ok(Some(vec![1, 2, 3])));
        assert_eq!(token_of(&challenges, "Kerberos"), Ok(None));
        assert_eq!(token_of(&["Negotiate".to_owned(), "Negotiate ".to_owned()], "Negotiate"), Ok(None));
        assert!(token_of(&["Negotiate %".to_owned()], "Negotiate").is_err());
    }

    proptest! {
        #[test]
        fn a_token_reads_back_as_it_was_written(token in prop::collection::vec(any::<u8>(), 1..99)) {
            let challenge = format!("Negotiate {}", STANDARD.encode(&token));
            prop_assert_eq!(token_of(&[challenge], "negotiate"), Ok(Some(token)));
        }
    }
}
