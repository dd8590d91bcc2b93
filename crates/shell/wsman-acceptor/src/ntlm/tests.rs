//! NTLM: the published examples (MS-NLMP 4.2.4), and users who must not get in.

use proptest::prelude::*;
use rc4::StreamCipher as _;
use secrecy::SecretString;

use super::charset::Charset;
use super::initiator::Initiator;
use super::session::Direction;
use super::*;

/// MS-NLMP 4.2.4.3: the user `User` of `Domain` with the password `Password`, on a client called COMPUTER.
const AUTHENTICATE: &str = "
    4e544c4d5353500003000000180018006c00000054005400840000000c000c0048000000080008005400000010001000
    5c00000010001000d8000000358288e20501280a0000000f44006f006d00610069006e00550073006500720043004f00
    4d0050005500540045005200 86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa
    68cd0ab851e51c96aabc927bebef6a1c
    01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00
    530065007200760065007200000000000000000000000000 c5dad2544fc9799094ce1ce90bc9d03e";
const NONCE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

fn accounts() -> Vec<Account> {
    vec![
        Account::new("Other\\somebody", SecretString::from("other")),
        Account::new("Domain\\User", SecretString::from("Password")),
    ]
}

fn challenge(first: &[u8]) -> Result<Challenge, LoginError> {
    Challenge::new(first, &ComputerNames::of("server.domain.test"), NONCE, 1)
}

fn judged(challenge: Challenge, third: &[u8], channel: Option<[u8; 16]>) -> Result<Accepted, LoginError> {
    let accounts = accounts();
    challenge.judge(third, Judgement { accounts: &accounts, bindings: ChannelBindings::IfSent, channel })
}

/// Logs in; the account's place, and whether messages can be sealed.
fn log_in(client: &Initiator, channel: Option<[u8; 16]>) -> Result<(usize, bool), LoginError> {
    let challenge = challenge(&client.negotiate())?;
    let (third, _) = client.authenticate(challenge.message());
    judged(challenge, &third, channel).map(|accepted| (accepted.account, accepted.session.is_some()))
}

fn user() -> Initiator {
    Initiator::new("Domain", "User", "Password")
}

#[test]
fn the_published_keys_come_out() {
    let response_key = keys::response_key("Password", "User", "Domain");
    assert_eq!(response_key.to_vec(), octets("0c868a403bfd7a93a3001ef22ef02e3f"));
    let message = octets(AUTHENTICATE);
    let (proof, blob) = Blob::split(Authenticate::read(&message, u32::MAX).unwrap().nt_response).unwrap();
    assert_eq!(proof.to_vec(), octets("68cd0ab851e51c96aabc927bebef6a1c"));
    assert_eq!(keys::proof(&response_key, NONCE, blob.0), proof);
    let base_key = keys::base_key(&response_key, proof);
    assert_eq!(base_key.to_vec(), octets("8de40ccadbc14a82f15cb0ad0de95ca3"));
    let wrapped = octets("c5dad2544fc9799094ce1ce90bc9d03e").try_into().unwrap();
    assert_eq!(*keys::exchanged(&base_key, wrapped), [0x55; 16]);
}

#[test]
fn the_published_message_is_sealed_as_published() {
    let key = keys::Key::new([0x55; 16]);
    let mut client = Direction::new(&key, "client-to-server", true);
    let plain = keys::utf16("Plaintext");
    let mut content = plain.clone();
    let signature = client.seal(&mut content);
    assert_eq!(content, octets("54e50165bf1936dc996020c1811b0f06fb5f"));
    assert_eq!(signature.to_vec(), octets("010000007fb38ec5c55d497600000000"));
    let mut server = Session::new(&key, true);
    assert!(server.incoming.open(&signature, &mut content));
    assert_eq!(content, plain);
    assert_eq!(client.seal(&mut [])[12..], [1, 0, 0, 0], "the next has the next number");
    // MS-NLMP 4.2.4.4: the key of sealing, by what it makes of zeros.
    let mut zeros = [0; 4];
    keys::rc4(&keys::Key::new(octets("59f600973cc4960a25480a7c196e4c58").try_into().unwrap()))
        .apply_keystream(&mut zeros);
    let mut sealed = [0; 4];
    Direction::new(&key, "client-to-server", true).seal(&mut sealed);
    assert_eq!(sealed, zeros);
    let mut signed_before = Direction::new(&key, "client-to-server", true);
    let _mic = signed_before.sign(&plain);
    let mut content = plain.clone();
    assert_eq!(signed_before.seal(&mut content)[12..], [1, 0, 0, 0]);
    assert_eq!(content, octets("54e50165bf1936dc996020c1811b0f06fb5f"), "a signature leaves the cipher as it was");
}

