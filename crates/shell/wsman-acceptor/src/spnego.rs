//! The tokens of SPNEGO (RFC 4178, with the additions of MS-SPNG), as an acceptor reads and writes them.

use crate::der::{self, ENUMERATED, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, context};

/// 1.3.6.1.5.5.2, SPNEGO itself.
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// 1.3.6.1.4.1.311.2.2.10, NTLM.
pub(super) const NTLM: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
/// The tag around a first token (RFC 2743, 3.1).
pub(super) const INITIAL: u8 = 0x60;
/// Maximum number of mechanisms in an offer. Windows offers five at most.
const MECHANISMS_MAX: usize = 16;

/// How far the acceptor says that it is (RFC 4178, 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The login is complete.
    Completed,
    /// Another token is needed.
    Incomplete,
    /// Another mechanism than the first was chosen, so the list of mechanisms must be proved.
    RequestMic,
}

impl State {
    fn number(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Incomplete => 1,
            Self::RequestMic => 3,
        }
    }
}

/// A token of the initiator.
#[derive(Debug)]
pub(super) enum Token<'t> {
    /// The first: what it offers.
    Init(Init<'t>),
    /// Every other.
    Response(Response<'t>),
}

/// What the initiator offers.
#[derive(Debug)]
pub(super) struct Init<'t> {
    /// The list of mechanisms as it was sent: it is what gets signed.
    pub(super) mechanism_list: &'t [u8],
    /// The mechanisms, the preferred one first.
    pub(super) mechanisms: Vec<&'t [u8]>,
    /// The first token of the preferred mechanism.
    pub(super) token: Option<&'t [u8]>,
}

/// What the initiator answers.
#[derive(Debug)]
pub(super) struct Response<'t> {
    /// The next token of the mechanism.
    pub(super) token: Option<&'t [u8]>,
    /// The signature of the list of mechanisms.
    pub(super) list_mic: Option<&'t [u8]>,
}

/// Whether these octets begin as a first token of any GSS mechanism does.
pub(super) fn is_initial(octets: &[u8]) -> bool {
    octets.first() == Some(&INITIAL)
}

/// Reads a token of the initiator; `None` if it is not well formed or belongs to another mechanism.
pub(super) fn read(octets: &[u8]) -> Option<Token<'_>> {
    if !is_initial(octets) {
        return response(der::only(octets, context(1))?).map(Token::Response);
    }
    let mut inner = Reader::new(der::only(octets, INITIAL)?);
    inner.expect(OBJECT_IDENTIFIER).filter(|mechanism| *mechanism == SPNEGO)?;
    let token = inner.expect(context(0))?;
    inner.is_at_end().then_some(())?;
    init(token).map(Token::Init)
}

fn init(octets: &[u8]) -> Option<Init<'_>> {
    let mut fields = Reader::new(der::only(octets, SEQUENCE)?);
    let mechanism_list = fields.expect(context(0))?;
    let mut list = Reader::new(der::only(mechanism_list, SEQUENCE)?);
    let mut mechanisms = Vec::new();
    while !list.is_at_end() {
        (mechanisms.len() < MECHANISMS_MAX).then_some(())?;
        mechanisms.push(list.expect(OBJECT_IDENTIFIER)?);
    }
    // Flags, which nobody is to rely on.
    let _flags = fields.optional(context(1));
    let token = octet_string(fields.optional(context(2))).ok()?;
    // A signature or hints (MS-SPNG 2.2.1), neither of which says anything this early.
    let _early = (fields.optional(context(3)), fields.optional(context(4)));
    fields.is_at_end().then_some(Init { mechanism_list, mechanisms, token })
}

fn response(octets: &[u8]) -> Option<Response<'_>> {
    let mut fields = Reader::new(der::only(octets, SEQUENCE)?);
    let _state = fields.optional(context(0));
    let _mechanism = fields.optional(context(1));
    let token = octet_string(fields.optional(context(2))).ok()?;
    let list_mic = octet_string(fields.optional(context(3))).ok()?;
    fields.is_at_end().then_some(Response { token, list_mic })
}

