//! Windows' own logins (SSPI), behind our trait: as the account that this process runs as. What proves it is Windows' affair;
//! we see no password.
//!
//! Messages are sealed and unsealed as a signature and data, without padding, which is how WinRM calls the same functions:
//! what has none cannot be read as one stream where Kerberos uses RC4.
//!
//! Every function here is in Windows since before Server 2012. Sources: Security Support Provider Interface, `sspi.h`.

#![expect(unsafe_code, reason = "the functions of Windows are C; nothing else of this crate calls any")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    SEC_E_BAD_BINDINGS, SEC_E_DECRYPT_FAILURE, SEC_E_INCOMPLETE_MESSAGE, SEC_E_INSUFFICIENT_MEMORY,
    SEC_E_INTERNAL_ERROR, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN, SEC_E_LOGON_DENIED, SEC_E_MESSAGE_ALTERED,
    SEC_E_MUTUAL_AUTH_FAILED, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS, SEC_E_OK, SEC_E_OUT_OF_SEQUENCE,
    SEC_E_SECPKG_NOT_FOUND, SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_WRONG_PRINCIPAL,
    SEC_I_COMPLETE_AND_CONTINUE, SEC_I_COMPLETE_NEEDED, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, CompleteAuthToken, DecryptMessage, DeleteSecurityContext, EncryptMessage,
    FreeCredentialsHandle, ISC_REQ_CONFIDENTIALITY, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH, ISC_REQ_REPLAY_DETECT,
    ISC_REQ_SEQUENCE_DETECT, ISC_RET_CONFIDENTIALITY, ISC_RET_INTEGRITY, ISC_RET_MUTUAL_AUTH,
    InitializeSecurityContextW, QueryContextAttributesW, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_DATA, SECBUFFER_TOKEN,
    SECBUFFER_VERSION, SECPKG_ATTR_FLAGS, SECPKG_ATTR_SIZES, SECPKG_CRED_OUTBOUND, SECQOP_WRAP_NO_ENCRYPT,
    SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc, SecPkgContext_Flags, SecPkgContext_Sizes,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

use super::context::{TOKEN_LENGTH_MAX, check};
use super::error::AuthError;
use super::offer::Mechanism;
use super::security::{Security, Step};
use super::{binding, frame};
use crate::endpoint::Endpoint;
use crate::login::Login;

/// What is asked of a login, the same as of the library's.
const WANTED: u32 =
    ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;

/// What Windows answers when it is asked about a session.
trait Fact: Default {
    /// The number of the attribute that is answered with this type.
    const ATTRIBUTE: u32;
}

impl Fact for SecPkgContext_Flags {
    const ATTRIBUTE: u32 = SECPKG_ATTR_FLAGS;
}

impl Fact for SecPkgContext_Sizes {
    const ATTRIBUTE: u32 = SECPKG_ATTR_SIZES;
}

/// What Windows proves an account with. Given back on drop.
struct Credentials(SecHandle);

/// A login under way or done. Ended on drop.
struct Session(SecHandle);

/// A login by Windows.
struct Native {
    // Dropped in this order: a session before the credentials that it was begun with.
    session: Option<Session>,
    credentials: Credentials,
    mechanism: Mechanism,
    /// The service's name, ended by a zero.
    target: Vec<u16>,
    binding: Option<Vec<u8>>,
}

/// Begins a login to `endpoint` as the account that this process runs as.
pub(super) fn open(
    login: &Login,
    endpoint: &Endpoint,
    mechanism: Mechanism,
    binding: Option<&[u8]>,
) -> Result<Box<dyn Security>, AuthError> {
    let package = match mechanism {
        Mechanism::Ntlm => "NTLM",
        Mechanism::Kerberos => "Kerberos",
        Mechanism::Negotiate | Mechanism::SpnegoNtlm | Mechanism::SpnegoKerberos => "Negotiate",
    };
    Ok(Box::new(Native {
        session: None,
        credentials: Credentials::of_this_process(package)?,
        mechanism,
        target: wide(&login.spn_of(endpoint)),
        binding: binding.map(binding::as_windows_has_it),
    }))
}

/// The text as Windows takes it.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

impl Credentials {
    fn of_this_process(package: &str) -> Result<Self, AuthError> {
        let package = wide(package);
        let mut handle = SecHandle::default();
        // SAFETY: the package's name ends with a zero and outlives the call. Null for the principal, the logon id and the
        // identity means this process' own account; the key callback and the expiry are optional. The handle is ours.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                null(),
                null(),
                None,
                null(),
                &raw mut handle,
                null_mut(),
            )
        };
        if status == SEC_E_OK { Ok(Self(handle)) } else { Err(auth_error("find this account's credentials", status)) }
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // SAFETY: the handle came from AcquireCredentialsHandleW and is freed here alone. A failure could only leak it.
        unsafe { FreeCredentialsHandle(&raw const self.0) };
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handle came from InitializeSecurityContextW and is deleted here alone. A failure could only leak it.
        unsafe { DeleteSecurityContext(&raw const self.0) };
    }
}

