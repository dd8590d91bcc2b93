//! The logins that a simulated host accepts, as its HTTP shows them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::lab::Lab;
use crate::login_matrix::base64;

/// An Identify request (DSP0226, 11).
pub(crate) const IDENTIFY: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header/><s:Body>\
    <i:Identify xmlns:i=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\"/></s:Body></s:Envelope>";
/// The first message of NTLM: it asks for sealing, session security, 128 bits and a key exchange.
const NTLM_FIRST: &str = "TlRMTVNTUAABAAAANYKI4gAAAAAAAAAAAAAAAAAAAAA=";

/// A connection, and what comes back on it.
pub(crate) struct RawClient(pub(crate) TcpStream);

impl RawClient {
    pub(crate) fn to(lab: &Lab) -> Self {
        let url = lab.url(0);
        let authority = url.split("://").nth(1).unwrap().trim_end_matches("/wsman");
        let stream = TcpStream::connect(authority).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        Self(stream)
    }

    /// Sends a request; the head and the body of what is answered.
    pub(crate) fn ask(&mut self, headers: &str, body: &str) -> (String, String) {
        self.ask_octets(headers, body.as_bytes())
    }

    pub(crate) fn ask_octets(&mut self, headers: &str, body: &[u8]) -> (String, String) {
        let length = body.len();
        let request = format!("POST /wsman HTTP/1.1\r\nHost: lab\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.0.write_all(&[request.as_bytes(), body].concat()).unwrap();
        self.answer()
    }

    /// The head and the body of the next answer.
    pub(crate) fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            self.0.read_exact(&mut octet).unwrap();
            head.extend(octet);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}

fn offers(head: &str) -> Vec<&str> {
    head.lines().filter_map(|line| line.strip_prefix("www-authenticate: ")).collect()
}

#[test]
fn a_host_offers_its_schemes_each_by_itself_and_keeps_the_connection() {
    let lab = Lab::new(&["--vms", "1"]);
    let mut client = RawClient::to(&lab);
    for _ in 0..2 {
        let (head, body) = client.ask("", "");
        assert!(head.starts_with("http/1.1 401") && body.is_empty(), "{head}");
        assert_eq!(offers(&head), ["negotiate", "ntlm", "basic realm=\"wsman\""]);
    }
    assert_eq!(lab.requests("unauthorized"), 2);
    let chosen = Lab::new(&["--vms", "1", "--auth", "negotiate"]);
    assert_eq!(offers(&RawClient::to(&chosen).ask("", "").0), ["negotiate"]);
}

#[test]
fn a_login_in_legs_is_answered_under_its_own_name_and_is_no_refusal_yet() {
    let lab = Lab::new(&["--vms", "1"]);
    for scheme in ["Negotiate", "NTLM"] {
        let (head, _) = RawClient::to(&lab).ask(&format!("Authorization: {scheme} {NTLM_FIRST}\r\n"), "");
        assert!(head.starts_with("http/1.1 401"), "{head}");
        let second = format!("{} tlrmtvntuaac", scheme.to_lowercase());
        assert!(offers(&head).len() == 1 && offers(&head)[0].starts_with(&second), "{head}");
    }
    assert_eq!(lab.requests("unauthorized"), 0);
}

#[test]
fn who_is_there_is_told_without_a_login_only_to_whoever_says_that_he_has_none() {
    let lab = Lab::new(&["--vms", "1"]);
    let mut client = RawClient::to(&lab);
    let (head, body) = client.ask("WSMANIDENTIFY: unauthenticated\r\n", IDENTIFY);
    assert!(head.starts_with("http/1.1 200") && body.contains("OS: 0.0.0"), "{head}{body}");
    assert!(!body.contains("SecurityProfile"), "the 401 lists the logins instead: {body}");
    let (head, _) = client.ask("", IDENTIFY);
    assert!(head.starts_with("http/1.1 401") && offers(&head).contains(&"basic realm=\"wsman\""), "{head}");
    assert!(client.ask("WSMANIDENTIFY: unauthenticated\r\n", "<x/>").0.starts_with("http/1.1 401"));
    assert_eq!((lab.requests("identify"), lab.requests("unauthorized")), (1, 2));
}

#[test]
fn who_has_logged_in_is_told_the_version_and_the_security_profiles() {
    for (offered, names) in [("basic", &["basic"][..]), ("basic,ntlm,negotiate", &["basic", "spnego-kerberos"])] {
        let lab = Lab::new(&["--vms", "1", "--auth", offered]);
        let login = format!("Authorization: Basic {}\r\n", base64(&format!("{}:{}", lab.user(), lab.password())));
        let (head, body) = RawClient::to(&lab).ask(&login, IDENTIFY);
        assert!(head.starts_with("http/1.1 200") && body.contains("OS: 6.3.9600"), "{head}{body}");
        let profile = "<wsmid:SecurityProfileName>http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/http/";
        let told: Vec<&str> = body.split(profile).skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
        assert_eq!(told, names, "{body}");
    }
}

#[test]
fn a_lab_with_https_tells_its_certificate() {
    let lab = Lab::new(&["--vms", "1", "--tls"]);
    assert!(lab.url(0).starts_with("https://127.0.0.1:"), "{}", lab.url(0));
    assert!(lab.told("certificate_pem").as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    let fingerprint = lab.told("certificate_sha256").as_str().unwrap();
    assert!(fingerprint.len() == 64 && fingerprint.bytes().all(|digit| digit.is_ascii_hexdigit()), "{fingerprint}");
    let mut client = RawClient::to(&lab);
    client.0.write_all(b"POST /wsman HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // An alert and the end, or the end alone.
    let _reset = client.0.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "clear HTTP is not answered");
    assert!(Lab::new(&["--vms", "1"]).told("certificate_pem").is_null());
}
