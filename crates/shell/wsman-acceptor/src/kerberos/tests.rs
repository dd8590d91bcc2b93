//! Logins by tickets that a Kerberos server of the tests' own has made.

use picky_krb::crypto::Cipher;
use proptest::prelude::*;
use secrecy::SecretSlice;

use super::*;

/// The key of the host's service, after an older one and one of another service.
fn services() -> [ServiceKey; 3] {
    let key = |principal: &str, octets: [u8; 32]| ServiceKey {
        principal: principal.to_owned(),
        encryption_type: 18,
        key: SecretSlice::from(octets.to_vec()),
    };
    let own = "HTTP/hv01.lab.test@LAB.TEST";
    [key("HTTP/hv02.lab.test@LAB.TEST", [8; 32]), key(own, [9; 32]), key(own, SERVICE_KEY)]
}

const SERVICE_KEY: [u8; 32] = [1; 32];
const TICKET_KEY: [u8; 32] = [2; 32];
const NOW: u64 = 1_795_576_500;
const HERE: [u8; 16] = [9; 16];
/// Where the client begins to count.
const SEQUENCE: u32 = 0x0102_0304;

fn cipher() -> Box<dyn Cipher> {
    CipherSuite::Aes256CtsHmacSha196.cipher()
}

/// What a client sends, and what may be wrong with it.
#[derive(Clone)]
struct Client {
    service: &'static str,
    service_key: [u8; 32],
    options: u8,
    says_it_is: &'static str,
    ends: &'static [u8],
    time: &'static [u8],
    hash: [u8; 16],
    checksum: [u8; 3],
}

impl Default for Client {
    fn default() -> Self {
        Self {
            service: "HTTP/hv01.lab.test",
            service_key: SERVICE_KEY,
            options: MUTUAL,
            says_it_is: "svc",
            ends: b"20261125131500Z",
            time: b"20261125031400Z",
            hash: [0; 16],
            checksum: CHECKSUM,
        }
    }
}

fn fields(fields: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let fields: Vec<u8> = fields.iter().flat_map(|(number, field)| der::write(context(*number), field)).collect();
    der::write(super::SEQUENCE, &fields)
}

fn name(name: &str) -> Vec<u8> {
    let parts: Vec<u8> = name.split('/').flat_map(|part| der::write(GENERAL_STRING, part.as_bytes())).collect();
    fields(&[(0, write_number(1)), (1, der::write(super::SEQUENCE, &parts))])
}

fn sealed(key: &[u8], usage: i32, plain: &[u8]) -> Vec<u8> {
    let octets = cipher().encrypt(key, usage, plain).unwrap();
    fields(&[(0, write_number(18)), (2, der::write(OCTET_STRING, &octets))])
}

impl Client {
    fn token(&self) -> Vec<u8> {
        let realm = || der::write(GENERAL_STRING, b"LAB.TEST");
        let time = |text: &[u8]| der::write(time::GENERALIZED_TIME, text);
        let octets = |octets: &[u8]| der::write(OCTET_STRING, octets);
        let part = fields(&[
            (0, der::write(BIT_STRING, &[0; 5])),
            (1, fields(&[(0, write_number(18)), (1, octets(&TICKET_KEY))])),
            (2, realm()),
            (3, name("svc")),
            (4, fields(&[(0, write_number(1)), (1, octets(b""))])),
            (5, time(b"20261125031500Z")),
            (7, time(self.ends)),
        ]);
        let part = sealed(&self.service_key, USE_TICKET, &der::write(TICKET_PART, &part));
        let ticket = fields(&[(0, write_number(5)), (1, realm()), (2, name(self.service)), (3, part)]);
        let checksum = [HASH_LENGTH.as_slice(), &self.hash, &[0x3e, 0, 0, 0]].concat();
        let authenticator = fields(&[
            (0, write_number(5)),
            (1, realm()),
            (2, name(self.says_it_is)),
            (3, fields(&[(0, der::write(INTEGER, &self.checksum)), (1, octets(&checksum))])),
            (4, write_number(7)),
            (5, time(self.time)),
            (7, der::write(INTEGER, &SEQUENCE.to_be_bytes())),
        ]);
        let request = fields(&[
            (0, write_number(5)),
            (1, write_number(14)),
            (2, der::write(BIT_STRING, &[0, self.options, 0, 0, 0])),
            (3, der::write(TICKET, &ticket)),
            (4, sealed(&TICKET_KEY, USE_AUTHENTICATOR, &der::write(AUTHENTICATOR, &authenticator))),
        ]);
        let request = der::write(REQUEST, &request);
        let mechanism = der::write(OBJECT_IDENTIFIER, KERBEROS);
        der::write(spnego::INITIAL, &[mechanism.as_slice(), &OF_REQUEST, &request].concat())
    }