/// Octets as Windows takes and gives them. The buffer points into `bytes`, which must outlive the call that it is for.
fn buffer(kind: u32, bytes: &mut [u8]) -> Result<SecBuffer, AuthError> {
    let length =
        u32::try_from(bytes.len()).map_err(|_| auth_error("take so long a message", SEC_E_INSUFFICIENT_MEMORY))?;
    Ok(SecBuffer { cbBuffer: length, BufferType: kind, pvBuffer: bytes.as_mut_ptr().cast() })
}

/// A list of buffers, which must outlive the call that it is for.
fn list(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    let count = u32::try_from(buffers.len()).unwrap_or_default();
    SecBufferDesc { ulVersion: SECBUFFER_VERSION, cBuffers: count, pBuffers: buffers.as_mut_ptr() }
}

/// As many of the octets as Windows has filled. It never says more than it was given room for.
fn filled(mut bytes: Vec<u8>, buffer: &SecBuffer) -> Vec<u8> {
    bytes.truncate(usize::try_from(buffer.cbBuffer).unwrap_or_default());
    bytes
}

impl Native {
    fn session(&self) -> Result<&Session, AuthError> {
        self.session.as_ref().ok_or_else(|| auth_error("use a login that was not begun", SEC_E_INVALID_HANDLE))
    }

    fn ask<F: Fact>(&self) -> Result<F, AuthError> {
        let session = &raw const self.session()?.0;
        let mut fact = F::default();
        // SAFETY: the session is alive as long as `self`, and the attribute is answered with this type.
        let status = unsafe { QueryContextAttributesW(session, F::ATTRIBUTE, (&raw mut fact).cast()) };
        if status == SEC_E_OK { Ok(fact) } else { Err(auth_error("say what the login came to", status)) }
    }

    /// Whether the login that is done is as good as the one that was asked for, by the attributes that its last step gave
    /// and by its own. Wine tells it by the latter alone.
    fn judge(&self, given: u32) -> Result<(), AuthError> {
        let granted = given | self.ask().map(|own: SecPkgContext_Flags| own.Flags).unwrap_or_default();
        let seals = granted & ISC_RET_CONFIDENTIALITY != 0 && granted & ISC_RET_INTEGRITY != 0;
        // NTLM proves a host by its seals alone.
        let proved = self.mechanism != Mechanism::Kerberos || granted & ISC_RET_MUTUAL_AUTH != 0;
        if seals && proved {
            return Ok(());
        }
        Err(AuthError::Invalid(format!("the login is weaker than requested, 0x{granted:08X}")))
    }
}

impl Security for Native {
    fn step(&mut self, token: &[u8]) -> Result<Step, AuthError> {
        check(self.mechanism, token)?;
        let mut heard = token.to_vec();
        let mut given = Vec::new();
        if !heard.is_empty() {
            given.push(buffer(SECBUFFER_TOKEN, &mut heard)?);
        }
        if let Some(binding) = &mut self.binding {
            given.push(buffer(SECBUFFER_CHANNEL_BINDINGS, binding)?);
        }
        let input = list(&mut given);
        let input: *const SecBufferDesc = if input.cBuffers == 0 { null() } else { &raw const input };
        let mut said = vec![0; TOKEN_LENGTH_MAX];
        let mut room = [buffer(SECBUFFER_TOKEN, &mut said)?];
        let mut output = list(&mut room);
        let mut fresh = SecHandle::default();
        let (before, handle): (*const SecHandle, *mut SecHandle) = match &mut self.session {
            None => (null(), &raw mut fresh),
            Some(Session(handle)) => (&raw const *handle, &raw mut *handle),
        };
        let mut granted = 0;
        // SAFETY: the credentials are alive as long as `self`. The session is null at first and then the one that an earlier
        // call made; the new one may be put where it stands. The target ends with a zero. Both lists point to buffers, and
        // those to octets, of this function or of `self`, with their true lengths. The expiry is optional.
        let mut status = unsafe {
            InitializeSecurityContextW(
                &raw const self.credentials.0,
                before,
                self.target.as_ptr(),
                WANTED,
                0,
                SECURITY_NATIVE_DREP,
                input,
                0,
                handle,
                &raw mut output,
                &raw mut granted,
                null_mut(),
            )
        };
        if before.is_null() && status >= 0 {
            self.session = Some(Session(fresh));
        }
        if matches!(status, SEC_I_COMPLETE_NEEDED | SEC_I_COMPLETE_AND_CONTINUE) {
            let goes_on = status == SEC_I_COMPLETE_AND_CONTINUE;
            let session = &raw const self.session()?.0;
            // SAFETY: the session was made above, and the token is the one that it made.
            status = unsafe { CompleteAuthToken(session, &raw const output) };
            status = if status == SEC_E_OK && goes_on { SEC_I_CONTINUE_NEEDED } else { status };
        }
        let [room] = room;
        let token = filled(said, &room);
        match status {
            SEC_E_OK => self.judge(granted).map(|()| Step { token, done: true }),
            SEC_I_CONTINUE_NEEDED => Ok(Step { token, done: false }),
            status => Err(auth_error("answer the host's token", status)),
        }
    }

    fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError> {
        let session = &raw const self.session()?.0;
        let sizes: SecPkgContext_Sizes = self.ask()?;
        let mut signature = vec![0; usize::try_from(sizes.cbSecurityTrailer).unwrap_or_default()];
        let mut data = message.to_vec();
        let mut buffers = [buffer(SECBUFFER_TOKEN, &mut signature)?, buffer(SECBUFFER_DATA, &mut data)?];
        let list = list(&mut buffers);
        // SAFETY: the session is alive; the list, its buffers and their octets are this function's, with true lengths.
        let status = unsafe { EncryptMessage(session, 0, &raw const list, 0) };
        if status != SEC_E_OK {
            return Err(auth_error("seal a message", status));
        }
        let [of_signature, of_data] = buffers;
        Ok(frame::join(&filled(signature, &of_signature), &filled(data, &of_data)))
    }

    fn unseal(&mut self, sealed: &[u8]) -> Result<Vec<u8>, AuthError> {
        let session = &raw const self.session()?.0;
        let (signature, data) = frame::split(sealed)?;
        let (mut signature, mut data) = (signature.to_vec(), data.to_vec());
        let mut buffers = [buffer(SECBUFFER_TOKEN, &mut signature)?, buffer(SECBUFFER_DATA, &mut data)?];
        let list = list(&mut buffers);
        let mut quality = 0;
        // SAFETY: the session is alive; the list, its buffers and their octets are this function's, with true lengths.
        let status = unsafe { DecryptMessage(session, &raw const list, 0, &raw mut quality) };
        if status != SEC_E_OK {
            return Err(auth_error("unseal a message", status));
        }
        if quality == SECQOP_WRAP_NO_ENCRYPT {
            return Err(AuthError::Invalid("a message is signed, but not sealed".to_owned()));
        }
        let [_, of_data] = buffers;
        Ok(filled(data, &of_data))
    }
}

/// What a status of Windows means to an administrator. Source: SSPI Status Codes.
fn auth_error(what: &str, status: i32) -> AuthError {
    let why = |words: &str| format!("{words}, 0x{status:08X}");
    match status {
        SEC_E_LOGON_DENIED => AuthError::RefusedAccount(why("the logon was denied")),
        SEC_E_UNKNOWN_CREDENTIALS => AuthError::RefusedAccount(why("the account's credentials were not recognized")),
        SEC_E_NO_CREDENTIALS => AuthError::Impossible(why(
            "Windows has no credentials for the network of the account that this program runs as",
        )),
        SEC_E_SECPKG_NOT_FOUND => AuthError::Impossible(why("Windows does not have this way to log in")),
        SEC_E_TIME_SKEW => AuthError::ClockSkew(why("Windows says so")),
        SEC_E_NO_AUTHENTICATING_AUTHORITY => AuthError::NoKdc(why("no domain controller can be reached")),
        // "The Local Security Authority cannot be contacted."
        SEC_E_INTERNAL_ERROR => AuthError::NoKdc(why("Windows' security service does not answer")),
        SEC_E_TARGET_UNKNOWN => AuthError::UnknownService(why("no account has this service's name")),
        SEC_E_WRONG_PRINCIPAL => AuthError::UnknownService(why("the name belongs to another account")),
        SEC_E_INVALID_TOKEN
        | SEC_E_MESSAGE_ALTERED
        | SEC_E_OUT_OF_SEQUENCE
        | SEC_E_DECRYPT_FAILURE
        | SEC_E_INCOMPLETE_MESSAGE
        | SEC_E_BAD_BINDINGS
        | SEC_E_MUTUAL_AUTH_FAILED => AuthError::Invalid(why(&format!("Windows could not {what}"))),
        _ => AuthError::Impossible(why(&format!("Windows could not {what}"))),
    }
}
