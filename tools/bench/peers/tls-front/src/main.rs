//! TLS in front of the fake AWS: accepts connections with TLS, and passes their bytes on as they are.
//!
//! Its certificate (P-256, for 127.0.0.1) and the authority that signed it are made at the start and are gone with the
//! process; the authority is written to a file for clients to trust. Called by `cargo xtask bench functions` as
//! `tls-front UPSTREAM FILE`; the first line of its output is its port, and it ends when its input does.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(upstream), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: tls-front UPSTREAM FILE".into());
    };
    let (config, authority) = certified()?;
    std::fs::write(file, authority)?;
    std::thread::spawn(|| {
        // Whoever started this holds the other end: when that one is gone, however it ended, so is this.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(config, upstream))
}

/// A server's configuration with a fresh certificate, and the authority's own as PEM.
fn certified() -> Result<(ServerConfig, String), Box<dyn Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate for its own issuer when both have one name.
    authority.distinguished_name.push(DnType::CommonName, "Gridbid's benchmark");
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)?;
    Ok((config, authority_pem))
}

async fn serve(config: ServerConfig, upstream: String) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (client, _) = listener.accept().await?;
        let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
        tokio::spawn(async move {
            // A client that ends or does not trust us breaks off: the next one is served all the same.
            let _ = pass_on(acceptor, client, &upstream).await;
        });
    }
}

async fn pass_on(acceptor: TlsAcceptor, client: TcpStream, upstream: &str) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(upstream).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}
