//! Codes that Hyper-V gives for a failure of replication, in event 32022 and in the text of a failed job, with their meaning in
//! words and what to do. The numbers and their names are Windows' own (`winerror.h`, `winhttp.h`); they are the same in every
//! language, while the texts beside them are translated.

/// A code, what it means for replication, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureCode {
    /// The number: an HRESULT, or a Win32 or `WinHTTP` number below 0x10000.
    pub code: u32,
    /// Its name in Windows' headers.
    pub name: &'static str,
    /// Its meaning in a few words for a table: at most [`WORDS_MAX`] characters, lower case.
    pub words: &'static str,
    /// What the administrator does next: lower case, no full stop. Commands can be pasted into PowerShell.
    pub advice: &'static str,
}

/// Maximum length of [`FailureCode::words`], in characters: they stand beside a code in a table of 80 columns.
pub const WORDS_MAX: usize = 26;

/// The part of an HRESULT that says that the rest is a Win32 number (`FACILITY_WIN32`).
const OF_WIN32: u32 = 0x8007_0000;

const REACH_REPLICA: &str = "check that the replica server is up, that the primary server resolves its name, and that its port for \
     replication answers (`Test-NetConnection REPLICA -Port 80`, or 443 with certificates)";
const CHECK_LINK: &str = "check the network between the two hosts and the load of the replica server";
const CHECK_TIME: &str =
    "check that both hosts reach a domain controller and that their clocks agree (`w32tm /query /status`)";
const CHECK_CERTIFICATE: &str = "on both hosts, check the certificate for replication: it must be in the computer's store with its \
     private key, be valid today, and have the host's name (`Get-ChildItem Cert:\\LocalMachine\\My | Format-List Subject, Thumbprint, \
     NotAfter, HasPrivateKey`)";
const RENEW_CERTIFICATE: &str = "install a certificate that is valid today, then select it: `Set-VMReplication -VMName VM \
     -CertificateThumbprint THUMBPRINT` on the primary server, `Set-VMReplicationServer -CertificateThumbprint THUMBPRINT` on the \
     replica server";
const TRUST_AUTHORITY: &str = "put the certificate of the authority that signed the other host's certificate into Trusted Root \
     Certification Authorities of this computer, on both hosts (`Import-Certificate -CertStoreLocation Cert:\\LocalMachine\\Root \
     -FilePath FILE`)";
const CHECK_REVOCATION: &str = "let both hosts reach the authority's list of revoked certificates (`certutil -urlfetch -verify FILE` \
     shows its address)";
const NAME_IN_CERTIFICATE: &str = "use a certificate that has the replica server's full DNS name, and that name in the VM's replication \
     settings";
const FREE_SPACE: &str = "free space on the volumes of the VM's disks and change logs (.hrl) on the primary server and of the replica on \
     the replica server (`Get-Volume`)";
const FREE_MEMORY: &str = "free memory on both hosts, or restart the service vmms there when no job is running";
const FIND_FILES: &str = "check that the VM's disks and their change logs (.hrl) exist on both hosts; do not delete a change log by hand: \
     without it a resynchronization is needed";
const WAIT_FOR_BACKUP: &str = "wait until the backup or the other program that uses the disk has finished";
const ALLOW_PRIMARY: &str = "on the replica server, allow this primary server (`Get-VMReplicationAuthorizationEntry`, \
     `Get-VMReplicationServer`), and check that its storage location can be written";
const REGISTER_NAME: &str = "restart the service vmms on the replica server when no job is running, so that it registers its name in \
     the domain again; then check for duplicates (`setspn -X`)";
const DEFRAGMENT: &str = "the file is too fragmented to grow: move the VM's storage (`Move-VMStorage`) to a volume that was formatted with \
     large file records (`Format-Volume -UseLargeFRS`), or free and defragment its volume";
const READ_HEALTH: &str = "read the events around 32022 on the primary server, and the VM's replication health in Hyper-V Manager on \
     both hosts";
const SHUTDOWN: &str =
    "nothing, if a host was shut down then: a resume repairs it. Otherwise check whether a backup held the replica VM";

macro_rules! codes {
    ($($code:literal $name:literal $words:literal $advice:ident;)*) => {
        /// All codes, by number.
        pub const ALL: &[FailureCode] = &[
            $(FailureCode { code: $code, name: $name, words: $words, advice: $advice },)*
        ];
    };
}

