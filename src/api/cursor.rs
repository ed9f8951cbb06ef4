//! Where a page of a list ended, as one opaque word.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::db::catalogue::{Key, Mark};
use crate::types::Sort;

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: String,
    key: Value,
    last: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(i64),
    Text(String),
}

pub fn written(mark: Mark, sort: Sort) -> String {
    let key = match mark.key {
        Key::Text(text) => Value::Text(text),
        Key::Number(number) => Value::Number(number),
    };
    let cursor = Cursor { sort: sort.word().to_owned(), key, last: mark.last };
    BASE64URL_NOPAD.encode(&serde_json::to_vec(&cursor).unwrap_or_default())
}

/// None: it was not given out for this order.
pub fn read(text: &str, sort: Sort) -> Option<Mark> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let cursor: Cursor = serde_json::from_slice(&bytes).ok()?;
    let by_text = matches!(sort, Sort::Path | Sort::Name);
    let key = match cursor.key {
        Value::Text(text) if by_text => Key::Text(text),
        Value::Number(number) if !by_text => Key::Number(number),
        _ => return None,
    };
    (cursor.sort == sort.word()).then_some(Mark { key, last: cursor.last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_order_only() {
        let by_name = Mark { key: Key::Text("\u{5d0}'\"%🎬".to_owned()), last: "id".to_owned() };
        let by_size = Mark { key: Key::Number(-1), last: "id".to_owned() };
        for (mark, sort) in [(by_name, Sort::Name), (by_size, Sort::Largest)] {
            let text = written(mark.clone(), sort);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(read(&text, sort), Some(mark));
            for other in [Sort::Path, Sort::Newest, Sort::Longest] {
                assert_eq!(read(&text, other), None, "{sort} {other}");
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        let of = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let cases = [
            (String::new(), "nothing"),
            ("%".to_owned(), "another alphabet"),
            (of("{}"), "no fields"),
            (of(r#"{"sort":"name","key":1,"last":"a"}"#), "a number for a text"),
            (of(r#"{"sort":"size","key":"a","last":"a"}"#), "an order that is not there"),
            (of(r#"{"sort":"name","key":[],"last":"a"}"#), "neither text nor number"),
        ];
        for (text, why) in cases {
            assert_eq!(read(&text, Sort::Name), None, "{why}");
        }
    }
}
