//! The client against a server that means harm: bounded time and memory, a clear error, never a panic.

use std::sync::Arc;
use std::time::Duration;

use cim::{CallError, ErrorKind, Hint, Reply, Request, wql};

use tokio::task::JoinSet;

use super::{Server, Turn, client, envelope, fails, get, http, instance, invoke, short, soap};
use crate::memory::{Maxima, Memory};
use crate::{Client, Endpoint, Limits, Login, Scheme, Sockets, Trust};

const SOAP: &str = "Content-Type: application/soap+xml;charset=UTF-8\r\n";
const CHUNKED: &str = "Content-Type: application/soap+xml;charset=UTF-8\r\nTransfer-Encoding: chunked\r\n";
/// Maximum length of a text of an error: it goes into logs, events and tables.
const WORDS_MAX: usize = 4 * 1024;
/// More than the client lets come of an answer that never ends: its limit and what two sockets hold between them.
const LET_IN_MAX: usize = 24 * 1024 * 1024;

fn query() -> Request {
    Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("C") }
}

fn opened() -> Turn {
    soap("<n:EnumerateResponse><n:EnumerationContext>c</n:EnumerationContext></n:EnumerateResponse>")
}

/// Limits under which a large answer can be read on a slow machine.
fn patient() -> Limits {
    Limits::default()
}

/// What never ends is to fail, not to hang.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), work).await.expect("it ends by itself")
}

async fn fails_slowly(scene: Vec<Turn>, request: Request) -> (CallError, Server) {
    let server = Server::new(vec![scene]).await;
    let error = server.client(patient()).call(request).await.unwrap_err();
    assert!(error.message.len() <= WORDS_MAX, "{} bytes of error", error.message.len());
    (error, server)
}

