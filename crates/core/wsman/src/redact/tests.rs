//! What stays, what gets a stand-in, and that no secret gets through, wherever it stands.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use proptest::prelude::*;

use super::form::Form;
use super::{Redactor, Vocabulary, form};

const WORDS: [&str; 4] = [
    "Msvm_ComputerSystem Msvm_ReplicationService Win32_Service ElementName HVR",
    "root virtualization v2",
    "State Running",
    "vmms",
];

fn redactor() -> Redactor {
    Redactor::new(Vocabulary::new(WORDS, ["ElementName"]))
}

fn value(text: &str) -> String {
    redactor().value("State", text).unwrap()
}

#[test]
fn what_says_nothing_of_an_installation_stays() {
    for text in [
        "",
        "  ",
        "Running",
        "8",
        "4096",
        "0x80041010",
        "true",
        "KB4088889",
        "10.0.14393",
        "10.0.14393.2155",
        "OS: 10.0.20348 SP: 0.0 Stack: 3.0",
        "2026-01-31T10:00:00.085Z",
        "20260131100000.000000+000",
        "PT60.000S",
        "00000000000500.000000:000",
        "S-1-5-18",
        "S-1-5-32-578",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem",
        "SELECT ElementName, State FROM Msvm_ComputerSystem WHERE Name = 'vmms'",
        "w:InvalidSelectors",
        "p:Msvm_ComputerSystem_OUTPUT_Type",
        "*[System[(EventID=32022 or EventID=32086) and TimeCreated[timediff(@SystemTime) <= 612000000]]]",
    ] {
        assert_eq!(value(text), text);
    }
}

#[test]
fn everything_else_gets_a_stand_in_of_its_form() {
    for (text, redacted) in [
        ("hv01.lab.test", "name-1.name-2.name-3"),
        (r"LAB\administrator", r"name-1\name-2"),
        ("Running since web", "name-1 name-2 name-3"),
        ("10.0.0.17", "192.0.2.1"),
        ("1.3.6.1.5.5.7.3.1", "192.0.2.1"),
        ("fe80::1%eth0", "192.0.2.1%name-1"),
        ("00:15:5d:01:02:03", "192.0.2.1"),
        ("http://10.0.0.17:5985/wsman", "http://192.0.2.1:5985/wsman"),
        ("https://hv01:5986/wsman", "https://name-1:5986/wsman"),
        ("http://[fe80::1]:5985/x", "http://[192.0.2.1]:5985/x"),
        ("uuid:4708A0F4-C902-429B-A1E0-D4AB0893E452", "uuid:00000000-0000-4000-8000-000000000001"),
        (
            r"Microsoft:4708A0F4-C902-429B-A1E0-D4AB0893E452\HVR\0",
            r"Microsoft:00000000-0000-4000-8000-000000000001\HVR\0",
        ),
        ("22391CDC-272C-4DDF-BA88-9BEFB1A0975C", "22391CDC-272C-4DDF-BA88-9BEFB1A0975C"),
        ("S-1-5-21-1004336348-1177238915-682003330-512", "S-1-5-21-1-1-1-1"),
        // An access list, in which an account's identifier may also be its owner's.
        (
            "D:(A;;0x1;;;S-1-5-21-397955417-626881126-188441444-1104)(A;;0x1;;;S-1-5-32-573)",
            "name-1:(name-2;;name-3;;;S-1-5-21-1-1-1-1)(name-2;;name-3;;;S-1-5-32-573)",
        ),
        ("O:S-1-5-21-397955417-626881126-188441444-512G:", "name-1:name-2:"),
        ("88DA1FE943011339F303203907C0C08EB1F5E249", "0000000000000000000000000000000000000001"),
        ("137438953472", "10000000001"),
        ("10,0,0,17", "name-1,name-2,name-2,name-3"),
        ("日本 01", "name-1 name-2"),
    ] {
        assert_eq!(value(text), redacted, "{text}");
    }
    let certificate = "MIIBkjCCATigAwIBAgICAQAwCgYIKoZIzj0EAwIw".repeat(20);
    assert_eq!(value(&certificate), "name-1");
    assert_eq!(redactor().value("elementname", "Running 8"), Some("name-1 name-2".to_owned()), "it is private");
}

#[test]
fn a_name_has_one_stand_in_in_full_and_in_short_and_in_any_case() {
    let mut redactor = redactor();
    let mut value = |text: &str| redactor.value("State", text).unwrap();
    assert_eq!(value("hv01.lab.test"), "name-1.name-2.name-3");
    assert_eq!((value("HV01").as_str(), value("HV02.Lab.Test").as_str()), ("name-1", "name-4.name-2.name-3"));
    let guid = "4708A0F4-C902-429B-A1E0-D4AB0893E452";
    assert_eq!(value(guid), value(&guid.to_lowercase()));
}

