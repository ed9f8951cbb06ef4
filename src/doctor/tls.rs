//! TLS for the doctor's questions: the certificates that this machine trusts, and no others.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::doctor::wire::Carrier;

/// The list is read at the first encrypted question; `SSL_CERT_FILE` names another one.
#[derive(Clone, Default)]
pub(super) struct Tls(Arc<OnceLock<Result<Arc<ClientConfig>, String>>>);

impl Tls {
    /// What went wrong comes in words that are shown.
    pub(super) async fn over(&self, host: &str, stream: TcpStream) -> Result<Box<dyn Carrier>, String> {
        let config = self.0.get_or_init(config).clone()?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(config).connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| error.to_string())?))
    }
}

fn config() -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(
            "this machine has no list of trusted certificates: apt install ca-certificates".to_owned()
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_root_certificates(roots);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