    fn login(&self) -> Result<Accepted, LoginError> {
        judged(&self.token(), ChannelBindings::IfSent)
    }
}

fn judged(token: &[u8], bindings: ChannelBindings) -> Result<Accepted, LoginError> {
    accept(token, Judgement { services: &services(), bindings, channel: Some(HERE), now: NOW, chance: [3; 36] })
}

/// What the client finds in the reply: the key and where the server begins to count.
fn opened(reply: &[u8]) -> (Vec<u8>, u64) {
    let prefix = [der::write(OBJECT_IDENTIFIER, KERBEROS).as_slice(), &OF_REPLY].concat();
    let reply = der::only(reply, spnego::INITIAL).unwrap().strip_prefix(prefix.as_slice()).unwrap();
    let mut own = Reader::new(der::only(der::only(reply, REPLY).unwrap(), super::SEQUENCE).unwrap());
    let part = [0, 1, 2].map(|number| own.expect(context(number)).unwrap())[2];
    let plain = Sealed::read(part).unwrap().open(&TICKET_KEY, USE_REPLY).unwrap();
    let mut own = Reader::new(der::only(der::only(&plain, REPLY_PART).unwrap(), super::SEQUENCE).unwrap());
    let [said, microseconds, key, sequence] = [0, 1, 2, 3].map(|number| own.expect(context(number)).unwrap());
    assert_eq!(der::only(said, time::GENERALIZED_TIME), Some(Client::default().time), "it is said again");
    assert_eq!(number::<u16>(microseconds), Some(7));
    let mut key = Reader::new(der::only(key, super::SEQUENCE).unwrap());
    assert_eq!(number::<u16>(key.expect(context(0)).unwrap()), Some(18));
    (der::only(key.expect(context(1)).unwrap(), OCTET_STRING).unwrap().to_vec(), number(sequence).unwrap())
}

#[test]
fn whoever_has_a_ticket_is_let_in_and_the_host_proves_itself() {
    let accepted = Client::default().login().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(accepted.principal, "svc@LAB.TEST");
    let (key, _) = opened(&accepted.reply);
    assert_eq!(key.len(), 32);
    let bound = Client { hash: HERE, ..Client::default() };
    assert!(judged(&bound.token(), ChannelBindings::Required).is_ok());
}

#[test]
fn a_ticket_that_proves_nothing_is_refused() {
    let good = Client::default;
    for (client, expected) in [
        (Client { service: "HTTP/hv02.lab.test", ..good() }, LoginError::NotForUs),
        (Client { service_key: [8; 32], ..good() }, LoginError::NotForUs),
        (Client { says_it_is: "admin", ..good() }, LoginError::Altered),
        (Client { ends: b"20261125030000Z", ..good() }, LoginError::TooLate),
        (Client { time: b"20261125030000Z", ..good() }, LoginError::TooLate),
        (Client { time: b"20261125033000Z", ..good() }, LoginError::TooLate),
        (Client { options: 0, ..good() }, LoginError::Mechanism),
        (Client { options: MUTUAL | USE_SESSION_KEY, ..good() }, LoginError::Mechanism),
        (Client { hash: [8; 16], ..good() }, LoginError::WrongChannel),
        (Client { checksum: [0, 0, 7], ..good() }, LoginError::Malformed),
    ] {
        assert_eq!(client.login().err(), Some(expected));
    }
    assert_eq!(judged(&good().token(), ChannelBindings::Required).err(), Some(LoginError::WrongChannel));
}

