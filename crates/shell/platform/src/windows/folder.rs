//! Folders that only administrators, the computer itself and one account may open.
//!
//! Every user may make folders in `%ProgramData%`. A folder there that another user made is not trusted: its configuration would
//! be that user's.
//!
//! Sources: Windows access control reference, "Security Descriptor String Format" and `SetNamedSecurityInfo`.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use std::ffi::c_void;
use std::io;
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetNamedSecurityInfoW,
    SDDL_REVISION_1, SE_FILE_OBJECT, SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetSecurityDescriptorOwner, LookupAccountNameW,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES,
};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;

use super::{account, wide};

/// Administrators, in every language.
const ADMINISTRATORS: &str = "S-1-5-32-544";
/// SYSTEM, in every language.
const SYSTEM: &str = "S-1-5-18";
/// Who may own what SYSTEM reads.
const TRUSTED: [&str; 2] = [ADMINISTRATORS, SYSTEM];
/// Maximum length of a SID in bytes (`SECURITY_MAX_SID_SIZE`) and of a domain's name.
const SID_BYTES_MAX: u32 = 68;
const DOMAIN_UNITS_MAX: u32 = 256;
/// Maximum length of a SID as text (`SECURITY_MAX_SID_STRING_CHARACTERS`).
const SID_UNITS_MAX: usize = 187;

/// Makes a folder that belongs to administrators and that only they, SYSTEM and `account` may open, or gives one that is there
/// these rights.
///
/// # Errors
/// The system's; and of a folder that is a link, or belongs to another user.
pub fn make_private(folder: &Path, account: Option<&str>) -> io::Result<()> {
    let rights = rights(account.map(sid).transpose()?.as_deref());
    let descriptor = Descriptor::parse(&format!("O:{ADMINISTRATORS}{rights}"))?;
    match std::fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(folder, &descriptor),
        Err(error) => Err(error),
        Ok(found) if !found.is_dir() || found.is_symlink() => Err(io::Error::other("it is a link or a file")),
        Ok(_) => {
            check_owner(folder)?;
            protect(folder, &descriptor)
        }
    }
}

/// Checks that a file or folder belongs to administrators, SYSTEM or this account: who owns it decides what is in it.
///
/// # Errors
/// The system's; or one that names the owner.
pub fn check_owner(path: &Path) -> io::Result<()> {
    let owner = owner(path)?;
    if is_trusted(&owner, sid(&account::name()).ok().as_deref()) {
        return Ok(());
    }
    Err(io::Error::other(format!("it belongs to the user {owner}, who may have written what is in it")))
}

/// Checks that Windows knows an account.
///
/// # Errors
/// The system's.
pub fn check_account(account: &str) -> io::Result<()> {
    sid(account).map(|_| ())
}

/// Makes a folder and those above it. The first that is missing is private to administrators, SYSTEM and this account; those
/// in it inherit that.
pub(crate) fn make_all(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|ancestor| !ancestor.exists()).last();
    if let Some(first) = missing {
        create(first, &Descriptor::parse(&rights(Some(&sid(&account::name())?)))?)?;
    }
    std::fs::create_dir_all(folder)
}

/// Whether what an owner wrote may be used by SYSTEM: administrators, SYSTEM, and the account that installs.
fn is_trusted(owner: &str, own: Option<&str>) -> bool {
    TRUSTED.contains(&owner) || own == Some(owner)
}

/// What is allowed, for the folder and everything in it: all to administrators and SYSTEM, reading, writing and removing to the
/// account. Nothing is inherited from above.
fn rights(account: Option<&str>) -> String {
    let account = account.filter(|sid| !TRUSTED.contains(sid));
    let account = account.map_or_else(String::new, |sid| format!("(A;OICI;0x1301bf;;;{sid})"));
    format!("D:P(A;OICI;FA;;;{ADMINISTRATORS})(A;OICI;FA;;;{SYSTEM}){account}")
}

/// What Windows has allocated. Freed on drop.
struct Allocated(*mut c_void);

impl Drop for Allocated {
    fn drop(&mut self) {
        // SAFETY: Windows has allocated it for us, to be freed so.
        unsafe { LocalFree(self.0) };
    }
}

/// A security descriptor.
struct Descriptor(Allocated);

impl Descriptor {
    fn parse(text: &str) -> io::Result<Self> {
        let (text, mut descriptor) = (wide(text), null_mut());
        // SAFETY: the text ends with a zero and outlives the call, which puts its own memory into the pointer.
        done(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        })?;
        Ok(Self(Allocated(descriptor)))
    }

    /// Its owner, which lives as long as it does.
    fn owner(&self) -> io::Result<PSID> {
        let (mut owner, mut by_default) = (null_mut(), 0);
        // SAFETY: the descriptor is alive; the pointers outlive the call.
        done(unsafe { GetSecurityDescriptorOwner(self.0.0, &raw mut owner, &raw mut by_default) })?;
        Ok(owner)
    }

    /// Its list of who may do what, which lives as long as it does.
    fn list(&self) -> io::Result<*mut ACL> {
        let (mut present, mut list, mut by_default) = (0, null_mut(), 0);
        // SAFETY: the descriptor is alive; the pointers outlive the call.
        done(unsafe { GetSecurityDescriptorDacl(self.0.0, &raw mut present, &raw mut list, &raw mut by_default) })?;
        Ok(list)
    }
}

