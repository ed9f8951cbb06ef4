//! TLS on both ends: a certificate for the servers, a client that trusts it, and one cipher suite for all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const NAME: &str = "localhost";

/// What a server is given, and how the client talks to it.
#[derive(Clone)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client: Arc<ClientConfig>,
}

impl Tls {
    /// Writes certificate and key, as PEM.
    pub fn write(folder: &Path) -> Result<Tls> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        // What browsers offer first. The client offers nothing else, so nobody is measured with another.
        let provider =
            CryptoProvider { cipher_suites: vec![TLS13_AES_128_GCM_SHA256], ..ring::default_provider() };
        let mut client = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { certificate, key, client: Arc::new(client) })
    }
}

/// A connection, encrypted or not.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// Shakes hands.
pub async fn over(stream: TcpStream, client: Arc<ClientConfig>) -> Result<Box<dyn Duplex>> {
    let connected = TlsConnector::from(client).connect(ServerName::try_from(NAME)?, stream).await;
    Ok(Box::new(connected.context("no TLS")?))
}
