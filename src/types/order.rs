//! The order of lists: as people count, without capitals. `Clip 2` stands before `clip 10`.
//!
//! Databases compare bytes, so each name gets a key whose bytes say the same.

use super::folded;

/// Below every letter of a key, so that what ends here comes first: the end of the ordered part, of a folder's name,
/// and whatever moves a terminal's cursor.
const END: char = '\u{1}';
const SLASH: char = '\u{2}';
const CONTROL: char = '\u{3}';

/// Of a name. Names that people read alike (`Clip 01`, `clip 1`) share it.
pub fn name_order(name: &str) -> String {
    let text = folded(name);
    let mut key = String::with_capacity(text.len() + 8);
    let mut rest = text.as_str();
    while let Some(letter) = rest.chars().next() {
        if letter.is_ascii_digit() {
            let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            push_number(&mut key, &rest[..end]);
            rest = &rest[end..];
        } else {
            key.push(match letter {
                '/' => SLASH,
                letter if letter.is_control() => CONTROL,
                letter => letter,
            });
            rest = &rest[letter.len_utf8()..];
        }
    }
    key
}

/// Of a path: folder by folder, and no two paths share it. At most four times as long as the path is without capitals.
pub fn path_order(path: &str) -> String {
    let mut key = name_order(path);
    key.push(END);
    key.push_str(path);
    key
}

/// A number by its value: how many digits it has without zeros in front, and those. Stands among letters where digits
/// stand: `0` to `8` say how many there are, and `9` that their number follows, which says how long it is itself.
fn push_number(key: &mut String, digits: &str) {
    let digits = digits.trim_start_matches('0');
    let count = digits.len().to_string();
    if digits.len() > 8 {
        key.push('9');
        key.push_str(&count.len().to_string());
    }
    key.push_str(&count);
    key.push_str(digits);
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_stand_as_people_count() {
        let sorted = [
            "Clip",
            "clip 1",
            "CLIP 01b",
            "clip 2",
            "Clip 10",
            "clip 10 b",
            "clip 123456789",
            "clip 1234567890",
            "clip 99999999999999999999999999",
            "clip 100000000000000000000000000",
            "clip x",
            "\u{4e2d} 2",
            "\u{4e2d} 10",
        ];
        for pair in sorted.windows(2) {
            assert!(name_order(pair[0]) < name_order(pair[1]), "{pair:?}");
        }
        assert_eq!(name_order("Clip 001"), name_order("clip 1"), "zeros in front and capitals say nothing");
        let paths = ["a/z", "A 2/c 1", "a 2/C 2", "a 10/c", "a b/a", "ab/c"];
        for pair in paths.windows(2) {
            assert!(path_order(pair[0]) < path_order(pair[1]), "{pair:?}: folder by folder");
        }
    }

    /// What a name is compared by, piece by piece.
    #[derive(Debug, PartialEq, Eq)]
    enum Piece {
        Number(String),
        Letter(char),
    }

    fn pieces(text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut is_number = false;
        for letter in folded(text).chars() {
            match (pieces.last_mut(), letter.is_ascii_digit()) {
                (Some(Piece::Number(digits)), true) if is_number => digits.push(letter),
                (_, true) => pieces.push(Piece::Number(letter.to_string())),
                (_, false) => pieces.push(Piece::Letter(letter)),
            }
            is_number = letter.is_ascii_digit();
        }
        pieces
    }

    fn rank(letter: char) -> (u8, char) {
        match letter {
            '/' => (0, ' '),
            letter if letter.is_control() => (1, ' '),
            letter => (2, letter),
        }
    }

    fn compared(one: &Piece, other: &Piece) -> Ordering {
        use Piece::{Letter, Number};
        match (one, other) {
            (Letter(one), Letter(other)) => rank(*one).cmp(&rank(*other)),
            (Letter(letter), Number(_)) => rank(*letter).cmp(&(2, '0')),
            (Number(_), Letter(letter)) => (2, '0').cmp(&rank(*letter)),
            (Number(one), Number(other)) => {
                let width = one.len().max(other.len());
                format!("{one:0>width$}").cmp(&format!("{other:0>width$}"))
            }
        }
    }

    fn naturally(one: &str, other: &str) -> Ordering {
        let (one, other) = (pieces(one), pieces(other));
        let different = one.iter().zip(&other).map(|(one, other)| compared(one, other));
        different.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| one.len().cmp(&other.len()))
    }

    proptest! {
        #[test]
        fn the_bytes_of_keys_say_what_counting_says(
            one in "([aA\u{e4}\u{c4}\u{df}/. _:\u{1}]|[0-9]{1,12}|0{1,3}|\\PC){0,8}",
            other in "([aA\u{e4}\u{c4}\u{df}/. _:\u{1}]|[0-9]{1,12}|0{1,3}|\\PC){0,8}",
        ) {
            prop_assert_eq!(name_order(&one).cmp(&name_order(&other)), naturally(&one, &other));
            let total = naturally(&one, &other).then_with(|| one.cmp(&other));
            prop_assert_eq!(path_order(&one).cmp(&path_order(&other)), total);
        }

        #[test]
        fn a_key_is_bounded_and_never_empty(text in "([0-9]{0,40}|\\PC){0,40}") {
            let longest = text.len().max(folded(&text).len());
            prop_assert!((1..=4 * longest + 1).contains(&path_order(&text).len()));
        }
    }
}
