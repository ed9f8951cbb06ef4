//! Text of others in Markdown that is pasted into somebody's tracker: nothing of it becomes a link, a picture, a mention or
//! a heading. Pure.

/// A block of text as it is. The fence is longer than any row of backticks within (`CommonMark` 0.31 §4.5), so it cannot be
/// closed from inside, and nothing within is read as Markdown.
pub fn block(text: &str) -> String {
    let fence = "`".repeat(longest_row(text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// A few words in one line, likewise (§6.1).
pub fn words(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let line = line.trim();
    if line.is_empty() {
        return "(nothing)".to_owned();
    }
    let fence = "`".repeat(longest_row(line) + 1);
    // A span that begins or ends with a backtick needs the spaces, and others lose them again.
    format!("{fence} {line} {fence}")
}

fn longest_row(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fenced_cannot_break_out() {
        let cases = [
            ("plain", "```text\nplain\n```\n", "a word"),
            ("a\n```\n<script>", "````text\na\n```\n<script>\n````\n", "a fence within"),
            ("``````", "```````text\n``````\n```````\n", "a longer one"),
            ("", "```text\n\n```\n", "nothing"),
        ];
        for (text, want, why) in cases {
            assert_eq!(block(text), want, "{why}");
        }
    }

    #[test]
    fn words_stay_in_their_line() {
        let cases = [
            ("Firefox 153", "` Firefox 153 `", "a word"),
            ("a`b", "`` a`b ``", "a backtick"),
            ("a\n\n# b", "` a  # b `", "lines"),
            ("``` ", "```` ``` ````", "nothing else"),
            (" \n", "(nothing)", "nothing"),
        ];
        for (text, want, why) in cases {
            assert_eq!(words(text), want, "{why}");
        }
    }
}