#[tokio::test]
async fn bombs_of_entities_are_refused_whatever_the_status() {
    let laugh = |n: u32| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10));
    let laughs = (1..20).map(laugh).collect::<Vec<_>>().concat();
    let texts = [
        format!("<!DOCTYPE s [<!ENTITY a0 \"ha\">{laughs}]><s>&a19;</s>"),
        "<!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><s>&x;</s>".to_owned(),
        "<!DOCTYPE s SYSTEM \"http://127.0.0.1:1/x.dtd\"><s/>".to_owned(),
        "<!DOCTYPE s [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]><s/>".to_owned(),
        envelope("&undefined;"),
    ];
    for text in texts {
        for status in ["200 OK", "500 Error", "400 Bad"] {
            let error = fails(vec![Turn::Answer(http(status, SOAP, text.as_bytes()))], invoke()).await;
            assert_eq!(error.kind, ErrorKind::Malformed, "{status} {text}: {error}");
            // Refused unread: what only comes to no envelope once it is expanded was expanded.
            let unread = if text.contains("DOCTYPE") { "DTD detected" } else { "unknown entity" };
            assert!(status != "200 OK" || error.message.contains(unread), "{text}: {error}");
            assert!(error.message.len() <= WORDS_MAX && !error.message.contains("root:"), "{error}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_left_at_the_limit() {
    let piece = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    for status in ["200 OK", "500 Error", "401 No"] {
        let head = format!("HTTP/1.1 {status}\r\n{CHUNKED}\r\n");
        let (error, server) = fails_slowly(vec![Turn::Flood(head.into_bytes(), piece.clone())], get()).await;
        assert_eq!(error.kind, ErrorKind::TooLarge, "{status}: {error}");
        // Of a refusal only as much is read as keeps the connection.
        let limit = if status == "401 No" { 64 * 1024 } else { patient().body };
        assert!(error.message.contains(&format!("than the {limit} bytes")), "{status}: {error}");
        assert!(server.flooded() <= LET_IN_MAX, "{status}: {} bytes", server.flooded());
    }
    let head = format!("HTTP/1.1 200 OK\r\n{SOAP}Content-Length: 100000000\r\n\r\n");
    let (error, server) = fails_slowly(vec![Turn::Flood(head.into_bytes(), vec![b' '; 0x10000])], get()).await;
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    assert!(server.flooded() <= LET_IN_MAX, "{} bytes", server.flooded());
}

#[tokio::test]
async fn a_million_items_are_too_many() {
    let items = r"<C/>".repeat(1_000_000);
    let text = envelope(&format!("<n:PullResponse><n:Items>{items}</n:Items><n:EndOfSequence/></n:PullResponse>"));
    let pulled = Turn::Answer(http("200 OK", SOAP, text.as_bytes()));
    let (error, _) = fails_slowly(vec![opened(), pulled, soap("")], query()).await;
    assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
}

#[tokio::test]
async fn nesting_without_measure_costs_no_stack() {
    let deep = 400_000;
    for text in [envelope(&format!("{}{}", "<p>".repeat(deep), "</p>".repeat(deep))), "<p>".repeat(deep)] {
        let (error, _) = fails_slowly(vec![Turn::Answer(http("200 OK", SOAP, text.as_bytes()))], get()).await;
        assert!(matches!(error.kind, ErrorKind::TooLarge | ErrorKind::Malformed), "{error}");
    }
}

/// A parser compares each with all the others.
#[tokio::test]
async fn attributes_and_namespaces_without_measure_cost_no_time() {
    let many = |prefix: &str| (0..400_000).map(|n| format!(" {prefix}a{n:x}=''")).collect::<Vec<_>>().concat();
    let scopes = format!("<a{}>{}</a>", many("xmlns:"), "<b xmlns=''/>".repeat(100_000));
    // Each element alone is within the bounds of an element.
    let some = |prefix: &str| (0..55).map(|n| format!(" {prefix}a{n:x}=''")).collect::<Vec<_>>().concat();
    let siblings = format!("<a{}>{}</a>", some("xmlns:"), "<b xmlns=''/>".repeat(500_000));
    let some_more = (0..220).map(|n| format!(" a{n:x}=''")).collect::<Vec<_>>().concat();
    let attributes = format!("<a>{}</a>", format!("<b{some_more}/>").repeat(100));
    let nested = (0..15_000).map(|n| format!("<a xmlns:n{n:x}=''>")).collect::<Vec<_>>().concat();
    for inner in [format!("<a{}/>", many("")), scopes, siblings, attributes, nested] {
        let (error, _) =
            fails_slowly(vec![Turn::Answer(http("200 OK", SOAP, envelope(&inner).as_bytes()))], get()).await;
        assert_eq!(error.kind, ErrorKind::Malformed, "{error}");
    }
}

/// Anything that HTTP allows before and around an answer, and that needs no end.
#[tokio::test]
async fn what_is_no_content_is_read_no_longer_than_an_answer_needs() {
    let announced = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
    let processing = b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n".repeat(1_000);
    let chunks = b"1\r\nx\r\n".repeat(5_000);
    let head = format!("HTTP/1.1 200 OK\r\n{CHUNKED}\r\n").into_bytes();
    for (head, again) in [(Vec::new(), announced), (Vec::new(), processing), (head, chunks)] {
        let server = Server::new(vec![vec![Turn::Flood(head, again)]]).await;
        let limits = Limits { read: Duration::from_mins(1), lateness: Duration::ZERO, body: 128 * 1024, ..patient() };
        let error = server.client(limits).call(get()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
        assert!(error.message.contains("more than HTTP needs"), "{error}");
        assert!(server.flooded() <= LET_IN_MAX, "{} bytes", server.flooded());
    }
}

#[tokio::test]
async fn rows_without_an_end_are_left_at_the_memory_of_a_call_and_another_host_is_read() {
    const MIB: usize = 1024 * 1024;
    let row = format!("<C><N>{}</N></C>", "x".repeat(4_000));
    let pulled = format!(
        "<n:PullResponse><n:EnumerationContext>c</n:EnumerationContext><n:Items>{}</n:Items></n:PullResponse>",
        row.repeat(20)
    );
    let Turn::Answer(pulled) = soap(&pulled) else { panic!("no answer") };
    let (call, host, all) = (2 * MIB, 3 * MIB, 4 * MIB);
    for calls in [1, 3] {
        let sockets = Sockets::with_memory(Memory::within(Maxima { call, host, all }));
        let server = Server::new(vec![vec![opened(), Turn::Always(pulled.clone())]; calls]).await;
        let client = Arc::new(server.client(patient()).sharing(&sockets));
        let mut asked = JoinSet::new();
        for _ in 0..calls {
            let client = Arc::clone(&client);
            asked.spawn(async move { client.call(query()).await });
        }
        let error = within(asked.join_next()).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
        assert_eq!(error.hint, Some(Hint::Excess), "{error}");
        // Several calls reach the host's limit, or one of them its own before that.
        let says = |words: &str| error.message.contains(words);
        let of_the_host = says("3 MiB that all answers of one host") || says("4 MiB that they may take");
        assert!(says("2 MiB that the answer to one request") || calls > 1 && of_the_host, "{error}");
        assert!(says(&server.address.to_string()), "{error}");
        let honest = Server::new(vec![vec![instance()]]).await;
        let answer = honest.client(short()).sharing(&sockets).call(get()).await;
        assert!(matches!(answer, Ok(Reply::Instance(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn pulls_without_an_end_are_left_after_the_time_of_a_call() {
    let one = "<n:PullResponse><n:EnumerationContext>c</n:EnumerationContext><n:Items><C/></n:Items></n:PullResponse>";
    let Turn::Answer(one) = soap(one) else { panic!("no answer") };
    let server = Server::new(vec![vec![opened(), Turn::Always(one)]]).await;
    let limits = Limits { call: Duration::from_millis(300), ..Limits::default() };
    let client = server.client(limits);
    let error = within(client.call(query())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
    assert!(error.message.contains("0.3 s"), "{error}");
}

#[tokio::test]
async fn bytes_that_only_drip_are_not_waited_for() {
    let Turn::Answer(bytes) = instance() else { panic!("no answer") };
    for bytes in [bytes, vec![b'H'; 1_000]] {
        let error = fails(vec![Turn::Drip(bytes, Duration::from_millis(40))], invoke()).await;
        assert!(matches!(error.kind, ErrorKind::TimedOut | ErrorKind::Unreachable), "{error}");
    }
}

/// A server that answered another message than the one sent may stay one answer behind.
#[tokio::test]
async fn a_connection_that_answers_something_else_is_not_used_again() {
    let other = envelope(r#"<p:Win32_Service xmlns:p="urn:x"/>"#).replace(
        "<s:Header/>",
        r#"<s:Header><a:RelatesTo xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">uuid:0</a:RelatesTo></s:Header>"#,
    );
    for wrong in [other, "<html>".to_owned(), envelope("")] {
        let wrong = Turn::Answer(http("200 OK", SOAP, wrong.as_bytes()));
        let server = Server::new(vec![vec![wrong, instance()], vec![instance()]]).await;
        let client = server.client(short());
        assert_eq!(client.call(get()).await.unwrap_err().kind, ErrorKind::Malformed);
        assert!(matches!(client.call(get()).await, Ok(Reply::Instance(_))));
        assert_eq!(server.connections(), [0, 1]);
    }
}

#[tokio::test]
async fn an_end_is_an_end_whatever_else_is_said() {
    let lies = [
        "<n:PullResponse><n:EnumerationContext>d</n:EnumerationContext><n:Items><C/></n:Items><n:EndOfSequence/></n:PullResponse>",
        "<n:PullResponse><n:EndOfSequence/><n:Items><C/></n:Items></n:PullResponse>",
        "<n:PullResponse><n:Items><C/></n:Items><n:EndOfSequence/><n:EndOfSequence/></n:PullResponse>",
    ];
    for lie in lies {
        let server = Server::new(vec![vec![opened(), soap(lie), instance()]]).await;
        let Ok(Reply::Rows(rows)) = server.client(short()).call(query()).await else { panic!("{lie}") };
        assert_eq!((rows.len(), server.heard().len()), (1, 2), "{lie}");
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_server() {
    let other = Server::new(vec![vec![instance()]]).await;
    let elsewhere = format!(
        "Location: http://{0}/wsman\r\nContent-Location: http://{0}/wsman\r\nAlt-Svc: h2=\"{0}\"\r\nRefresh: 0; url=http://{0}/\r\n\
         WWW-Authenticate: Negotiate, Basic realm=\"http://{0}/wsman\"\r\n",
        other.address
    );
    for status in ["301 Moved", "302 Found", "307 Again", "308 For good", "401 No", "421 Elsewhere", "503 Later"] {
        for scheme in [Scheme::Basic, Scheme::Negotiate] {
            let server = Server::new(vec![vec![Turn::Always(http(status, &elsewhere, b""))]; 3]).await;
            let endpoint = Endpoint::parse(&format!("http://{}", server.address)).unwrap();
            let client = Client::new(endpoint, Login::new(scheme, "admin", "pa:ss"), short());
            let error = client.call(get()).await.unwrap_err();
            assert!(!server.heard().is_empty() && other.heard().is_empty(), "{status}: {error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_refuses_for_ever_is_asked_once_and_its_words_are_cut() {
    let offer = format!("WWW-Authenticate: {}\r\n", "Basic realm=\"x\", ".repeat(3_000));
    for scheme in [Scheme::Basic, Scheme::Negotiate] {
        let server = Server::new(vec![vec![Turn::Always(http("401 No", &offer, b""))]]).await;
        let endpoint = Endpoint::parse(&format!("http://{}", server.address)).unwrap();
        let client = Client::new(endpoint, Login::new(scheme, "admin", "pa:ss"), patient());
        let error = client.call(get()).await.unwrap_err();
        assert_eq!((error.kind, server.heard().len()), (ErrorKind::Denied, 1), "{error}");
        assert!(error.message.len() <= WORDS_MAX, "{} bytes of error", error.message.len());
        // The first request of a login has no body, and must say so: Windows refuses a POST without a length.
        assert!(server.heard()[0].1.to_ascii_lowercase().contains("\r\ncontent-length: "), "{scheme:?}");
    }
}

#[tokio::test]
async fn a_fault_with_a_book_in_it_is_cut() {
    let fault = |message: &str| {
        envelope(&format!(
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>{message}</s:Text></s:Reason><s:Detail>\
             <f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"5\">\
             <f:Message>{message}</f:Message></f:WSManFault></s:Detail></s:Fault>"
        ))
    };
    for letter in ["x", "ä", "\u{1F480}"] {
        let text = fault(&letter.repeat(500_000));
        let (error, _) = fails_slowly(vec![Turn::Answer(http("500 Error", SOAP, text.as_bytes()))], get()).await;
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.message.contains(&letter.repeat(100)), "{error}");
    }
}

#[tokio::test]
async fn tls_that_stalls_or_is_none_ends_with_the_time_to_connect() {
    let record = [&[0x16, 3, 3, 0x40, 0][..], &[2; 100]].concat();
    for (said, kind) in [
        (Vec::new(), ErrorKind::Unreachable),
        (record, ErrorKind::Unreachable),
        (b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), ErrorKind::Unsupported),
        (vec![0; 100_000], ErrorKind::Unsupported),
    ] {
        let server = Server::new(vec![vec![Turn::Mumble(said)]]).await;
        let endpoint = Endpoint::parse(&format!("https://{}", server.address)).unwrap();
        let client = Client::new(endpoint, Login::new(Scheme::Basic, "admin", "pa:ss"), short());
        let client = client.with_trust(Trust::anybody().unwrap());
        let error = within(client.call(invoke())).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (kind, cim::Reached::No), "{error}");
        let is_address = error.hint == Some(cim::Hint::Address);
        assert_eq!(is_address, kind == ErrorKind::Unsupported, "what does not speak TLS is another port: {error}");
        assert!(error.message.len() <= WORDS_MAX, "{error}");
    }
    let error = client("https://127.0.0.1:1", short()).call(invoke()).await.unwrap_err();
    assert_eq!(error.reached, cim::Reached::No);
}

#[tokio::test]
async fn an_address_that_no_certificate_can_name_is_not_tried_again() {
    let server = Server::new(vec![vec![Turn::Stay]]).await;
    // An old way to write 127.0.0.1.
    let url = format!("https://127.1:{}", server.address.port());
    let client = client(&url, short()).with_trust(Trust::anybody().unwrap());
    let error = within(client.call(invoke())).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unsupported, cim::Reached::No), "{error}");
    assert!(error.message.contains("`127.1` is not a name that a certificate can hold"), "{error}");
}
