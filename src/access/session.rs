//! Logins, as a browser keeps them: one cookie with a random value, stored as its hash.
//!
//! The cookie is ambient: browsers send it by themselves, so whoever changes something by it has to show that the
//! request comes from a page of this server ([`is_from_own_page`]).

use data_encoding::BASE64URL_NOPAD;
use http::HeaderMap;
use http::header::{COOKIE, ORIGIN};

use super::token::TokenHash;

/// Over HTTPS: only this host can have set it, for the whole host, and no page without encryption (RFC 6265bis
/// §4.1.3.2).
const SECURE_NAME: &str = "__Host-reelgate";
/// On plain HTTP, where WebKit keeps no `Secure` cookie, also not of loopback.
const PLAIN_NAME: &str = "reelgate";

/// The value of a login's cookie. Neither Debug nor Display.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret(String);

impl SessionSecret {
    pub fn from_random(random: [u8; 32]) -> SessionSecret {
        SessionSecret(BASE64URL_NOPAD.encode(&random))
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of_text(&self.0)
    }

    /// `Set-Cookie` of a login. No `Max-Age`: the server knows how long it is good, and a browser that is closed forgets
    /// it or not, as its user wants.
    pub fn set_cookie(&self, is_secure: bool) -> String {
        written(is_secure, &self.0, "")
    }
}

/// `Set-Cookie` that ends a login in the browser.
pub fn clear_cookie(is_secure: bool) -> String {
    written(is_secure, "", "; Max-Age=0")
}

fn written(is_secure: bool, value: &str, ending: &str) -> String {
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ending}", name(is_secure))
}

fn name(is_secure: bool) -> &'static str {
    if is_secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The login that a request carries. Over HTTPS the plain name does not count: another port or a page without
/// encryption can have set it.
pub fn presented(headers: &HeaderMap, is_secure: bool) -> Option<TokenHash> {
    let value = cookie(headers, name(is_secure))?;
    // 32 bytes in base64url.
    (value.len() == 43).then(|| TokenHash::of_text(value))
}

/// The value of a cookie (RFC 6265 §4.2.1), the first of that name: browsers send the most specific one first.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies(headers).find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// All cookies of a request.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Whether a request that changes something was made by a page of this server. Browsers say so by `Sec-Fetch-Site`
/// (Fetch Metadata), older ones by `Origin` (RFC 6454). Who says neither is no browser, and has no business with a
/// cookie. `own` is host and port as the request names them, or as the public address has them.
pub fn is_from_own_page<'o>(headers: &HeaderMap, own: impl IntoIterator<Item = &'o str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let authority = origin.and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority.is_some_and(|authority| own.into_iter().any(|own| own.eq_ignore_ascii_case(authority)))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    type Lines<'l> = &'l [(&'static str, &'l str)];

    fn headers(lines: Lines) -> HeaderMap {
        let line = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn a_login_is_found_under_the_name_of_its_way() {
        let secret = SessionSecret::from_random([7; 32]);
        let (plain, secure) =
            (format!("reelgate={}", secret.0), format!("a=b; __Host-reelgate={}", secret.0));
        let cases = [
            (plain.as_str(), false, true, "plain HTTP"),
            (&secure, true, true, "HTTPS"),
            (&plain, true, false, "the plain name over HTTPS"),
            (&secure, false, false, "the other way round"),
            ("reelgate=short", false, false, "not of ours"),
            ("reelgatex=1", false, false, "another cookie"),
            ("", false, false, "none"),
        ];
        for (line, is_secure, want, why) in cases {
            let found = presented(&headers(&[("cookie", line)]), is_secure);
            assert_eq!(found.is_some_and(|hash| hash == secret.hash()), want, "{why}");
        }
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_other_sites() {
        let secret = SessionSecret::from_random([7; 32]);
        for (is_secure, name) in [(true, "__Host-reelgate="), (false, "reelgate=")] {
            let line = secret.set_cookie(is_secure);
            assert!(line.starts_with(name) && line.contains("; HttpOnly; SameSite=Lax"), "{line}");
            assert_eq!(line.contains("; Secure"), is_secure, "{line}");
        }
        assert_eq!(clear_cookie(false), "reelgate=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn only_own_pages_change_something_by_a_cookie() {
        let own = ["videos.example:8080", "videos.example"];
        let cases: [(Lines, bool, &str); 9] = [
            (&[("sec-fetch-site", "same-origin")], true, "a page of ours"),
            (&[("sec-fetch-site", "same-site")], false, "a neighbour's page"),
            (&[("sec-fetch-site", "cross-site")], false, "a stranger's page"),
            (&[("sec-fetch-site", "none")], false, "nobody types a change into an address line"),
            (
                &[("sec-fetch-site", "cross-site"), ("origin", "http://videos.example")],
                false,
                "the newer word counts",
            ),
            (&[("origin", "http://videos.example:8080")], true, "an older browser"),
            (&[("origin", "http://evil.example")], false, "elsewhere"),
            (&[("origin", "null")], false, "a sandboxed page"),
            (&[], false, "no browser"),
        ];
        for (lines, want, why) in cases {
            assert_eq!(is_from_own_page(&headers(lines), own), want, "{why}");
        }
    }
}