fn create(folder: &Path, descriptor: &Descriptor) -> io::Result<()> {
    let attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default(),
        lpSecurityDescriptor: descriptor.0.0,
        bInheritHandle: 0,
    };
    let path = wide(&folder.to_string_lossy());
    // SAFETY: the path ends with a zero; everything outlives the call.
    done(unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) })
}

fn protect(folder: &Path, descriptor: &Descriptor) -> io::Result<()> {
    let path = wide(&folder.to_string_lossy());
    let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    let (owner, list) = (descriptor.owner()?, descriptor.list()?);
    // SAFETY: the path ends with a zero; owner and list live as long as the descriptor.
    let code = unsafe { SetNamedSecurityInfoW(path.as_ptr(), SE_FILE_OBJECT, what, owner, null_mut(), list, null()) };
    if code == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
}

/// The SID of the owner of a file or folder.
fn owner(of: &Path) -> io::Result<String> {
    let path = wide(&of.to_string_lossy());
    let (mut owner, mut descriptor): (PSID, _) = (null_mut(), null_mut());
    // SAFETY: the path ends with a zero; Windows puts its own memory into the last pointer, to which the others point.
    let code = unsafe {
        GetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION,
            &raw mut owner,
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut descriptor,
        )
    };
    if code != ERROR_SUCCESS {
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    let _freed_at_the_end = Allocated(descriptor);
    text_of(owner)
}

/// The SID of an account.
fn sid(account: &str) -> io::Result<String> {
    let name = wide(account);
    let mut sid = vec![0_u8; usize::try_from(SID_BYTES_MAX).unwrap_or_default()];
    let mut domain = vec![0_u16; usize::try_from(DOMAIN_UNITS_MAX).unwrap_or_default()];
    let (mut sid_bytes, mut domain_units, mut kind) = (SID_BYTES_MAX, DOMAIN_UNITS_MAX, 0);
    // SAFETY: the name ends with a zero; there is as much room as is said; everything outlives the call.
    done(unsafe {
        LookupAccountNameW(
            null(),
            name.as_ptr(),
            sid.as_mut_ptr().cast(),
            &raw mut sid_bytes,
            domain.as_mut_ptr(),
            &raw mut domain_units,
            &raw mut kind,
        )
    })?;
    text_of(sid.as_mut_ptr().cast())
}

/// A SID as text. It must be one that Windows has written.
fn text_of(sid: PSID) -> io::Result<String> {
    let mut text = null_mut();
    // SAFETY: the SID is Windows' own; Windows puts its own memory into the pointer.
    done(unsafe { ConvertSidToStringSidW(sid, &raw mut text) })?;
    let text = Allocated(text.cast());
    let units = text.0.cast::<u16>();
    // SAFETY: the text ends with a zero, and lives until the end of this function.
    let length = (0..SID_UNITS_MAX).take_while(|at| unsafe { *units.add(*at) } != 0).count();
    // SAFETY: as many units stand before the zero.
    Ok(String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(units, length) }))
}

/// The result of a function that returns 0 for a failure.
fn done(code: i32) -> io::Result<()> {
    if code == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rights_are_those_of_administrators_the_computer_and_the_chosen_account() {
        assert_eq!(rights(None), "D:P(A;OICI;FA;;;S-1-5-32-544)(A;OICI;FA;;;S-1-5-18)");
        assert_eq!(rights(Some("S-1-5-18")), rights(None));
        let account = "S-1-5-21-1-2-3-1104";
        assert_eq!(rights(Some(account)), format!("{}(A;OICI;0x1301bf;;;S-1-5-21-1-2-3-1104)", rights(None)));
        // Windows reads them.
        Descriptor::parse(&rights(Some(account))).unwrap();
        assert!(Descriptor::parse("D:P(A;OICI;FA;;;nobody)").is_err());
    }

    #[test]
    fn a_folder_is_made_once_and_what_is_no_folder_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("Reprise");
        make_private(&folder, Some(&account::name())).unwrap();
        std::fs::write(folder.join("events.jsonl"), "{}").unwrap();
        make_private(&folder, None).unwrap();
        check_owner(&folder).unwrap();
        check_owner(&folder.join("events.jsonl")).unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(make_private(&file, None).is_err());
        make_all(&place.path().join("a").join("b")).unwrap();
        assert!(place.path().join("a").join("b").is_dir());
        assert!(make_private(&place.path().join("c"), Some(r"LAB\no such account")).is_err());
        assert!(check_account("SYSTEM").is_ok() && check_account(r"LAB\no such account").is_err());
    }

    #[test]
    fn a_folder_that_another_user_made_is_not_used() {
        let user = "S-1-5-21-1-2-3-1104";
        for (owner, own, trusted) in [
            ("S-1-5-32-544", None, true),
            ("S-1-5-18", Some(user), true),
            (user, Some(user), true),
            (user, Some("S-1-5-21-1-2-3-500"), false),
            (user, None, false),
        ] {
            assert_eq!(is_trusted(owner, own), trusted, "{owner} {own:?}");
        }
    }

    #[test]
    fn an_account_has_a_sid_and_a_folder_an_owner() {
        assert_eq!(sid("SYSTEM").unwrap(), "S-1-5-18");
        let place = tempfile::tempdir().unwrap();
        assert!(owner(place.path()).unwrap().starts_with("S-1-5-"));
    }
}