#[test]
fn the_published_login_is_accepted_and_a_changed_one_is_not() {
    let message = octets(AUTHENTICATE);
    let first = user().negotiate();
    let accepted = judged(challenge(&first).unwrap(), &message, None).unwrap();
    assert_eq!(accepted.account, 1);
    let mut other = challenge(&first).unwrap();
    other.nonce[0] ^= 1;
    assert_eq!(judged(other, &message, None).err(), Some(LoginError::WrongPassword), "another challenge");
    for at in [0x48, 0x84, 0x94, 0xb0] {
        let mut changed = message.clone();
        changed[at] ^= 1;
        assert!(judged(challenge(&first).unwrap(), &changed, None).is_err(), "octet {at} changed");
    }
}

#[test]
fn who_knows_the_password_gets_in() {
    assert_eq!(log_in(&user(), None), Ok((1, true)));
    assert_eq!(log_in(&Initiator { domain: "", user: "uSER", ..user() }, None), Ok((1, true)));
    assert_eq!(log_in(&Initiator { keeps_key: true, ..user() }, None), Ok((1, true)));
    assert_eq!(log_in(&Initiator { says_mic: false, has_mic: false, ..user() }, None), Ok((1, true)));
    let no_sealing = Initiator { flags: user().flags & !(flag::SEAL | flag::SIGN), ..user() };
    assert_eq!(log_in(&no_sealing, None), Ok((1, false)));
}

/// The flags of first messages of other people's clients: curl and npm's ntlm-client, Go's two libraries, npm's httpntlm.
const CURL: u32 = 0x0008_8206;
const GO_NTLMSSP: u32 = 0xa088_1001;
const GO_NTLMSSP_THAT_SEALS: u32 = 0xe088_8031;
const NODE_HTTPNTLM: u32 = 0xa208_a207;
const BROWSERS: u32 = 0xa208_8207;

#[test]
fn the_challenge_takes_up_what_the_client_can_and_chooses_one_charset() {
    // The first, third and last are what IIS has answered to such messages, in public recordings.
    for (asked, chosen, can_seal) in [
        (CURL, 0x0289_8206, false),
        (GO_NTLMSSP, 0xa289_8205, false),
        (GO_NTLMSSP_THAT_SEALS, 0xe289_8235, true),
        (NODE_HTTPNTLM, 0xa289_8205, false),
        (BROWSERS, 0xa289_8205, false),
    ] {
        let client = user().of_others(asked);
        let challenge = challenge(&client.negotiate()).map_err(|error| format!("{asked:#x}: {error}")).unwrap();
        assert_eq!(message::u32_at(challenge.message(), 20), Some(chosen), "{asked:#x}");
        let name = if chosen & flag::UNICODE == 0 { b"DOMAIN".to_vec() } else { keys::utf16("DOMAIN") };
        assert_eq!(message::part(challenge.message(), 12), Some(&name[..]), "{asked:#x}");
        // The names in the target information are always in Unicode.
        let pairs = message::part(challenge.message(), 40).unwrap();
        assert_eq!(pairs[4..16], keys::utf16("DOMAIN"), "{asked:#x}");
        assert_eq!(log_in(&client, None), Ok((1, can_seal)), "{asked:#x}");
    }
    // Some end their first message behind the flags.
    let challenge = challenge(&user().of_others(CURL).negotiate()[..16]).unwrap();
    let (third, _) = user().of_others(CURL).authenticate(challenge.message());
    assert_eq!(judged(challenge, &third, None).map(|accepted| accepted.account).ok(), Some(1));
}

#[test]
fn a_client_without_a_charset_gets_no_challenge() {
    for flags in [CURL & !flag::OEM, GO_NTLMSSP & !flag::UNICODE, 0] {
        assert_eq!(log_in(&user().of_others(flags), None), Err(LoginError::Malformed), "{flags:#x}");
    }
}

