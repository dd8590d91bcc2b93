//! The requests that a simulated host accepts, before it reads their content: path, size and encoding.

use std::io::Write;

use crate::hostile_clients::basic;
use crate::lab::Lab;
use crate::logins::{IDENTIFY, RawClient};

/// Maximum size of a request that a host accepts (`MaxEnvelopeSizekb` 500).
const REQUEST_MAX: usize = 500 * 1024;
const SOAP: &str = "Content-Type: application/soap+xml;charset=UTF-8\r\n";

fn status(head: &str) -> &str {
    head.strip_prefix("http/1.1 ").unwrap().split(' ').next().unwrap()
}

/// A request of that size that a host can read.
fn padded(size: usize) -> String {
    let pad = format!("<!--{}-->", "x".repeat(size - IDENTIFY.len() - "<!---->".len()));
    IDENTIFY.replace("</s:Body>", &format!("</s:Body>{pad}"))
}

#[test]
fn a_request_that_is_announced_as_too_large_is_refused_before_its_body_and_its_login() {
    let lab = Lab::new(&["--vms", "1"]);
    for login in [String::new(), basic(&lab), "Authorization: Negotiate TlRMTVNTUAAB\r\n".to_owned()] {
        for kind in [SOAP, "Content-Type: multipart/encrypted;boundary=\"Encrypted Boundary\"\r\n"] {
            let mut client = RawClient::to(&lab);
            let length = REQUEST_MAX + 4096;
            let head = format!("POST /wsman HTTP/1.1\r\nHost: lab\r\n{login}{kind}Content-Length: {length}\r\n\r\n");
            // Nothing of the body is sent: a host that waited for it would never answer.
            client.0.write_all(head.as_bytes()).unwrap();
            let (head, body) = client.answer();
            assert_eq!((status(&head), body.as_str()), ("413", ""), "{login}{kind}");
        }
    }
    assert_eq!((lab.requests("unauthorized"), lab.requests("fault")), (0, 0), "nobody looked at it");
}

#[test]
fn a_request_may_be_as_large_as_the_limit_and_not_an_octet_larger() {
    let lab = Lab::new(&["--vms", "1"]);
    let headers = format!("{}{SOAP}", basic(&lab));
    let (head, body) = RawClient::to(&lab).ask(&headers, &padded(REQUEST_MAX));
    assert!(status(&head) == "200" && body.contains("Microsoft Corporation"), "{head}{body}");
    assert_eq!(status(&RawClient::to(&lab).ask(&headers, &padded(REQUEST_MAX + 1)).0), "413");
    // In chunks it is noticed when it is too much.
    for (size, expected) in [(REQUEST_MAX, "200"), (REQUEST_MAX + 1, "413")] {
        let mut client = RawClient::to(&lab);
        let head = format!("POST /wsman HTTP/1.1\r\nHost: lab\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");
        let text = padded(size);
        let (first, second) = text.split_at(size / 2);
        let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
        client.0.write_all(format!("{head}{chunks}").as_bytes()).unwrap();
        assert_eq!(status(&client.answer().0), expected, "{size}");
    }
    assert_eq!(lab.requests("identify"), 2);
    lab.post("/hosts/hv01.lab.test/envelope?kb=8");
    assert_eq!(status(&RawClient::to(&lab).ask(&headers, &padded(8 * 1024)).0), "200");
    assert_eq!(status(&RawClient::to(&lab).ask(&headers, &padded(8 * 1024 + 1)).0), "413");
}

/// Windows' own clients can be configured to write UTF-16. The response declares that it is UTF-8.
#[test]
fn a_request_may_be_in_utf16_and_its_answer_says_its_own_charset() {
    let lab = Lab::new(&["--vms", "1"]);
    let little: Vec<u8> = IDENTIFY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = IDENTIFY.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let announced = "Content-Type: application/soap+xml;charset=UTF-16\r\n";
    let requests = [
        (announced, little.clone()),
        ("Content-Type: application/soap+xml; Charset=\"utf-16\"\r\n", little.clone()),
        (announced, [&[0xFF, 0xFE][..], &little].concat()),
        ("", [&[0xFF, 0xFE][..], &little].concat()),
        (announced, [&[0xFE, 0xFF][..], &big].concat()),
    ];
    let (known, stranger) = (basic(&lab), "WSMANIDENTIFY: unauthenticated\r\n".to_owned());
    for (kind, body) in &requests {
        for who in [&known, &stranger] {
            let (head, body) = RawClient::to(&lab).ask_octets(&format!("{who}{kind}"), body);
            assert!(head.contains("content-type: application/soap+xml;charset=utf-8\r\n"), "{kind}{who}: {head}");
            assert!(status(&head) == "200" && body.contains("Microsoft Corporation"), "{kind}{who}: {head}{body}");
        }
    }
    let (head, body) = RawClient::to(&lab).ask_octets(&format!("{known}{SOAP}"), &little);
    assert!(status(&head) == "500" && body.contains("2150858819"), "UTF-16 that says it is UTF-8: {head}{body}");
}

#[test]
fn zeros_after_the_text_of_a_request_are_ignored() {
    let lab = Lab::new(&["--vms", "1"]);
    let little: Vec<u8> = IDENTIFY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (known, unknown) = (basic(&lab), "WSMANIDENTIFY: unauthenticated\r\n".to_owned());
    for (kind, text) in
        [(SOAP, IDENTIFY.as_bytes()), ("Content-Type: application/soap+xml;charset=UTF-16\r\n", &little)]
    {
        for zeros in [2, 16] {
            let body = [text, &vec![0; zeros][..]].concat();
            for who in [&known, &unknown] {
                let (head, body) = RawClient::to(&lab).ask_octets(&format!("{who}{kind}"), &body);
                assert!(status(&head) == "200" && body.contains("Microsoft Corporation"), "{kind}{who}: {head}{body}");
            }
        }
    }
    for body in ["\0".to_owned() + IDENTIFY, IDENTIFY.replace("<s:Header/>", "\0"), format!("{IDENTIFY}\0x")] {
        let (head, body) = RawClient::to(&lab).ask_octets(&format!("{known}{SOAP}"), body.as_bytes());
        assert!(status(&head) == "500" && body.contains("2150858819"), "zeros elsewhere: {head}{body}");
    }
}

#[test]
fn a_service_has_one_path_in_any_case_and_one_method() {
    let lab = Lab::new(&["--vms", "1"]);
    for (line, expected) in [
        ("POST /wsman", "401"),
        ("POST /WSMan", "401"),
        ("POST /wsman?PSVersion=5.1", "401"),
        ("POST /wsman/", "401"),
        ("POST /WSMan/?PSVersion=5.1", "401"),
        ("POST /", "404"),
        ("POST /wsman2", "404"),
        ("POST /wsman//", "404"),
        ("GET /wsman", "405"),
        ("GET /wsman/", "405"),
    ] {
        let mut client = RawClient::to(&lab);
        client.0.write_all(format!("{line} HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        let (head, _) = client.answer();
        assert_eq!(status(&head), expected, "{line}");
        assert_eq!(head.contains("\r\nallow: post\r\n"), expected == "405", "{line}: {head}");
    }
    let mut client = RawClient::to(&lab);
    client.0.write_all(b"POST /wsman HTTP/1.1\r\nHost: lab\r\n\r\n").unwrap();
    assert_eq!(status(&client.answer().0), "411", "an empty body has a length too");
}
