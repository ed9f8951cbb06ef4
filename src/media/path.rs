//! What a URL names. Text in, value out; a path of a request is decoded once and from then on only compared.
//!
//! The raw path is read, not what a router made of it: a library that decoded twice, or resolved `..`, would
//! name another file than the one that was decided on.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use percent_encoding::percent_decode_str;

use crate::access::Named;
use crate::access::share::ShareCode;
use crate::library::sidecar::is_label;
use crate::types::ItemId;

/// A URL of the media routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPath {
    /// The text between `/t/` and the next slash; behind `/s/`, what cannot be a share's and is a wrong credential.
    pub token: Option<String>,
    pub named: Named,
    pub part: Part,
}

/// What of an item a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The video itself.
    Film,
    Poster,
    /// By their label, to be compared with those that there are.
    Subtitles(String),
}

impl Part {
    pub fn word(&self) -> &'static str {
        match self {
            Part::Film => "film",
            Part::Poster => "poster",
            Part::Subtitles(_) => "subtitles",
        }
    }
}

impl MediaPath {
    /// Of a raw request path that begins with `/m/`, `/t/`, `/s/` or `/files/`. What is malformed names nothing.
    pub fn parse(raw: &str) -> MediaPath {
        const NOTHING: (Named, Part) = (Named::Nothing, Part::Film);
        if let Some(rest) = raw.strip_prefix("/t/") {
            let (token, rest) = rest.split_once('/').unwrap_or((rest, ""));
            let (named, part) = rest.strip_prefix("m/").map_or(NOTHING, item);
            return MediaPath { token: Some(token.to_owned()), named, part };
        }
        if let Some(rest) = raw.strip_prefix("/s/") {
            return shared(rest);
        }
        let (named, part) = if let Some(rest) = raw.strip_prefix("/m/") {
            item(rest)
        } else if let Some(rest) = raw.strip_prefix("/files/") {
            (file(rest), Part::Film)
        } else {
            NOTHING
        };
        MediaPath { token: None, named, part }
    }
}

/// `{id}`, `{id}/{name}`, `{id}/poster/{name}` or `{id}/subtitles/{label}.vtt`. Names are decoration and may be
/// anything without a slash.
fn item(rest: &str) -> (Named, Part) {
    let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let part = match rest.split_once('/') {
        None => Some(Part::Film),
        Some((word, name)) => beside(word, name),
    };
    match (ItemId::parse(id), part) {
        (Some(id), Some(part)) => (Named::Item(id), part),
        _ => (Named::Nothing, Part::Film),
    }
}

/// `{code}/m`, `{code}/m/{name}`, `{code}/poster/{name}` or `{code}/subtitles/{label}.vtt`.
fn shared(rest: &str) -> MediaPath {
    let (code, rest) = rest.split_once('/').unwrap_or((rest, ""));
    let part = match rest.split_once('/') {
        None if rest == "m" => Some(Part::Film),
        Some(("m", name)) if !name.contains('/') => Some(Part::Film),
        Some((word, name)) => beside(word, name),
        None => None,
    };
    match (ShareCode::parse(code), part) {
        (Some(code), Some(part)) => MediaPath { token: None, named: Named::Shared(code), part },
        _ => MediaPath { token: Some(code.to_owned()), named: Named::Nothing, part: Part::Film },
    }
}

/// What lies beside a film.
fn beside(word: &str, name: &str) -> Option<Part> {
    match (word, name.contains('/')) {
        ("poster", false) => Some(Part::Poster),
        ("subtitles", false) => {
            let label = name.strip_suffix(".vtt").filter(|label| is_label(label));
            label.map(|label| Part::Subtitles(label.to_owned()))
        }
        _ => None,
    }
}

fn file(rest: &str) -> Named {
    let Some((library, path)) = rest.split_once('/') else { return Named::Nothing };
    match (component(library), path.split('/').map(component).collect::<Option<Vec<_>>>()) {
        (Some(library), Some(path)) => Named::File { library, path: path.join("/") },
        _ => Named::Nothing,
    }
}

/// One part of a path, decoded once. A slash that was encoded would be a second spelling of another path.
fn component(raw: &str) -> Option<String> {
    let text = percent_decode_str(raw).decode_utf8().ok()?;
    let fits = !text.is_empty() && !text.contains(['/', '\0']);
    fits.then(|| text.into_owned())
}

