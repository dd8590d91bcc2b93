//! The login library behind our trait: nothing of it is named outside this file and `kdc`, its ciphers are used in
//! `authenticator` and `wrap` alone, and no panic of it leaves.
//!
//! Its readers of tokens are known to panic on some malformed ones, and a host may send any. So what is no token at all is
//! refused before they see it, and the rest is done where a panic is caught; the login is dropped then.

use std::panic::{AssertUnwindSafe, catch_unwind};

use picky_krb::crypto::CipherSuite;
use secrecy::ExposeSecret as _;
use sspi::builders::{AcquireCredentialsHandle, WithoutCredentialUse};
use sspi::credssp::SspiContext;
use sspi::network_client::NetworkClient;
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, Credentials, DataRepresentation, EncryptionFlags,
    ErrorKind, Kerberos, KerberosConfig, KeytabIdentity, Negotiate, NegotiateConfig, Ntlm, Secret, SecurityBuffer,
    SecurityBufferRef, SecurityStatus, Sspi as _, SspiImpl, Username,
};

use super::error::AuthError;
use super::offer::Mechanism;
use super::security::{Security, Step};
use super::upper::uncertain;
use super::wrap::Incoming;
use super::{authenticator, binding, frame, kdc};
use crate::der;
use crate::endpoint::Endpoint;
use crate::login::{Credential, Login};

/// What a server's log shows as the computer that logs in by NTLM.
const WORKSTATION: &str = "WSMAN-HTTP";

/// Maximum size of a token that is read. A Kerberos token with every group that Windows allows has 48,000 bytes in base64
/// (`MaxTokenSize`).
pub(super) const TOKEN_LENGTH_MAX: usize = 64 * 1024;

/// How a token of NTLM begins (MS-NLMP 2.2.1).
const NTLM: &[u8] = b"NTLMSSP\0";

/// What the library cannot do: it knows no session of Windows, and a certificate is shown by TLS.
const NO_PROOF: AuthError = AuthError::Broken("log in without a password or a key");

/// A login with the library's state.
struct Context {
    inner: SspiContext,
    credentials: <SspiContext as SspiImpl>::CredentialsHandle,
    mechanism: Mechanism,
    target: String,
    /// Whether the user is proved by a key and not by a password.
    by_key: bool,
    binding: Binding,
    kdc: Box<dyn NetworkClient>,
    /// What a host seals by Kerberos.
    incoming: Incoming,
}

/// What ties a login to its TLS connection.
enum Binding {
    /// There is none, or the login is tied.
    None,
    /// Given to the library with every step, as the library wants it.
    ByLibrary(Vec<u8>),
    /// Written into the library's first token, the ticket.
    InTicket(Vec<u8>),
}

impl Binding {
    fn new(mechanism: Mechanism, application: Option<&[u8]>) -> Self {
        match application {
            None => Self::None,
            Some(application) if mechanism.is_kerberos() => Self::InTicket(application.to_vec()),
            Some(application) => Self::ByLibrary(binding::as_windows_has_it(application)),
        }
    }
}

/// Begins a login to `endpoint`. May look a Kerberos server up: call it where waiting is allowed.
pub(crate) fn open(
    login: &Login,
    endpoint: &Endpoint,
    mechanism: Mechanism,
    binding: Option<&[u8]>,
    kdc: impl NetworkClient + 'static,
) -> Result<Box<dyn Security>, AuthError> {
    let target = login.spn_of(endpoint);
    let binding = Binding::new(mechanism, binding);
    let kdc = Box::new(kdc);
    let context = guarded("begin a login", || {
        let mut inner = inner(login, mechanism)?;
        let identity = credentials(&login.identity, mechanism)?;
        let credentials = AcquireCredentialsHandle::<'_, _, _, WithoutCredentialUse>::new()
            .with_auth_data(&identity)
            .with_credential_use(CredentialUse::Outbound)
            .execute(&mut inner)
            .map_err(|error| auth_error(&error))?
            .credentials_handle;
        let by_key = matches!(login.identity, Credential::Keytab { .. });
        Ok(Context { inner, credentials, mechanism, target, by_key, binding, kdc, incoming: Incoming::default() })
    })?;
    Ok(Box::new(context))
}

