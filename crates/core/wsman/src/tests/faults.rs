//! What a client makes of a fault: of its code, for a read and for an Invoke, and of its words.

use std::collections::BTreeSet;

use cim::{CallError, ErrorKind, ObjectPath, Reached, Request, wql};

use super::settings;
use crate::client::{self, Call};
use crate::fault::{SoapFault, known};

fn read() -> Request {
    Request::Query { namespace: "root/virtualization/v2".into(), select: wql::Select::all("Msvm_ComputerSystem") }
}

fn invoke() -> Request {
    let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem").with("Name", "x");
    Request::Invoke { path, method: "RequestReplicationStateChange".into(), arguments: Vec::new() }
}

/// What a call makes of an answer, whichever HTTP status it came with.
fn answered(request: Request, text: &str) -> CallError {
    let invoked = matches!(request, Request::Invoke { .. });
    let mut call = Call::new(request);
    call.message(&settings(512_000), "uuid:1");
    let error = call.take(text).expect_err("it is a fault");
    assert_eq!(client::read_fault(text, invoked), Some(error.clone()), "whatever its HTTP status");
    error
}

macro_rules! corpus {
    ($name:literal) => {
        include_str!(concat!("../../corpus/", $name, ".xml"))
    };
}

#[test]
fn an_invoke_that_was_carried_out_and_cannot_be_reported_is_never_told_as_not_begun() {
    for text in [corpus!("fault-unreportable-success"), corpus!("fault-answer-too-large")] {
        let (read, invoked) = (answered(read(), text), answered(invoke(), text));
        assert_eq!((read.kind, read.reached), (ErrorKind::TooLarge, Reached::Yes), "{read}");
        assert_eq!((invoked.kind, invoked.reached), (ErrorKind::TooLarge, Reached::Perhaps), "{invoked}");
    }
}

#[test]
fn a_service_that_is_busy_did_not_begin() {
    let (read, invoked) = (answered(read(), corpus!("fault-busy")), answered(invoke(), corpus!("fault-busy")));
    assert_eq!((read.kind, read.reached), (ErrorKind::Busy, Reached::Yes), "{read}");
    assert_eq!((invoked.kind, invoked.reached), (ErrorKind::Busy, Reached::No), "{invoked}");
}

#[test]
fn who_failed_behind_the_service_is_told_apart_from_the_words() {
    for (text, provider) in [
        (corpus!("fault-extended-status"), Some("WMI Provider, ExecQuery")),
        (corpus!("fault-provider"), Some("WMI Provider")),
        (corpus!("fault-provider-words"), Some("Shell cmd plugin")),
        (corpus!("fault-busy"), None),
    ] {
        let document = crate::xml::parse(text).unwrap();
        let body = crate::xml::child(document.root_element(), crate::namespace::SOAP, "Body").unwrap();
        assert_eq!(SoapFault::read(body).unwrap().provider.as_deref(), provider);
    }
}

/// A fault of the service with one of its provider within.
fn nested(outer: u32, inner: u32) -> String {
    let (start, end) = ("<f:Message><f:ProviderFault provider='p'>", "</f:ProviderFault></f:Message>");
    let inner = format!("{start}<f:WSManFault Code='{inner}'><f:Message>x</f:Message></f:WSManFault>{end}");
    in_wsman(outer).replace("<f:Message>x</f:Message>", &inner)
}

/// The provider's own number says what failed; that it failed is known even if the number is not.
#[test]
fn an_unknown_number_of_a_provider_is_a_failure_of_the_provider() {
    for (inner, kind, reached) in [
        (0xC037_0103, ErrorKind::Busy, Reached::Perhaps),
        (0x8004_1003, ErrorKind::Denied, Reached::No),
        (32_775, ErrorKind::Refused, Reached::Yes),
    ] {
        let (read, invoked) =
            (answered(read(), &nested(2_150_858_755, inner)), answered(invoke(), &nested(2_150_858_755, inner)));
        assert_eq!((read.status, read.kind, read.reached), (Some(inner), kind, Reached::Yes), "{inner:#X}");
        assert_eq!((invoked.status, invoked.kind, invoked.reached), (Some(inner), kind, reached), "{inner:#X}");
    }
}

/// A service that only says that its provider failed has the provider's own number within.
#[test]
fn the_code_is_the_innermost_one_where_the_outer_one_is_general() {
    for (outer, inner, told) in [
        (2_150_858_755, 0x8004_1003, 0x8004_1003),
        (2_150_858_883, 0x8004_1033, 0x8004_1033),
        (2_150_858_755, 0, 2_150_858_755),
        (2_150_858_778, 0x8004_1010, 2_150_858_778),
        (2_150_858_829, 0x8004_1003, 2_150_858_829),
    ] {
        assert_eq!(answered(read(), &nested(outer, inner)).status, Some(told), "{outer} {inner}");
    }
}