#[test]
fn the_third_message_must_keep_to_the_charset_that_was_chosen() {
    for (first, third) in [(CURL, CURL & !flag::OEM | flag::UNICODE), (BROWSERS, BROWSERS & !flag::UNICODE)] {
        let client = user().of_others(first);
        let challenge = challenge(&client.negotiate()).unwrap();
        let (mut message, _) = client.authenticate(challenge.message());
        message[60..64].copy_from_slice(&third.to_le_bytes());
        assert_eq!(judged(challenge, &message, None).err(), Some(LoginError::Malformed), "{first:#x}");
    }
    // Which code page that would be, nobody has said.
    let elsewhere = Initiator { user: "Jos\u{e9}", ..user().of_others(CURL) };
    assert_eq!(log_in(&elsewhere, None), Err(LoginError::Malformed));
    assert_eq!(
        log_in(&Initiator { user: "Jos\u{e9}", ..user().of_others(BROWSERS) }, None),
        Err(LoginError::UnknownUser)
    );
}

#[test]
fn whatever_its_charset_a_client_must_know_the_password_and_prove_it_now() {
    for flags in [CURL, GO_NTLMSSP, GO_NTLMSSP_THAT_SEALS, user().flags & !flag::UNICODE | flag::OEM] {
        let client = user().of_others(flags);
        for (client, error) in [
            (Initiator { password: "password", ..client.clone() }, LoginError::WrongPassword),
            (Initiator { user: "nobody", ..client.clone() }, LoginError::UnknownUser),
            (Initiator { is_old: true, ..client.clone() }, LoginError::TooOld),
            (Initiator { says_mic: true, ..client.clone() }, LoginError::Altered),
            (Initiator { channel: Some([2; 16]), ..client.clone() }, LoginError::WrongChannel),
        ] {
            assert_eq!(log_in(&client, Some([1; 16])), Err(error), "{flags:#x}");
        }
        let (third, _) = client.authenticate(challenge(&client.negotiate()).unwrap().message());
        let mut later = challenge(&client.negotiate()).unwrap();
        later.nonce[7] ^= 1;
        assert_eq!(judged(later, &third, None).err(), Some(LoginError::WrongPassword), "{flags:#x}: a replay");
    }
}

#[test]
fn a_first_message_that_somebody_changed_on_the_way_is_found_out() {
    for changed in [user().flags & !flag::UNICODE | flag::OEM, user().flags & !(flag::SIGN | flag::SEAL)] {
        let changed = Initiator { flags: changed, ..user() };
        let challenge = challenge(&changed.negotiate()).unwrap();
        let (third, _) = Initiator { repeats_flags: true, ..user() }.authenticate(challenge.message());
        assert_eq!(judged(challenge, &third, None).err(), Some(LoginError::Altered));
    }
}

/// MS-NLMP 3.2.5.1.2 lets such clients in.
#[test]
fn a_client_that_leaves_the_domain_out_of_its_key_gets_in_by_the_right_password_alone() {
    let client = Initiator { forgets_domain: true, ..user() };
    assert_eq!(log_in(&client, None), Ok((1, true)));
    assert_eq!(log_in(&Initiator { password: "password", ..client.clone() }, None), Err(LoginError::WrongPassword));
    assert_eq!(log_in(&Initiator { has_mic: false, ..client.clone() }, None), Err(LoginError::Altered));
    assert_eq!(log_in(&Initiator { domain: "Elsewhere", ..client }, None), Err(LoginError::UnknownUser));
}

#[test]
fn names_are_written_and_read_in_their_character_set() {
    assert_eq!(Charset::Oem.write("L\u{c4}B"), b"L?B");
    assert_eq!(Charset::Oem.read(b"LAB").as_deref(), Some("LAB"));
    assert_eq!(Charset::Oem.read(b"L\x8eB"), None);
    let name = "L\u{c4}B\u{1f4bb}";
    assert_eq!(Charset::Unicode.read(&Charset::Unicode.write(name)).as_deref(), Some(name));
    assert_eq!(Charset::Unicode.read(b"LAB"), None, "half a letter");
    assert_eq!(Charset::Unicode.read(&[0x00, 0xd8]), None, "half a pair");
}