/// A message of the client's, sealed as RFC 4121 has it and rotated by `rotation`. The number stands in it twice, once in
/// the clear and once sealed.
fn from_client(key: &[u8], [clear, sealed]: [u64; 2], rotation: u16, message: &[u8]) -> Vec<u8> {
    let header = |rotation: u16, sequence: u64| {
        [&[5, 4, 6, 0xff, 0, 0], rotation.to_be_bytes().as_slice(), &sequence.to_be_bytes()].concat()
    };
    let mut octets = cipher().encrypt(key, 24, &[message, &header(0, sealed)].concat()).unwrap();
    let length = octets.len();
    octets.rotate_right(usize::from(rotation) % length);
    [header(rotation, clear), octets].concat()
}

#[test]
fn messages_are_sealed_both_ways_each_with_its_number() {
    let mut accepted = Client::default().login().unwrap_or_else(|error| panic!("{error}"));
    let (key, first) = opened(&accepted.reply);
    for (count, rotation) in [(0, 28), (1, 0), (2, 12), (3, 999)] {
        let number = u64::from(SEQUENCE) + count;
        for wrong in [[number, number + 1], [number + 1, number], [number - 1; 2], [number + 1; 2]] {
            let token = from_client(&key, wrong, rotation, b"asked");
            assert!(!accepted.session.open(&token[..60], &mut token[60..].to_vec()), "{wrong:?}");
        }
        let token = from_client(&key, [number; 2], rotation, b"asked");
        let mut content = token[60..].to_vec();
        assert!(accepted.session.open(&token[..60], &mut content), "{rotation}");
        assert_eq!(content, b"asked");
        let mut again = token[60..].to_vec();
        assert!(!accepted.session.open(&token[..60], &mut again), "it is not taken twice");

        let mut content = b"answered".to_vec();
        let signature = accepted.session.seal(&mut content);
        assert_eq!((signature.len(), content.len()), (60, 8));
        let header = [&[5, 4, 7, 0xff, 0, 0, 0, 0], (first + count).to_be_bytes().as_slice()].concat();
        let mut octets = [&signature[16..], &content].concat();
        octets.rotate_left(28);
        let plain = cipher().decrypt(&key, 22, &octets).unwrap();
        assert_eq!(plain, [b"answered".as_slice(), &header].concat());
    }
}

#[test]
fn only_a_request_for_kerberos_is_one() {
    let token = Client::default().token();
    assert!(is_bare(&token));
    assert!(!is_bare(&spnego::write_init(&[KERBEROS], Some(&token))));
    assert!(!is_bare(b"NTLMSSP\0") && !is_bare(b""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_token_lets_nobody_in(at in 0_usize..999, octet: u8, cut in 1_usize..999) {
        let whole = Client::default().token();
        let mut token = whole.clone();
        let at = at % token.len();
        token[at] = octet;
        token.truncate(cut.max(at + 1));
        // What is not sealed may be changed: versions, the names of types, and options that mean nothing here.
        if let Ok(accepted) = judged(&token, ChannelBindings::IfSent) {
            prop_assert_eq!(token.len(), whole.len());
            prop_assert_eq!(accepted.principal, "svc@LAB.TEST");
        }
    }

    /// The Kerberos server is trusted, the client is not: but neither may end a host.
    #[test]
    fn whatever_is_sealed_is_read_or_refused(octets in prop::collection::vec(any::<u8>(), 0..99), tags: bool) {
        let framed = |tag| der::write(tag, &der::write(super::SEQUENCE, &octets));
        let (ticket, authenticator) = (framed(TICKET_PART), framed(AUTHENTICATOR));
        let (ticket, authenticator) = if tags { (ticket, authenticator) } else { (octets.clone(), octets.clone()) };
        let _refused = (Ticket::read(&ticket).is_none(), Authenticator::read(&authenticator).is_none());
    }

    #[test]
    fn damaged_messages_are_not_opened(at in 0_usize..200, octet: u8, length in 0_usize..40) {
        let mut session = Client::default().login().map_err(|error| TestCaseError::fail(error.to_string()))?.session;
        let whole = from_client(&[3; 32], [u64::from(SEQUENCE); 2], 28, b"asked");
        let mut token = whole.clone();
        let at = at % token.len();
        token[at] = octet;
        token.truncate(token.len() - length);
        let (before, content) = token.split_at(token.len().min(60));
        prop_assert_eq!(session.open(before, &mut content.to_vec()), token == whole);
    }
}
