//! How functions reach an address: TCP, and TLS where it is asked for.
//!
//! TLS is rustls with ring everywhere, trusting what the system trusts. Reading that takes longer than a start should, so
//! it is done once, and only by who calls an `https` address. Called by `http` and by the SDK's connector.

use std::sync::Arc;

use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// TCP alone. Whether an address is `http` or `https` is decided one layer above.
pub(crate) fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector
}

/// TLS over this connector, for `https` addresses; `http` ones are reached in plain text.
///
/// # Errors
/// When ring lacks what rustls needs, which no build does.
pub(crate) fn over(tcp: HttpConnector) -> Result<HttpsConnector<HttpConnector>, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        tracing::warn!(unusable, "the system has no certificate to trust: no https address can be called");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnector::from((tcp, config)))
}
