//! Checks of a request's head that hyper leaves to its user. Pure.
//!
//! 1. The target is no longer than allowed, and no more header lines came (over HTTP/2 hyper counts bytes only).
//! 2. No `Transfer-Encoding`.
//! 3. Exactly one valid `Host` (RFC 9112 §3.2); HTTP/1.0 may come without one.
//! 4. An absolute target's authority is valid too; it is the one that counts (RFC 9112 §3.2.2). Over HTTP/2 it is
//!    `:authority`, and a `Host` that says otherwise is malformed (RFC 9113 §8.3.1).

use std::net::Ipv6Addr;

use http::request::Parts;
use http::{HeaderValue, StatusCode, Uri, Version, header};

use crate::config::Limits;

/// Why a request is not looked at. The answer carries `Connection: close`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// What is wrong with it.
    Host(&'static str),
    /// hyper drops a `Content-Length` that stands beside it (RFC 9112 §6.3), so that a smuggled request
    /// could not be told from a good one; and nobody has to send us a body of unknown length.
    TransferEncoding,
    UriTooLong,
    Headers,
}

impl Refused {
    pub fn status(self) -> StatusCode {
        match self {
            Refused::Host(_) | Refused::TransferEncoding => StatusCode::BAD_REQUEST,
            Refused::UriTooLong => StatusCode::URI_TOO_LONG,
            Refused::Headers => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

pub fn check(parts: &Parts, limits: &Limits) -> Result<(), Refused> {
    if length(&parts.uri) > limits.uri_bytes {
        return Err(Refused::UriTooLong);
    }
    if parts.headers.len() > limits.headers {
        return Err(Refused::Headers);
    }
    if parts.headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Refused::TransferEncoding);
    }
    check_host(parts)
}

/// Host and port that the request is for: the target's when it is absolute, else the `Host` header's. Valid
/// after [`check`].
pub fn authority(parts: &Parts) -> Option<&str> {
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    target.or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
}

fn length(uri: &Uri) -> usize {
    let origin = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    let authority = uri.authority().map_or(0, |authority| authority.as_str().len());
    scheme + authority + origin
}

fn check_host(parts: &Parts) -> Result<(), Refused> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    match hosts.next() {
        Some(host) if parts.version == Version::HTTP_2 && !names(host, target) => {
            return Err(Refused::Host("another one than :authority"));
        }
        Some(host) => check_authority(host.as_bytes())?,
        None if parts.version <= Version::HTTP_10 => {}
        None => return Err(Refused::Host("missing")),
    }
    if hosts.next().is_some() {
        return Err(Refused::Host("given twice"));
    }
    target.map_or(Ok(()), |authority| check_authority(authority.as_bytes()))
}

/// Whether a `Host` is what stands in the target, if anything does. Names know no case.
fn names(host: &HeaderValue, target: Option<&str>) -> bool {
    target.is_none_or(|target| host.as_bytes().eq_ignore_ascii_case(target.as_bytes()))
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2), and not empty: no http URI has an empty host (RFC 9110 §4.2.1).
fn check_authority(text: &[u8]) -> Result<(), Refused> {
    let end = match text.first() {
        Some(b'[') => text.iter().position(|&byte| byte == b']').map_or(text.len(), |bracket| bracket + 1),
        _ => text.iter().position(|&byte| byte == b':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(end);
    if host.is_empty() {
        return Err(Refused::Host("empty"));
    }
    if !is_host(host) {
        return Err(Refused::Host("not a host name or address"));
    }
    if !is_port(port) {
        return Err(Refused::Host("not a port"));
    }
    Ok(())
}

/// `IP-literal / IPv4address / reg-name` (RFC 3986 §3.2.2); each IPv4 address is a reg-name too.
fn is_host(host: &[u8]) -> bool {
    match host.strip_prefix(b"[") {
        Some(rest) => rest.strip_suffix(b"]").is_some_and(is_address),
        None => is_registered_name(host),
    }
}

fn is_address(literal: &[u8]) -> bool {
    match literal {
        [b'v' | b'V', future @ ..] => is_future_address(future),
        _ => std::str::from_utf8(literal).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok()),
    }
}

/// `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, here without its first letter.
fn is_future_address(text: &[u8]) -> bool {
    let Some(dot) = text.iter().position(|&byte| byte == b'.') else { return false };
    let (version, address) = (&text[..dot], &text[dot + 1..]);
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && !address.is_empty()
        && address.iter().all(|&byte| is_name_byte(byte) || byte == b':')
}

/// `*( unreserved / pct-encoded / sub-delims )`
fn is_registered_name(name: &[u8]) -> bool {
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest,
            [byte, rest @ ..] if is_name_byte(*byte) => rest,
            _ => return false,
        }
    }
}

