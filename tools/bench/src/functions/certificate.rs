//! The certificate of the fake AWS: P-256, for 127.0.0.1, signed by an authority that exists for one run.
//!
//! The authority is added to those that the system trusts, so that a function reads as many certificates at its start as
//! it does in the cloud.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use gridbid_devkit::failure::{Failure, OnFile};

/// Where Linux distributions keep all trusted certificates in one file.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// PEM files of trusted certificates.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// The benchmark's authority.
    pub own: PathBuf,
    /// The benchmark's authority and those of the system.
    pub all: PathBuf,
}

/// A server's side of TLS with a fresh certificate, and the authorities that a client of it trusts, written into `folder`.
///
/// # Errors
/// When a certificate cannot be made or a file cannot be written.
pub fn generate(folder: &Path) -> Result<(TlsAcceptor, Authorities), Failure> {
    let cannot = |error: &dyn std::fmt::Display| Failure::new(format!("cannot make a certificate: {error}"));
    let (key, certificate, authority) = sign().map_err(|error| cannot(&error))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_no_client_auth().with_single_cert(vec![certificate.into()], key)
        })
        .map_err(|error| cannot(&error))?;
    let authorities = Authorities { own: folder.join("authority.pem"), all: folder.join("authorities.pem") };
    fs::create_dir_all(folder).on_file("make", folder)?;
    let mut trusted = SYSTEM.iter().find_map(|file| fs::read(file).ok()).unwrap_or_default();
    trusted.extend(authority.as_bytes());
    fs::write(&authorities.own, authority).on_file("write", &authorities.own)?;
    fs::write(&authorities.all, trusted).on_file("write", &authorities.all)?;
    Ok((TlsAcceptor::from(Arc::new(config)), authorities))
}

/// The server's key, its certificate, and the authority's certificate as PEM.
fn sign() -> Result<(KeyPair, rcgen::Certificate, String), rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL mistakes a certificate for its own issuer when both have the same name.
    authority.distinguished_name.push(DnType::CommonName, "Gridbid's benchmark");
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let key = KeyPair::generate()?;
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    Ok((key, certificate, authority_pem))
}