/// What proves who the user is, as the library wants it.
fn credentials(identity: &Credential, mechanism: Mechanism) -> Result<Credentials, AuthError> {
    match identity {
        Credential::Password { user, password } => {
            if let Some(letter) = uncertain(user).filter(|_| !mechanism.is_kerberos()) {
                return Err(AuthError::Impossible(format!(
                    "NTLM needs the user's name in upper case, and Windows' upper case of `{letter}` in `{user}` is not certain, so \
                     that each login might count as a wrong password: use Kerberos (`kerberos` as the scheme, and the host by \
                     its name), a client certificate, or another account"
                )));
            }
            let password = Secret::from(password.expose_secret().to_owned());
            Ok(Credentials::AuthIdentity(AuthIdentity { username: username(user, mechanism)?, password }))
        }
        Credential::Keytab { user, keytab } => {
            let key = keytab.key_for(user).map_err(|error| AuthError::RefusedKey(error.to_string()))?;
            let key_enctype = CipherSuite::try_from(usize::from(key.kind))
                .map_err(|error| AuthError::RefusedKey(error.to_string()))?;
            let octets = Secret::from(key.octets.expose_secret().to_vec());
            Ok(Credentials::Keytab(KeytabIdentity { principal: username(user, mechanism)?, key: octets, key_enctype }))
        }
        Credential::CurrentUser | Credential::Certificate => Err(NO_PROOF),
    }
}

/// The user's name in the form that a mechanism uses. The library would ask a Kerberos server for the enterprise name
/// `user@realm`, which only domain controllers know. They also look up `user` in the realm, and then `user@realm` (MS-KILE
/// 3.3.5.6.1).
fn username(user: &str, mechanism: Mechanism) -> Result<Username, AuthError> {
    let principal = user.rsplit_once('@').filter(|_| mechanism.is_kerberos() && !user.contains('\\'));
    let named = match principal {
        Some((name, realm)) => Username::new_down_level_logon_name(name, realm),
        None => Username::parse(user),
    };
    named.map_err(|_mixed| {
        AuthError::Impossible(format!("`{user}` is not a user name: write `DOMAIN\\user` or `user@realm`"))
    })
}

/// The library's own choice of a mechanism would read the environment and fall back by itself: it is always told one.
fn inner(login: &Login, mechanism: Mechanism) -> Result<SspiContext, AuthError> {
    let workstation = || WORKSTATION.to_owned();
    let kerberos = || {
        let url = kdc::address(login);
        tracing::debug!(kdc = %url, "Kerberos server");
        KerberosConfig::new_with_kdc_url(&url, workstation())
    };
    let negotiate = |config: NegotiateConfig| Negotiate::new_client(config).map(SspiContext::Negotiate);
    let made = match mechanism {
        Mechanism::Ntlm => Ok(SspiContext::Ntlm(Ntlm::with_config(NtlmConfig::new(workstation())))),
        Mechanism::SpnegoNtlm => negotiate(NegotiateConfig::new(
            Box::new(NtlmConfig::new(workstation())),
            Some("ntlm,!kerberos,!pku2u".to_owned()),
            workstation(),
        )),
        Mechanism::SpnegoKerberos => negotiate(NegotiateConfig::new(
            Box::new(kerberos()),
            Some("kerberos,!ntlm,!pku2u".to_owned()),
            workstation(),
        )),
        Mechanism::Kerberos => Kerberos::new_client_from_config(kerberos()).map(SspiContext::Kerberos),
        Mechanism::Negotiate => return Err(AuthError::Broken("choose between Kerberos and NTLM")),
    };
    made.map_err(|error| auth_error(&error))
}

impl Context {
    /// Ties a ticket to its TLS connection, if it must be.
    fn bind(&mut self, token: &mut [u8]) -> Result<(), AuthError> {
        let Binding::InTicket(application) = &self.binding else { return Ok(()) };
        let key = self.inner.query_context_session_key().map_err(|error| auth_error(&error))?.session_key;
        let within_spnego = self.mechanism == Mechanism::SpnegoKerberos;
        authenticator::bind(token, within_spnego, key.as_ref(), application)
            .ok_or(AuthError::Broken("tie the login to the host's certificate"))?;
        self.binding = Binding::None;
        Ok(())
    }
}

impl Security for Context {
    fn step(&mut self, token: &[u8]) -> Result<Step, AuthError> {
        check(self.mechanism, token)?;
        guarded("answer the host's token", || {
            let mut input = vec![SecurityBuffer::new(token.to_vec(), BufferType::Token)];
            if let Binding::ByLibrary(bytes) = &self.binding {
                input.push(SecurityBuffer::new(bytes.clone(), BufferType::ChannelBindings));
            }
            let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
            let mut builder = self
                .inner
                .initialize_security_context()
                .with_credentials_handle(&mut self.credentials)
                .with_context_requirements(
                    ClientRequestFlags::MUTUAL_AUTH
                        | ClientRequestFlags::INTEGRITY
                        | ClientRequestFlags::CONFIDENTIALITY
                        | ClientRequestFlags::REPLAY_DETECT
                        | ClientRequestFlags::SEQUENCE_DETECT,
                )
                .with_target_data_representation(DataRepresentation::Native)
                .with_target_name(&self.target)
                .with_input(&mut input)
                .with_output(&mut output);
            let result = self
                .inner
                .initialize_security_context_impl(&mut builder)
                .and_then(|mut steps| steps.resolve_with_client(self.kdc.as_ref()))
                .map_err(|error| of_key(auth_error(&error), self.by_key))?;
            let mut token = output.into_iter().next().map(|buffer| buffer.buffer).unwrap_or_default();
            self.bind(&mut token)?;
            let done = matches!(result.status, SecurityStatus::Ok | SecurityStatus::CompleteNeeded);
            Ok(Step { token, done })
        })
    }

    fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        guarded("seal a message", || {
            let sizes = self.inner.query_context_sizes().map_err(|error| auth_error(&error))?;
            let mut signature = vec![0; usize::try_from(sizes.security_trailer).unwrap_or_default()];
            let mut data = message.to_vec();
            let mut buffers = [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
            self.inner.encrypt_message(EncryptionFlags::empty(), &mut buffers).map_err(|error| auth_error(&error))?;
            let [signature, data] = buffers;
            Ok(frame::join(signature.data(), data.data()))
        })
    }

    fn unseal(&mut self, sealed: &[u8]) -> Result<Vec<u8>, AuthError> {
        let (signature, data) = frame::split(sealed)?;
        guarded("unseal a message", || {
            if self.mechanism.is_kerberos() {
                let key = self.inner.query_context_session_key().map_err(|error| auth_error(&error))?.session_key;
                let opened = self.incoming.open(key.as_ref(), &[signature, data].concat());
                let why = || AuthError::Invalid("a message is not what the host sealed next".to_owned());
                return opened.ok_or_else(why);
            }
            let (mut signature, mut data) = (signature.to_vec(), data.to_vec());
            let mut buffers = [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
            self.inner.decrypt_message(&mut buffers).map_err(|error| auth_error(&error))?;
            // The library opens it in place.
            let [_, opened] = buffers;
            let length = opened.buf_len();
            data.truncate(length);
            Ok(data)
        })
    }
}

fn guarded<T>(what: &'static str, work: impl FnOnce() -> Result<T, AuthError>) -> Result<T, AuthError> {
    // What a panic leaves behind is never used again: the login is dropped with its connection.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(AuthError::Broken(what)))
}

/// Refuses what is no token of this mechanism, by its first bytes and its length.
pub(super) fn check(mechanism: Mechanism, token: &[u8]) -> Result<(), AuthError> {
    let fits = match mechanism {
        Mechanism::Ntlm => token.starts_with(NTLM),
        // NegTokenResp, RFC 4178 4.2.2.
        Mechanism::SpnegoNtlm | Mechanism::SpnegoKerberos => der::is_one(0xA1, token),
        // A GSS token, RFC 2743 3.1.
        Mechanism::Kerberos => der::is_one(0x60, token),
        // Whichever of them Windows and the host have come to.
        Mechanism::Negotiate => token.starts_with(NTLM) || der::is_one(0xA1, token) || der::is_one(0x60, token),
    };
    if token.is_empty() || (fits && token.len() <= TOKEN_LENGTH_MAX) {
        return Ok(());
    }
    Err(AuthError::Invalid(format!("{} bytes that are no {} token", token.len(), mechanism.label())))
}

/// A refusal of a login without a password does not mention one.
fn of_key(error: AuthError, by_key: bool) -> AuthError {
    if let AuthError::Refused(why) = &error
        && by_key
    {
        return AuthError::RefusedKey(why.clone());
    }
    error
}

/// Kerberos' own words for a wrong password and an unknown, locked or expired user; the library's kinds are shared with
/// more.
const REFUSALS: [&str; 4] =
    ["pre-authentication information was invalid", "client not found", "have been revoked", "has expired"];

/// The library takes the session's key for one of the type of the user's, and says so where it is none.
const KEY_LENGTH: &str = "invalid key length";

/// What the library's errors mean to an administrator.
fn auth_error(error: &sspi::Error) -> AuthError {
    // What follows is the server's answer in the library's own notation.
    let why = error.description.split(". Additional error").next().unwrap_or_default().to_owned();
    if REFUSALS.iter().any(|refusal| why.contains(refusal)) {
        return AuthError::Refused(why);
    }
    if why.contains(KEY_LENGTH) {
        return AuthError::KeyTypes(why);
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library has 80 kinds, and adds more")]
    match error.error_type {
        ErrorKind::TimeSkew => AuthError::ClockSkew(why),
        ErrorKind::NoAuthenticatingAuthority => AuthError::NoKdc(why),
        // The first is what the library says of a service that the Kerberos server does not know.
        ErrorKind::UnknownCredentials | ErrorKind::TargetUnknown => AuthError::UnknownService(why),
        ErrorKind::LogonDenied | ErrorKind::NoCredentials => AuthError::Refused(why),
        _ => AuthError::Invalid(why),
    }
}