#[test]
fn the_words_of_a_fault_are_those_of_the_innermost_message_alone() {
    for (text, code, words) in [
        (corpus!("fault-extended-status"), 2_150_858_778, "There is no such class."),
        (corpus!("fault-provider-words"), 0x8007_06BE, "No such shell."),
        (corpus!("fault-provider"), 0x8004_1002, "Not found"),
    ] {
        let error = answered(read(), text);
        assert_eq!((error.status, error.message.as_str()), (Some(code), words));
    }
}

/// What a code must come to: as an answer to a read, and to an Invoke.
struct Expected {
    /// What a host that answers so has said.
    says: &'static str,
    kind: ErrorKind,
    /// Whether an Invoke may have been carried out.
    invoked: Reached,
    codes: &'static [u32],
    ranges: &'static [(u32, u32)],
}

/// Each code of `wsmerror.h`, sorted by hand by what its text says, and not by the table that is tested.
const WSMERROR: [Expected; 17] = [
    Expected {
        says: "who asks has no right, or is not known",
        kind: ErrorKind::Denied,
        invoked: Reached::No,
        codes: &[0x8033_8036, 0x8033_809D, 0x8033_81DD, 0x8033_81E3, 2_150_859_012, 2_150_859_013, 2_150_859_014],
        ranges: &[],
    },
    Expected {
        says: "what is asked for is not there",
        kind: ErrorKind::NotThere,
        invoked: Reached::No,
        codes: &[2_150_858_752, 2_150_858_770, 2_150_858_778, 0x8033_8046, 0x8033_8122],
        ranges: &[],
    },
    Expected {
        says: "others are served; ask again later",
        kind: ErrorKind::Busy,
        invoked: Reached::No,
        codes: &[2_150_858_815, 0x8033_8006, 0x8033_8032, 0x8033_8078, 0x8033_81AB],
        ranges: &[(2_150_859_173, 2_150_859_176), (0x8033_81E4, 0x8033_81EA)],
    },
    Expected {
        says: "what would answer is not up, so nothing began",
        kind: ErrorKind::Busy,
        invoked: Reached::No,
        codes: &[2_150_858_772, 2_150_859_034, 0x8033_8079, 0x8033_8080, 0x8033_809A],
        ranges: &[],
    },
    Expected {
        says: "another authorization; the next request logs in anew",
        kind: ErrorKind::Busy,
        invoked: Reached::No,
        codes: &[2_150_859_177],
        ranges: &[],
    },
    Expected {
        says: "something failed within, perhaps after it had begun",
        kind: ErrorKind::Busy,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_755, 0x8033_8083, 0x8033_8102, 0x8033_81FA],
        ranges: &[],
    },
    Expected {
        says: "the enumeration is gone",
        kind: ErrorKind::Busy,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_759, 2_150_858_779, 0x8033_801D, 0x8033_8084],
        ranges: &[],
    },
    Expected {
        says: "the subscription is gone or goes",
        kind: ErrorKind::Busy,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_760, 2_150_858_761, 2_150_858_762, 2_150_858_763, 0x8033_8099, 0x8033_809B, 0x8033_809E],
        ranges: &[],
    },
    Expected {
        says: "time has run out",
        kind: ErrorKind::TimedOut,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_793, 0x8033_81DC],
        ranges: &[],
    },
    Expected {
        says: "nothing has come yet, and the context is good",
        kind: ErrorKind::TimedOut,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_780],
        ranges: &[],
    },
    Expected {
        says: "the request, or the envelope that it asks for, is too large",
        kind: ErrorKind::TooLarge,
        invoked: Reached::No,
        codes: &[2_150_858_805, 2_150_858_823],
        ranges: &[],
    },
    Expected {
        says: "the answer is too large: there is one, so it was done",
        kind: ErrorKind::TooLarge,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_790, 2_150_858_824, 2_150_858_825],
        ranges: &[],
    },
    Expected {
        says: "it was done and cannot be taken back, and the result is too large",
        kind: ErrorKind::TooLarge,
        invoked: Reached::Perhaps,
        codes: &[2_150_858_829],
        ranges: &[],
    },
    Expected {
        says: "a value that was read has no form in which it could be sent",
        kind: ErrorKind::Refused,
        invoked: Reached::Perhaps,
        codes: &[0x8033_8100, 0x8033_8101, 0x8033_8103],
        ranges: &[],
    },
    Expected {
        says: "this is not done here at all",
        kind: ErrorKind::Unsupported,
        invoked: Reached::No,
        codes: &[
            0x8033_8001,
            0x8033_8013,
            0x8033_8017,
            0x8033_8018,
            0x8033_8019,
            0x8033_801E,
            0x8033_8020,
            0x8033_8021,
            0x8033_8037,
            0x8033_8042,
            0x8033_804C,
            0x8033_804E,
            0x8033_804F,
            0x8033_8051,
            0x8033_8086,
            0x8033_8087,
            0x8033_8090,
            0x8033_8094,
            0x8033_80A6,
            0x8033_80A8,
            0x8033_80A9,
            0x8033_80FF,
            0x8033_8119,
            0x8033_811C,
            0x8033_811D,
            0x8033_8137,
            0x8033_8138,
            0x8033_81F9,
        ],
        ranges: &[(0x8033_800C, 0x8033_800E), (0x8033_802A, 0x8033_802C), (0x8033_8064, 0x8033_8077)],
    },
    Expected {
        says: "the request is not as it should be: no",
        kind: ErrorKind::Refused,
        invoked: Reached::Yes,
        codes: &[
            0x8033_8002,
            0x8033_8005,
            2_150_858_767,
            2_150_858_768,
            2_150_858_769,
            0x8033_8015,
            0x8033_8016,
            0x8033_801F,
            0x8033_8022,
            0x8033_8023,
            0x8033_8024,
            0x8033_8025,
            0x8033_8027,
            0x8033_8028,
            0x8033_8031,
            0x8033_8033,
            0x8033_8040,
            2_150_858_817,
            2_150_858_819,
            0x8033_8044,
            0x8033_804A,
            0x8033_804B,
            2_150_858_832,
            0x8033_807A,
            0x8033_807E,
            0x8033_807F,
            2_150_858_881,
            0x8033_8088,
            0x8033_8095,
            0x8033_8096,
            0x8033_80A7,
            2_150_859_002,
            2_150_859_003,
            0x8033_8114,
            0x8033_811B,
            0x8033_811E,
            2_150_859_181,
            0x8033_81D9,
            0x8033_81F7,
        ],
        ranges: &[
            (0x8033_802D, 0x8033_802F),
            (0x8033_8038, 0x8033_803E),
            (0x8033_8052, 0x8033_8063),
            (0x8033_8091, 0x8033_8093),
            (0x8033_80A0, 0x8033_80A4),
            (0x8033_8107, 0x8033_8109),
            (0x8033_8139, 0x8033_813B),
        ],
    },
    Expected {
        says: "the client library, its configuration or the remote shell: no answer of a service to such a request",
        kind: ErrorKind::Refused,
        invoked: Reached::Perhaps,
        codes: &[
            0x8033_8004,
            0x8033_8030,
            0x8033_8034,
            0x8033_8045,
            0x8033_8082,
            0x8033_8085,
            0x8033_8097,
            0x8033_8098,
            0x8033_809C,
            0x8033_809F,
            0x8033_80A5,
            0x8033_811F,
            0x8033_8120,
            0x8033_8121,
            0x8033_81AA,
            0x8033_81AC,
            0x8033_81DA,
            0x8033_81DB,
            0x8033_81F8,
        ],
        ranges: &[
            (0x8033_807B, 0x8033_807D),
            (0x8033_8089, 0x8033_808F),
            (0x8033_80AA, 0x8033_80F9),
            (0x8033_80FC, 0x8033_80FE),
            (0x8033_810A, 0x8033_8113),
            (0x8033_8115, 0x8033_8118),
            (0x8033_8123, 0x8033_8136),
            (0x8033_813C, 0x8033_81A4),
            (0x8033_81AE, 0x8033_81D8),
            (0x8033_81DE, 0x8033_81E2),
            (0x8033_81EB, 0x8033_81F6),
            (0x8033_81FB, 0x8033_81FF),
        ],
    },
];

