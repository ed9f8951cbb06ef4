//! HTTPS from the client's side: certificates of the test's own, and connections that trust one and no other.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::http::Connection;
use super::server::Setup;

pub type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A certificate that has signed itself, with its key, as files.
pub struct Identity {
    pub cert: PathBuf,
    pub key: PathBuf,
    der: CertificateDer<'static>,
}

impl Identity {
    /// For this machine. The name is the files'.
    pub fn new(folder: &Path, name: &str) -> Identity {
        Identity::with(folder, name, |_| ())
    }

    pub fn with(folder: &Path, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let path = |kind: &str| folder.join(format!("{name}-{kind}.pem"));
        fs::write(path("cert"), certificate.pem()).unwrap();
        fs::write(path("key"), key.serialize_pem()).unwrap();
        fs::set_permissions(path("key"), fs::Permissions::from_mode(0o600)).unwrap();
        Identity { cert: path("cert"), key: path("key"), der: certificate.der().clone() }
    }

    /// Puts the other one's files in the place of these.
    pub fn put_in_place(&self, other: &Identity) {
        fs::copy(&other.cert, &self.cert).unwrap();
        fs::copy(&other.key, &self.key).unwrap();
    }

    /// A connection on which TLS is agreed upon with these protocols to choose from.
    pub fn connect(&self, address: SocketAddr, protocols: &[&str]) -> io::Result<Secured> {
        self.secure(TcpStream::connect(address)?, protocols)
    }

    pub fn secure(&self, socket: TcpStream, protocols: &[&str]) -> io::Result<Secured> {
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        socket.set_write_timeout(Some(Duration::from_secs(30)))?;
        self.agree(socket, protocols)
    }

    pub fn agree<S: Read + Write>(
        &self,
        mut socket: S,
        protocols: &[&str],
    ) -> io::Result<StreamOwned<ClientConnection, S>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(session, socket))
    }

    /// For requests by HTTP/1.1.
    pub fn open(&self, address: SocketAddr) -> Connection<Secured> {
        Connection::on(self.connect(address, &["http/1.1"]).expect("HTTPS"), address)
    }
}

impl Setup {
    pub fn https(self, identity: &Identity) -> Setup {
        let paths = [&identity.cert, &identity.key].map(|path| path.to_str().unwrap());
        self.arguments(["--tls-cert", paths[0], "--tls-key", paths[1]])
    }
}
