//! Certificates of X.509 version 1, as some devices and old tools still make them: they name no hosts, so no authority can
//! vouch for one, but one can be pinned.

use std::sync::Arc;

use cim::ErrorKind;
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData as _, SignatureAlgorithm,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::answer_once;
use crate::tls::Trust;
use crate::tls::fingerprint::fingerprint_of;
use crate::tls::provider::provider;
use crate::{Client, Endpoint, Limits, Login, Scheme};

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match length {
        [0, short] if short < 0x80 => vec![short],
        [0, one] => vec![0x81, one],
        two => [&[0x82][..], &two].concat(),
    };
    [&[tag][..], &length, &content].concat()
}

/// A certificate that vouches for itself. Version 1 has no field for its version, and no extensions.
fn certificate(key: &KeyPair) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    /// ecdsa-with-SHA256. Nobody looks at the signature of a certificate that is pinned.
    const ALGORITHM: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let common_name = der(0x31, &[&der(SEQUENCE, &[&[0x06, 0x03, 0x55, 0x04, 0x03], &der(0x0c, &[b"hv01"])])]);
    let name = der(SEQUENCE, &[&common_name]);
    let algorithm = der(SEQUENCE, &[&ALGORITHM]);
    let validity = der(SEQUENCE, &[&der(0x17, &[b"250101000000Z"]), &der(0x17, &[b"450101000000Z"])]);
    let signed =
        der(SEQUENCE, &[&der(0x02, &[&[7]]), &algorithm, &name, &validity, &name, &key.subject_public_key_info()]);
    der(SEQUENCE, &[&signed, &algorithm, &der(0x03, &[&[0; 9]])])
}

#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A host with that certificate, which signs with that key.
struct Host {
    url: String,
    _task: AbortOnDropHandle<()>,
}

impl Host {
    async fn new(certificate: &[u8], key: &KeyPair, version: &'static SupportedProtocolVersion) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/wsman", listener.local_addr().unwrap());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = provider().key_provider.load_private_key(key).unwrap();
        let shown = CertifiedKey::new(vec![CertificateDer::from(certificate.to_vec())], key);
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shows(Arc::new(shown))));
        let tls = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = tls.accept(stream).await {
                    answer_once(stream).await;
                }
            }
        });
        Self { url, _task: AbortOnDropHandle::new(task) }
    }

    fn client(&self, trust: Trust) -> Client {
        let login = Login::new(Scheme::Basic, "admin", "x");
        Client::new(Endpoint::parse(&self.url).unwrap(), login, Limits::default()).with_trust(trust)
    }

    /// Why it is not talked to.
    async fn refusal(&self, trust: Trust) -> String {
        let error = self.client(trust).identify().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Untrusted, "{error}");
        error.message
    }
}

fn trusts(certificate: &[u8]) -> [Trust; 2] {
    [Trust::fingerprint(&fingerprint_of(certificate)).unwrap(), Trust::anybody().unwrap()]
}

const KEYS: [&SignatureAlgorithm; 3] = [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519];

#[tokio::test]
async fn a_certificate_of_version_1_is_accepted_where_it_is_pinned_or_none_is_verified() {
    for version in [&TLS12, &TLS13] {
        for algorithm in KEYS {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = certificate(&key);
            let host = Host::new(&certificate, &key, version).await;
            for trust in trusts(&certificate) {
                let identity = host.client(trust).identify().await;
                assert_eq!(identity.map(|identity| identity.vendor).as_deref(), Ok("somebody"), "{algorithm:?}");
            }
        }
    }
}

/// A certificate is not a secret: a host that shows one must prove that it has the key.
#[tokio::test]
async fn a_certificate_whose_key_the_host_does_not_have_is_refused_even_if_it_is_the_pinned_one() {
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let third = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    for certificate in [certificate(&key), third.cert.der().to_vec()] {
        for version in [&TLS12, &TLS13] {
            let host = Host::new(&certificate, &other, version).await;
            for trust in trusts(&certificate) {
                let message = host.refusal(trust).await;
                assert!(message.contains("does not have the key"), "{message}");
            }
        }
    }
}

#[tokio::test]
async fn an_authority_cannot_vouch_for_version_1_and_the_advice_says_what_can_be_done() {
    let key = KeyPair::generate().unwrap();
    let certificate = certificate(&key);
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    for version in [&TLS12, &TLS13] {
        let host = Host::new(&certificate, &key, version).await;
        let message = host.refusal(Trust::authorities(own.cert.pem().as_bytes()).unwrap()).await;
        for words in ["X.509 version 1", "version 3", "fingerprint"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(!message.contains("authority's own certificate"), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let key = KeyPair::generate().unwrap();
    let whole = certificate(&key);
    let damaged = [&whole[..whole.len() - 12], &whole[..3], &[0x30, 0x00], &[0xff; 40]];
    for certificate in damaged {
        let host = Host::new(certificate, &key, &TLS13).await;
        for trust in trusts(certificate) {
            let message = host.refusal(trust).await;
            assert!(message.contains("TLS failed"), "{message}");
        }
    }
}
