//! The system's own Kerberos (GSSAPI), behind our trait: logins with the tickets that the account already has. Nothing of it is
//! named outside this file.
//!
//! Where tickets are is the system's affair: the cache that `KRB5CCNAME` or `krb5.conf` names, which `kinit` fills, or the keytab
//! that `KRB5_CLIENT_KTNAME` names. So is the way to Kerberos servers.
//!
//! A call may wait for a Kerberos server for as long as the system's library wants, and nothing ends it. A login that is over its
//! time ends without it: the thread goes on by itself, with nothing but its own login, which is dropped when it comes back.
//!
//! Sources: RFC 2744 (the functions and their statuses), RFC 4120 7.5.9 and MIT Kerberos' `krb5.h` (what a failure was), RFC 4121
//! 4.2.6.2 (sealed messages).

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext as _};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::{Error, MajorFlags};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO, GSS_NT_KRB5_PRINCIPAL, Oid, OidSet};
use libgssapi::util::{GssIov, GssIovType};

use super::context::check;
use super::error::AuthError;
use super::frame;
use super::offer::Mechanism;
use super::security::{Security, Step};
use crate::endpoint::Endpoint;
use crate::login::Login;

/// What is asked of a login, the same as of the library's.
const WANTED: CtxFlags = CtxFlags::GSS_C_MUTUAL_FLAG
    .union(CtxFlags::GSS_C_CONF_FLAG)
    .union(CtxFlags::GSS_C_INTEG_FLAG)
    .union(CtxFlags::GSS_C_REPLAY_FLAG)
    .union(CtxFlags::GSS_C_SEQUENCE_FLAG);

/// How the signature of a message begins whose keys are AES, and its flag for sealed data (RFC 4121 4.2.6.2 and 4.2.2).
const WRAPPED: [u8; 2] = [0x05, 0x04];
const SEALED: u8 = 0x02;

/// A login by the system's Kerberos.
struct Tickets {
    context: ClientCtx,
    mechanism: Mechanism,
    binding: Option<Vec<u8>>,
}

/// Begins a login to `endpoint` with the account's tickets. May ask a Kerberos server: call it where waiting is allowed.
pub(super) fn open(
    login: &Login,
    endpoint: &Endpoint,
    mechanism: Mechanism,
    binding: Option<&[u8]>,
) -> Result<Box<dyn Security>, AuthError> {
    // The name as it was written, of whatever realm the Kerberos servers find it in. As the name of a service at a host it would
    // be looked up in DNS first and changed to what stands there.
    let name = format!("{}@", login.spn_of(endpoint));
    let context = match mechanism {
        Mechanism::Kerberos => begin(&name, GSS_MECH_KRB5)?,
        Mechanism::SpnegoKerberos => {
            // Within SPNEGO a failure loses the number that says what it was. So the ticket is fetched without, and is there then.
            begin(&name, GSS_MECH_KRB5)?.step(None, None).map_err(auth_error)?;
            begin(&name, GSS_MECH_SPNEGO)?
        }
        Mechanism::Ntlm | Mechanism::SpnegoNtlm | Mechanism::Negotiate => {
            return Err(AuthError::Impossible("tickets are for Kerberos: NTLM needs a user and a password".to_owned()));
        }
    };
    Ok(Box::new(Tickets { context, mechanism, binding: binding.map(<[u8]>::to_vec) }))
}

fn begin(name: &str, system: Oid<'static>) -> Result<ClientCtx, AuthError> {
    let target = Name::new(name.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL)).map_err(auth_error)?;
    let mechanisms = OidSet::singleton(system).map_err(auth_error)?;
    let account = Cred::acquire(None, None, CredUsage::Initiate, Some(&mechanisms)).map_err(auth_error)?;
    Ok(ClientCtx::new(Some(account), target, WANTED, Some(system)))
}

impl Tickets {
    /// Whether the login that is done is as good as the one that was asked for, and Kerberos made it.
    fn judge(&self) -> Result<(), AuthError> {
        let granted = self.context.flags().map_err(auth_error)?;
        if !granted.contains(WANTED) {
            let why = format!("the login is weaker than requested, 0x{:X}", granted.bits());
            return Err(AuthError::Invalid(why));
        }
        if self.context.mechanism().map_err(auth_error)? != GSS_MECH_KRB5 {
            return Err(AuthError::Invalid("within SPNEGO it came to something else than Kerberos".to_owned()));
        }
        Ok(())
    }
}