/// The same for what comes from behind the service: WMI, COM and RPC, and Win32 as plain numbers and as HRESULTs.
const WINDOWS: [Expected; 11] = [
    Expected {
        says: "WMI or Windows: no right",
        kind: ErrorKind::Denied,
        invoked: Reached::No,
        codes: &[0x8004_1003, 0x8004_1062, 5, 0x8007_0005, 0x8007_0522, 0x8007_052E],
        ranges: &[],
    },
    Expected {
        says: "WMI or Windows: not there",
        kind: ErrorKind::NotThere,
        invoked: Reached::No,
        codes: &[0x8004_1002, 0x8004_100E, 0x8004_1010, 15_007, 0x8007_3A9F, 0x8007_0490],
        ranges: &[],
    },
    Expected {
        says: "turned away at the door",
        kind: ErrorKind::Busy,
        invoked: Reached::No,
        codes: &[
            0x8004_1045,
            0x8004_1057,
            0x8004_3001,
            0x8001_0001,
            0x8001_010A,
            0x8001_010B,
            0x8007_00AA,
            0x8007_06BB,
            1_723,
        ],
        ranges: &[],
    },
    Expected {
        says: "nobody was there to be called: not loaded, not started, no RPC server, the call did not execute",
        kind: ErrorKind::Busy,
        invoked: Reached::No,
        codes: &[
            0x8004_1009,
            0x8004_1013,
            0x8004_1014,
            0x8004_1081,
            0x8001_0012,
            0x8008_0005,
            0x8007_0015,
            0x8007_041D,
            0x8007_0425,
            0x8007_0426,
            0x8007_06BA,
            1_722,
            0x8007_06B3,
            0x8007_06B5,
            0x8007_06BF,
            0x8007_06D9,
            1_753,
        ],
        ranges: &[],
    },
    Expected {
        says: "it broke, and nobody knows where: the provider failed, the call broke, it was cancelled, WMI goes down",
        kind: ErrorKind::Busy,
        invoked: Reached::Perhaps,
        codes: &[
            0x8004_1001,
            0x8004_1004,
            0x8004_1006,
            0x8004_100A,
            0x8004_1015,
            0x8004_101D,
            0x8004_1024,
            0x8004_1032,
            0x8004_1033,
            0x8004_103B,
            0x8004_1061,
            0x8004_106C,
            0x8004_1071,
            0x8004_1086,
            0x8004_3002,
            0x8000_4004,
            0x8000_4005,
            0x8000_FFFF,
            0x8001_0002,
            0x8001_0007,
            0x8001_0104,
            0x8001_0105,
            0x8001_0108,
            0x8004_01FD,
            0x8008_0008,
            0x8007_0008,
            0x8007_000E,
            0x8007_03E3,
            0x8007_045B,
            0x8007_04C7,
            0x8007_04E7,
            0x8007_05AA,
            0x8007_06BE,
            1_726,
            0x8007_071A,
            0x8007_071C,
        ],
        ranges: &[],
    },
    Expected {
        says: "time has run out within",
        kind: ErrorKind::TimedOut,
        invoked: Reached::Perhaps,
        codes: &[0x8004_1069, 0x8004_1088, 0x8001_011F, 0x8007_0079, 0x8007_05B4],
        ranges: &[],
    },
    Expected {
        says: "the result does not fit",
        kind: ErrorKind::TooLarge,
        invoked: Reached::Perhaps,
        codes: &[0x8004_103C],
        ranges: &[],
    },
    Expected {
        says: "there is no such method or ability",
        kind: ErrorKind::Unsupported,
        invoked: Reached::No,
        codes: &[
            0x8004_100C,
            0x8004_1027,
            0x8004_102E,
            0x8004_1055,
            0x8004_1056,
            0x8004_108A,
            0x8000_4001,
            0x8007_0032,
        ],
        ranges: &[],
    },
    Expected {
        says: "the request makes no sense to it",
        kind: ErrorKind::Refused,
        invoked: Reached::Yes,
        codes: &[
            0x8004_1005,
            0x8004_1008,
            0x8004_100F,
            0x8004_1011,
            0x8004_1012,
            0x8004_1016,
            0x8004_1017,
            0x8004_1018,
            0x8004_1021,
            0x8004_1028,
            0x8004_102B,
            0x8004_102F,
            0x8004_1031,
            0x8004_103A,
            0x8004_1058,
            0x8004_105F,
            0x8007_0057,
            87,
        ],
        ranges: &[],
    },
    Expected {
        says: "Hyper-V's own refusals by the method",
        kind: ErrorKind::Refused,
        invoked: Reached::Yes,
        codes: &[],
        ranges: &[(32_768, 32_779)],
    },
    Expected {
        says: "numbers that nobody has explained: never taken for one that did not begin",
        kind: ErrorKind::Refused,
        invoked: Reached::Perhaps,
        codes: &[1, 0x8033_7FFF, 0x8033_8200, 0x8004_10FF, 0x8007_FFFF, 0xC000_0005, u32::MAX],
        ranges: &[],
    },
];

