//! Passwords: argon2id, 19 MiB, two passes, one lane (OWASP's minimum, about 30 ms).

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};

/// In bytes, as promised in the README. The upper end keeps a login from hashing a book.
pub const LENGTHS: std::ops::RangeInclusive<usize> = 8..=1024;

/// A password as somebody typed it. Neither Debug nor Display.
pub struct Password(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {} bytes", LENGTHS.start())]
    TooShort,
    #[error("a password has at most {} bytes", LENGTHS.end())]
    TooLong,
    #[error("the password could not be hashed")]
    Hash,
}

impl Password {
    pub fn new(text: String) -> Result<Password, PasswordError> {
        match text.len() {
            length if length < *LENGTHS.start() => Err(PasswordError::TooShort),
            length if length > *LENGTHS.end() => Err(PasswordError::TooLong),
            _ => Ok(Password(text)),
        }
    }

    /// The PHC string that is stored. Takes tens of milliseconds of processor: not for an async worker.
    pub fn hash(&self, salt: [u8; 16]) -> Result<String, PasswordError> {
        let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| PasswordError::Hash)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash =
            argon2.hash_password_with_salt(self.0.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
        Ok(hash.to_string())
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordVerifier, phc::PasswordHash};

    use super::*;

    #[test]
    fn lengths_are_kept() {
        let cases = [
            (7, Some(PasswordError::TooShort), "one short"),
            (8, None, "the shortest"),
            (1024, None, "the longest"),
            (1025, Some(PasswordError::TooLong), "one long"),
        ];
        for (length, want, why) in cases {
            assert_eq!(Password::new("x".repeat(length)).err(), want, "{why}");
        }
    }

    #[test]
    fn the_stored_form_verifies_and_names_its_cost() {
        let stored = Password::new("correct horse".to_owned()).unwrap().hash([3; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let hash = PasswordHash::new(&stored).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"correct house", &hash).is_err());
    }
}
