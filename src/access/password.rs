//! Passwords: argon2id, 19 MiB, two passes, one lane (OWASP's minimum, about 30 ms). Pure; [`super::hashing`] says how many
//! run at the same time.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// In bytes, as promised in the README. The upper end keeps a login from hashing a book.
pub const LENGTHS: std::ops::RangeInclusive<usize> = 8..=1024;

/// KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Nobody's password, at today's cost: what is computed for a name that has none.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Those of at least 8 bytes that every list of leaked passwords begins with.
const COMMONEST: &str = include_str!("commonest.txt");

/// A new password: it keeps the rules. What is between its letters is the owner's business, so nothing is trimmed or
/// composed. Neither Debug nor Display.
pub struct Password(String);

/// What somebody typed to get in. It need not keep the rules, which may have changed. Neither Debug nor Display.
pub struct Typed(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {} bytes", LENGTHS.start())]
    TooShort,
    #[error("a password has at most {} bytes", LENGTHS.end())]
    TooLong,
    #[error("this password is one of the first that anybody tries; choose another one")]
    Common,
    #[error("a password must not be the user's name")]
    IsName,
    #[error("the password could not be hashed")]
    Hash,
    #[error("too many passwords wait to be hashed; try again in a few seconds")]
    Busy,
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// And the stored form should be made anew, at today's cost.
    RightAndOutdated,
}

impl Password {
    pub fn new(text: String) -> Result<Password, PasswordError> {
        match text.len() {
            length if length < *LENGTHS.start() => Err(PasswordError::TooShort),
            length if length > *LENGTHS.end() => Err(PasswordError::TooLong),
            _ if is_common(&text) => Err(PasswordError::Common),
            _ => Ok(Password(text)),
        }
    }

    /// The rule that needs to know whose password it will be.
    pub fn expect_fits(&self, user_name: &str) -> Result<(), PasswordError> {
        let is_name = self.0.trim().to_lowercase() == user_name.trim().to_lowercase();
        if is_name { Err(PasswordError::IsName) } else { Ok(()) }
    }

    /// The PHC string that is stored. Takes tens of milliseconds of processor: not for an async worker.
    pub fn hash(&self, salt: [u8; 16]) -> Result<String, PasswordError> {
        hash(&self.0, salt)
    }
}

impl Typed {
    pub fn new(text: String) -> Typed {
        Typed(text)
    }

    /// The stored form at today's cost, of a password that was right.
    pub fn hash(&self, salt: [u8; 16]) -> Result<String, PasswordError> {
        hash(&self.0, salt)
    }

    /// Compares with a stored PHC string. Without one the same work is done, and the answer is no. As long as
    /// [`Password::hash`].
    pub fn verify(&self, stored: Option<&str>) -> Verdict {
        let stored = stored.filter(|_| self.0.len() <= *LENGTHS.end());
        // One that cannot be read is nobody's, too.
        let readable = stored.and_then(|stored| PasswordHash::new(stored).ok());
        let nobody = || PasswordHash::new(NOBODY).ok();
        let has_one = readable.is_some();
        let Some(hash) = readable.or_else(nobody) else { return Verdict::Wrong };
        let is_equal = argon2().is_ok_and(|argon2| argon2.verify_password(self.0.as_bytes(), &hash).is_ok());
        match (is_equal && has_one, is_of_today(&hash)) {
            (false, _) => Verdict::Wrong,
            (true, true) => Verdict::Right,
            (true, false) => Verdict::RightAndOutdated,
        }
    }
}