/// The octets of a field that may be missing; `Err` if it is something else.
fn octet_string(field: Option<&[u8]>) -> Result<Option<&[u8]>, ()> {
    field.map(|field| der::only(field, OCTET_STRING).ok_or(())).transpose()
}

/// Writes an answer of the acceptor. The mechanism is named in the first one only.
pub(super) fn write(state: State, mechanism: Option<&[u8]>, token: Option<&[u8]>, list_mic: Option<&[u8]>) -> Vec<u8> {
    let mut fields = der::write(context(0), &der::write(ENUMERATED, &[state.number()]));
    for (number, tag, content) in
        [(1, OBJECT_IDENTIFIER, mechanism), (2, OCTET_STRING, token), (3, OCTET_STRING, list_mic)]
    {
        if let Some(content) = content {
            fields.extend(der::write(context(number), &der::write(tag, content)));
        }
    }
    der::write(context(1), &der::write(SEQUENCE, &fields))
}

/// Writes a first token, as an initiator does.
#[cfg(test)]
pub(super) fn write_init(mechanisms: &[&[u8]], token: Option<&[u8]>) -> Vec<u8> {
    let list: Vec<u8> = mechanisms.iter().flat_map(|one| der::write(OBJECT_IDENTIFIER, one)).collect();
    let mut fields = der::write(context(0), &der::write(SEQUENCE, &list));
    if let Some(token) = token {
        fields.extend(der::write(context(2), &der::write(OCTET_STRING, token)));
    }
    let init = der::write(context(0), &der::write(SEQUENCE, &fields));
    der::write(INITIAL, &[der::write(OBJECT_IDENTIFIER, SPNEGO), init].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_offer_is_read_with_its_list_as_it_was_sent() {
        let octets = write_init(&[&[0x2a, 0x03], NTLM], Some(b"token"));
        let Some(Token::Init(init)) = read(&octets) else { panic!("not read") };
        assert_eq!(init.mechanisms, [&[0x2a, 0x03][..], NTLM]);
        assert_eq!(init.mechanism_list[..4], [0x30, 16, 0x06, 2]);
        assert_eq!(init.token, Some(&b"token"[..]));
    }

    #[test]
    fn a_token_of_another_mechanism_is_none_of_ours() {
        // 1.2.840.113554.1.2.2, Kerberos without SPNEGO around it.
        let octets =
            der::write(INITIAL, &der::write(OBJECT_IDENTIFIER, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2]));
        assert!(read(&octets).is_none());
        let mut other = write_init(&[NTLM], Some(b"token"));
        other[7] ^= 1;
        assert!(read(&other).is_none(), "an offer under another name");
        let mut more = write_init(&[NTLM], None);
        more.push(0);
        assert!(read(&more).is_none(), "something behind it");
        let list = der::write(context(0), &der::write(SEQUENCE, &der::write(OBJECT_IDENTIFIER, NTLM)));
        let known = der::write(SEQUENCE, &list);
        assert!(init(&known).is_some());
        let unknown = der::write(SEQUENCE, &[list, der::write(context(5), b"")].concat());
        assert!(init(&unknown).is_none(), "a field that is not known");
    }

    proptest! {
        #[test]
        fn an_answer_reads_back(token: Option<Vec<u8>>, mic: Option<Vec<u8>>) {
            let octets = write(State::RequestMic, Some(NTLM), token.as_deref(), mic.as_deref());
            let Some(Token::Response(answer)) = read(&octets) else { panic!("not read") };
            prop_assert_eq!((answer.token, answer.list_mic), (token.as_deref(), mic.as_deref()));
        }

        #[test]
        fn damaged_tokens_do_not_panic(at in 0_usize..60, octet: u8, cut in 0_usize..60) {
            for mut octets in [write_init(&[NTLM], Some(b"token")), write(State::Completed, Some(NTLM), Some(b"t"), Some(b"m"))] {
                let at = at % octets.len();
                octets[at] = octet;
                octets.truncate(cut.max(1));
                let _refused = read(&octets);
            }
        }

        #[test]
        fn arbitrary_octets_do_not_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _refused = read(&octets);
        }
    }
}
