//! What people type and paste, without the credentials in it. Pure.
//!
//! A report is pasted elsewhere, and the addresses in it were copied from a player or an address line. Rather too much is
//! blanked than too little: a sentence that has lost a word still says what happened.

/// What stands in the place of a credential.
const BLANK: &str = "[blanked]";

/// Where a credential stands, which says what ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It begins with the mark.
    Itself,
    /// It is a parameter's value, or behind a word.
    Value,
    EncodedValue,
    /// It is a part of a path.
    Part,
    EncodedPart,
}

impl Place {
    /// White space, quotes and brackets end it everywhere.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Place::Itself => &[],
            Place::Value => &["&", "#", ";"],
            Place::EncodedValue => &["&", "#", ";", "%26", "%23"],
            Place::Part => &["/", "?", "#", "&"],
            Place::EncodedPart => &["/", "?", "#", "&", "%2f", "%3f", "%23", "%26"],
        }
    }
}

/// In lower case.
const MARKS: [(&str, Place); 15] = [
    ("rg_", Place::Itself),
    ("rg%5f", Place::Itself),
    ("token=", Place::Value),
    ("token%3d", Place::EncodedValue),
    ("sig=", Place::Value),
    ("sig%3d", Place::EncodedValue),
    ("/t/", Place::Part),
    ("%2ft%2f", Place::EncodedPart),
    ("/s/", Place::Part),
    ("%2fs%2f", Place::EncodedPart),
    ("bearer ", Place::Value),
    // The cookies of logins.
    ("reelgate=", Place::Value),
    // Those of visits to a share.
    ("=s.", Place::Value),
    // The way in of the first administrator.
    ("/setup?code=", Place::Value),
    ("%2fsetup%3fcode%3d", Place::EncodedValue),
];

/// The text with every credential blanked.
pub fn redacted(text: &str) -> String {
    // ASCII only, so that places in one are places in the other.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    while let Some((begin, end)) = next(&lower, done) {
        out.push_str(&text[done..begin]);
        out.push_str(BLANK);
        done = end;
    }
    out.push_str(&text[done..]);
    out
}

/// Where the next credential begins and ends.
fn next(lower: &str, from: usize) -> Option<(usize, usize)> {
    let marked = MARKS.iter().filter_map(|(mark, place)| {
        lower[from..].match_indices(mark).find_map(|(at, _)| {
            let (whole, begin) = (from + at, from + at + mark.len());
            let end = begin + length(&lower[begin..], *place);
            let begins = if *place == Place::Itself { whole } else { begin };
            (end > begin).then_some((begins, end))
        })
    });
    marked.min_by_key(|(begin, end)| (*begin, std::cmp::Reverse(*end)))
}

fn length(rest: &str, place: Place) -> usize {
    let is_end = |(at, letter): &(usize, char)| match place {
        Place::Itself => !letter.is_ascii_alphanumeric(),
        place => {
            let is_outside = letter.is_whitespace() || "\"'<>()[]{}`|".contains(*letter);
            is_outside || place.ends().iter().any(|end| rest[*at..].starts_with(end))
        }
    };
    rest.char_indices().find(is_end).map_or(rest.len(), |(at, _)| at)
}

/// Text of a stranger as it may be kept: without credentials, control characters and signs that turn the direction of
/// reading, and at most this many characters long. Lines stay.
pub fn kept(text: &str, longest: usize) -> String {
    let is_odd = |letter: char| {
        let turns =
            matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        turns || (letter.is_control() && letter != '\n' && letter != '\t')
    };
    let text = text.replace("\r\n", "\n").replace(is_odd, "");
    // Cut first: what is left of a token that was cut must be found as well.
    let text: String = text.chars().take(longest).collect();
    redacted(text.trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_blanked_and_the_rest_stays() {
        let cases = [
            ("It stops at 0:12.", "It stops at 0:12.", "nothing to hide"),
            ("my token is rg_abcXYZ0129, see", "my token is [blanked], see", "a token"),
            ("RG_abc", "[blanked]", "in capitals"),
            (
                "https://a.example/m/ID?token=abc&x=1",
                "https://a.example/m/ID?token=[blanked]&x=1",
                "an old key",
            ),
            ("/m/ID?exp=9&kid=k&sig=AbC-_9", "/m/ID?exp=9&kid=k&sig=[blanked]", "a signature"),
            ("/t/abc/m/ID/a.mp4", "/t/[blanked]/m/ID/a.mp4", "in the path"),
            ("(https://a.example/s/code-1)", "(https://a.example/s/[blanked])", "a share"),
            ("https://a.example/s/code-1/m", "https://a.example/s/[blanked]/m", "its bytes"),
            ("next=%2Fm%2FID%3Ftoken%3Drg_abc%26x", "next=%2Fm%2FID%3Ftoken%3D[blanked]%26x", "encoded"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [blanked]", "a header"),
            ("Cookie: __Host-reelgate=abc; a=b", "Cookie: __Host-reelgate=[blanked]; a=b", "a login"),
            (
                "Cookie: reelgate-ID=s.Code1.Visitor.Proof-_; __Host-reelgate-ID=s.Code2",
                "Cookie: reelgate-ID=s.[blanked]; __Host-reelgate-ID=s.[blanked]",
                "shares in cookies",
            ),
            ("/setup?code=Ab-_9&x", "/setup?code=[blanked]&x", "the way in of the first administrator"),
            ("%2Fsetup%3Fcode%3DAb-_9%26x", "%2Fsetup%3Fcode%3D[blanked]%26x", "likewise"),
            ("MediaError code=4", "MediaError code=4", "another code"),
            ("rg_ and sig= alone", "rg_ and sig= alone", "no credential follows"),
            ("?token=ab/c%2Bd%26=&x", "?token=[blanked]&x", "a key of another application"),
            ("rg_aa rg_bb", "[blanked] [blanked]", "two"),
            ("token=rg_aa-b&c", "token=[blanked]&c", "a mark behind a mark"),
            ("K\u{fc}che /t/\u{fc}/x", "K\u{fc}che /t/[blanked]/x", "not only ASCII"),
        ];
        for (text, want, why) in cases {
            assert_eq!(redacted(text), want, "{why}");
        }
    }

    #[test]
    fn odd_letters_are_left_away_and_length_is_bounded() {
        assert_eq!(kept("a\u{0}b\u{202e}c\r\nd\u{1b}[1m", 100), "abc\nd[1m");
        assert_eq!(kept("abcdef", 3), "abc");
        assert_eq!(kept("see rg_abcdef", 9), "see [blanked]", "cut in the middle of a token");
    }

    proptest! {
        #[test]
        fn no_token_gets_through(before in ".{0,20}", token in "rg_[0-9A-Za-z]{39}", after in "[ .,&/?#-].{0,20}") {
            let text = redacted(&format!("{before}{token}{after}"));
            prop_assert!(!text.contains(&token[3..]), "{}", text);
        }
    }
}
