//! Malicious clients of a simulated host: it answers or drops them, and still serves an honest one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::bad_way::{Chance, Proxy};
use crate::lab::Lab;
use crate::login_matrix::base64;
use crate::logins::RawClient;

/// An honest pass finds all that a restart broke, and resumes it.
fn serves_an_honest_client(lab: &Lab, what: &str) {
    lab.break_by_restart("hv01.lab.test");
    is_honest(lab, what);
}

fn is_honest(lab: &Lab, what: &str) {
    let ran = lab.run(&[0, 1], &[]);
    assert_eq!((ran.code, ran.outcome()), (0, "ok"), "{what}: {:#}\n{}", ran.document, ran.standard_error);
    assert!(lab.states().iter().all(|state| *state == 3), "{what}");
}

pub(crate) fn basic(lab: &Lab) -> String {
    format!("Authorization: Basic {}\r\n", base64(&format!("{}:{}", lab.user(), lab.password())))
}

/// Sends this, then pieces until the host has had enough; what it said, and how much it took.
fn flood(lab: &Lab, head: &str, piece: &[u8]) -> (String, usize) {
    const FLOOD_MAX: usize = 200 * 1024 * 1024;
    let mut stream = RawClient::to(lab).0;
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut taken = 0;
    if stream.write_all(head.as_bytes()).is_ok() {
        while taken < FLOOD_MAX && stream.write_all(piece).is_ok() {
            taken += piece.len();
        }
    }
    let _half = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    // What was answered before the connection was reset may be lost with it.
    let _reset = stream.read_to_end(&mut answer);
    (String::from_utf8_lossy(&answer).into_owned(), taken)
}

#[test]
fn requests_without_an_end_are_left_at_a_limit() {
    /// The limit of a request and what two sockets hold between them.
    const TAKEN_MAX: usize = 24 * 1024 * 1024;
    let lab = Lab::new(&["--vms", "2"]);
    let login = basic(&lab);
    let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
    let post = "POST /wsman HTTP/1.1\r\nHost: lab\r\n";
    for (what, head, piece) in [
        ("a body as long as announced", format!("{post}{login}Content-Length: 9000000000\r\n\r\n"), &chunk),
        ("chunks for ever", format!("{post}{login}Transfer-Encoding: chunked\r\n\r\n"), &chunk),
        ("a head for ever", post.to_owned(), &b"X-More: and more\r\n".repeat(500)),
        ("no HTTP", String::new(), &vec![0; 0x4000]),
    ] {
        let (answer, taken) = flood(&lab, &head, piece);
        assert!(taken <= TAKEN_MAX, "{what}: {taken} bytes were taken");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{what}: {answer}");
    }
    serves_an_honest_client(&lab, "after floods");
}

#[test]
fn connections_that_are_left_half_open_keep_nobody_out() {
    for (tls, begun) in [
        (false, Vec::new()),
        (false, b"POST /wsman HTTP/1.1\r\nHost:".to_vec()),
        (false, b"POST /wsman HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\n<".to_vec()),
        (true, vec![0x16, 3, 1, 2]),
    ] {
        let lab = Lab::new(if tls { &["--vms", "2", "--tls"][..] } else { &["--vms", "2"] });
        let mut held = Vec::new();
        for _ in 0..400 {
            let mut stream = RawClient::to(&lab).0;
            stream.write_all(&begun).unwrap();
            held.push(stream);
        }
        let pinned = lab.told("certificate_sha256").as_str().unwrap_or_default().to_owned();
        let arguments = if tls { vec!["--tls-fingerprint", pinned.as_str()] } else { Vec::new() };
        let ran = lab.run(&[0, 1], &arguments);
        assert_eq!((ran.code, ran.count("healthy")), (0, 2), "{begun:?}: {:#}", ran.document);
        drop(held);
    }
}

#[test]
fn logins_of_garbage_are_refused_one_by_one() {
    let lab = Lab::new(&["--vms", "2"]);
    let mut chance = Chance::new(1);
    let signature = "TlRMTVNTUAAD";
    for number in 0..300 {
        let scheme = ["Negotiate", "NTLM", "Basic", "Kerberos", ""][number % 5];
        let noise: String =
            (0..chance.below(400)).map(|_| char::from(b'+' + u8::try_from(chance.below(80)).unwrap())).collect();
        let start = if number % 2 == 0 { signature } else { "YII" };
        let mut client = RawClient::to(&lab);
        for token in [format!("{start}{noise}"), noise.clone(), base64(&noise)] {
            let (head, _) = client.ask(&format!("Authorization: {scheme} {token}\r\n"), "<x/>");
            assert!(head.starts_with("http/1.1 401"), "{scheme} {token}: {head}");
        }
    }
    assert_eq!(lab.requests("invoke") + lab.requests("enumerate"), 0);
    serves_an_honest_client(&lab, "after garbage");
}

