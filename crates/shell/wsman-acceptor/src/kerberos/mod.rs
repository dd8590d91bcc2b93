//! Kerberos for the acceptor: a ticket for a service whose key the host has, and the proof that the client
//! holds the ticket's key (RFC 4120 3.2, RFC 4121 4.1).
//!
//! Tickets are accepted from whatever service of the host they are for. They are not remembered, so one that somebody
//! has recorded would be taken again; its messages could not be sealed without its key.

mod session;
#[cfg(test)]
mod tests;
mod time;

use picky_krb::crypto::CipherSuite;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::channel::{self, ChannelBindings};
use crate::der::{self, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, context};
use crate::error::LoginError;
use crate::logins::ServiceKey;
use crate::spnego;
pub(super) use session::Session;

/// 1.2.840.113554.1.2.2, Kerberos.
pub(super) const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
/// 1.2.840.48018.1.2.2, the same as Windows spells it in lists of mechanisms.
pub(super) const KERBEROS_OF_WINDOWS: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const GENERAL_STRING: u8 = 0x1b;
/// The tags of what is sent and sealed (RFC 4120 5.3 and 5.5).
const TICKET: u8 = 0x61;
const AUTHENTICATOR: u8 = 0x62;
const TICKET_PART: u8 = 0x63;
const REQUEST: u8 = 0x6e;
const REPLY: u8 = 0x6f;
const REPLY_PART: u8 = 0x7b;

/// What is before a request and a reply within their tokens (RFC 4121 4.1).
const OF_REQUEST: [u8; 2] = [1, 0];
const OF_REPLY: [u8; 2] = [2, 0];
/// The uses of keys (RFC 4120 7.5.1).
const USE_TICKET: i32 = 2;
const USE_AUTHENTICATOR: i32 = 11;
const USE_REPLY: i32 = 12;

/// The bits of a request's options, of their first octet: the ticket is sealed with another ticket's key, and the server
/// must prove itself too.
const USE_SESSION_KEY: u8 = 0x40;
const MUTUAL: u8 = 0x20;
/// The type of the checksum that holds what GSS-API says (RFC 4121 4.1.1), and its first number.
const CHECKSUM: [u8; 3] = [0, 0x80, 0x03];
const HASH_LENGTH: [u8; 4] = 16_u32.to_le_bytes();

/// What a ticket is judged by.
#[derive(Clone, Copy)]
pub(super) struct Judgement<'j> {
    /// The keys of the host's services.
    pub(super) services: &'j [ServiceKey],
    pub(super) bindings: ChannelBindings,
    /// The hash of the channel that is really there, if it is one.
    pub(super) channel: Option<[u8; 16]>,
    /// Now, in seconds since 1970.
    pub(super) now: u64,
    /// Octets that are unpredictable and never used twice.
    pub(super) chance: [u8; 36],
}

/// A user who is authenticated.
pub(super) struct Accepted {
    /// `NAME@REALM`.
    pub(super) principal: String,
    /// What proves this side to the user.
    pub(super) reply: Vec<u8>,
    pub(super) session: Session,
}

/// Whether this is a token of Kerberos without SPNEGO around it.
pub(super) fn is_bare(token: &[u8]) -> bool {
    request(token).is_some()
}

fn request(token: &[u8]) -> Option<&[u8]> {
    let whole = der::only(token, spnego::INITIAL)?;
    let prefix = [der::write(OBJECT_IDENTIFIER, KERBEROS).as_slice(), &OF_REQUEST].concat();
    whole.strip_prefix(prefix.as_slice())
}

