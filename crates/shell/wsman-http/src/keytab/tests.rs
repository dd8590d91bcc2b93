//! Keytabs as others write them, and as nobody should.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

/// What an entry is made of.
#[derive(Clone, Debug)]
struct Written {
    name: Vec<String>,
    realm: String,
    version: u32,
    long_version: bool,
    kind: u16,
    key: Vec<u8>,
    deleted: bool,
}

impl Written {
    fn new(principal: &str, version: u32, kind: u16) -> Self {
        let (name, realm) = principal.split_once('@').unwrap();
        let name = name.split('/').map(ToOwned::to_owned).collect();
        let octet = u8::try_from(version % 256).unwrap();
        let key = vec![octet; KEYS.iter().find(|(own, _)| *own == kind).map_or(16, |(_, length)| *length)];
        Self { name, realm: realm.to_owned(), version, long_version: true, kind, key, deleted: false }
    }

    fn octets(&self) -> Vec<u8> {
        let counted = |octets: &[u8]| [&u16::try_from(octets.len()).unwrap().to_be_bytes(), octets].concat();
        let mut entry = u16::try_from(self.name.len()).unwrap().to_be_bytes().to_vec();
        entry.extend(counted(self.realm.as_bytes()));
        self.name.iter().for_each(|part| entry.extend(counted(part.as_bytes())));
        entry.extend([0, 0, 0, 1, 0x60, 0, 0, 0]);
        entry.push(u8::try_from(self.version % 256).unwrap());
        entry.extend(self.kind.to_be_bytes());
        entry.extend(counted(&self.key));
        if self.long_version {
            entry.extend(self.version.to_be_bytes());
        }
        let length = i32::try_from(entry.len()).unwrap();
        [if self.deleted { -length } else { length }.to_be_bytes().to_vec(), entry].concat()
    }
}

fn file(entries: &[Written]) -> Vec<u8> {
    [VERSION_2.to_vec(), entries.iter().flat_map(Written::octets).collect()].concat()
}

fn keytab(entries: &[Written]) -> Keytab {
    Keytab::parse(&file(entries)).unwrap()
}

/// The version that a key's octets tell, and its type.
fn chosen(keytab: &Keytab, user: &str) -> Result<(u8, u16), KeytabError> {
    keytab.key_for(user).map(|key| (key.octets.expose_secret()[0], key.kind))
}

/// As the library of MIT Kerberos 1.20 wrote it (`krb5_kt_add_entry`): AES-128, version 300.
const OF_MIT: &[u8] = b"\x05\x02\0\0\0\x32\0\x01\0\x08LAB.TEST\0\x03svc\0\0\0\x01\x6b\x06\x4b\x90\x2c\0\x11\0\x10\
    0123456789abcdef\0\0\x01\x2c";

#[test]
fn what_mit_kerberos_writes_is_read() {
    let keytab = Keytab::parse(OF_MIT).unwrap();
    assert_eq!(keytab.principals(), ["svc@LAB.TEST"]);
    assert_eq!(keytab.entries[0].version, 300);
    let mut zeros = OF_MIT.to_vec();
    zeros[OF_MIT.len() - 4..].fill(0);
    assert_eq!(
        Keytab::parse(&zeros).unwrap().entries[0].version,
        44,
        "of the short version, nothing is known beyond it"
    );
    let key = keytab.key_for("svc@lab.test").unwrap();
    assert_eq!((key.principal.as_str(), key.kind), ("svc@LAB.TEST", 17));
    assert_eq!(key.octets.expose_secret(), b"0123456789abcdef");
}

#[test]
fn the_strongest_of_the_newest_keys_is_taken() {
    let svc = |version, kind| Written::new("svc@LAB.TEST", version, kind);
    for (entries, expected) in [
        (vec![svc(2, 17), svc(2, 18), svc(2, 23)], (2, 18)),
        (vec![svc(2, 18), svc(2, 17)], (2, 18)),
        (vec![svc(3, 17), svc(2, 18)], (3, 17)),
        (vec![svc(1, 18), svc(7, 18), svc(3, 18)], (7, 18)),
        (vec![svc(257, 18), svc(255, 18)], (1, 18)),
        (vec![svc(1, 18), Written { deleted: true, ..svc(9, 18) }], (1, 18)),
        (vec![svc(1, 18), Written::new("other@LAB.TEST", 9, 18)], (1, 18)),
        (vec![Written { long_version: false, ..svc(5, 18) }, svc(4, 18)], (5, 18)),
    ] {
        assert_eq!(chosen(&keytab(&entries), "svc@LAB.TEST"), Ok(expected), "{entries:?}");
    }
}

#[test]
fn an_old_aes_key_is_not_taken_for_a_newer_one_of_another_type() {
    let entries = [Written::new("svc@LAB.TEST", 1, 18), Written::new("svc@LAB.TEST", 2, 23)];
    let error = chosen(&keytab(&entries), "svc@LAB.TEST").unwrap_err();
    assert_eq!(error.to_string(), "its newest keys for svc@LAB.TEST (version 2) are not AES keys, but of type 23");
    let short = Written { key: vec![1; 31], ..Written::new("svc@LAB.TEST", 1, 18) };
    assert!(chosen(&keytab(&[short]), "svc@LAB.TEST").is_err());
}

