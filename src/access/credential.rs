//! Which credential a request presents: none or exactly one.
//!
//! Nothing is looked up here. A request with two credentials is refused before either is tried: whoever adds
//! a parameter to somebody's link must not decide as whom it is opened.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use percent_encoding::percent_decode_str;

use super::link::Link;
use super::share::{ShareCode, ShareVisit};
use super::token::TokenHash;
use super::{session, visit};
use crate::types::ItemId;

/// Where a token stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `Authorization: Bearer`
    Header,
    /// `?token=`
    Query,
    /// `/t/{token}/`
    Path,
    /// A cookie that took the place of `?token=`: see [`super::visit`].
    Visit,
    /// A login's cookie.
    Session,
}

/// What a request presents. No Debug: it holds secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Any text; whether it is a token shows later.
    Token {
        text: String,
        place: Place,
    },
    Link(Link),
    /// A signature with a part missing, unreadable, or with parameters beside it that were not signed.
    BrokenLink,
    /// Somebody is logged in.
    Session(TokenHash),
    /// Somebody was given a link.
    Share(ShareVisit),
}

/// More than one credential, or one twice: nobody can say which was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambiguous;

/// The one explicit credential of a request. `path_token` is the one of `/t/{token}/`.
pub fn presented(
    headers: &HeaderMap,
    query: Option<&str>,
    path_token: Option<&str>,
) -> Result<Option<Credential>, Ambiguous> {
    let in_path = path_token.map(|token| token_of(token, Place::Path));
    let query = Query::read(query.unwrap_or_default())?;
    let found = [bearer(headers)?, query.token(), query.link(), in_path];
    let mut found = found.into_iter().flatten();
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Ambiguous),
        (one, None) => Ok(one),
    }
}

/// The credential of a share's address. `explicit` is what stands beside it, and nothing may.
pub fn of_share(
    explicit: Option<&Credential>,
    headers: &HeaderMap,
    code: &ShareCode,
    is_secure: bool,
) -> Result<Credential, Ambiguous> {
    match explicit {
        Some(_) => Err(Ambiguous),
        None => Ok(Credential::Share(visit::of_share(headers, code, is_secure))),
    }
}

/// What a browser sends by itself, in the order in which it is tried: what was shown for this item, then who is logged
/// in. A guest's link comes last: whoever has an account and looks at it takes no play away, and may do what he may. Only
/// asked when there is no explicit credential.
pub fn ambient(
    headers: &HeaderMap,
    item: Option<ItemId>,
    is_secure: bool,
) -> impl Iterator<Item = Credential> {
    let visit = item.and_then(|item| visit::presented(headers, item, is_secure));
    let login = session::presented(headers, is_secure).map(Credential::Session);
    let (first, second) = match visit {
        Some(Credential::Share(_)) => (login, visit),
        visit => (visit, login),
    };
    first.into_iter().chain(second)
}

fn token_of(text: &str, place: Place) -> Credential {
    Credential::Token { text: text.to_owned(), place }
}

/// RFC 6750 §2.1. Other schemes belong to somebody else (a proxy's Basic, say) and say nothing here.
fn bearer(headers: &HeaderMap) -> Result<Option<Credential>, Ambiguous> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Ambiguous);
    }
    let bytes = value.as_bytes();
    let (scheme, rest) = bytes.split_at(bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len()));
    // Schemes are compared without case (RFC 9110 §11.1).
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let text = std::str::from_utf8(rest).unwrap_or_default().trim_matches(' ');
    Ok(Some(token_of(text, Place::Header)))
}

/// The parameters that matter, each at most once.
#[derive(Default)]
struct Query<'q> {
    token: Option<&'q str>,
    exp: Option<&'q str>,
    kid: Option<&'q str>,
    sig: Option<&'q str>,
    others: bool,
}