impl Expected {
    fn all(&self) -> impl Iterator<Item = u32> {
        let within = self.ranges.iter().flat_map(|(first, last)| *first..=*last);
        self.codes.iter().copied().chain(within)
    }

    /// Checks each code in both shapes of detail, as an answer to a read and to an Invoke.
    fn check(&self) {
        for code in self.all() {
            for text in [in_wsman(code), in_wmi(code)] {
                let (read, invoked) = (answered(read(), &text), answered(invoke(), &text));
                let told = (read.status, read.kind, read.reached);
                assert_eq!(told, (Some(code), self.kind, Reached::Yes), "{code} {code:#X}, a read: {}", self.says);
                let told = (invoked.status, invoked.kind, invoked.reached);
                assert_eq!(told, (Some(code), self.kind, self.invoked), "{code} {code:#X}, an Invoke: {}", self.says);
            }
        }
    }
}

fn envelope(detail: &str) -> String {
    let s = "http://www.w3.org/2003/05/soap-envelope";
    let code =
        "<s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:InternalError</s:Value></s:Subcode></s:Code>";
    format!(
        r#"<s:Envelope xmlns:s="{s}"><s:Body><s:Fault>{code}<s:Detail>{detail}</s:Detail></s:Fault></s:Body></s:Envelope>"#
    )
}