#[test]
fn a_user_may_be_written_in_any_way_and_is_told_whose_keys_there_are() {
    let own = keytab(&[Written::new("svc@LAB.TEST", 1, 18), Written::new("HTTP/hv01.lab.test@LAB.TEST", 1, 18)]);
    for user in ["svc@LAB.TEST", "SVC@lab.test", "lab.test\\svc", "svc", "http/hv01.lab.test"] {
        assert!(own.key_for(user).is_ok(), "{user}");
    }
    for user in ["admin@LAB.TEST", "LAB\\svc", "svc@OTHER.TEST", "hv01.lab.test"] {
        let error = own.key_for(user).unwrap_err().to_string();
        assert_eq!(error, format!("it has no key for {user}, only for HTTP/hv01.lab.test@LAB.TEST, svc@LAB.TEST"));
    }
    let both = keytab(&[Written::new("svc@A.TEST", 1, 18), Written::new("svc@B.TEST", 2, 18)]);
    assert_eq!(both.key_for("svc").unwrap_err().to_string(), "svc may be svc@A.TEST, svc@B.TEST");
    assert_eq!(chosen(&both, "svc@A.TEST"), Ok((1, 18)));
    let cases = keytab(&[Written::new("svc@A.TEST", 1, 18), Written::new("SVC@A.TEST", 2, 18)]);
    assert_eq!(chosen(&cases, "svc@A.TEST"), Ok((1, 18)));
    assert!(matches!(chosen(&cases, "Svc@A.TEST"), Err(KeytabError::Ambiguous { .. })));
    assert_eq!(keytab(&[]).key_for("svc").unwrap_err().to_string(), "it has no key for svc, only for nobody");
}

#[test]
fn what_is_no_keytab_is_told() {
    let whole = file(&[Written::new("svc@LAB.TEST", 1, 18)]);
    for (bytes, expected) in [
        (b"".as_slice(), KeytabError::NoKeytab),
        (b"\x05", KeytabError::NoKeytab),
        (b"hunter2\n", KeytabError::NoKeytab),
        (b"\x05\x01\0\0", KeytabError::Version1),
        (b"\x05\x02\0", KeytabError::BreaksOff),
        (b"\x05\x02\0\0\0\x01\0", KeytabError::BreaksOff),
        (b"\x05\x02\x80\0\0\0", KeytabError::BreaksOff),
        (b"\x05\x02\x7f\xff\xff\xff", KeytabError::BreaksOff),
        (&whole[..whole.len() - 1], KeytabError::BreaksOff),
    ] {
        assert_eq!(Keytab::parse(bytes).unwrap_err(), expected, "{bytes:x?}");
    }
    assert!(Keytab::parse(&[whole.as_slice(), &[0; 9]].concat()).is_ok(), "an entry without a length ends it");
}

#[test]
fn a_name_that_no_login_can_have_is_passed_over() {
    for name in ["", "s\u{e4}vc", "svc\n", "a@b", "a\\b"] {
        let odd = Written { name: vec![name.to_owned()], ..Written::new("x@LAB.TEST", 1, 18) };
        assert_eq!(keytab(&[odd, Written::new("svc@LAB.TEST", 1, 18)]).principals(), ["svc@LAB.TEST"], "{name:?}");
    }
}

#[test]
fn a_key_is_in_no_debug_text() {
    let keytab = Keytab::parse(OF_MIT).unwrap();
    assert!(!format!("{keytab:?} {:?}", keytab.key_for("svc")).contains("48, 49"));
}

fn any_entry() -> impl Strategy<Value = Written> {
    let name = prop::collection::vec("[a-zA-Z0-9 .$-]{1,9}", 1..4);
    let key = prop::collection::vec(any::<u8>(), 0..40);
    (name, "[A-Z.]{1,9}", any::<u32>(), any::<bool>(), any::<u16>(), key, any::<bool>()).prop_map(
        |(name, realm, version, long_version, kind, key, deleted)| {
            let version = if long_version { version.max(1) } else { version % 256 };
            Written { name, realm, version, long_version, kind, key, deleted }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(entries in prop::collection::vec(any_entry(), 0..6)) {
        let read = keytab(&entries).entries;
        let kept: Vec<&Written> = entries.iter().filter(|entry| !entry.deleted).collect();
        prop_assert_eq!(read.len(), kept.len());
        for (read, kept) in read.iter().zip(kept) {
            prop_assert_eq!((&read.name, &read.realm), (&kept.name.join("/"), &kept.realm));
            prop_assert_eq!((read.version, read.kind, read.key.expose_secret()), (kept.version, kept.kind, &*kept.key));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), version_2: bool) {
        let bytes = if version_2 { [VERSION_2.as_slice(), &bytes].concat() } else { bytes };
        crate::auth::fuzz::login_client(&bytes);
    }

    #[test]
    fn a_file_that_breaks_off_is_never_read_whole(entries in prop::collection::vec(any_entry(), 1..4), cut in 0_usize..999) {
        let whole = file(&entries);
        let cut = cut % whole.len();
        if let Ok(keytab) = Keytab::parse(&whole[..cut]) {
            prop_assert!(keytab.entries.len() <= entries.len());
            // It ends where an entry does.
            let ends = (0..entries.len()).map(|count| file(&entries[..count]).len()).any(|end| end == cut);
            prop_assert!(ends);
        }
    }
}
