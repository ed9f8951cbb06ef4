//! Conditions that are put together: their text holds `$1`, `$2`, ... and never a value.

use sqlx::sqlite::SqliteArguments;

use crate::db::DbError;

/// What stands for `$1`, `$2`, ... in a statement.
#[derive(Default)]
pub(super) struct Values(Vec<Value>);

enum Value {
    Text(String),
    Number(i64),
}

impl Values {
    /// The name of a new value in the statement's text.
    pub fn text(&mut self, text: impl Into<String>) -> String {
        self.put(Value::Text(text.into()))
    }

    pub fn number(&mut self, number: i64) -> String {
        self.put(Value::Number(number))
    }

    fn put(&mut self, value: Value) -> String {
        self.0.push(value);
        format!("${}", self.0.len())
    }

    pub fn arguments(self) -> Result<SqliteArguments, DbError> {
        use sqlx::Arguments as _;
        let mut arguments = SqliteArguments::default();
        for value in self.0 {
            let added = match value {
                Value::Text(text) => arguments.add(text),
                Value::Number(number) => arguments.add(number),
            };
            added.map_err(|error| DbError::Unavailable(sqlx::Error::Encode(error)))?;
        }
        Ok(arguments)
    }
}

/// One of these conditions holds; none of none. In pairs of pairs: databases bound how deep an expression is nested, and
/// somebody may have been granted two thousand files.
pub(super) fn any_of(conditions: &[String]) -> String {
    match conditions {
        [] => "1 = 0".to_owned(),
        [one] => one.clone(),
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            format!("({} or {})", any_of(left), any_of(right))
        }
    }
}

/// A pattern of `like ... escape '\'` for text anywhere.
pub(super) fn anywhere(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_nested_flat() {
        let all: Vec<String> = (0..4_096).map(|number| format!("a = {number}")).collect();
        let text = any_of(&all);
        let depth = text.bytes().scan(0_i32, |depth, byte| {
            *depth += i32::from(byte == b'(') - i32::from(byte == b')');
            Some(*depth)
        });
        assert_eq!(depth.max(), Some(12));
        assert_eq!(text.matches(" or ").count(), all.len() - 1);
    }

    #[test]
    fn wildcards_are_letters() {
        assert_eq!(anywhere(r"50%_\a"), r"%50\%\_\\a%");
    }
}
