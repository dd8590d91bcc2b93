//! The frame of sealed messages: what is written reads back, what others write reads too, and nothing panics.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const TYPE: &str =
    "multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

fn part(content: &[u8]) -> Part {
    let mut sealed = 16_u32.to_le_bytes().to_vec();
    sealed.extend_from_slice(&[7; 16]);
    sealed.extend_from_slice(content);
    Part { original_type: "application/soap+xml;charset=UTF-8".to_owned(), original_length: content.len(), sealed }
}

#[test]
fn a_message_is_written_to_the_letter_of_what_windows_writes() {
    let (content_type, body) = write(Protocol::Spnego, &[part(b"abc")]);
    assert_eq!(content_type, TYPE);
    let expected = b"--Encrypted Boundary\r\n\
        \tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
        \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=3\r\n\
        --Encrypted Boundary\r\n\
        \tContent-Type: application/octet-stream\r\n\
        \x10\0\0\0\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07abc--Encrypted Boundary--\r\n";
    assert_eq!(body, expected);
    let (content_type, body) = write(Protocol::Kerberos, &[part(b"abc"), part(b"")]);
    assert!(content_type.starts_with("multipart/x-multi-encrypted;protocol=\"application/HTTP-Kerberos-session"));
    assert_eq!(read(&content_type, &body).unwrap(), [part(b"abc"), part(b"")]);
}

#[test]
fn what_others_write_a_little_differently_is_read() {
    let body = b"-- Encrypted Boundary\r\n\
        Content-type: application/http-spnego-session-encrypted\r\n\
        \x20 originalcontent: type=application/soap+xml;charset=UTF-16; length=2\r\n\
        -- Encrypted Boundary\r\n\
        \tcontent-type: application/octet-stream\r\n\
        \0\0\0\0ab-- Encrypted Boundary--";
    for content_type in
        [TYPE, "Multipart/Encrypted; Boundary=Encrypted Boundary ; protocol=x", &TYPE.replace(';', "; ")]
    {
        let parts = read(content_type, body).unwrap();
        let expected = "application/soap+xml;charset=UTF-16".to_owned();
        assert_eq!(parts, [Part { original_type: expected, original_length: 2, sealed: b"\0\0\0\0ab".to_vec() }]);
    }
}

#[test]
fn a_boundary_within_the_sealed_octets_does_not_end_them() {
    let hostile = part(b"x--Encrypted Boundary--\r\ny--Encrypted Boundary\r\n\tContent-Type: a\r\n");
    let (content_type, body) = write(Protocol::Spnego, &[hostile.clone(), part(b"abc")]);
    assert_eq!(read(&content_type, &body).unwrap(), [hostile, part(b"abc")]);
}

#[test]
fn sealed_octets_may_be_padded() {
    let mut padded = part(b"abc");
    padded.sealed.extend_from_slice(&[9; 5]);
    let (content_type, body) = write(Protocol::Kerberos, std::slice::from_ref(&padded));
    assert_eq!(read(&content_type, &body).unwrap(), [padded]);
}

#[test]
fn what_is_no_sealed_message_is_refused_with_its_place() {
    let (_, whole) = write(Protocol::Spnego, &[part(b"abc")]);
    let text = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    for (content_type, body, what) in [
        ("application/soap+xml;charset=UTF-8", whole.clone(), "type is not that"),
        ("multipart/encrypted", whole.clone(), "names no boundary"),
        ("multipart/encrypted;boundary=\"other\"", whole.clone(), "no boundary stands"),
        (TYPE, Vec::new(), "no boundary stands"),
        (TYPE, text("Length=3", "Length=-3"), "no OriginalContent"),
        (TYPE, text("Length=3", "Length=4294967296"), "fewer octets"),
        (TYPE, text("Length=3", "Length=99999999999999999999999999"), "no OriginalContent"),
        (TYPE, text("application/octet-stream", "text/plain"), "no application/octet-stream"),
        (TYPE, text("\x10\0\0\0", "\x7f\x7f\x7f\x7f"), "fewer octets"),
        (TYPE, text("Boundary--\r\n", "Boundary--more"), "no boundary ends"),
        (TYPE, text("Boundary--\r\n", "Boundary--\rmore\r\n"), "no boundary ends"),
        (TYPE, text("Boundary--\r\n", "Boundary-- --\r\n"), "no boundary ends"),
    ] {
        let error = read(content_type, &body).unwrap_err();
        assert!(error.what.contains(what), "{error}");
    }
    for end in 0..whole.len() - 2 {
        assert!(read(TYPE, &whole[..end]).is_err(), "cut off at {end}");
    }
}

