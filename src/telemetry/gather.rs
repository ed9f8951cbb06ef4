//! Lines on their way to standard error: a thread gathers them while it answers, and writes them when it rests.
//!
//! One system call for each line was a twentieth of what a small answer costs, and threads waited for each other at it. A
//! thread of the runtime rests as soon as no request waits for it; see [`flush`]. One that never does writes when it has
//! gathered enough, or is relieved by [`flush_all`].

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use thread_local::ThreadLocal;

/// In bytes, about 20 lines.
const ENOUGH: usize = 8 * 1024;

static ALL: ThreadLocal<Gathered> = ThreadLocal::new();

/// By one thread.
#[derive(Default)]
struct Gathered(Mutex<String>);

impl Gathered {
    fn add(&self, lines: &str, log: impl Write) {
        let mut text = self.text();
        text.push_str(lines);
        if text.len() >= ENOUGH {
            write(&mut text, log);
        }
    }

    fn flush(&self, log: impl Write) {
        write(&mut self.text(), log);
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In one call, so that lines of several threads do not mix.
fn write(text: &mut String, mut log: impl Write) {
    if !text.is_empty() {
        // Whoever closed the log does not want it.
        _ = log.write_all(text.as_bytes());
        text.clear();
    }
}

/// Adds whole lines.
pub(super) fn put(lines: &str) {
    ALL.get_or_default().add(lines, io::stderr());
}

/// Writes what this thread has gathered. To be called before it rests.
pub fn flush() {
    if let Some(gathered) = ALL.get() {
        gathered.flush(io::stderr());
    }
}

/// Writes what any thread has gathered.
pub fn flush_all() {
    ALL.iter().for_each(|gathered| gathered.flush(io::stderr()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_in_their_order_and_before_there_are_too_many() {
        let (gathered, mut log) = (Gathered::default(), Vec::new());
        let lines: Vec<String> = (0..2_000).map(|number| format!("line {number}\n")).collect();
        for line in &lines {
            let before = log.len();
            gathered.add(line, &mut log);
            assert!(gathered.text().len() < ENOUGH);
            assert!(log.len() == before || log.ends_with(line.as_bytes()), "not a part of a line");
        }
        assert!((1..lines.concat().len()).contains(&log.len()), "the last ones wait");
        gathered.flush(&mut log);
        assert_eq!(String::from_utf8(log).unwrap(), lines.concat());
        assert!(gathered.text().is_empty());
    }
}
