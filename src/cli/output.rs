//! What commands print: sentences and tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Cell, CellAlignment, Table, TableStyle};
use serde::Serialize;

use crate::clock::{Seconds, rfc3339};

#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Output {
        Output { json }
    }

    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// The value as JSON, or what people read instead.
    pub(super) fn show<T: Serialize>(self, value: &T, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { print(&serde_json::to_string(value)?) } else { print(&text()) }
    }

    /// A list as an array of objects, or as a table with these headings; `none` when it is empty.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        values: &[T],
        headings: [&str; N],
        none: &str,
        row: impl Fn(&T) -> [String; N],
    ) -> anyhow::Result<()> {
        if self.json {
            return print(&serde_json::to_string(values)?);
        }
        if values.is_empty() {
            return print(none);
        }
        print(&table(headings, &values.iter().map(row).collect::<Vec<_>>()))
    }

    /// Everything that went wrong, outermost first, to standard error.
    pub(super) fn error(self, error: &anyhow::Error) {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        let mut text = causes.first().cloned().unwrap_or_default();
        for cause in &causes[1..] {
            // thiserror's messages often hold their cause already.
            if !text.contains(cause.as_str()) {
                text = format!("{text}: {cause}");
            }
        }
        self.complain("error", &text);
    }

    /// What does not stop a command, to standard error.
    pub(super) fn warning(self, text: &str) {
        self.complain("warning", text);
    }

    fn complain(self, kind: &str, text: &str) {
        let line =
            if self.json { serde_json::json!({ kind: text }).to_string() } else { format!("{kind}: {text}") };
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Columns under headings, without lines around them. Numbers stand with their ends below each other.
pub(super) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_header(headings.map(|heading| Cell::new(heading.to_uppercase())));
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        let mut cells = rows.iter().filter_map(|row| row.get(index));
        if cells.all(|cell| !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit())) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Whether a person sits at both ends, to be asked and to answer.
pub(super) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

pub(super) fn optional_time(seconds: Option<Seconds>, none: &str) -> String {
    seconds.map_or_else(|| none.to_owned(), rfc3339)
}

/// `1.2 GiB`
pub(super) fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// `2026-11-25 04:53` of a time as programs write it; other words stay.
pub(super) fn minute(time: &str) -> String {
    match time.get(..16) {
        Some(minute) if time.ends_with('Z') => minute.replace('T', " "),
        _ => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_times_to_the_minute() {
        assert_eq!(minute("2026-11-25T04:53:02Z"), "2026-11-25 04:53");
        assert_eq!(minute("never"), "never");
    }

    #[test]
    fn numbers_stand_with_their_ends_below_each_other() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let text =
            table(["library", "videos", "since"], &[row(["a", "7", "2024"]), row(["bc", "1200", "x"])]);
        let want = ["LIBRARY  VIDEOS  SINCE", "a             7  2024", "bc         1200  x"];
        assert_eq!(text.lines().collect::<Vec<_>>(), want);
    }
}