impl Security for Tickets {
    fn step(&mut self, token: &[u8]) -> Result<Step, AuthError> {
        check(self.mechanism, token)?;
        let heard = Some(token).filter(|token| !token.is_empty());
        let said = self.context.step(heard, self.binding.as_deref()).map_err(auth_error)?;
        let done = self.context.is_complete();
        if done {
            self.judge()?;
        }
        Ok(Step { token: said.map(|said| said.to_vec()).unwrap_or_default(), done })
    }

    fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        let mut data = message.to_vec();
        // Without a buffer for the trailer it stands in the header, so that the data keep their length.
        let mut buffers = [
            GssIov::new_alloc(GssIovType::Header),
            GssIov::new(GssIovType::Data, &mut data),
            GssIov::new_alloc(GssIovType::Padding),
        ];
        self.context.wrap_iov(true, &mut buffers).map_err(auth_error)?;
        let [header, data, padding] = &buffers;
        if !is_sealed(header) || !padding.is_empty() {
            return Err(not_by_aes());
        }
        Ok(frame::join(header, data))
    }

    fn unseal(&mut self, sealed: &[u8]) -> Result<Vec<u8>, AuthError> {
        let (signature, data) = frame::split(sealed)?;
        if !is_sealed(signature) {
            return Err(not_by_aes());
        }
        let mut bytes = [signature, data].concat();
        let mut buffers = [GssIov::new(GssIovType::Stream, &mut bytes), GssIov::new_alloc(GssIovType::Data)];
        self.context.unwrap_iov(&mut buffers).map_err(auth_error)?;
        let [_, clear] = &buffers;
        Ok(clear.to_vec())
    }
}

/// Whether a signature is of AES keys and of sealed data. The system does not tell whether what it took was only signed; the
/// flag is under the signature.
fn is_sealed(signature: &[u8]) -> bool {
    signature.starts_with(&WRAPPED) && signature.get(2).is_some_and(|flags| flags & SEALED != 0)
}

fn not_by_aes() -> AuthError {
    AuthError::Invalid("a message is not sealed with an AES key".to_owned())
}

/// Where MIT's and Heimdal's numbers of Kerberos' failures begin: the same number behind it is RFC 4120's, up to 127.
const KERBEROS: i32 = -1_765_328_384;

/// What a status of the system means to an administrator.
fn auth_error(error: Error) -> AuthError {
    let why = words(error);
    match i32::from_ne_bytes(error.minor.to_ne_bytes()).wrapping_sub(KERBEROS) {
        // No cache, an empty one, none of this account.
        141 | 142 | 195 => no_ticket(&why),
        32 => expired(&why),
        7 => AuthError::UnknownService(why),
        37 => AuthError::ClockSkew(why),
        // Of the realm none is known, none answers, none has an address; it has no service.
        154 | 156 | 220 | 29 => AuthError::NoKdc(why),
        // The account is unknown, has no such key, is locked or has to change its password.
        6 | 18 | 23 | 24 | 31 => AuthError::RefusedKey(why),
        14 => AuthError::KeyTypes(why),
        _ => by_status(error.major, why),
    }
}

fn by_status(status: MajorFlags, why: String) -> AuthError {
    // The routine errors are numbers and no flags: one may be made of the bits of others (RFC 2744 3.9.1).
    let is = |error: MajorFlags| status.bits() & ROUTINE_ERROR == error.bits();
    if is(MajorFlags::GSS_S_NO_CRED) {
        no_ticket(&why)
    } else if is(MajorFlags::GSS_S_CREDENTIALS_EXPIRED) {
        expired(&why)
    } else if is(MajorFlags::GSS_S_BAD_MECH) || is(MajorFlags::GSS_S_FAILURE) {
        AuthError::Impossible(format!("the system's Kerberos failed ({why})"))
    } else {
        AuthError::Invalid(why)
    }
}

/// The bits of a status that hold its routine error (RFC 2744 3.9.1).
const ROUTINE_ERROR: u32 = 0xFF << 16;

