//! Shares: the code of a link that somebody without an account may open, and what their browser keeps of it. Pure.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::token::{TokenHash, base62};

/// 144 bits in base 62: 144 / log2(62) = 24.2. Letters and digits alone survive every messenger.
const CODE: usize = 25;
/// 96 random bits: enough that two visitors are never one.
const VISITOR: usize = 12;
const PURPOSE: &str = "reelgate-share-password-1";

/// What stands behind `/s/`. Shown once to whoever made the share, stored as SHA-256.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ShareCode(String);

impl ShareCode {
    pub fn from_random(random: [u8; 18]) -> ShareCode {
        ShareCode(base62::<CODE>(&random))
    }

    /// Only what [`ShareCode::from_random`] can have made: a cut or mistyped one needs no database.
    pub fn parse(text: &str) -> Option<ShareCode> {
        let fits = text.len() == CODE && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| ShareCode(text.to_owned()))
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of_text(&self.0)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// It is a credential.
impl std::fmt::Debug for ShareCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShareCode(..)")
    }
}

/// Says that its holder once typed the share's password. An HMAC over the share and the password's hash: it outlives a
/// restart, and ends when the password changes. Neither Debug nor Display.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof([u8; 32]);

impl Proof {
    pub fn of(secret: &[u8; 32], share_id: &str, password: &str) -> Proof {
        Proof(mac(secret, share_id, password).finalize().into_bytes().into())
    }

    /// Compared in constant time.
    pub fn is_of(&self, secret: &[u8; 32], share_id: &str, password: &str) -> bool {
        mac(secret, share_id, password).verify_slice(&self.0).is_ok()
    }
}

fn mac(secret: &[u8; 32], share_id: &str, password: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    for field in [PURPOSE, share_id, password] {
        mac.update(&u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(field.as_bytes());
    }
    mac
}

/// A visitor of a share, as far as the request says. No Debug: it holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct ShareVisit {
    pub code: ShareCode,
    /// Tells browsers behind one address apart. None: this one keeps no cookie.
    pub visitor: Option<[u8; VISITOR]>,
    pub proof: Option<Proof>,
}

impl ShareVisit {
    pub fn new(code: ShareCode) -> ShareVisit {
        ShareVisit { code, visitor: None, proof: None }
    }

    /// As it stands in a cookie: code, visitor and proof, those that there are.
    pub(super) fn text(&self) -> String {
        let visitor = self.visitor.map(|visitor| BASE64URL_NOPAD.encode(&visitor));
        let proof = self.proof.map(|proof| BASE64URL_NOPAD.encode(&proof.0));
        let code = self.code.expose().to_owned();
        [Some(code), visitor, proof].into_iter().flatten().collect::<Vec<_>>().join(".")
    }

    pub(super) fn parse(text: &str) -> Option<ShareVisit> {
        let mut parts = text.split('.');
        let code = ShareCode::parse(parts.next()?)?;
        let visitor = Some(fixed(parts.next()?)?);
        let proof = match parts.next() {
            Some(proof) => Some(Proof(fixed(proof)?)),
            None => None,
        };
        parts.next().is_none().then_some(ShareVisit { code, visitor, proof })
    }

    /// The visitor as viewings tell clients apart.
    pub(super) fn client(&self) -> Option<u64> {
        let digest = Sha256::digest(self.visitor?);
        digest.first_chunk().map(|first| u64::from_be_bytes(*first))
    }
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_codes_are_codes() {
        let code = ShareCode::from_random([0xff; 18]);
        let text = code.expose();
        assert!(ShareCode::parse(text).is_some_and(|parsed| parsed == code));
        assert!(!format!("{code:?}").contains(text));
        let cases = [
            (String::new(), "nothing"),
            (text[1..].to_owned(), "cut"),
            (format!("{text}0"), "one too many"),
            (format!("{}-", &text[1..]), "another alphabet"),
            (format!("%41{}", &text[3..]), "encoded: codes have one spelling"),
        ];
        for (text, why) in cases {
            assert!(ShareCode::parse(&text).is_none(), "{why}: {text}");
        }
    }

    #[test]
    fn a_proof_is_of_one_share_and_one_password() {
        let proof = Proof::of(&[1; 32], "share", "$argon2id$a");
        assert!(proof.is_of(&[1; 32], "share", "$argon2id$a"));
        let cases = [
            ([2; 32], "share", "$argon2id$a", "another installation"),
            ([1; 32], "other", "$argon2id$a", "another share"),
            ([1; 32], "share", "$argon2id$b", "another password"),
            ([1; 32], "share$", "argon2id$a", "lengths keep fields apart"),
        ];
        for (secret, share, password, why) in cases {
            assert!(!proof.is_of(&secret, share, password), "{why}");
        }
    }

    #[test]
    fn a_visit_comes_back_from_its_cookie() {
        let code = ShareCode::from_random([7; 18]);
        let proof = Some(Proof::of(&[1; 32], "s", "p"));
        for proof in [None, proof] {
            let visit = ShareVisit { code: code.clone(), visitor: Some([3; VISITOR]), proof };
            assert!(ShareVisit::parse(&visit.text()).is_some_and(|parsed| parsed == visit));
            assert_eq!(visit.client(), ShareVisit { proof: None, ..visit.clone() }.client());
        }
        let code = code.expose();
        let cases = [
            (code.to_owned(), "nobody"),
            (format!("{code}.short"), "no visitor"),
            (format!("{code}.AAAAAAAAAAAAAAAA.short"), "no proof"),
            (format!("{code}.AAAAAAAAAAAAAAAA.{}.x", "A".repeat(43)), "more"),
            (".AAAAAAAAAAAAAAAA".to_owned(), "no code"),
        ];
        for (text, why) in cases {
            assert!(ShareVisit::parse(&text).is_none(), "{why}");
        }
    }
}
