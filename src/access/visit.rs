//! Visits: somebody followed a link with a credential in it, and the browser's address line shall not keep it.
//!
//! A cookie for each item takes the credential's place. It holds what the link held and opens what the link opened, so a
//! revoked token ends it too. A share's visitor keeps one as well: it tells visitors apart, and proves that the password was
//! known.

use http::HeaderMap;

use super::credential::{Credential, Place};
use super::link::Link;
use super::session::cookies;
use super::share::{ShareCode, ShareVisit};
use crate::types::ItemId;

/// Seconds that a browser keeps the cookie: as long as the longest viewing.
const KEPT: u32 = 12 * 60 * 60;
/// Visits that a browser holds at the same time; each is about 100 bytes of every request's head.
const MOST: usize = 16;

/// `Set-Cookie` lines that move a credential out of the address. None: this credential may not stand in one.
pub fn moved(
    credential: &Credential,
    item: ItemId,
    headers: &HeaderMap,
    is_secure: bool,
) -> Option<Vec<String>> {
    let value = match credential {
        Credential::Token { text, place: Place::Query } => format!("t.{text}"),
        Credential::Link(link) => format!("l.{}", link.query()),
        Credential::Share(visit) => format!("s.{}", visit.text()),
        _ => return None,
    };
    // What browsers refuse in a cookie, or what would end it, is in no token that is good.
    let fits =
        value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\'));
    let own = name(item, is_secure);
    let others =
        || cookies(headers).map(|(name, _)| name).filter(|name| is_visit(name, is_secure) && *name != own);
    let surplus = (others().count() + 1).saturating_sub(MOST);
    let secure = if is_secure { "; Secure" } else { "" };
    let line = |name: &str, value: &str, age: u32| {
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={age}")
    };
    let ended = others().take(surplus).map(|name| line(name, "", 0));
    fits.then(|| std::iter::once(line(&own, &value, KEPT)).chain(ended).collect())
}

/// The credential of a visit to this item.
pub(super) fn presented(headers: &HeaderMap, item: ItemId, is_secure: bool) -> Option<Credential> {
    let name = name(item, is_secure);
    let (_, value) = cookies(headers).find(|(own, _)| *own == name)?;
    let (kind, rest) = value.split_once('.')?;
    match kind {
        "t" => Some(Credential::Token { text: rest.to_owned(), place: Place::Visit }),
        "l" => link(rest).map(Credential::Link),
        "s" => ShareVisit::parse(rest).map(Credential::Share),
        _ => None,
    }
}

/// The visit of a share's address: what a cookie knows of it, whichever item it shows.
pub fn of_share(headers: &HeaderMap, code: &ShareCode, is_secure: bool) -> ShareVisit {
    let visits = cookies(headers).filter(|(name, _)| is_visit(name, is_secure));
    let mut shares = visits.filter_map(|(_, value)| ShareVisit::parse(value.strip_prefix("s.")?));
    shares.find(|visit| visit.code == *code).unwrap_or_else(|| ShareVisit::new(code.clone()))
}

/// Whether somebody came by a link to this item, be it still good or not.
pub fn is_there(headers: &HeaderMap, item: ItemId, is_secure: bool) -> bool {
    let name = name(item, is_secure);
    cookies(headers).any(|(own, _)| own == name)
}

fn link(query: &str) -> Option<Link> {
    let mut parts = query.split('&').filter_map(|pair| pair.split_once('='));
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        (("exp", exp), ("kid", kid), ("sig", sig), None) => Link::parse(exp, kid, sig),
        _ => None,
    }
}

fn name(item: ItemId, is_secure: bool) -> String {
    format!("{}{item}", prefix(is_secure))
}

fn prefix(is_secure: bool) -> &'static str {
    if is_secure { "__Host-reelgate-" } else { "reelgate-" }
}

fn is_visit(name: &str, is_secure: bool) -> bool {
    name.strip_prefix(prefix(is_secure)).and_then(ItemId::parse).is_some()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::COOKIE;

    use super::super::link::Target;
    use super::*;

    fn with(line: &str) -> HeaderMap {
        [(COOKIE, HeaderValue::from_str(line).unwrap())].into_iter().collect()
    }

    #[test]
    fn what_is_moved_comes_back_for_its_item_only() {
        let (item, other) = (ItemId::new([1; 16]), ItemId::new([2; 16]));
        let link = Link::sign(&[9; 32], "k1", &Target::Item(item), 2_000_000_000);
        let token = Credential::Token { text: "rg_abc".to_owned(), place: Place::Query };
        for (credential, is_secure) in [(token, false), (Credential::Link(link), true)] {
            let lines = moved(&credential, item, &HeaderMap::new(), is_secure).unwrap();
            assert!(lines[0].contains("; HttpOnly; SameSite=Lax"), "{}", lines[0]);
            assert_eq!(lines[0].contains("; Secure"), is_secure);
            let headers = with(lines[0].split(';').next().unwrap());
            let back = presented(&headers, item, is_secure).unwrap();
            match (&credential, &back) {
                (Credential::Token { text, .. }, Credential::Token { text: again, place: Place::Visit }) => {
                    assert_eq!(text, again);
                }
                (Credential::Link(_), Credential::Link(_)) => assert!(credential == back),
                _ => panic!("another credential came back"),
            }
            assert!(presented(&headers, other, is_secure).is_none(), "another item");
            assert!(presented(&headers, item, !is_secure).is_none(), "another way");
        }
    }

    #[test]
    fn what_is_no_token_is_not_moved() {
        let item = ItemId::new([1; 16]);
        let cases = [
            (Credential::Token { text: "a;b".to_owned(), place: Place::Query }, "it would end the cookie"),
            (Credential::Token { text: "rg_abc".to_owned(), place: Place::Header }, "it is in no address"),
            (Credential::BrokenLink, "it opens nothing"),
        ];
        for (credential, why) in cases {
            assert!(moved(&credential, item, &HeaderMap::new(), false).is_none(), "{why}");
        }
    }

    #[test]
    fn browsers_hold_few_visits() {
        let visits: Vec<String> =
            (10..30).map(|id| format!("reelgate-{}=t.rg_abc", ItemId::new([id; 16]))).collect();
        let token = Credential::Token { text: "rg_abc".to_owned(), place: Place::Query };
        let lines = moved(&token, ItemId::new([1; 16]), &with(&visits.join("; ")), false).unwrap();
        let ended = lines.iter().filter(|line| line.ends_with("Max-Age=0")).count();
        assert_eq!(ended, 20 + 1 - MOST);
    }
}
