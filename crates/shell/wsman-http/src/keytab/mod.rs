//! Keytabs: files with keys of accounts, for logins by Kerberos without a password (MIT Kerberos, "Keytab file format").

use std::collections::BTreeSet;
use std::fmt::Display;

use secrecy::SecretSlice;

/// The first bytes of a file of version 2, which is what every tool writes: numbers are big-endian.
const VERSION_2: [u8; 2] = [5, 2];
/// The first bytes of a file of version 1: numbers have the byte order of the computer that wrote it.
const VERSION_1: [u8; 2] = [5, 1];

/// The keys that are asked for, by type and length: AES with SHA-1 (RFC 3962). The login library offers no others.
const KEYS: [(u16, usize); 2] = [(17, 16), (18, 32)];

/// The keys of one or more accounts.
#[derive(Clone, Debug)]
pub struct Keytab {
    entries: Vec<Entry>,
}

/// One key of one account.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    realm: String,
    version: u32,
    kind: u16,
    length: usize,
    key: SecretSlice<u8>,
}

impl Entry {
    fn principal(&self) -> String {
        format!("{}@{}", self.name, self.realm)
    }
}

/// The key that an account logs in with.
#[derive(Clone, Debug)]
pub(crate) struct Key<'k> {
    /// Whose it is, as the file writes it.
    pub(crate) principal: String,
    /// Its encryption type.
    pub(crate) kind: u16,
    pub(crate) octets: &'k SecretSlice<u8>,
}

/// Why a keytab cannot be used. Never holds a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeytabError {
    /// The file does not begin as a keytab does.
    #[error("it is not a keytab")]
    NoKeytab,
    /// The file is of version 1.
    #[error("it is a keytab of version 1, whose byte order depends on the computer that wrote it")]
    Version1,
    /// A length leads past the end of the file.
    #[error("it ends in the middle of an entry")]
    BreaksOff,
    /// The user is not among its principals.
    #[error("it has no key for {user}, only for {}", listed(principals))]
    NotFor {
        /// Who wanted to log in.
        user: String,
        /// The principals whose keys it has.
        principals: Vec<String>,
    },
    /// The user's name without a realm fits several.
    #[error("{user} may be {}", listed(principals))]
    Ambiguous {
        /// Who wanted to log in.
        user: String,
        /// Who that may be.
        principals: Vec<String>,
    },
    /// Its newest keys for the user are of old types.
    #[error("its newest keys for {principal} (version {version}) are not AES keys, but of type {}", listed(kinds))]
    NoAesKey {
        /// Who wanted to log in.
        principal: String,
        /// The newest keys' version.
        version: u32,
        /// Their encryption types: 23 is RC4.
        kinds: Vec<u16>,
    },
    /// The login uses a scheme other than Kerberos.
    #[error("its keys can be used only for Kerberos")]
    OnlyKerberos,
}

fn listed<T: Display>(what: &[T]) -> String {
    if what.is_empty() {
        return "nobody".to_owned();
    }
    what.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl KeytabError {
    /// What to do next.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoKeytab | Self::Version1 | Self::BreaksOff => {
                "create it again with `ktpass` on a domain controller, or with `ktutil`"
            }
            Self::NotFor { .. } => "write the user as one of these, or name another keytab",
            Self::Ambiguous { .. } => "write the user with the realm: NAME@REALM",
            Self::NoAesKey { .. } => {
                "let the account use AES (msDS-SupportedEncryptionTypes), and write the keytab with `ktpass /crypto AES256-SHA1`"
            }
            Self::OnlyKerberos => "leave the scheme out, or set it to kerberos; NTLM and Basic need a password",
        }
    }
}