fn no_ticket(why: &str) -> AuthError {
    AuthError::Impossible(format!(
        "no Kerberos ticket was found: get one with `kinit`, or name its cache in KRB5CCNAME ({why})"
    ))
}

fn expired(why: &str) -> AuthError {
    AuthError::Impossible(format!("the Kerberos ticket has expired: get a new one with `kinit` ({why})"))
}

/// What the system says of a failure, without the half that says nothing. It must be asked on the thread that met it.
fn words(error: Error) -> String {
    const NOTHING: &str = "Unspecified GSS failure.  Minor code may provide more information";
    let telling = if error.minor == 0 { error } else { Error { major: MajorFlags::GSS_S_FAILURE, ..error } };
    // Some of MIT's texts hold their C end.
    let text: String = telling.to_string().chars().filter(|letter| !letter.is_control()).collect();
    let said = text.strip_prefix(NOTHING).unwrap_or(&text).trim();
    said.strip_prefix('(').and_then(|said| said.strip_suffix(')')).unwrap_or(said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_kerberos(number: i32) -> AuthError {
        let minor = u32::from_ne_bytes((KERBEROS + number).to_ne_bytes());
        auth_error(Error { major: MajorFlags::GSS_S_FAILURE, minor })
    }

    #[test]
    fn a_failure_is_reported_with_its_number() {
        assert!(matches!(of_kerberos(7), AuthError::UnknownService(_)));
        assert!(matches!(of_kerberos(37), AuthError::ClockSkew(_)));
        for number in [29, 154, 156, 220] {
            assert!(matches!(of_kerberos(number), AuthError::NoKdc(_)), "{number}");
        }
        for number in [6, 18, 23, 24, 31] {
            assert!(matches!(of_kerberos(number), AuthError::RefusedKey(_)), "{number}");
        }
        assert!(matches!(of_kerberos(14), AuthError::KeyTypes(_)));
        for (number, words) in
            [(141, "no Kerberos ticket"), (195, "no Kerberos ticket"), (32, "has expired"), (60, "failed")]
        {
            assert!(matches!(of_kerberos(number), AuthError::Impossible(why) if why.contains(words)), "{number}");
        }
    }

    #[test]
    fn a_failure_without_a_number_is_reported_with_its_status() {
        let error = |major| auth_error(Error { major, minor: 0 });
        for (status, words) in [
            (MajorFlags::GSS_S_NO_CRED, "no Kerberos ticket"),
            (MajorFlags::GSS_S_CREDENTIALS_EXPIRED, "has expired"),
            (MajorFlags::GSS_S_BAD_MECH, "failed"),
        ] {
            assert!(matches!(error(status), AuthError::Impossible(why) if why.contains(words)), "{status:?}");
        }
        for status in [
            MajorFlags::GSS_S_BAD_SIG,
            MajorFlags::GSS_S_DEFECTIVE_TOKEN,
            MajorFlags::GSS_S_BAD_BINDINGS,
            MajorFlags::GSS_S_DUPLICATE_TOKEN,
            MajorFlags::GSS_S_UNSEQ_TOKEN,
        ] {
            assert!(matches!(error(status), AuthError::Invalid(_)), "{status:?}");
        }
    }

    #[test]
    fn what_is_only_signed_or_of_old_keys_is_not_believed() {
        let target = Name::new(b"HTTP/hv01@", Some(GSS_NT_KRB5_PRINCIPAL)).unwrap();
        let context = ClientCtx::new(None, target, WANTED, Some(GSS_MECH_KRB5));
        let mut login = Tickets { context, mechanism: Mechanism::Kerberos, binding: None };
        let mut unsealed = |signature: &[u8]| login.unseal(&frame::join(signature, b"data")).unwrap_err();
        for signature in [b"\x05\x04".as_slice(), b"\x05\x04\x01\xff", b"\x04\x04\x02\xff", b"\x60\x2b\x06\x09"] {
            assert_eq!(unsealed(signature), not_by_aes(), "{signature:?}");
        }
        // These go on to the system, which knows of no login yet.
        for signature in [b"\x05\x04\x02\xff".as_slice(), b"\x05\x04\x07\xff"] {
            assert_ne!(unsealed(signature), not_by_aes(), "{signature:?}");
        }
        assert!(login.seal(b"data").is_err());
    }
}