#[test]
fn a_message_keeps_its_form_and_loses_its_names() {
    let message = concat!(
        "<?xml version='1.0'?><!-- hv01 --><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:q='urn:hv01'>",
        "<s:Body secret='hv01' Machine='wsman'><p:Msvm_ComputerSystem xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/",
        "root/virtualization/v2/Msvm_ComputerSystem\"><p:ElementName>Running</p:ElementName><p:State>Run<![CDATA[ning]]>",
        "</p:State><p:State>h&#x76;<!-- x -->0&#49;</p:State><q:hv01/></p:Msvm_ComputerSystem></s:Body></s:Envelope>",
    );
    let redacted = redactor().message(message).unwrap();
    assert_eq!(
        redacted,
        concat!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:name-3=\"name-1:name-2\">",
            "<s:Body name-4=\"name-2\" Machine=\"name-5\"><p:Msvm_ComputerSystem xmlns:p=\"http://schemas.microsoft.com/wbem/wsman/1/wmi/",
            "root/virtualization/v2/Msvm_ComputerSystem\"><p:ElementName>name-6</p:ElementName><p:State>Running",
            "</p:State><p:State>name-2</p:State><name-3:name-2/></p:Msvm_ComputerSystem></s:Body></s:Envelope>",
        )
    );
    assert_eq!(redactor().message("<html><p>hv01"), None, "what cannot be read is left out");
}

/// Without a bound on what may be an address, each of these is walked through from each of its pieces.
#[test]
fn a_text_that_nearly_is_an_address_takes_time_in_proportion_to_its_length() {
    for pattern in ["d.", "1..", ":d.", "1.1.x-", "d:"] {
        let text = pattern.repeat(50_000);
        assert!(value(&text).len() < 20, "{pattern}");
        let message = format!("<s:Body xmlns:s='urn:x'><s:State>{text}</s:State></s:Body>");
        assert!(redactor().message(&message).is_some(), "{pattern}");
    }
}

#[test]
fn stand_ins_have_a_bound() {
    let mut redactor = redactor();
    let last = (0..150_000).map(|number| redactor.value("State", &format!("x{number}")).unwrap()).last();
    assert_eq!(last.as_deref(), Some("name-0"));
    assert_eq!(redactor.value("State", "x0").as_deref(), Some("name-1"), "what has one keeps it");
}

#[test]
fn what_contains_a_known_secret_even_so_is_left_out() {
    let mut redactor = redactor();
    redactor.beware("Running");
    assert!(redactor.value("State", "Running").is_some(), "a word that may stay is no secret");
    redactor.beware(r"LAB\4711");
    assert_eq!(redactor.value("State", "4711"), None, "a number would stay");
    assert_eq!(redactor.message("<s:Body xmlns:s='urn:x'><s:State>4711</s:State></s:Body>"), None);
    assert_eq!(redactor.value("State", "47111").as_deref(), Some("47111"));
}

/// Every hand-written message and every shape of a recording is still of its kind afterwards.
#[test]
fn the_messages_of_the_corpus_can_be_read_afterwards() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut read = 0;
    for folder in [corpus.clone(), corpus.join("hosts")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "xml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let Some(redacted) = redactor().message(&text) else { panic!("{}", path.display()) };
            let elements = |text: &str| {
                let readable = cim::reference::readable(text).into_owned();
                crate::xml::parse(&readable).unwrap().descendants().filter(roxmltree::Node::is_element).count()
            };
            assert_eq!(elements(&redacted), elements(&text), "{}", path.display());
            let fault = |text: &str| crate::client::read_fault(text, false).map(|error| (error.kind, error.status));
            assert_eq!(fault(&redacted), fault(&text), "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 60, "{read} messages");
}

/// A word that neither the vocabulary has nor a form lets stay.
fn word() -> impl Strategy<Value = String> {
    let vocabulary = Vocabulary::new(WORDS, []);
    "[a-z][a-z0-9]{2,9}(-[a-z0-9]{1,4})?".prop_filter("it may stay", move |word| {
        let is_ours = word.starts_with("name") || ["urn", "xmlns"].contains(&word.as_str());
        let is_hash = matches!(form::of(word), Some(Form::Number));
        !vocabulary.has_name(word) && !is_ours && !is_hash
    })
}

/// What identifies an installation.
fn secret() -> impl Strategy<Value = String> {
    let number = || 100_000_000_u32..;
    prop_oneof![
        word(),
        (word(), word(), word()).prop_map(|(host, domain, top)| format!("{host}.{domain}.{top}")),
        (word(), word()).prop_map(|(domain, user)| format!("{domain}\\{user}")),
        (word(), word()).prop_map(|(user, realm)| format!("{user}@{realm}")),
        (word(), "[äöüßéñ日本ω]{1,5}").prop_map(|(word, other)| format!("{other} {word}")),
        any::<u32>()
            .prop_filter("documents use it", |bits| !(0xC000_0200..0xCB00_7200).contains(bits))
            .prop_map(|bits| Ipv4Addr::from(bits).to_string()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).to_string()),
        any::<u16>().prop_map(|bits| format!("fe80::{bits:x}")),
        (number(), number(), number(), 500_u32..).prop_map(|(a, b, c, d)| format!("S-1-5-21-{a}-{b}-{c}-{d}")),
        any::<u128>().prop_filter("too regular", |bits| bits.leading_zeros() < 8).prop_map(|bits| {
            let hex = format!("{bits:032x}");
            format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
        }),
        "[1-9A-F][0-9A-F]{39}",
    ]
}