impl Keytab {
    /// Parses the content of a file. Skips deleted entries, and entries whose names are not printable ASCII, since no login can
    /// have them.
    ///
    /// # Errors
    /// [`KeytabError`] says why it is not a keytab.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeytabError> {
        let mut rest = match bytes.split_first_chunk() {
            Some((&VERSION_2, rest)) => rest,
            Some((&VERSION_1, _)) => return Err(KeytabError::Version1),
            Some(_) | None => return Err(KeytabError::NoKeytab),
        };
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk().ok_or(KeytabError::BreaksOff)?;
            let length = i32::from_be_bytes(*length);
            // An entry without a length ends the file before its end.
            if length == 0 {
                break;
            }
            let octets = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
            let (entry, after) = after.split_at_checked(octets).ok_or(KeytabError::BreaksOff)?;
            // A deleted entry has its length below zero.
            if length > 0 {
                entries.extend(read_entry(entry)?);
            }
            rest = after;
        }
        Ok(Self { entries })
    }

    /// The principals whose keys it has.
    pub fn principals(&self) -> Vec<String> {
        principals(self.entries.iter())
    }

    /// Every key, in the file's order: its principal, its encryption type (RFC 3961, 8) and its octets.
    pub fn keys(&self) -> impl Iterator<Item = (String, u16, &SecretSlice<u8>)> {
        self.entries.iter().map(|entry| (entry.principal(), entry.kind, &entry.key))
    }

    /// The strongest of a user's newest keys. An older one would count as a wrong password.
    pub(crate) fn key_for(&self, user: &str) -> Result<Key<'_>, KeytabError> {
        let (name, realm) = match (user.split_once('\\'), user.rsplit_once('@')) {
            (Some((realm, name)), _) | (None, Some((name, realm))) => (name, Some(realm)),
            (None, None) => (user, None),
        };
        let of = |same: fn(&str, &str) -> bool| -> Vec<&Entry> {
            let own = |entry: &&Entry| same(&entry.name, name) && realm.is_none_or(|realm| same(&entry.realm, realm));
            self.entries.iter().filter(own).collect()
        };
        // Domain controllers look at no case, other Kerberos servers do.
        let exact = of(|a, b| a == b);
        let own = if exact.is_empty() { of(str::eq_ignore_ascii_case) } else { exact };
        let fitting = principals(own.iter().copied());
        let user = user.to_owned();
        let principal = match fitting.as_slice() {
            [] => return Err(KeytabError::NotFor { user, principals: self.principals() }),
            [principal] => principal.clone(),
            [_, _, ..] => return Err(KeytabError::Ambiguous { user, principals: fitting }),
        };
        let version = own.iter().map(|entry| entry.version).max().unwrap_or_default();
        let newest = || own.iter().filter(|entry| entry.version == version);
        let strongest =
            newest().filter(|entry| KEYS.contains(&(entry.kind, entry.length))).max_by_key(|entry| entry.kind);
        if let Some(entry) = strongest {
            return Ok(Key { principal, kind: entry.kind, octets: &entry.key });
        }
        let kinds: BTreeSet<u16> = newest().map(|entry| entry.kind).collect();
        Err(KeytabError::NoAesKey { principal, version, kinds: kinds.into_iter().collect() })
    }
}

fn principals<'e>(entries: impl Iterator<Item = &'e Entry>) -> Vec<String> {
    entries.map(Entry::principal).collect::<BTreeSet<_>>().into_iter().collect()
}

/// One entry; `None` if no login can have its name.
fn read_entry(octets: &[u8]) -> Result<Option<Entry>, KeytabError> {
    let mut fields = Fields(octets);
    let count = fields.u16()?;
    let realm = fields.counted()?;
    let mut components = Vec::new();
    for _ in 0..count {
        components.push(fields.counted()?);
    }
    let _name_type_and_time = fields.take::<8>()?;
    let version = u32::from(u8::from_be_bytes(*fields.take()?));
    let kind = fields.u16()?;
    let key = fields.counted()?;
    // Versions above 255 stand behind the key. Older writers leave it out, or leave zeros there.
    let long = fields.take().map(|octets| u32::from_be_bytes(*octets)).ok();
    let version = long.filter(|long| *long != 0).unwrap_or(version);
    let named = || {
        let components: Option<Vec<&str>> = components.iter().map(|component| printable(component)).collect();
        let name = components?.join("/");
        let realm = printable(realm)?.to_owned();
        Some(Entry { name, realm, version, kind, length: key.len(), key: SecretSlice::from(key.to_vec()) })
    };
    Ok(named())
}

/// A part of a name; `None` if it holds a separator, which would make it look like several parts.
fn printable(octets: &[u8]) -> Option<&str> {
    let plain = |octet: &u8| matches!(octet, b' '..=b'~') && !matches!(octet, b'/' | b'@' | b'\\');
    (!octets.is_empty() && octets.iter().all(plain)).then(|| str::from_utf8(octets).ok())?
}

/// What is left of an entry.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], KeytabError> {
        let (own, rest) = self.0.split_first_chunk().ok_or(KeytabError::BreaksOff)?;
        self.0 = rest;
        Ok(own)
    }

    fn u16(&mut self) -> Result<u16, KeytabError> {
        self.take().map(|octets| u16::from_be_bytes(*octets))
    }

    /// Octets with their number before them.
    fn counted(&mut self) -> Result<&'a [u8], KeytabError> {
        let length = usize::from(self.u16()?);
        let (own, rest) = self.0.split_at_checked(length).ok_or(KeytabError::BreaksOff)?;
        self.0 = rest;
        Ok(own)
    }
}

#[cfg(test)]
mod tests;
