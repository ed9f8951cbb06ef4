//! Signing keys, and the URLs that they sign.

use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::access::Named;
use crate::access::credential::{self, Credential};
use crate::access::link::{Link, Target};
use crate::clock::Seconds;
use crate::db::keys::SigningKey;
use crate::media::path::MediaPath;
use crate::types::{Area, Prefix};

use super::{Admin, AdminError};

/// What `verify` found out about a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Good { expires_at: Seconds },
    Over { expires_at: Seconds },
    Bad(&'static str),
}

impl Admin {
    pub async fn create_key(&self) -> Result<SigningKey, AdminError> {
        let key = self.new_key();
        let mut change = self.db.change().await?;
        change.add_signing_key(&key.id, key.secret, key.created_at).await?;
        change.commit().await?;
        Ok(key)
    }

    /// A new key; the old ones are accepted for as long as `keep` says, so that links that are out there live on.
    pub async fn rotate_keys(&self, keep: Duration) -> Result<(SigningKey, u64), AdminError> {
        let key = self.new_key();
        let retires_at = key.created_at.saturating_add_unsigned(keep.as_secs());
        let mut change = self.db.change().await?;
        change.add_signing_key(&key.id, key.secret, key.created_at).await?;
        let retired = change.retire_signing_keys(&key.id, retires_at).await?;
        change.commit().await?;
        Ok((key, retired))
    }

    fn new_key(&self) -> SigningKey {
        SigningKey {
            id: self.short_id(),
            secret: self.chance.bytes(),
            created_at: self.clock.seconds(),
            retires_at: None,
        }
    }

    pub async fn keys(&self) -> Result<Vec<SigningKey>, AdminError> {
        Ok(self.db.signing_keys().await?)
    }

    /// The path with its three parameters. A path below `/files/` that ends in a slash signs the whole folder.
    pub async fn sign(
        &self,
        path: &str,
        lasts: Duration,
        key: Option<&str>,
    ) -> Result<(String, Seconds), AdminError> {
        let target = target(path)?;
        let key = self.signing_key(key).await?;
        let expires_at = self.clock.seconds().saturating_add_unsigned(lasts.as_secs());
        let link = Link::sign(&key.secret, &key.id, &target, expires_at);
        Ok((format!("{}?{}", encoded(path), link.query()), expires_at))
    }

    async fn signing_key(&self, id: Option<&str>) -> Result<SigningKey, AdminError> {
        let now = self.clock.seconds();
        let keys = self.db.signing_keys().await?;
        let mut usable = keys.into_iter().filter(|key| key.retires_at.is_none_or(|end| now < end));
        let found = match id {
            Some(id) => usable.find(|key| key.id == id),
            None => usable.find(|key| key.retires_at.is_none()),
        };
        found.ok_or_else(|| AdminError::Missing {
            problem: id.map_or("There is no signing key.".to_owned(), |id| {
                format!("No usable key is called {id:?}.")
            }),
            cure: "`reelgate key create` makes one, `reelgate key list` shows all.".to_owned(),
        })
    }

    /// What a server would say of the signature; whether the item exists is not looked at.
    pub async fn verify(&self, url: &str) -> Result<Verdict, AdminError> {
        let path_and_query = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
            None => url,
        };
        // A browser keeps what stands behind the # to itself.
        let path_and_query = path_and_query.split('#').next().unwrap_or_default();
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let asked = asked(path);
        let presented = credential::presented(&http::HeaderMap::new(), Some(query), asked.token.as_deref());
        let link = match presented {
            Ok(Some(Credential::Link(link))) => link,
            Ok(Some(Credential::BrokenLink)) => {
                return Ok(Verdict::Bad("a parameter is missing, unreadable, or was not signed"));
            }
            Ok(Some(Credential::Token { .. })) => {
                return Ok(Verdict::Bad("it carries a token, not a signature"));
            }
            Ok(None | Some(Credential::Session(_) | Credential::Share(_))) => {
                return Ok(Verdict::Bad("it carries no signature"));
            }
            Err(_) => return Ok(Verdict::Bad("it carries more than one credential")),
        };
        let now = self.clock.seconds();
        let key = self.db.signing_key(&link.key).await?;
        let Some(key) = key.filter(|key| key.retires_at.is_none_or(|end| now < end)) else {
            return Ok(Verdict::Bad("its key is unknown or retired"));
        };
        if crate::access::signed_scope(&link, &key, &asked.named).is_none() {
            return Ok(Verdict::Bad("the signature is not of this path, expiry and key"));
        }
        let expires_at = link.expires;
        Ok(if expires_at <= now { Verdict::Over { expires_at } } else { Verdict::Good { expires_at } })
    }
}

fn target(path: &str) -> Result<Target, AdminError> {
    if let Some(folder) = path.strip_prefix("/files/").and_then(|rest| rest.strip_suffix('/')) {
        let folder = percent_decode_str(folder).decode_utf8_lossy();
        return Ok(Target::Below(folder.parse()?));
    }
    match asked(path) {
        MediaPath { named: Named::Item(id), token: None, .. } => Ok(Target::Item(id)),
        MediaPath { named: Named::File { library, path }, token: None, .. } => {
            Ok(Target::Below(Area::Below { library, prefix: Prefix::parse(&path)? }))
        }
        _ => Err(AdminError::Refused(format!(
            "{path:?} cannot be signed: give /m/ID, /watch/ID, /embed/ID, /files/LIBRARY/PATH, or a folder with a slash at its end."
        ))),
    }
}

/// What a URL of media names, or a page's: that hands its query on to the media.
fn asked(path: &str) -> MediaPath {
    let of_page = ["/watch/", "/embed/"].into_iter().find_map(|page| path.strip_prefix(page));
    match of_page.filter(|id| !id.contains('/')) {
        Some(id) => MediaPath::parse(&format!("/m/{id}")),
        None => MediaPath::parse(path),
    }
}

/// What a person types may hold spaces; what a URL holds may not. `%` stays: it is typed as in a URL.
fn encoded(path: &str) -> String {
    const LITERAL: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#').add(b'?').add(b'`');
    utf8_percent_encode(path, LITERAL).to_string()
}
