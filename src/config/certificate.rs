//! Certificate and key, read and fitted together.
//!
//! 1. Both files are PEM. What else may stand in them is passed over, as the key in a file that holds all.
//! 2. The key must be the first certificate's.
//! 3. A certificate whose time is over, or has not come, is no error: who keeps a server running with it knows more
//!    than we do, and at a reload the old one would be no younger. It is worth a warning, and so is a key that every user
//!    of the machine can read.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};

use super::error::{ConfigError, Fault, Source};
use super::raw::RawConfig;
use super::{Config, ConfigArgs, ServeArgs, TlsFiles, file, tls};

/// What a server shows of itself, and proves.
pub struct Certificate {
    pub certified: Arc<CertifiedKey>,
    files: TlsFiles,
    /// Every user of this machine can read the key.
    is_open: bool,
    /// First and last second, since 1970.
    valid: (u64, u64),
}

/// A setting's name and what is wrong with it.
type Wrong = (&'static str, Fault);

impl Config {
    /// Reads the files of the settings; none where HTTP is spoken.
    pub fn certificate(&self) -> Result<Option<Certificate>, ConfigError> {
        let Some(files) = &self.tls else { return Ok(None) };
        read(files).map(Some).map_err(|(setting, fault)| {
            fault.at(setting, self.origins.get(setting).cloned().unwrap_or(Source::Default))
        })
    }

    /// What a running server shows, for who asks it: the key and the libraries do not matter there.
    pub fn shown_certificate<K, V>(
        args: &ConfigArgs,
        serve: &ServeArgs,
        environment: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Option<CertificateDer<'static>>, ConfigError>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let raw = RawConfig::gather(args, serve, environment, &file::PLACES)?;
        let Some(path) = tls::certificate(&raw)? else { return Ok(None) };
        let chain = chain(&path).map_err(|fault| fault.at("tls_cert", raw.source("tls_cert")))?;
        Ok(chain.into_iter().next())
    }
}

impl Certificate {
    /// What is worth knowing at this time, counted from 1970.
    pub fn warnings(&self, now: Duration) -> Vec<String> {
        self.untimely(now).into_iter().chain(self.exposed()).collect()
    }

    /// Whoever has the key can be taken for this server.
    fn exposed(&self) -> Option<String> {
        let key = self.files.key.display();
        let said = format!("every user of this machine can read the private key in {key}: chmod o-rwx {key}");
        self.is_open.then_some(said)
    }

    /// Why clients will not accept it at this time.
    fn untimely(&self, now: Duration) -> Option<String> {
        let ((begin, end), file) = (self.valid, self.files.cert.display());
        match now.as_secs() {
            now if now < begin => {
                Some(format!("the certificate in {file} is not valid before {}", date(begin)))
            }
            now if now > end => Some(format!("the certificate in {file} expired on {}", date(end))),
            _ => None,
        }
    }
}

fn date(seconds: u64) -> String {
    // Formatting stops at the year 9999.
    let seconds = seconds.min(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

fn read(files: &TlsFiles) -> Result<Certificate, Wrong> {
    let chain = chain(&files.cert).map_err(|fault| ("tls_cert", fault))?;
    let key = key(&files.key).map_err(|fault| ("tls_key", fault))?;
    let certified = fit(files, chain, key)?;
    let valid = validity(&certified).map_err(|error| ("tls_cert", unfit(&files.cert, &error)))?;
    let is_open = std::fs::metadata(&files.key).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    Ok(Certificate { certified: Arc::new(certified), files: files.clone(), is_open, valid })
}

/// The certificates of a file, the server's own first.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let cure = "give the server's certificate with its chain behind it, such as fullchain.pem";
    let text = contents(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(Fault::new(format!("{} holds no certificate in PEM", path.display()), cure))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(Fault::new(format!("{} is not PEM: {}", path.display(), pem_text(&error)), cure)),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let text = contents(path)?;
    let path = path.display();
    let encrypted = text.windows(9).any(|window| window == b"ENCRYPTED");
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if encrypted => Fault::new(
            format!("the key in {path} is encrypted with a password"),
            "a server has nobody to ask: store it without one (openssl pkey) for its user alone",
        ),
        pem::Error::NoItemsFound => Fault::new(
            format!("{path} holds no private key in PEM"),
            "give the file with the private key, such as privkey.pem",
        ),
        error => Fault::new(
            format!("{path} is not PEM: {}", pem_text(&error)),
            "give the file with the private key, such as privkey.pem",
        ),
    })
}

fn contents(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| {
        Fault::new(
            format!("{} cannot be read: {error}", path.display()),
            "correct the path, or let the user that runs reelgate read the file",
        )
    })
}

/// Without what the library quotes of the file: it may be a key.
fn pem_text(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section begins with a line that is none",
        pem::Error::Base64Decode(_) => "a section is not base64",
        pem::Error::SectionTooLarge => "a section is too large",
        _ => "it cannot be understood",
    }
}

fn fit(
    files: &TlsFiles,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, Wrong> {
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let (cert, key) = (files.cert.display(), files.key.display());
            let fault = Fault::new(
                format!("the key in {key} is not that of the certificate in {cert}"),
                "give the key that was made for it; in tls_cert the server's own certificate stands first",
            );
            ("tls_key", fault)
        }
        Error::InvalidCertificate(_) => ("tls_cert", unfit(&files.cert, &error)),
        error => {
            let cure =
                "make a key that clients know: ECDSA with P-256, Ed25519, or RSA with 2048 bits and more";
            ("tls_key", Fault::new(format!("the key in {} is of no use: {error}", files.key.display()), cure))
        }
    })
}

fn unfit(path: &Path, error: &Error) -> Fault {
    let problem = format!("the certificate in {} is of no use: {error}", path.display());
    Fault::new(problem, "have it made anew, as X.509 version 3")
}

/// The library tells a certificate's time only in complaints that it is over or has not come. So it is asked about two
/// times that are wrong for every certificate; that comes before anything else it looks at, trust included.
fn validity(certified: &CertifiedKey) -> Result<(u64, u64), Error> {
    let parsed = ParsedCertificate::try_from(certified.end_entity_cert()?)?;
    let complaint = |time: u64| {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(time));
        let (nobody, algorithms) =
            (RootCertStore::empty(), ring::default_provider().signature_verification_algorithms);
        verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], at, algorithms.all)
    };
    let begin = match complaint(0) {
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            not_before.as_secs()
        }
        // Valid since before 1970.
        _ => 0,
    };
    match complaint(u64::MAX) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Ok((begin, not_after.as_secs()))
        }
        Err(error) => Err(error),
        Ok(()) => Ok((begin, u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_has_its_time() {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { cert: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.cert, params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        let certificate = read(&files).map_err(|(setting, _)| setting).unwrap();
        let (begin, end) = (1_577_836_800, 1_893_456_000);
        let cases = [
            (0, Some("not valid before 2020-01-01T00:00:00Z"), "1970"),
            (begin - 1, Some("not valid before"), "a second too early"),
            (begin, None, "the first second"),
            (end, None, "the last second"),
            (end + 1, Some("expired on 2030-01-01T00:00:00Z"), "a second too late"),
        ];
        for (now, want, why) in cases {
            let said = certificate.untimely(Duration::from_secs(now));
            assert_eq!(said.is_some(), want.is_some(), "{why}: {said:?}");
            assert!(said.unwrap_or_default().contains(want.unwrap_or_default()), "{why}");
        }
    }
}
