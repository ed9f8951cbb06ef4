//! `Content-Disposition` (RFC 6266): shown or saved, and under which name.
//!
//! 1. `filename=` for those who know nothing else: ASCII, without what needs escaping (RFC 6266 appendix D).
//! 2. `filename*=` with the name as it is, percent-encoded UTF-8 (RFC 8187 §3.2).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but `attr-char` (RFC 8187 §3.2.1).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header for a file of this name, without its folders. Whatever the name, the value is a legal one.
#[must_use]
pub fn disposition(name: &str, inline: bool) -> HeaderValue {
    let kind = if inline { "inline" } else { "attachment" };
    let simple: String = name.chars().filter_map(simple).collect();
    let encoded = utf8_percent_encode(name, ENCODED);
    let value = format!("{kind}; filename=\"{simple}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&value).expect("only visible ASCII and spaces are left")
}

/// Leaves out quotes, backslashes and controls. A percent sign goes too: some decode it in here.
fn simple(character: char) -> Option<char> {
    match character {
        '"' | '\\' | '%' => None,
        ' '..='~' => Some(character),
        _ if character.is_control() => None,
        _ => Some('_'),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_all_sorts() {
        let cases = [
            ("a.mp4", r#"inline; filename="a.mp4"; filename*=UTF-8''a.mp4"#, "nothing to do"),
            ("a b.mp4", r#"inline; filename="a b.mp4"; filename*=UTF-8''a%20b.mp4"#, "a space"),
            ("ä.mp4", r#"inline; filename="_.mp4"; filename*=UTF-8''%C3%A4.mp4"#, "not ASCII"),
            (
                "a\"\\.mp4",
                r#"inline; filename="a.mp4"; filename*=UTF-8''a%22%5C.mp4"#,
                "would end the quotes",
            ),
            ("a\r\nb: c", r#"inline; filename="ab: c"; filename*=UTF-8''a%0D%0Ab%3A%20c"#, "another header"),
            ("50%25.mp4", r#"inline; filename="5025.mp4"; filename*=UTF-8''50%2525.mp4"#, "encoded twice"),
            ("a'(1)*.mp4", r#"inline; filename="a'(1)*.mp4"; filename*=UTF-8''a%27%281%29%2A.mp4"#, "§3.2.1"),
            ("\u{7f}\u{85}", r#"inline; filename=""; filename*=UTF-8''%7F%C2%85"#, "controls alone"),
        ];
        for (name, want, why) in cases {
            assert_eq!(disposition(name, true), want, "{why}");
        }
        assert!(disposition("a", false).as_bytes().starts_with(b"attachment; "));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in any::<String>()) {
            let value = disposition(&name, true);
            let (_, encoded) = value.to_str().unwrap().split_once("UTF-8''").unwrap();
            prop_assert_eq!(percent_decode_str(encoded).decode_utf8().unwrap(), name);
        }
    }
}