/// RFC 2046 5.1.1: behind the closing delimiter may stand spaces, and octets that are to be ignored.
#[test]
fn octets_behind_the_closing_boundary_are_ignored() {
    for one in [part(b"abc"), part(b"x--Encrypted Boundary--\r\ny"), part(b"")] {
        let (content_type, body) = write(Protocol::Spnego, &[one.clone(), part(b"second")]);
        for behind in [&b"more"[..], b"\r\n", b"\0\0\0", b"\r\n--Other\r\n", &[0xff; 3_000]] {
            let body = [&body, behind].concat();
            assert_eq!(read(&content_type, &body).unwrap(), [one.clone(), part(b"second")], "{behind:?}");
        }
        for end in ["--", "--\t \r\n", "--  \r\nmore", "-- "] {
            let body = [&body[..body.len() - 4], end.as_bytes()].concat();
            assert_eq!(read(&content_type, &body).unwrap(), [one.clone(), part(b"second")], "{end:?}");
        }
    }
}

/// What looks like the end with a part behind it is none: no part is lost without a word.
#[test]
fn what_another_boundary_follows_is_no_end() {
    let mut padded = part(b"abc");
    padded.sealed.extend_from_slice(b"--Encrypted Boundary--\r\n");
    let (content_type, body) = write(Protocol::Spnego, &[padded.clone(), part(b"x")]);
    assert_eq!(read(&content_type, &body).unwrap(), [padded, part(b"x")]);
    let (content_type, body) = write(Protocol::Spnego, &[part(b"abc"), part(b"x")]);
    let second = body.windows(4).enumerate().filter(|(_, octets)| *octets == b"abc-").map(|(at, _)| at + 3).next();
    let behind = second.unwrap() + "--Encrypted Boundary".len();
    let closed = [&body[..behind], b"--", &body[behind..]].concat();
    let read = read(&content_type, &closed);
    assert!(!matches!(&read, Ok(parts) if *parts == [part(b"abc")]), "{read:?}");
}

#[test]
fn many_parts_are_too_many() {
    let (content_type, body) = write(Protocol::Spnego, &vec![part(b""); PARTS_MAX + 1]);
    assert_eq!(read(&content_type, &body).unwrap_err().what, "it has too many parts");
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        kerberos: bool,
        contents in vec((vec(any::<u8>(), 0..80), vec(any::<u8>(), 0..300)), 1..4),
    ) {
        let parts: Vec<Part> = contents.into_iter().map(|(signature, content)| {
            let length = u32::try_from(signature.len()).unwrap().to_le_bytes();
            Part { sealed: [&length[..], &signature, &content].concat(), ..part(&content) }
        }).collect();
        let (content_type, body) = write(if kerberos { Protocol::Kerberos } else { Protocol::Spnego }, &parts);
        prop_assert_eq!(read(&content_type, &body).unwrap(), parts);
    }

    #[test]
    fn arbitrary_octets_do_not_panic(content_type in ".*", body in vec(any::<u8>(), 0..400)) {
        let _refused = read(&content_type, &body);
        let _refused = read(TYPE, &body);
    }

    #[test]
    fn damaged_messages_do_not_panic(at in 0_usize..400, octet: u8, content in vec(any::<u8>(), 0..100)) {
        let (content_type, mut body) = write(Protocol::Spnego, &[part(&content), part(b"x")]);
        let at = at % body.len();
        body[at] = octet;
        if let Ok(parts) = read(&content_type, &body) {
            prop_assert!(parts.len() <= 2);
        }
    }
}