codes! {
    0x0000_0002 "ERROR_FILE_NOT_FOUND" "file not found" FIND_FILES;
    0x0000_0003 "ERROR_PATH_NOT_FOUND" "folder not found" FIND_FILES;
    0x0000_0005 "ERROR_ACCESS_DENIED" "access denied" ALLOW_PRIMARY;
    0x0000_0008 "ERROR_NOT_ENOUGH_MEMORY" "out of memory" FREE_MEMORY;
    0x0000_000E "ERROR_OUTOFMEMORY" "out of memory" FREE_MEMORY;
    0x0000_0020 "ERROR_SHARING_VIOLATION" "file in use" WAIT_FOR_BACKUP;
    0x0000_0021 "ERROR_LOCK_VIOLATION" "file locked" WAIT_FOR_BACKUP;
    0x0000_0027 "ERROR_HANDLE_DISK_FULL" "disk full" FREE_SPACE;
    0x0000_0040 "ERROR_NETNAME_DELETED" "connection lost" CHECK_LINK;
    0x0000_0057 "ERROR_INVALID_PARAMETER" "invalid parameter" READ_HEALTH;
    0x0000_0070 "ERROR_DISK_FULL" "disk full" FREE_SPACE;
    0x0000_0079 "ERROR_SEM_TIMEOUT" "timed out" CHECK_LINK;
    0x0000_0299 "ERROR_FILE_SYSTEM_LIMITATION" "file too fragmented" DEFRAGMENT;
    0x0000_04CF "ERROR_NETWORK_UNREACHABLE" "network unreachable" REACH_REPLICA;
    0x0000_04D0 "ERROR_HOST_UNREACHABLE" "replica server unreachable" REACH_REPLICA;
    0x0000_052E "ERROR_LOGON_FAILURE" "login refused" CHECK_TIME;
    0x0000_05AA "ERROR_NO_SYSTEM_RESOURCES" "out of system resources" FREE_MEMORY;
    0x0000_05AF "ERROR_COMMITMENT_LIMIT" "out of memory" FREE_MEMORY;
    0x0000_05B4 "ERROR_TIMEOUT" "timed out" CHECK_LINK;
    0x0000_0718 "ERROR_NOT_ENOUGH_QUOTA" "quota used up" FREE_SPACE;
    0x0000_274C "WSAETIMEDOUT" "connection timed out" REACH_REPLICA;
    0x0000_274D "WSAECONNREFUSED" "connection refused" REACH_REPLICA;
    0x0000_2AF9 "WSAHOST_NOT_FOUND" "name not found" REACH_REPLICA;
    0x0000_2EE2 "ERROR_WINHTTP_TIMEOUT" "timed out" CHECK_LINK;
    0x0000_2EE7 "ERROR_WINHTTP_NAME_NOT_RESOLVED" "name not found" REACH_REPLICA;
    0x0000_2EF1 "ERROR_WINHTTP_OPERATION_CANCELLED" "transfer cancelled" CHECK_LINK;
    0x0000_2EF3 "ERROR_WINHTTP_INCORRECT_HANDLE_STATE" "cut by a proxy" CHECK_LINK;
    0x0000_2EFD "ERROR_WINHTTP_CANNOT_CONNECT" "cannot connect" REACH_REPLICA;
    0x0000_2EFE "ERROR_WINHTTP_CONNECTION_ERROR" "connection broken off" CHECK_LINK;
    0x0000_2F05 "ERROR_WINHTTP_SECURE_CERT_DATE_INVALID" "certificate expired" RENEW_CERTIFICATE;
    0x0000_2F06 "ERROR_WINHTTP_SECURE_CERT_CN_INVALID" "certificate of another" NAME_IN_CERTIFICATE;
    0x0000_2F0C "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED" "certificate missing" CHECK_CERTIFICATE;
    0x0000_2F0D "ERROR_WINHTTP_SECURE_INVALID_CA" "certificate untrusted" TRUST_AUTHORITY;
    0x0000_2F19 "ERROR_WINHTTP_SECURE_CERT_REV_FAILED" "revocation unknown" CHECK_REVOCATION;
    0x0000_2F8A "ERROR_WINHTTP_SECURE_CERT_REVOKED" "certificate revoked" RENEW_CERTIFICATE;
    0x0000_2F8F "ERROR_WINHTTP_SECURE_FAILURE" "certificate refused" CHECK_CERTIFICATE;
    0x0000_2F99 "ERROR_WINHTTP_CLIENT_CERT_NO_PRIVATE_KEY" "no private key" CHECK_CERTIFICATE;
    0x8000_4004 "E_ABORT" "aborted, as by a shutdown" SHUTDOWN;
    0x8000_4005 "E_FAIL" "failed without a reason" READ_HEALTH;
    0x8009_0303 "SEC_E_TARGET_UNKNOWN" "replica's name unknown" REGISTER_NAME;
    0x8009_030C "SEC_E_LOGON_DENIED" "login refused" CHECK_TIME;
    0x8009_030E "SEC_E_NO_CREDENTIALS" "no credentials" CHECK_CERTIFICATE;
    0x8009_0311 "SEC_E_NO_AUTHENTICATING_AUTHORITY" "no domain controller" CHECK_TIME;
    0x8009_0322 "SEC_E_WRONG_PRINCIPAL" "name of another host" REGISTER_NAME;
    0x8009_0324 "SEC_E_TIME_SKEW" "clocks differ" CHECK_TIME;
    0x8009_0325 "SEC_E_UNTRUSTED_ROOT" "certificate untrusted" TRUST_AUTHORITY;
    0x8009_0328 "SEC_E_CERT_EXPIRED" "certificate expired" RENEW_CERTIFICATE;
    0x8009_2004 "CRYPT_E_NOT_FOUND" "certificate missing" CHECK_CERTIFICATE;
    0x8009_200B "CRYPT_E_NO_KEY_PROPERTY" "no private key" CHECK_CERTIFICATE;
    0x8009_2010 "CRYPT_E_REVOKED" "certificate revoked" RENEW_CERTIFICATE;
    0x8009_2012 "CRYPT_E_NO_REVOCATION_CHECK" "revocation unknown" CHECK_REVOCATION;
    0x8009_2013 "CRYPT_E_REVOCATION_OFFLINE" "revocation unknown" CHECK_REVOCATION;
    0x800B_0101 "CERT_E_EXPIRED" "certificate expired" RENEW_CERTIFICATE;
    0x800B_0109 "CERT_E_UNTRUSTEDROOT" "certificate untrusted" TRUST_AUTHORITY;
    0x800B_010A "CERT_E_CHAINING" "certificate untrusted" TRUST_AUTHORITY;
    0x800B_010C "CERT_E_REVOKED" "certificate revoked" RENEW_CERTIFICATE;
    0x800B_010F "CERT_E_CN_NO_MATCH" "certificate of another" NAME_IN_CERTIFICATE;
    0x800B_0110 "CERT_E_WRONG_USAGE" "certificate of wrong use" CHECK_CERTIFICATE;
}

