//! TCP and TLS connectors.
//!
//! TLS is rustls with ring, trusting the system's certificates. Reading them is slow compared with a cold start, so it
//! happens once and only for a client that calls `https` URLs. One connector type serves both schemes, so that the client
//! above it is linked once. Signing is left out: no function presents a certificate.

use std::sync::Arc;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, Error, RootCertStore,
    crypto::{CryptoProvider, KeyProvider, ring},
    pki_types::PrivateKeyDer,
    sign::SigningKey,
};

/// A TCP connector for either scheme.
pub(crate) fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector
}

/// A connector for `http` and `https` URLs. With `is_https_called` false no certificate is read, and every `https`
/// connection fails.
///
/// # Errors
/// When ring lacks a cipher suite that rustls requires, which no build does.
pub(crate) fn connector(tcp: HttpConnector, is_https_called: bool) -> Result<HttpsConnector<HttpConnector>, Error> {
    let roots = if is_https_called { system_roots() } else { RootCertStore::empty() };
    let provider = CryptoProvider { key_provider: &NoKeys, ..ring::default_provider() };
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnector::from((tcp, config)))
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let unreadable = found.errors.len();
        tracing::warn!(unusable, unreadable, "no system certificate is trusted: every https connection fails");
    }
    roots
}

/// Refuses to load a private key.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("functions have no private keys".to_owned()))
    }
}