/// Replays everything that a connection sent; returns what the host answers.
fn again(lab: &Lab, host: usize, said: &[u8]) -> String {
    let url = lab.url(host);
    let mut stream = TcpStream::connect(url.split("://").nth(1).unwrap().trim_end_matches("/wsman")).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    // The host closes the connection at the first message that it does not accept.
    let _closed = stream.write_all(said).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_was_sealed_once_cannot_be_said_again() {
    for login in ["ntlm", "negotiate"] {
        let lab = Lab::new(&["--vms", "2"]);
        lab.break_by_restart("hv01.lab.test");
        let ways = [0, 1].map(|host| {
            let url = lab.url(host);
            Proxy::new(url.split("://").nth(1).unwrap().trim_end_matches("/wsman").parse().unwrap(), 0, 0)
        });
        let mut command = lab.command(&[], &["--auth", login]);
        for way in &ways {
            command.args(["--host", &format!("http://{}/wsman", way.address)]);
        }
        let ran = crate::lab::ran(&command.output().unwrap());
        assert_eq!((ran.count("resumed"), lab.requests("invoke")), (2, 2), "{login}: {:#}", ran.document);
        lab.break_by_restart("hv01.lab.test");
        lab.post("/requests/reset");
        for (host, way) in ways.iter().enumerate() {
            for said in way.sent() {
                let answer = again(&lab, host, &said);
                assert!(!answer.contains("HTTP/1.1 200") && !answer.contains("HTTP/1.1 500"), "{login}: {answer}");
            }
        }
        let kinds = ["invoke", "get", "enumerate", "pull", "subscribe"];
        assert_eq!(kinds.map(|kind| lab.requests(kind)), [0; 5], "{login}: nothing of it was done");
        assert!(lab.requests("unauthorized") > 0 && lab.states() == [8, 8], "{login}");
        is_honest(&lab, login);
    }
}

/// A message to a host, as strict clients write it.
fn envelope(lab: &Lab, action: &str, resource: &str, header: &str, body: &str) -> String {
    let to = lab.url(0);
    format!(
        concat!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" "#,
            r#"xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" "#,
            r#"xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" "#,
            r#"xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" "#,
            r#"xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header><a:To>{}</a:To>"#,
            r#"<w:ResourceURI s:mustUnderstand="true">{}</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">"#,
            "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>",
            r#"<a:Action s:mustUnderstand="true">{}</a:Action><a:MessageID>uuid:11111111-2222-3333-4444-555555555555"#,
            "</a:MessageID>{}</s:Header><s:Body>{}</s:Body></s:Envelope>"
        ),
        to, resource, action, header, body
    )
}

#[test]
fn enumerations_that_nobody_ends_are_counted_and_can_be_ended() {
    const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
    let class = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/Msvm_ComputerSystem";
    let lab = Lab::new(&["--vms", "2"]);
    let headers = format!("{}Content-Type: application/soap+xml;charset=UTF-8\r\n", basic(&lab));
    let open = envelope(&lab, &format!("{ENUMERATION}/Enumerate"), class, "", "<n:Enumerate/>");
    let mut client = RawClient::to(&lab);
    let mut contexts = Vec::new();
    let mut refused = 0;
    for _ in 0..1_600 {
        let (_, body) = client.ask(&headers, &open);
        match body.split("EnumerationContext>").nth(1) {
            Some(context) => contexts.push(context.split("</").next().unwrap().to_owned()),
            None => refused += u32::from(body.contains("2150859174")),
        }
    }
    let (_, last) = client.ask(&headers, &open);
    assert_eq!((contexts.len(), refused), (1_500, 100), "{last}: more than a user may have are refused for the quota");
    for context in &contexts {
        let body = format!("<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>");
        let release = envelope(&lab, &format!("{ENUMERATION}/Release"), class, "", &body);
        assert!(client.ask(&headers, &release).0.starts_with("http/1.1 200"));
    }
    serves_an_honest_client(&lab, "after enumerations");
}

#[test]
fn subscriptions_that_nobody_pulls_from_are_counted_and_keep_nobody_from_being_resumed() {
    const EVENTING: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
    let lab = Lab::new(&["--vms", "2"]);
    let headers = format!("{}Content-Type: application/soap+xml;charset=UTF-8\r\n", basic(&lab));
    let delivery = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull";
    let filter = r#"<QueryList><Query Path="System"><Select>*</Select></Query></QueryList>"#;
    let body = format!(
        r#"<e:Subscribe><e:Delivery Mode="{delivery}"/><w:Filter Dialect="http://schemas.microsoft.com/win/2004/08/events/eventquery">{filter}</w:Filter></e:Subscribe>"#
    );
    let resource = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog";
    let subscribe = envelope(&lab, &format!("{EVENTING}/Subscribe"), resource, "", &body);
    let mut client = RawClient::to(&lab);
    let answers: Vec<String> = (0..1_600).map(|_| client.ask(&headers, &subscribe).1).collect();
    let taken = answers.iter().filter(|answer| answer.contains("SubscribeResponse")).count();
    let refused = answers.iter().filter(|answer| answer.contains("2150859174")).count();
    assert_eq!((taken, refused), (1_500, 100), "{}\n{}", answers[0], client.ask(&headers, &subscribe).0);
    let ran = {
        lab.post("/vms/vm-001/set?state=8");
        lab.run(&[0, 1], &[])
    };
    assert_eq!((ran.code, ran.count("resumed")), (0, 1), "{:#}", ran.document);
    serves_an_honest_client(&lab, "after subscriptions");
}