/// Returns what a code means, if it is a known one. A Win32 number and its HRESULT are the same code.
pub fn known(code: u32) -> Option<&'static FailureCode> {
    let plain = if code & 0xFFFF_0000 == OF_WIN32 { code & 0xFFFF } else { code };
    ALL.iter().find(|known| known.code == plain)
}

/// Returns the first known code that a host's text names in hexadecimal, such as "… (0x80070299)". Hosts translate their texts,
/// but not these.
pub(crate) fn named_in(text: &str) -> Option<&'static FailureCode> {
    text.split("0x").skip(1).find_map(|rest| {
        let digits = rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default();
        known(u32::from_str_radix(digits, 16).ok()?).filter(|_| digits.len() == 8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_in_order_and_each_is_written_for_people() {
        assert!(ALL.is_sorted_by(|a, b| a.code < b.code));
        for known in ALL {
            assert!((1..=WORDS_MAX).contains(&known.words.chars().count()), "{}", known.name);
            assert!(known.advice.starts_with(char::is_lowercase) && !known.advice.ends_with('.'), "{}", known.advice);
            assert_eq!(known.advice.matches('`').count() % 2, 0, "{}", known.advice);
            assert!(known.code < 0x1_0000 || known.code & 0xFFFF_0000 != OF_WIN32, "{} is a Win32 number", known.name);
        }
    }

    #[test]
    fn a_win32_number_and_its_hresult_mean_the_same() {
        for (code, words) in [
            (0x8007_0299, "file too fragmented"),
            (0x299, "file too fragmented"),
            (0x8007_0070, "disk full"),
            (0x2EFD, "cannot connect"),
            (0x8007_2EFD, "cannot connect"),
            (0x800B_0101, "certificate expired"),
        ] {
            assert_eq!(known(code).map(|known| known.words), Some(words), "{code:#X}");
        }
        assert_eq!(known(0x8123_4567), None);
    }

    #[test]
    fn a_code_is_found_in_a_text_of_any_language() {
        for (text, name) in [
            ("Der Vorgang wurde abgebrochen: Zertifikat (0x800B0101).", Some("CERT_E_EXPIRED")),
            ("レプリケーションに失敗しました (0x80070299)", Some("ERROR_FILE_SYSTEM_LIMITATION")),
            ("0x1 and then 0x80004004", Some("E_ABORT")),
            ("0x2 is no code here, and neither is 0x800B010", None),
            ("no number", None),
        ] {
            assert_eq!(named_in(text).map(|known| known.name), name, "{text}");
        }
    }
}