#[test]
fn who_does_not_know_it_stays_out() {
    let without_mic = Initiator { says_mic: false, has_mic: false, ..user() };
    for (client, error) in [
        (Initiator { password: "password", ..user() }, LoginError::WrongPassword),
        (Initiator { password: "password", ..without_mic }, LoginError::WrongPassword),
        (Initiator { domain: "Other", user: "somebody", ..user() }, LoginError::WrongPassword),
        (Initiator { user: "nobody", ..user() }, LoginError::UnknownUser),
        (Initiator { user: "", domain: "", ..user() }, LoginError::UnknownUser),
        (Initiator { domain: "Elsewhere", ..user() }, LoginError::UnknownUser),
        (Initiator { has_mic: false, ..user() }, LoginError::Altered),
        (Initiator { is_old: true, ..user() }, LoginError::TooOld),
        (Initiator { flags: user().flags | flag::ANONYMOUS, ..user() }, LoginError::TooOld),
        (Initiator { flags: user().flags & !flag::EXTENDED_SESSION_SECURITY, ..user() }, LoginError::TooOld),
    ] {
        assert_eq!(log_in(&client, None), Err(error));
    }
}

#[test]
fn a_login_is_bound_to_its_channel() {
    let (here, elsewhere) = ([1; 16], [2; 16]);
    let bound = |channel| log_in(&Initiator { channel, ..user() }, Some(here)).err();
    assert_eq!(bound(Some(here)), None);
    assert_eq!(bound(Some(elsewhere)), Some(LoginError::WrongChannel));
    assert_eq!(bound(None), None);
    assert_eq!(bound(Some([0; 16])), None);
    let judged_by = |bindings, channel| {
        let client = Initiator { channel, ..user() };
        let challenge = challenge(&client.negotiate()).unwrap();
        let (third, _) = client.authenticate(challenge.message());
        let accounts = accounts();
        challenge.judge(&third, Judgement { accounts: &accounts, bindings, channel: Some(here) }).err()
    };
    assert_eq!(judged_by(ChannelBindings::Required, None), Some(LoginError::WrongChannel));
    assert_eq!(judged_by(ChannelBindings::Required, Some([0; 16])), Some(LoginError::WrongChannel));
    assert_eq!(judged_by(ChannelBindings::Required, Some(here)), None);
    assert_eq!(judged_by(ChannelBindings::Ignored, Some(elsewhere)), None);
}

#[test]
fn messages_are_opened_in_their_order_alone() {
    let client = user();
    let challenge = challenge(&client.negotiate()).unwrap();
    let (third, mut keys) = client.authenticate(challenge.message());
    let mut session = judged(challenge, &third, None).unwrap().session.unwrap();
    let mut exchange = |count: usize| {
        let mut there = vec![7; count];
        let signature = keys.outgoing.seal(&mut there);
        let mut back = vec![8; count];
        let answer = session.outgoing.seal(&mut back);
        let opened = session.incoming.open(&signature, &mut there) && keys.incoming.open(&answer, &mut back);
        (opened, there.iter().all(|octet| *octet == 7), back.iter().all(|octet| *octet == 8))
    };
    for count in [0, 1, 100_000] {
        assert_eq!(exchange(count), (true, true, true));
    }
    let mut lost = [0; 3];
    let _signature = keys.outgoing.seal(&mut lost);
    let mut next = [0; 3];
    let signature = keys.outgoing.seal(&mut next);
    assert!(!session.incoming.open(&signature, &mut next));
}

proptest! {
    #[test]
    fn damaged_messages_do_not_panic(at in 0_usize..300, octet: u8, cut in 0_usize..400) {
        let client = user();
        let mut first = client.negotiate();
        let challenge_to_all = challenge(&first).unwrap();
        let (mut third, _) = client.authenticate(challenge_to_all.message());
        for message in [&mut first, &mut third] {
            let at = at % message.len();
            message[at] = octet;
            message.truncate(cut);
        }
        let _refused = challenge(&first);
        let _refused = judged(challenge_to_all, &third, Some([1; 16]));
    }

    #[test]
    fn arbitrary_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in 0_u32..4 {
            let message = [&SIGNATURE[..], &kind.to_le_bytes(), &octets].concat();
            let _refused = challenge(&message);
            let _refused = judged(challenge(&user().negotiate()).unwrap(), &message, None);
        }
    }

    #[test]
    fn upper_case_keeps_the_number_of_letters(text in ".*") {
        prop_assert_eq!(keys::upper(&text).chars().count(), text.chars().count());
    }
}
