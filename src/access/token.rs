//! Tokens: what is shown once, and what is stored.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

/// Finds a leaked token in a log or a repository: secret scanners look for a fixed prefix and a valid checksum.
const PREFIX: &str = "rg_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 192 bits in base 62: 192 / log2(62) = 32.2.
const BODY: usize = 33;
/// 32 bits in base 62: 32 / log2(62) = 5.4.
const CHECKSUM: usize = 6;

/// A token as its owner holds it. Neither Debug nor Display: it is shown by [`PlainToken::expose`] and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    /// `rg_`, 192 random bits, checksum.
    pub fn from_random(random: [u8; 24]) -> PlainToken {
        let body = base62::<BODY>(&random);
        PlainToken(format!("{PREFIX}{body}{}", checksum(&body)))
    }

    /// Only what [`PlainToken::from_random`] can have made: a cut or mistyped token needs no database.
    pub fn parse(text: &str) -> Option<PlainToken> {
        let (body, sum) = text.strip_prefix(PREFIX)?.split_at_checked(BODY)?;
        let digits = body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (digits && sum == checksum(body)).then(|| PlainToken(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a token. Enough for 192 random bits; a slow hash is for what people think up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    pub fn of(token: &PlainToken) -> TokenHash {
        TokenHash::of_text(token.expose())
    }

    /// Of a key that another application gave out.
    pub fn of_text(text: &str) -> TokenHash {
        TokenHash(Sha256::digest(text.as_bytes()).into())
    }

    pub(super) fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// As it stands in the database.
    pub fn stored(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    base62::<CHECKSUM>(&digest[..4])
}

/// The bytes as one number in base 62, with leading zeros up to `N` digits.
pub(super) fn base62<const N: usize>(bytes: &[u8]) -> String {
    let mut number = bytes.to_vec();
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        let rest = number.iter_mut().fold(0, |rest: u16, byte| {
            let value = rest * 256 + u16::from(*byte);
            // The rest is below 62, so the quotient is below 256.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            value % 62
        });
        *digit = ALPHABET[usize::from(rest)];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_in_base_62() {
        let cases: [(u32, &str, &str); 5] = [
            (0, "000000", "zero"),
            (61, "00000z", "the last digit"),
            (62, "000010", "one more"),
            (62 * 62 - 1, "0000zz", "two digits"),
            (u32::MAX, "4gfFC3", "the largest"),
        ];
        for (number, want, why) in cases {
            assert_eq!(base62::<6>(&number.to_be_bytes()), want, "{why}");
        }
    }

    #[test]
    fn only_whole_tokens_are_tokens() {
        let token = PlainToken::from_random([7; 24]);
        let text = token.expose();
        assert_eq!(text.len(), 3 + BODY + CHECKSUM);
        assert!(PlainToken::parse(text).is_some());
        let cases = [
            (String::new(), "nothing"),
            (text[..text.len() - 1].to_owned(), "the last character cut off"),
            (format!("{text}0"), "one too many"),
            (text.replacen("rg_", "RG_", 1), "another prefix"),
            (text.to_lowercase(), "another case"),
            (format!(" {text}"), "white space"),
            (text.replacen('_', "%5F", 1), "percent-encoded"),
            (format!("rg_{}", "ü".repeat(20)), "not ASCII"),
        ];
        for (text, why) in cases {
            assert!(PlainToken::parse(&text).is_none(), "{why}: {text}");
        }
    }

    proptest! {
        #[test]
        fn every_token_comes_back_and_no_changed_one_does(
            random: [u8; 24], place in 3_usize..42, other in 0_usize..62
        ) {
            let token = PlainToken::from_random(random);
            prop_assert!(PlainToken::parse(token.expose()).is_some_and(|parsed| parsed == token));
            let mut changed = token.expose().as_bytes().to_vec();
            changed[place] = ALPHABET[other];
            let changed = String::from_utf8(changed).unwrap();
            if changed != token.expose() {
                prop_assert!(PlainToken::parse(&changed).is_none());
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,60}") {
            let _ = PlainToken::parse(&text);
        }
    }
}
