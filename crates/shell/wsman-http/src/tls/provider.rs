//! The cryptography that rustls is given.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
