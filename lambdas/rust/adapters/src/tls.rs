//! How functions reach an address: TCP, and TLS where it is asked for.
//!
//! TLS is rustls with ring everywhere, trusting what the system trusts. Reading that takes longer than a start should, so
//! it is done once, and only by who calls an `https` address. One type reaches both kinds of address, so that the client
//! above it is linked once; signing is left out, since no function shows a certificate of its own. Called by `http` and by
//! the SDK's connector.

use std::sync::Arc;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{
    ClientConfig, Error, RootCertStore,
    crypto::{CryptoProvider, KeyProvider, ring},
    pki_types::PrivateKeyDer,
    sign::SigningKey,
};

/// TCP alone. Whether an address is `http` or `https` is decided one layer above.
pub(crate) fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector
}

/// Over this connector, `http` addresses in plain text and, if they are to be called, `https` ones with TLS; if not, no
/// `https` address is trusted and nothing is read.
///
/// # Errors
/// When ring lacks what rustls needs, which no build does.
pub(crate) fn over(tcp: HttpConnector, is_https_called: bool) -> Result<HttpsConnector<HttpConnector>, Error> {
    let roots = if is_https_called { of_system() } else { RootCertStore::empty() };
    let provider = CryptoProvider { key_provider: &NoKeys, ..ring::default_provider() };
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnector::from((tcp, config)))
}

fn of_system() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        tracing::warn!(unusable, "the system has no certificate to trust: no https address can be called");
    }
    roots
}

/// Reads no private key.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("functions have no private keys".to_owned()))
    }
}