/// Judges the one token of a client.
pub(super) fn accept(token: &[u8], by: Judgement<'_>) -> Result<Accepted, LoginError> {
    let request = Request::read(request(token).ok_or(LoginError::Malformed)?).ok_or(LoginError::Malformed)?;
    // Other clients of WinRM ask for both, and so does Windows' own.
    if request.options & USE_SESSION_KEY != 0 || request.options & MUTUAL == 0 {
        return Err(LoginError::Mechanism);
    }
    let fits = |own: &&ServiceKey| own.encryption_type == request.ticket.kind && own.principal == request.service;
    // A service may have keys of several versions; which one a ticket is sealed with shows when it is opened.
    let ticket = by
        .services
        .iter()
        .filter(fits)
        .find_map(|own| request.ticket.open(own.key.expose_secret(), USE_TICKET))
        .ok_or(LoginError::NotForUs)?;
    let ticket = Ticket::read(&ticket).ok_or(LoginError::Malformed)?;
    let plain = request.authenticator.open(&ticket.key, USE_AUTHENTICATOR).ok_or(LoginError::Altered)?;
    let authenticator = Authenticator::read(&plain).ok_or(LoginError::Malformed)?;
    if authenticator.client != ticket.client {
        return Err(LoginError::Altered);
    }
    let (said, ends) = (time::read(authenticator.time), time::read(&ticket.ends));
    let near = said.is_some_and(|said| said.abs_diff(by.now) <= time::SKEW_MAX);
    if !near || ends.is_none_or(|ends| ends.saturating_add(time::SKEW_MAX) < by.now) {
        return Err(LoginError::TooLate);
    }
    channel::check(by.bindings, by.channel, Some(authenticator.hash))?;
    let (secret, sequence) = by.chance.split_first_chunk::<32>().ok_or(LoginError::Malformed)?;
    let suite = CipherSuite::try_from(usize::from(ticket.kind)).map_err(|_| LoginError::Mechanism)?;
    let cipher = suite.cipher();
    let key = Zeroizing::new(secret.get(..cipher.key_size()).ok_or(LoginError::Mechanism)?.to_vec());
    // A number that takes four octets and is above zero, as ASN.1 writes it.
    let sequence = u32::from_be_bytes(sequence.try_into().unwrap_or_default()) & 0x3fff_ffff | 0x4000_0000;
    let reply = authenticator.reply(ticket.kind, &key, sequence);
    let sealed = cipher.encrypt(&ticket.key, USE_REPLY, &reply).map_err(|_| LoginError::Mechanism)?;
    Ok(Accepted {
        principal: ticket.client.principal(),
        reply: write_reply(ticket.kind, &sealed),
        session: Session::new(suite, key, authenticator.sequence, sequence),
    })
}

/// `AP-REQ`: the ticket, and the proof that the client has its key.
struct Request<'r> {
    options: u8,
    service: String,
    ticket: Sealed<'r>,
    authenticator: Sealed<'r>,
}

impl<'r> Request<'r> {
    fn read(octets: &'r [u8]) -> Option<Self> {
        let mut fields = Reader::new(der::only(der::only(octets, REQUEST)?, SEQUENCE)?);
        let _version_and_type = (fields.expect(context(0))?, fields.expect(context(1))?);
        // The first octet of a string of bits counts those of its last octet that are none.
        let options = *der::only(fields.expect(context(2))?, BIT_STRING)?.get(1)?;
        let ticket = fields.expect(context(3))?;
        let authenticator = Sealed::read(fields.expect(context(4))?)?;
        let mut fields = Reader::new(der::only(der::only(ticket, TICKET)?, SEQUENCE)?);
        let _version = fields.expect(context(0))?;
        let realm = der::only(fields.expect(context(1))?, GENERAL_STRING)?;
        let service = Principal { realm, names: names(fields.expect(context(2))?)? }.principal();
        Some(Self { options, service, ticket: Sealed::read(fields.expect(context(3))?)?, authenticator })
    }
}

/// `EncryptedData`.
struct Sealed<'s> {
    kind: u16,
    octets: &'s [u8],
}

impl<'s> Sealed<'s> {
    fn read(octets: &'s [u8]) -> Option<Self> {
        let mut fields = Reader::new(der::only(octets, SEQUENCE)?);
        let kind = number(fields.expect(context(0))?)?;
        let _version = fields.optional(context(1));
        Some(Self { kind, octets: der::only(fields.expect(context(2))?, OCTET_STRING)? })
    }

    fn open(&self, key: &[u8], usage: i32) -> Option<Zeroizing<Vec<u8>>> {
        let cipher = CipherSuite::try_from(usize::from(self.kind)).ok()?.cipher();
        (key.len() == cipher.key_size()).then_some(())?;
        cipher.decrypt(key, usage, self.octets).ok().map(Zeroizing::new)
    }
}

/// Whom a ticket or its holder names.
#[derive(PartialEq, Eq)]
struct Principal<'p> {
    realm: &'p [u8],
    names: Vec<&'p [u8]>,
}

impl Principal<'_> {
    fn principal(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|name| String::from_utf8_lossy(name)).collect();
        format!("{}@{}", names.join("/"), String::from_utf8_lossy(self.realm))
    }
}

/// What the Kerberos server says in a ticket.
struct Ticket<'t> {
    kind: u16,
    key: Zeroizing<Vec<u8>>,
    client: Principal<'t>,
    ends: Vec<u8>,
}

