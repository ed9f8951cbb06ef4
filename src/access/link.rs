//! Signed URLs: what an application's backend makes with a key and no question to reelgate.
//!
//! HMAC-SHA-256 over version, key, kind of target, target, expiry and purpose, each with its length before it, so
//! that no two links have the same bytes. A signature of one target is good for that one only.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::types::{Area, ItemId};

const VERSION: &str = "reelgate-link-1";
/// The one purpose there is. It is signed, so that a later kind of link cannot be taken for this one.
const PURPOSE: &str = "watch";

/// What is signed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/m/{id}`
    Item(ItemId),
    /// `/files/{library}/{path}` and what lies below it.
    Below(Area),
}

/// The three parameters of a signed URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Seconds since 1970; over from then on.
    pub expires: i64,
    pub key: String,
    signature: [u8; 32],
}

impl Link {
    pub fn sign(secret: &[u8; 32], key: &str, target: &Target, expires: i64) -> Link {
        let signature = mac(secret, key, target, expires).finalize().into_bytes().into();
        Link { expires, key: key.to_owned(), signature }
    }

    /// The values of `exp`, `kid` and `sig`, as [`Link::query`] writes them and in no other spelling.
    pub fn parse(exp: &str, kid: &str, sig: &str) -> Option<Link> {
        let expires: i64 = exp.parse().ok()?;
        let signature = BASE64URL_NOPAD.decode(sig.as_bytes()).ok()?.try_into().ok()?;
        let canonical = expires.to_string() == exp && expires >= 0;
        canonical.then(|| Link { expires, key: kid.to_owned(), signature })
    }

    /// Compared in constant time.
    pub fn matches(&self, secret: &[u8; 32], target: &Target) -> bool {
        mac(secret, &self.key, target, self.expires).verify_slice(&self.signature).is_ok()
    }

    pub(super) fn signature(&self) -> [u8; 32] {
        self.signature
    }

    pub fn query(&self) -> String {
        format!("exp={}&kid={}&sig={}", self.expires, self.key, BASE64URL_NOPAD.encode(&self.signature))
    }
}

fn mac(secret: &[u8; 32], key: &str, target: &Target, expires: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    let (kind, target) = match target {
        Target::Item(id) => ("item", id.to_string()),
        Target::Below(area) => ("path", area.to_string()),
    };
    for field in [VERSION, key, kind, &target, &expires.to_string(), PURPOSE] {
        mac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(field.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [9; 32];

    fn below(text: &str) -> Target {
        Target::Below(text.parse().unwrap())
    }

    #[test]
    fn a_signature_is_good_for_what_was_signed_and_nothing_else() {
        let id = ItemId::new([1; 16]);
        let signed = Link::sign(&SECRET, "k1", &Target::Item(id), 2_000_000_000);
        assert!(signed.matches(&SECRET, &Target::Item(id)));
        let later = Link { expires: 2_000_000_001, ..signed.clone() };
        let other_key = Link { key: "k2".to_owned(), ..signed.clone() };
        let cases = [
            (&signed, [8; 32], Target::Item(id), "another secret"),
            (&signed, SECRET, Target::Item(ItemId::new([2; 16])), "another item"),
            (&signed, SECRET, below(&id.to_string()), "a library of the id's name"),
            (&later, SECRET, Target::Item(id), "a later end"),
            (&other_key, SECRET, Target::Item(id), "another key's name"),
        ];
        for (link, secret, target, why) in cases {
            assert!(!link.matches(&secret, &target), "{why}");
        }
    }

    #[test]
    fn lengths_keep_fields_apart() {
        let one = Link::sign(&SECRET, "k", &below("ab/c"), 1);
        assert!(!one.matches(&SECRET, &below("ab/c1")));
        let two = Link { key: "kp".to_owned(), ..one };
        assert!(!two.matches(&SECRET, &below("ab/c")));
    }

    #[test]
    fn parameters_have_one_spelling() {
        let link = Link::sign(&SECRET, "k1", &below("videos"), 2_000_000_000);
        let query = link.query();
        let sig = query.split("sig=").nth(1).unwrap();
        assert!(Link::parse("2000000000", "k1", sig).is_some_and(|parsed| parsed == link));
        let cases = [
            ("", sig, "no end"),
            ("+2000000000", sig, "a sign"),
            ("02000000000", sig, "a leading zero"),
            ("-1", sig, "before 1970"),
            ("2e9", sig, "no number"),
            ("99999999999999999999", sig, "too large"),
            ("2000000000", "", "no signature"),
            ("2000000000", &sig[1..], "cut"),
            ("2000000000", &format!("{sig}="), "padding"),
        ];
        for (exp, sig, why) in cases {
            assert!(Link::parse(exp, "k1", sig).is_none(), "{why}");
        }
    }
}