/// The path of `/private/files/download/{base64}`: standard or URL-safe alphabet, padded or not. None if it cannot
/// be decoded. Base64's own `/` may arrive raw or as `%2F`.
pub fn legacy(rest: &str) -> Option<String> {
    let text = percent_decode_str(rest).decode_utf8().ok()?;
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if digits.is_empty() || padding > 2 || (padding > 0 && text.len() % 4 != 0) {
        return None;
    }
    let url_safe = digits.contains(['-', '_']);
    let encoding = if url_safe { BASE64URL_NOPAD } else { BASE64_NOPAD };
    String::from_utf8(encoding.decode(digits.as_bytes()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL};
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "-_v7-_v7-_v7-_v7-_v7-w";

    fn file_named(library: &str, path: &str) -> Named {
        Named::File { library: library.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn urls_name_one_thing_or_nothing() {
        let id = || Named::Item(ItemId::parse(ID).unwrap());
        let cases = [
            (format!("/m/{ID}"), None, id(), "an item"),
            (format!("/m/{ID}/holiday.mp4"), None, id(), "with a name"),
            (format!("/m/{ID}/..%2f..%2fetc"), None, id(), "the name is decoration, whatever it says"),
            (format!("/m/{ID}/"), None, id(), "an empty name"),
            (format!("/m/{ID}/a/b"), None, Named::Nothing, "more than a name"),
            (format!("/m/{ID}x"), None, Named::Nothing, "not an id"),
            (format!("/m/%2D{}", &ID[1..]), None, Named::Nothing, "ids have one spelling"),
            (format!("/m//{ID}"), None, Named::Nothing, "an empty part"),
            (format!("/t/abc/m/{ID}/x.mp4"), Some("abc"), id(), "with a token"),
            (format!("/t//m/{ID}"), Some(""), id(), "an empty token is a wrong one"),
            ("/t/abc".to_owned(), Some("abc"), Named::Nothing, "a token alone"),
            ("/t/abc/files/v/a.mp4".to_owned(), Some("abc"), Named::Nothing, "tokens stand before /m/ only"),
            (format!("/t/abc/t/def/m/{ID}"), Some("abc"), Named::Nothing, "two tokens"),
            ("/files/v/a.mp4".to_owned(), None, file_named("v", "a.mp4"), "a file"),
            ("/files/v/2024/a%20b.mp4".to_owned(), None, file_named("v", "2024/a b.mp4"), "decoded once"),
            ("/files/v/a%2520b".to_owned(), None, file_named("v", "a%20b"), "and not twice"),
            ("/files/v/%C3%BC.mp4".to_owned(), None, file_named("v", "ü.mp4"), "UTF-8"),
            ("/files/v/a+b".to_owned(), None, file_named("v", "a+b"), "a plus is a plus"),
            ("/files/v/%FF".to_owned(), None, Named::Nothing, "not UTF-8"),
            ("/files/v/a%00.mp4".to_owned(), None, Named::Nothing, "NUL"),
            ("/files/v/a%2Fb".to_owned(), None, Named::Nothing, "an encoded slash"),
            ("/files/v//a".to_owned(), None, Named::Nothing, "an empty part"),
            ("/files/v/a/".to_owned(), None, Named::Nothing, "a slash at the end"),
            ("/files/v".to_owned(), None, Named::Nothing, "a library alone"),
            ("/files/v/../w/a".to_owned(), None, file_named("v", "../w/a"), "never resolved, so never found"),
            ("/files/v/%2e%2e/a".to_owned(), None, file_named("v", "../a"), "likewise"),
            ("/files/v/..%5ca".to_owned(), None, file_named("v", "..\\a"), "a backslash is a character"),
            ("/files/v/．．/a".to_owned(), None, file_named("v", "．．/a"), "full-width dots are characters"),
            ("/other".to_owned(), None, Named::Nothing, "no media route"),
        ];
        for (raw, token, named, why) in cases {
            let want = MediaPath { token: token.map(str::to_owned), named, part: Part::Film };
            assert_eq!(MediaPath::parse(&raw), want, "{why}: {raw}");
        }
    }

    #[test]
    fn urls_name_a_part_of_an_item_or_nothing() {
        let subtitles = |label: &str| Some(Part::Subtitles(label.to_owned()));
        let cases = [
            ("/poster/1.jpg", Some(Part::Poster), "a picture"),
            (
                "/poster/..%2f..%2fetc%2fpasswd",
                Some(Part::Poster),
                "its name is decoration, whatever it says",
            ),
            ("/poster/", Some(Part::Poster), "an empty name"),
            ("/poster", Some(Part::Film), "one part is decoration, as it always was"),
            ("/subtitles", Some(Part::Film), "likewise"),
            ("/poster/a/b", None, "more than a name"),
            ("/poster//", None, "likewise"),
            ("/Poster/1.jpg", None, "words are spelled in one way"),
            ("/%70oster/1.jpg", None, "likewise"),
            ("//poster/1.jpg", None, "an empty part"),
            ("/subtitles/default.vtt", subtitles("default"), "no language"),
            ("/subtitles/pt-BR.vtt", subtitles("pt-BR"), "a language with its region"),
            ("/subtitles/de.srt", None, "they are served as WebVTT"),
            ("/subtitles/de", None, "no ending"),
            ("/subtitles/.vtt", None, "no label"),
            ("/subtitles/...vtt", None, "dots"),
            ("/subtitles/..%2f..%2fsecret.vtt", None, "a way out"),
            ("/subtitles/../de.vtt", None, "likewise"),
            ("/subtitles/d%65.vtt", None, "labels are spelled in one way"),
            ("/subtitles/de/x.vtt", None, "more than a label"),
            ("/subtitles/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.vtt", None, "no language is as long"),
            ("/other/x", None, "no such part"),
        ];
        for (rest, want, why) in cases {
            for (before, token) in [("/m/", None), ("/t/abc/m/", Some("abc".to_owned()))] {
                let named = want.as_ref().map_or(Named::Nothing, |_| Named::Item(ItemId::parse(ID).unwrap()));
                let part = want.clone().unwrap_or(Part::Film);
                let raw = format!("{before}{ID}{rest}");
                assert_eq!(MediaPath::parse(&raw), MediaPath { token, named, part }, "{why}: {raw}");
            }
        }
    }

    #[test]
    fn a_share_names_its_item_by_a_code() {
        let code = ShareCode::from_random([7; 18]);
        let text = code.expose();
        let part = |part| Some(part);
        let cases = [
            ("/m", part(Part::Film), "the bytes"),
            ("/m/holiday.mp4", part(Part::Film), "with a name"),
            ("/m/a/b", None, "more than a name"),
            ("/poster/1.jpg", part(Part::Poster), "a picture"),
            ("/subtitles/de.vtt", part(Part::Subtitles("de".to_owned())), "subtitles"),
            ("/subtitles/de.srt", None, "they are served as WebVTT"),
            ("/x", None, "no such part"),
            ("/", None, "nothing"),
            ("", None, "the page"),
        ];
        for (rest, part, why) in cases {
            let want = match part {
                Some(part) => MediaPath { token: None, named: Named::Shared(code.clone()), part },
                None => MediaPath { token: Some(text.to_owned()), named: Named::Nothing, part: Part::Film },
            };
            assert_eq!(MediaPath::parse(&format!("/s/{text}{rest}")), want, "{why}");
        }
        let short = MediaPath::parse("/s/short/m");
        assert_eq!((short.token.as_deref(), short.named), (Some("short"), Named::Nothing), "no code");
    }

    #[test]
    fn the_old_route_takes_every_base64() {
        let cases = [
            ("YS5tcDQ=", Some("a.mp4"), "standard, padded"),
            ("YS5tcDQ", Some("a.mp4"), "not padded"),
            ("YS5tcDQ%3D", Some("a.mp4"), "padding percent-encoded"),
            ("8J+OrC8/Pz4ubXA0", Some("🎬/??>.mp4"), "standard alphabet, slash raw"),
            ("8J%2BOrC8%2FPz4ubXA0", Some("🎬/??>.mp4"), "the same, percent-encoded"),
            ("8J-OrC8_Pz4ubXA0", Some("🎬/??>.mp4"), "URL-safe alphabet"),
            ("Li4vLi4vZXRjL3Bhc3N3ZA", Some("../../etc/passwd"), "decoded, and then not in the catalogue"),
            ("", None, "nothing"),
            ("====", None, "padding only"),
            ("YS5tcDQ==", None, "wrong padding"),
            ("YS5tcDQ=x", None, "behind the padding"),
            ("8J+OrC8_Pz4ubXA0", None, "both alphabets"),
            ("YS5t cDQ", None, "white space"),
            ("A", None, "six bits"),
            ("/w", None, "not UTF-8"),
            ("%FF", None, "not UTF-8 before base64"),
        ];
        for (raw, want, why) in cases {
            assert_eq!(legacy(raw).as_deref(), want, "{why}: {raw}");
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back_from_base64(path in "\\PC{1,40}") {
            for text in [BASE64.encode(path.as_bytes()), BASE64URL.encode(path.as_bytes())] {
                prop_assert_eq!(legacy(&text), Some(path.clone()));
                prop_assert_eq!(legacy(text.trim_end_matches('=')), Some(path.clone()));
            }
        }

        #[test]
        fn no_name_of_a_file_holds_what_a_name_cannot(raw in "/files/[a-z%0-9A-F./\\\\]{0,40}") {
            if let Named::File { library, path } = MediaPath::parse(&raw).named {
                prop_assert!(!library.contains('/') && !library.is_empty());
                prop_assert!(!path.contains('\0') && !path.split('/').any(str::is_empty));
            }
        }
    }
}
