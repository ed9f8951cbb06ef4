//! Origins of pages elsewhere (RFC 6454): scheme, host and port.

use std::fmt;

use url::{Host, Url};

use super::error::Fault;

/// An origin as browsers write it in the header `Origin`: lower case, punycode, no port that goes without saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// What an origin is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// `frame-ancestors` of a policy. Its grammar knows no IPv6 address (CSP Level 3 §2.3.1, `host-part`).
    Frame,
    /// Compared with the header.
    Read,
}

const CURE: &str =
    "write scheme, host and port of the page, and no slash behind them, such as https://www.example.org";

/// A list as it stands in a variable, each origin once.
pub(super) fn origins(text: &str, purpose: Purpose) -> Result<Vec<Origin>, Fault> {
    let mut origins = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        let origin = Origin::parse(part, purpose)?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str, purpose: Purpose) -> Result<Origin, Fault> {
        if text.contains('@') {
            // Not quoted: the password may be good.
            return Err(Fault::new("a name or password does not belong here", CURE));
        }
        if let Some(fault) = too_wide(text) {
            return Err(fault);
        }
        let url =
            Url::parse(text).map_err(|error| Fault::new(format!("{text:?} is no origin: {error}"), CURE))?;
        let problem = match () {
            () if !matches!(url.scheme(), "http" | "https") => {
                "it is of no page: only http and https have those"
            }
            () if url.query().is_some() || url.fragment().is_some() => "it has a query or a fragment",
            () if url.path() != "/" => "it has a path, and browsers tell whole origins only",
            () if text.ends_with(['/', '\\']) => "it ends with a slash, and browsers write origins without",
            () if !is_host(url.host().as_ref()) => "its host is no name of a machine",
            () if purpose == Purpose::Frame && matches!(url.host(), Some(Host::Ipv6(_))) => {
                "it is an IPv6 address, which the policies of pages cannot name: give the machine a name"
            }
            () => return Ok(Origin(url.origin().ascii_serialization())),
        };
        Err(Fault::new(format!("{text:?}: {problem}"), CURE))
    }
}

/// Everybody, or whoever sets up a name below one that is trusted, is no list.
fn too_wide(text: &str) -> Option<Fault> {
    let problem = match text {
        "*" => "* would let every page of the internet in".to_owned(),
        // Of pages from files, of frames in a sandbox, behind redirects: anybody can make one.
        "null" => "null is the origin of everything that has none".to_owned(),
        _ if text.contains('*') => format!("{text:?} stands for many origins"),
        _ => return None,
    };
    Some(Fault::new(problem, "name each origin, such as https://www.example.org"))
}

/// The parser of URLs lets characters through that would end a host in a policy.
fn is_host(host: Option<&Host<&str>>) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match host {
        Some(Host::Domain(name)) => name.chars().all(fits),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        let cases = [
            ("https://www.example.org", Some("https://www.example.org"), "as it is sent"),
            ("HTTPS://WWW.Example.ORG", Some("https://www.example.org"), "RFC 6454 §4: lower case"),
            (
                "https://www.example.org:443",
                Some("https://www.example.org"),
                "§6.2: no port that is the scheme's",
            ),
            ("http://www.example.org:443", Some("http://www.example.org:443"), "another scheme's port"),
            ("http://localhost:3000", Some("http://localhost:3000"), "somebody who develops"),
            ("https://b\u{fc}cher.example", Some("https://xn--bcher-kva.example"), "§6.2: punycode"),
            ("http://192.0.2.7", Some("http://192.0.2.7"), "an address"),
            ("http://[2001:DB8::1]:8080", Some("http://[2001:db8::1]:8080"), "an address of version 6"),
            ("https://www.example.org/", None, "a slash"),
            ("https://www.example.org/page", None, "a path"),
            ("https://www.example.org?x", None, "a query"),
            ("https://www.example.org#x", None, "a fragment"),
            ("https://ada@www.example.org", None, "a name"),
            ("https://www.example.org;script-src", None, "another directive of a policy"),
            ("https://'self'", None, "a word of policies"),
            ("www.example.org", None, "no scheme"),
            ("ftp://www.example.org", None, "no page's scheme"),
            ("https://*.example.org", None, "many"),
            ("*", None, "everybody"),
            ("null", None, "nobody"),
            ("https://", None, "no host"),
            ("https://www.example.org:65536", None, "no port"),
        ];
        for (text, want, why) in cases {
            let origin = Origin::parse(text, Purpose::Read).ok().map(|origin| origin.to_string());
            assert_eq!(origin.as_deref(), want, "{why}: {text}");
        }
    }

    #[test]
    fn a_policy_cannot_name_an_address_of_version_6() {
        assert!(Origin::parse("http://[::1]:8080", Purpose::Frame).is_err());
        assert!(Origin::parse("http://127.0.0.1:8080", Purpose::Frame).is_ok());
    }

    #[test]
    fn a_list_names_each_once() {
        let list =
            origins("https://a.example, https://b.example https://A.example:443,", Purpose::Read).unwrap();
        assert_eq!(
            list.iter().map(Origin::as_str).collect::<Vec<_>>(),
            ["https://a.example", "https://b.example"]
        );
        assert!(origins("", Purpose::Read).unwrap().is_empty());
    }
}