fn hash(text: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    let hash = argon2()?.hash_password_with_salt(text.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| PasswordError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_of_today(hash: &PasswordHash) -> bool {
    let (memory, passes, lanes) = COST;
    let is_at =
        |params: Params| (params.m_cost(), params.t_cost(), params.p_cost()) == (memory, passes, lanes);
    hash.algorithm.as_str() == "argon2id" && Params::try_from(hash).is_ok_and(is_at)
}

/// Capitals and digits around it make none of them better.
fn is_common(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    let is_one_letter = plain.chars().all(|letter| plain.starts_with(letter));
    is_one_letter || COMMONEST.lines().any(|common| common == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Typed {
        Typed::new(text.to_owned())
    }

    #[test]
    fn lengths_are_kept() {
        let cases = [
            (7, Some(PasswordError::TooShort), "one short"),
            (8, None, "the shortest"),
            (1024, None, "the longest"),
            (1025, Some(PasswordError::TooLong), "one long"),
        ];
        for (length, want, why) in cases {
            let text: String = "ab".chars().cycle().take(length).collect();
            assert_eq!(Password::new(text).err(), want, "{why}");
        }
    }

    #[test]
    fn what_anybody_tries_first_is_no_password() {
        let common = Some(PasswordError::Common);
        let cases = [
            ("password", common, "the first"),
            ("PassWord1", common, "in capitals"),
            (" 12345678 ", common, "between spaces"),
            ("zzzzzzzzzzzz", common, "one letter"),
            ("correct horse", None, "two words"),
            ("p\u{e4}ssw\u{f6}rter", None, "letters of other languages"),
        ];
        for (text, want, why) in cases {
            assert_eq!(Password::new(text.to_owned()).err(), want, "{why}: {text}");
        }
        assert!(COMMONEST.lines().all(|line| line.len() >= *LENGTHS.start() && line == line.to_lowercase()));
    }

    #[test]
    fn a_name_is_no_password_of_its_user() {
        let cases = [
            ("adalovelace", true, "the name"),
            ("AdaLovelace ", true, "as good as the name"),
            ("adalovelace2", false, "more than the name"),
        ];
        for (text, want, why) in cases {
            let password = Password::new(text.to_owned()).unwrap();
            assert_eq!(password.expect_fits("AdaLovelace").is_err(), want, "{why}");
        }
    }

    #[test]
    fn the_stored_form_verifies_and_names_its_cost() {
        let stored = Password::new("correct horse".to_owned()).unwrap().hash([3; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(typed("correct horse").verify(Some(&stored)), Verdict::Right);
        assert_eq!(typed("correct house").verify(Some(&stored)), Verdict::Wrong);
        assert_eq!(typed("correct horse ").verify(Some(&stored)), Verdict::Wrong, "nothing is trimmed");
    }

    #[test]
    fn nobody_gets_in_without_a_stored_password() {
        let cases = [
            (None, "no password is stored"),
            (Some(""), "an empty one"),
            (Some("$argon2id$v=19$m=19456,t=2,p=1$AAAA"), "one that is cut off"),
            (Some("correct horse"), "one that was never hashed"),
        ];
        for (stored, why) in cases {
            assert_eq!(typed("correct horse").verify(stored), Verdict::Wrong, "{why}");
        }
        assert_eq!(typed(&"x".repeat(1025)).verify(Some(NOBODY)), Verdict::Wrong, "longer than any");
    }

    #[test]
    fn for_nobody_the_same_is_computed_as_for_somebody() {
        assert!(is_of_today(&PasswordHash::new(NOBODY).unwrap()));
        let stored = Password::new("correct horse".to_owned()).unwrap().hash([3; 16]).unwrap();
        let (known, nobody) = (PasswordHash::new(&stored).unwrap(), PasswordHash::new(NOBODY).unwrap());
        let lengths = |hash: &PasswordHash| {
            (hash.salt.as_ref().map(|salt| salt.len()), hash.hash.as_ref().map(|hash| hash.as_bytes().len()))
        };
        assert_eq!(lengths(&known), lengths(&nobody));
    }

    #[test]
    fn a_cheaper_stored_form_is_found_out() {
        let cheap = Params::new(8 * 1024, 1, 1, None).unwrap();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, cheap);
        let stored = cheap.hash_password_with_salt(b"correct horse", &[3; 16]).unwrap().to_string();
        assert_eq!(typed("correct horse").verify(Some(&stored)), Verdict::RightAndOutdated);
        assert_eq!(typed("correct house").verify(Some(&stored)), Verdict::Wrong);
    }
}