impl<'q> Query<'q> {
    /// Names are compared as they stand: `%74oken` is not `token`, so no filter before us is fooled.
    fn read(query: &'q str) -> Result<Query<'q>, Ambiguous> {
        let mut read = Query::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "token" => &mut read.token,
                "exp" => &mut read.exp,
                "kid" => &mut read.kid,
                "sig" => &mut read.sig,
                // They choose a form of what was signed, and open nothing more.
                "raw" | "download" => continue,
                _ => {
                    read.others = true;
                    continue;
                }
            };
            if place.replace(value).is_some() {
                return Err(Ambiguous);
            }
        }
        Ok(read)
    }

    fn token(&self) -> Option<Credential> {
        let decoded = percent_decode_str(self.token?).decode_utf8().unwrap_or_default();
        Some(token_of(&decoded, Place::Query))
    }

    fn link(&self) -> Option<Credential> {
        let sig = self.sig?;
        let link = match (self.exp, self.kid, self.others) {
            (Some(exp), Some(kid), false) => Link::parse(exp, kid, sig),
            _ => None,
        };
        Some(link.map_or(Credential::BrokenLink, Credential::Link))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SIG: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    /// Authorization lines, query, token in the path; what is found, why.
    type Case = (&'static [&'static str], String, Option<&'static str>, &'static str, &'static str);

    fn shape(found: Result<Option<Credential>, Ambiguous>) -> String {
        match found {
            Err(Ambiguous) => "ambiguous".to_owned(),
            Ok(None) => "none".to_owned(),
            Ok(Some(Credential::Token { text, place })) => format!("{place:?} {text}"),
            Ok(Some(Credential::Link(link))) => format!("link {} {}", link.key, link.expires),
            Ok(Some(Credential::BrokenLink)) => "broken link".to_owned(),
            Ok(Some(Credential::Session(_))) => "a login".to_owned(),
            Ok(Some(Credential::Share(_))) => "a share".to_owned(),
        }
    }

    #[test]
    fn a_request_presents_one_credential_or_none() {
        let link = format!("exp=9&kid=k&sig={SIG}");
        let cases: Vec<Case> = vec![
            (&[], String::new(), None, "none", "nothing"),
            (&["Bearer abc"], String::new(), None, "Header abc", "RFC 6750 §2.1"),
            (&["bEARER  abc "], String::new(), None, "Header abc", "RFC 9110 §11.1: schemes know no case"),
            (&["Bearer"], String::new(), None, "Header ", "an empty token is a wrong one, not none"),
            (&["Basic YTpi"], String::new(), None, "none", "another's scheme"),
            (&["Basic YTpi"], "token=x".into(), None, "Query x", "another's scheme beside ours"),
            (&["Bearer a", "Bearer a"], String::new(), None, "ambiguous", "twice, even if equal"),
            (&["Bearer a", "Basic b"], String::new(), None, "ambiguous", "which one counts?"),
            (&[], "token=abc".into(), None, "Query abc", "in the query"),
            (&[], "t=10&token=abc&x".into(), None, "Query abc", "others beside a token do not matter"),
            (&[], "token=a%2Bb".into(), None, "Query a+b", "the value is decoded once"),
            (&[], "token=a%252Bb".into(), None, "Query a%2Bb", "and not twice"),
            (&[], "token=%ff".into(), None, "Query ", "not UTF-8: a wrong token"),
            (&[], "token".into(), None, "Query ", "no value: a wrong token"),
            (&[], "token=a&token=a".into(), None, "ambiguous", "twice"),
            (&[], "token=a&token=".into(), None, "ambiguous", "twice, once empty"),
            (&[], "%74oken=a".into(), None, "none", "exact name only"),
            (&[], "Token=a".into(), None, "none", "exact name only"),
            (&[], "tokens=a&xtoken=b".into(), None, "none", "exact name only"),
            (&[], String::new(), Some("abc"), "Path abc", "in the path"),
            (&[], "token=a".into(), Some("abc"), "ambiguous", "query and path"),
            (&["Bearer a"], "token=a".into(), None, "ambiguous", "header and query"),
            (&["Bearer a"], String::new(), Some("a"), "ambiguous", "header and path"),
            (&[], link.clone(), None, "link k 9", "a signed URL"),
            (&[], format!("{link}&"), None, "link k 9", "an empty pair is no parameter"),
            (&[], format!("{link}&t=1"), None, "broken link", "unknown beside a signature"),
            (&[], format!("{link}&exp=10"), None, "ambiguous", "repeated"),
            (&[], format!("{link}&token=a"), None, "ambiguous", "a token beside a signature"),
            (&["Bearer a"], link.clone(), None, "ambiguous", "a header beside a signature"),
            (&[], link, Some("a"), "ambiguous", "a path token beside a signature"),
            (&[], format!("sig={SIG}"), None, "broken link", "parts missing"),
            (&[], "exp=9&kid=k&sig=".into(), None, "broken link", "an empty signature"),
            (&[], "exp=9&kid=k".into(), None, "none", "no signature at all"),
        ];
        for (authorization, query, path, want, why) in cases {
            let mut headers = HeaderMap::new();
            for value in authorization {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(
                shape(presented(&headers, Some(&query), path)),
                want,
                "{why}: {authorization:?} {query} {path:?}"
            );
        }
    }
}
