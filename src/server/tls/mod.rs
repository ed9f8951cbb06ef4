//! HTTPS: what stands between the socket and HTTP when there is a certificate.
//!
//! 1. [`handshake`] agrees with the client on TLS within the time of a head, and on HTTP/1.1 or HTTP/2.
//! 2. [`records`] is the wire from then on. HTTP/1.1 over it is that of every [`connection`](super::connection).
//! 3. [`h2`] runs the streams of an HTTP/2 connection, each watched by [`stream`].
//!
//! The certificate is asked for at each handshake, so that another one can be put in its place ([`Tls::reload`]) while
//! connections run on.

mod h2;
mod handshake;
mod lent;
mod records;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::{Certificate, Config, ConfigError};

pub(super) use handshake::run;

/// What the server shows of itself and how it speaks TLS.
pub struct Tls {
    identity: Arc<Identity>,
    acceptor: TlsAcceptor,
}

impl Tls {
    /// What the settings ask for; none where they ask for HTTP.
    pub fn load(config: &Config) -> anyhow::Result<Option<Tls>> {
        let Some(certificate) = config.certificate()? else { return Ok(None) };
        let identity = Arc::new(Identity(ArcSwap::from_pointee(certificate)));
        let acceptor = TlsAcceptor::from(Arc::new(protocol(Arc::clone(&identity))?));
        Ok(Some(Tls { identity, acceptor }))
    }

    /// Reads the files again, for connections from now on. When they are no good, everything stays as it was.
    pub fn reload(&self, config: &Config) -> Result<(), ConfigError> {
        if let Some(certificate) = config.certificate()? {
            self.identity.0.store(Arc::new(certificate));
        }
        Ok(())
    }

    /// What is wrong with certificate and key at this time, counted from 1970, though they do.
    pub fn warnings(&self, now: Duration) -> Vec<String> {
        self.identity.0.load().warnings(now)
    }
}

/// The certificate that is shown now.
struct Identity(ArcSwap<Certificate>);

impl ResolvesServerCert for Identity {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().certified))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// TLS 1.2 and 1.3 as rustls has them: it knows no cipher that would have to be switched off. Tickets spare a client that
/// comes back the signature, which is the dearest part of a handshake: players open a connection for each seek. No early
/// data: a request in it could be replayed.
fn protocol(identity: Arc<Identity>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![records::H2.to_vec(), b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}