/// How a secret is spelt.
fn spelt(secret: &str, case: u8, references: u8) -> String {
    let cased: String = match case % 3 {
        0 => secret.to_owned(),
        1 => secret.to_uppercase(),
        _ => secret
            .chars()
            .enumerate()
            .map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
            .collect(),
    };
    let reference = |(at, c): (usize, char)| match (references % 3, at % 2) {
        (0, _) | (1, 0) => c.to_string(),
        (1, _) => format!("&#{};", u32::from(c)),
        _ => format!("&#x{:X};", u32::from(c)),
    };
    cased.chars().enumerate().map(reference).collect()
}

/// Where a secret stands; `$` stands for it.
const PLACES: [&str; 22] = [
    "<State>$</State>",
    "<State> $ </State>",
    "<State>Running on $.</State>",
    "<State>Running<!-- -->$</State>",
    "<State>($)</State>",
    "<State>http://$:5985/wsman</State>",
    "<State>https://$/wsman/$</State>",
    "<State>SELECT Name FROM Win32_Service WHERE Name = '$'</State>",
    r"<State>Microsoft:$\HVR\0</State>",
    r"<State>C:\$\x.vhdx</State>",
    "<State>CN=$, O=$</State>",
    "<State>8 $ 8</State>",
    "<ElementName>$</ElementName>",
    "<Text xml:lang='en-US'>the VM '$' was not found</Text>",
    "<Unknown>&lt;Name&gt;$&lt;/Name&gt;</Unknown>",
    "<State Name='$'/>",
    "<State Unknown=\"x $\" Code='8'>8</State>",
    "<State xmlns:u='urn:$:1'/>",
    "<State><!-- $ -->8</State>",
    "<State><?x $ ?>8</State>",
    "<State>8</State> $ ",
    "<Computer>$</Computer><State>$</State>",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// The property for which all this is: whatever the place, the case and the spelling.
    #[test]
    fn no_secret_gets_through(
        seeds in prop::collection::vec((secret(), 0..PLACES.len(), any::<u8>(), any::<u8>()), 1..8),
    ) {
        let parts: String = seeds.iter().map(|(secret, place, case, references)| {
            let is_in_comment = PLACES[*place].contains("<!-- $") || PLACES[*place].contains("<?x");
            PLACES[*place].replace('$', &spelt(secret, *case, if is_in_comment { 0 } else { *references }))
        }).collect();
        let sections: Vec<String> =
            seeds.iter().map(|(secret, ..)| format!("<State>x<![CDATA[{secret}]]></State>")).collect();
        let cdata = sections.concat();
        let message = format!("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'>{parts}{cdata}</s:Envelope>");
        let mut redactor = redactor();
        let redacted = redactor.message(&message).expect("it is well-formed");
        for (secret, ..) in &seeds {
            prop_assert!(!redacted.to_lowercase().contains(&secret.to_lowercase()), "{secret}\n{message}\n{redacted}");
            for (name, text) in [("State", secret.clone()), ("x", format!("8 {secret}")), ("Name", secret.to_uppercase())] {
                let value = redactor.value(name, &text).unwrap();
                prop_assert!(!value.to_lowercase().contains(&secret.to_lowercase()), "{secret}: {value}");
            }
        }
    }

    #[test]
    fn arbitrary_texts_do_not_panic_and_their_pieces_are_the_text(text in any::<String>(), marked in "[<>&;'\"=:/a!\\[\\]-]{0,60}") {
        for text in [text.as_str(), marked.as_str()] {
            let whole: String = super::pieces::pieces(text).iter().map(|piece| match piece {
                super::Piece::Word(text) | super::Piece::Address(text) | super::Piece::Dotted(text) | super::Piece::Between(text) => *text,
            }).collect();
            prop_assert_eq!(whole, text);
            let mut redactor = redactor();
            let _left_out = redactor.message(text);
            let _left_out = redactor.value("State", text);
        }
    }
}