fn in_wsman(code: u32) -> String {
    let namespace = crate::namespace::FAULT;
    envelope(&format!(
        r#"<f:WSManFault xmlns:f="{namespace}" Code="{code}" Machine="h"><f:Message>x</f:Message></f:WSManFault>"#
    ))
}

fn in_wmi(code: u32) -> String {
    let (namespace, words) =
        (crate::namespace::WMI_ERROR, "<p:Message>x</p:Message><p:CIMStatusCode>1</p:CIMStatusCode>");
    envelope(&format!(
        r#"<p:MSFT_WmiError xmlns:p="{namespace}">{words}<p:error_Code>{code}</p:error_Code></p:MSFT_WmiError>"#
    ))
}

#[test]
fn every_code_of_ws_management_comes_to_what_it_says() {
    let mut seen = BTreeSet::new();
    for expected in &WSMERROR {
        for code in expected.all() {
            assert!(seen.insert(code), "{code:#X} stands here twice");
        }
        expected.check();
    }
    assert!(seen.iter().copied().eq(0x8033_8000..=0x8033_81FF), "the whole range stands here");
}

#[test]
fn every_code_from_behind_the_service_comes_to_what_it_says() {
    let mut seen = BTreeSet::new();
    for expected in &WINDOWS {
        expected.check();
        seen.extend(expected.all());
    }
    let missing: Vec<_> = known::all().skip(512).filter(|known| !seen.contains(&known.code)).collect();
    assert!(missing.is_empty(), "nobody says what is expected of {missing:X?}");
}

/// The tables are looked up by place, so each row must stand where its code says.
#[test]
fn the_table_has_each_code_once_and_in_its_place() {
    let own: Vec<u32> = known::all().take(512).map(|known| known.code).collect();
    assert!(own.into_iter().eq(0x8033_8000..=0x8033_81FF));
    let others: Vec<u32> = known::all().skip(512).map(|known| known.code).collect();
    assert!(others.is_sorted_by(|one, next| one < next), "{others:X?}");
    for known in known::all() {
        assert_eq!(known::of(known.code), Some(known));
        assert!(
            !known.name.is_empty()
                && known.name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        );
    }
    assert_eq!(known::of(5), known::of(0x8007_0005));
}

/// A fault without a code has its subcode, which knows less: what it leaves open is left open.
#[test]
fn a_fault_without_a_code_is_taken_by_its_subcode() {
    for (subcode, kind, invoked) in [
        ("AccessDenied", ErrorKind::Denied, Reached::No),
        ("DestinationUnreachable", ErrorKind::NotThere, Reached::No),
        ("QuotaLimit", ErrorKind::Busy, Reached::No),
        ("Concurrency", ErrorKind::Busy, Reached::No),
        ("EndpointUnavailable", ErrorKind::Busy, Reached::No),
        ("InternalError", ErrorKind::Busy, Reached::Perhaps),
        ("TimedOut", ErrorKind::TimedOut, Reached::Perhaps),
        ("EncodingLimit", ErrorKind::TooLarge, Reached::Perhaps),
        ("UnsupportedFeature", ErrorKind::Unsupported, Reached::No),
        ("SchemaValidationError", ErrorKind::Refused, Reached::Yes),
    ] {
        let text = envelope("").replace("w:InternalError", &format!("w:{subcode}"));
        let (read, invoked_so) = (answered(read(), &text), answered(invoke(), &text));
        assert_eq!((read.kind, read.reached), (kind, Reached::Yes), "{subcode}");
        assert_eq!((invoked_so.kind, invoked_so.reached), (kind, invoked), "{subcode}");
    }
}