impl<'t> Ticket<'t> {
    fn read(octets: &'t [u8]) -> Option<Self> {
        let mut fields = Reader::new(der::only(der::only(octets, TICKET_PART)?, SEQUENCE)?);
        let _flags = fields.expect(context(0))?;
        let mut key = Reader::new(der::only(fields.expect(context(1))?, SEQUENCE)?);
        let kind = number(key.expect(context(0))?)?;
        let key = Zeroizing::new(der::only(key.expect(context(1))?, OCTET_STRING)?.to_vec());
        let realm = der::only(fields.expect(context(2))?, GENERAL_STRING)?;
        let client = Principal { realm, names: names(fields.expect(context(3))?)? };
        let _way_and_begin = (fields.expect(context(4))?, fields.expect(context(5))?, fields.optional(context(6)));
        let ends = der::only(fields.expect(context(7))?, time::GENERALIZED_TIME)?.to_vec();
        Some(Self { kind, key, client, ends })
    }
}

/// What the client says to prove that it has the ticket's key.
struct Authenticator<'a> {
    client: Principal<'a>,
    /// The hash of the channel that the client means; zeros for none.
    hash: &'a [u8],
    time: &'a [u8],
    /// Time and microseconds as they were written: the reply says them again.
    proof: [&'a [u8]; 2],
    sequence: u64,
}

impl<'a> Authenticator<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = Reader::new(der::only(der::only(octets, AUTHENTICATOR)?, SEQUENCE)?);
        let _version = fields.expect(context(0))?;
        let realm = der::only(fields.expect(context(1))?, GENERAL_STRING)?;
        let client = Principal { realm, names: names(fields.expect(context(2))?)? };
        let mut checksum = Reader::new(der::only(fields.expect(context(3))?, SEQUENCE)?);
        (der::only(checksum.expect(context(0))?, INTEGER)? == CHECKSUM).then_some(())?;
        let checksum = der::only(checksum.expect(context(1))?, OCTET_STRING)?;
        let (hash, _flags) = checksum.strip_prefix(&HASH_LENGTH)?.split_at_checked(16)?;
        let (microseconds, time) = (fields.expect(context(4))?, fields.expect(context(5))?);
        let _key = fields.optional(context(6));
        let sequence = number(fields.expect(context(7))?)?;
        let proof = [time, microseconds];
        Some(Self { client, hash, time: der::only(time, time::GENERALIZED_TIME)?, proof, sequence })
    }

    /// `EncAPRepPart`, with a key for the messages that both sides have had a part in.
    fn reply(&self, kind: u16, key: &[u8], sequence: u32) -> Zeroizing<Vec<u8>> {
        let [time, microseconds] = self.proof;
        let key = [der::write(context(0), &write_number(kind)), der::write(context(1), &der::write(OCTET_STRING, key))];
        let fields = [
            der::write(context(0), time),
            der::write(context(1), microseconds),
            der::write(context(2), &der::write(SEQUENCE, &key.concat())),
            der::write(context(3), &der::write(INTEGER, &sequence.to_be_bytes())),
        ];
        Zeroizing::new(der::write(REPLY_PART, &der::write(SEQUENCE, &fields.concat())))
    }
}

fn write_reply(kind: u16, sealed: &[u8]) -> Vec<u8> {
    let sealed =
        [der::write(context(0), &write_number(kind)), der::write(context(2), &der::write(OCTET_STRING, sealed))];
    let fields = [
        der::write(context(0), &write_number(5)),
        der::write(context(1), &write_number(15)),
        der::write(context(2), &der::write(SEQUENCE, &sealed.concat())),
    ];
    let reply = der::write(REPLY, &der::write(SEQUENCE, &fields.concat()));
    let mechanism = der::write(OBJECT_IDENTIFIER, KERBEROS);
    der::write(spnego::INITIAL, &[mechanism.as_slice(), &OF_REPLY, &reply].concat())
}

/// A number below 128.
fn write_number(number: u16) -> Vec<u8> {
    der::write(INTEGER, &[u8::try_from(number & 0x7f).unwrap_or_default()])
}

/// A number that is not below zero. MIT's library writes those above 2³¹ as if they were: four octets say what is meant.
fn number<N: TryFrom<u64>>(octets: &[u8]) -> Option<N> {
    let octets = der::only(octets, INTEGER)?;
    (1..=5).contains(&octets.len()).then_some(())?;
    let number = octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
    N::try_from(number & 0xffff_ffff).ok()
}

/// The parts of a `PrincipalName`.
fn names(octets: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Reader::new(der::only(octets, SEQUENCE)?);
    let _type = fields.expect(context(0))?;
    let mut names = Reader::new(der::only(fields.expect(context(1))?, SEQUENCE)?);
    let mut parts = Vec::new();
    while !names.is_at_end() {
        parts.push(names.expect(GENERAL_STRING)?);
    }
    Some(parts)
}