/// unreserved and sub-delims (RFC 3986 §2.2, §2.3).
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// Nothing, or a colon and digits, of which there may be none (RFC 3986 §3.2.3), up to TCP's largest port.
fn is_port(text: &[u8]) -> bool {
    let Some((colon, digits)) = text.split_first() else { return true };
    let number = digits.iter().try_fold(0_u16, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|&digit| digit < 10)?;
        number.checked_mul(10)?.checked_add(u16::from(digit))
    });
    *colon == b':' && number.is_some()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    type Headers<'h> = &'h [(&'h str, &'h str)];

    fn parts(version: Version, target: &str, headers: Headers) -> Parts {
        let request = Request::builder().version(version).uri(target);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    const NAME: Refused = Refused::Host("not a host name or address");
    const PORT: Refused = Refused::Host("not a port");
    const EMPTY: Refused = Refused::Host("empty");

    #[test]
    fn a_host_is_what_rfc_3986_calls_one() {
        let cases = [
            ("example.org", Ok(()), "a name"),
            ("EXAMPLE.org.", Ok(()), "upper case and a final dot"),
            ("example.org:8080", Ok(()), "a port"),
            ("example.org:", Ok(()), "port is *DIGIT"),
            ("127.0.0.1:80", Ok(()), "IPv4"),
            ("[::1]", Ok(()), "IPv6"),
            ("[2001:db8::192.0.2.1]:443", Ok(()), "IPv6 with an IPv4 tail"),
            ("[v1.fe80::a+en1]", Ok(()), "IPvFuture"),
            ("b%C3%BCcher.example", Ok(()), "pct-encoded"),
            ("a_b.example", Ok(()), "an underscore is unreserved"),
            ("!$&'()*+,;=", Ok(()), "sub-delims"),
            ("", Err(EMPTY), "RFC 9110 §4.2.1"),
            (":80", Err(EMPTY), "a port alone"),
            ("a:65535", Ok(()), "the largest port"),
            ("a:000080", Ok(()), "leading zeros"),
            ("a:65536", Err(PORT), "beyond TCP"),
            ("a:99999999999999999999", Err(PORT), "beyond any integer"),
            ("a:8o", Err(PORT), "a letter"),
            ("a:80:80", Err(PORT), "two ports"),
            ("a:-1", Err(PORT), "a sign"),
            ("[::1]80", Err(PORT), "no colon"),
            ("::1", Err(EMPTY), "IPv6 without brackets"),
            ("[::1", Err(NAME), "no end"),
            ("[]", Err(NAME), "nothing in the brackets"),
            ("[::g]", Err(NAME), "no hexadecimal digit"),
            ("[1::2::3]", Err(NAME), "two gaps"),
            ("[fe80::1%25eth0]", Err(NAME), "zones mean nothing to others"),
            ("[v.a]", Err(NAME), "IPvFuture without a version"),
            ("[vg.a]", Err(NAME), "IPvFuture with a bad version"),
            ("[v1.]", Err(NAME), "IPvFuture without an address"),
            ("[v1]", Err(NAME), "IPvFuture without a dot"),
            ("[v1./]", Err(NAME), "IPvFuture with a bad address"),
            ("a b", Err(NAME), "a space"),
            ("user@host", Err(NAME), "user information is no part of it"),
            ("a/b", Err(NAME), "a path"),
            ("a%2", Err(NAME), "half an escape"),
            ("a%zz", Err(NAME), "no escape"),
            ("a,b", Ok(()), "a comma is a sub-delim"),
            ("bücher", Err(NAME), "not ASCII"),
            ("a\tb", Err(NAME), "a tab"),
        ];
        for (host, want, why) in cases {
            let parts = parts(Version::HTTP_11, "/", &[("host", host)]);
            assert_eq!(check(&parts, &Limits::default()), want, "{host}: {why}");
        }
    }

    #[test]
    fn hosts_are_counted() {
        let missing = Err(Refused::Host("missing"));
        let twice = Err(Refused::Host("given twice"));
        let other = Err(Refused::Host("another one than :authority"));
        let cases: [(Version, &str, Headers, _, &str); 13] = [
            (Version::HTTP_11, "/", &[], missing, "RFC 9112 §3.2"),
            (Version::HTTP_10, "/", &[], Ok(()), "HTTP/1.0 did not know it"),
            (Version::HTTP_11, "/", &[("host", "a"), ("host", "b")], twice, "RFC 9112 §3.2"),
            (Version::HTTP_11, "/", &[("host", "a"), ("host", "a")], twice, "also when they are equal"),
            (Version::HTTP_10, "/", &[("host", "a"), ("host", "b")], twice, "in HTTP/1.0 too"),
            (Version::HTTP_11, "http://b/x", &[("host", "a")], Ok(()), "they may differ, RFC 9112 §3.2.2"),
            (Version::HTTP_11, "http://b/x", &[], missing, "an absolute target does not replace it"),
            (Version::HTTP_11, "http://b/x", &[("host", "a b")], Err(NAME), "it must be valid all the same"),
            (Version::HTTP_11, "http://u:p@b/x", &[("host", "b")], Err(PORT), "RFC 9110 §4.2.4"),
            (Version::HTTP_2, "https://b/x", &[("host", "B")], Ok(()), "the same entity"),
            (Version::HTTP_2, "https://b/x", &[("host", "a")], other, "RFC 9113 §8.3.1"),
            (Version::HTTP_2, "/x", &[("host", "a")], Ok(()), "a Host alone"),
            (Version::HTTP_2, "/x", &[], missing, "neither"),
        ];
        for (version, target, headers, want, why) in cases {
            assert_eq!(check(&parts(version, target, headers), &Limits::default()), want, "{why}");
        }
    }

    #[test]
    fn the_targets_authority_wins() {
        let both = parts(Version::HTTP_11, "http://b:81/x", &[("host", "a")]);
        let header = parts(Version::HTTP_11, "/x", &[("host", "a")]);
        let neither = parts(Version::HTTP_10, "/x", &[]);
        assert_eq!([&both, &header, &neither].map(authority), [Some("b:81"), Some("a"), None]);
    }

    #[test]
    fn any_transfer_encoding_is_refused() {
        for value in ["chunked", "identity", "gzip, chunked", ""] {
            let parts = parts(Version::HTTP_11, "/", &[("host", "a"), ("transfer-encoding", value)]);
            let refused = check(&parts, &Limits::default()).unwrap_err();
            assert_eq!((refused, refused.status()), (Refused::TransferEncoding, StatusCode::BAD_REQUEST));
        }
    }

    #[test]
    fn header_lines_are_counted() {
        let limits = Limits { headers: 2, ..Limits::default() };
        let check = |headers| check(&parts(Version::HTTP_2, "/x", headers), &limits);
        assert_eq!(check(&[("host", "a"), ("x", "1")]), Ok(()));
        assert_eq!(check(&[("host", "a"), ("x", "1"), ("x", "2")]), Err(Refused::Headers));
        assert_eq!(Refused::Headers.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }

    #[test]
    fn the_whole_target_counts_against_its_limit() {
        let limits = Limits { uri_bytes: 20, ..Limits::default() };
        let cases = [
            ("/2345678901234567890", Ok(()), "just fits"),
            ("/23456789012345678901", Err(Refused::UriTooLong), "one more"),
            ("/2345?89012345678901", Ok(()), "the query counts"),
            ("/2345?890123456789012", Err(Refused::UriTooLong), "the query counts"),
            ("http://host/34567890", Ok(()), "so do scheme and authority"),
            ("http://host/345678901", Err(Refused::UriTooLong), "so do scheme and authority"),
        ];
        for (target, want, why) in cases {
            let parts = parts(Version::HTTP_11, target, &[("host", "a")]);
            assert_eq!(check(&parts, &limits), want, "{target}: {why}");
        }
        assert_eq!(Refused::UriTooLong.status(), StatusCode::URI_TOO_LONG);
    }
}
