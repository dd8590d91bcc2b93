//! Certificates of simulated hosts (RFC 5280), as far as a client can read them: names, validity, uses. Nobody can check the
//! signature or use the key, since both are filler.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cim::{CimTimestamp, DateTime};
use sha1::{Digest as _, Sha1};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The context tags of a certificate's version and extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// 1.2.840.10045.4.3.2: ECDSA with SHA-256
const SIGNATURE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// 1.2.840.10045.2.1: a key on an elliptic curve
const KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7: P-256
const CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 2.5.29.37
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
/// 1.3.6.1.5.5.7.3.1 and 1.3.6.1.5.5.7.3.2: for servers and for clients. A replica server's certificate needs both.
const USES: [&[u8]; 2] = [&[0x2b, 6, 1, 5, 5, 7, 3, 1], &[0x2b, 6, 1, 5, 5, 7, 3, 2]];

/// A certificate in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate(Vec<u8>);

impl Certificate {
    /// Makes one that vouches for itself.
    pub(crate) fn new(number: u8, name: &str, from: CimTimestamp, until: CimTimestamp) -> Self {
        let algorithm = element(SEQUENCE, &element(OBJECT, SIGNATURE));
        let common_name = [element(OBJECT, COMMON_NAME), element(UTF8_STRING, name.as_bytes())].concat();
        let name = element(SEQUENCE, &element(SET, &element(SEQUENCE, &common_name)));
        let validity = element(SEQUENCE, &[time(from), time(until)].concat());
        let curve = element(SEQUENCE, &[element(OBJECT, KEY), element(OBJECT, CURVE)].concat());
        let point = [&[0, 4][..], &[7; 64]].concat();
        let key = element(SEQUENCE, &[curve, element(BIT_STRING, &point)].concat());
        let uses = element(SEQUENCE, &USES.map(|oid| element(OBJECT, oid)).concat());
        let usage = element(SEQUENCE, &[element(OBJECT, EXTENDED_KEY_USAGE), element(OCTET_STRING, &uses)].concat());
        let body = [
            element(VERSION, &element(INTEGER, &[2])),
            element(INTEGER, &[number & 0x7f]),
            algorithm.clone(),
            name.clone(),
            validity,
            name,
            key,
            element(EXTENSIONS, &element(SEQUENCE, &usage)),
        ];
        let body = element(SEQUENCE, &body.concat());
        Self(element(SEQUENCE, &[body, algorithm, element(BIT_STRING, &[0; 65])].concat()))
    }

    /// As `GetSystemCertificates` gives it.
    pub(crate) fn encoded(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// What Windows calls its thumbprint: SHA-1, in upper-case hexadecimal digits.
    pub(crate) fn thumbprint(&self) -> String {
        Sha1::digest(&self.0).iter().fold(String::new(), |mut text, octet| {
            let _infallible = write!(text, "{octet:02X}");
            text
        })
    }
}

/// `YYMMDDHHMMSSZ`, for the years up to 2049.
fn time(at: CimTimestamp) -> Vec<u8> {
    let dmtf = DateTime::Timestamp(CimTimestamp::from_unix_us(at.unix_us())).to_dmtf();
    element(UTC_TIME, format!("{}Z", dmtf.get(2..14).unwrap_or_default()).as_bytes())
}

/// An element of DER with a length of three octets at the most.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 0x80 => element.push(short),
        (Ok(short), _) => element.extend([0x81, short]),
        (Err(_), long) => {
            element.push(0x82);
            element.extend(long.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    element.extend_from_slice(content);
    element
}
