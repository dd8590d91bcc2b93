//! Sealed octets as they stand in a message: the length of the signature in four octets, little end first, the signature,
//! the sealed data (MS-WSMV 2.2.9.1.2.1).

use super::error::AuthError;

/// Puts them together.
pub(super) fn join(signature: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(signature.len()).unwrap_or(u32::MAX).to_le_bytes();
    [&length, signature, data].concat()
}

/// Signature and data of what the other side has sealed.
pub(super) fn split(sealed: &[u8]) -> Result<(&[u8], &[u8]), AuthError> {
    let parts = sealed.split_first_chunk().and_then(|(length, rest)| {
        let signature = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|signature| *signature > 0)?;
        rest.split_at_checked(signature)
    });
    parts.ok_or_else(|| AuthError::Invalid("a sealed message is shorter than its signature".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_signature_that_is_not_there_is_refused() {
        for sealed in [b"".as_slice(), b"\x01\0\0", b"\0\0\0\0data", b"\x02\0\0\0s", b"\xff\xff\xff\xffsignature"] {
            assert!(matches!(split(sealed), Err(AuthError::Invalid(_))), "{sealed:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_put_together_comes_apart(
            signature in prop::collection::vec(any::<u8>(), 1..99),
            data in prop::collection::vec(any::<u8>(), 0..99),
        ) {
            let sealed = join(&signature, &data);
            prop_assert_eq!(split(&sealed), Ok((signature.as_slice(), data.as_slice())));
        }
    }
}
