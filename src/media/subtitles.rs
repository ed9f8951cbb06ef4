//! SubRip (`.srt`) as WebVTT, which is what browsers show. Pure.
//!
//! 1. Bytes become text: UTF-8, UTF-16 with its mark, else Latin-1 as Windows has it, as old files are.
//! 2. A line with an arrow and two times begins a cue, the next empty line ends it. A number before it is left out.
//! 3. Times get a point where SubRip has a comma; what stands behind them is left out.
//! 4. Of the tags `<i>`, `<b>` and `<u>` stay; other markup is left out or shown as text.

/// Goes up when the same file is converted otherwise.
pub const VERSION: u32 = 1;

/// What of markup stays, without brackets.
const TAGS: [&str; 6] = ["i", "b", "u", "/i", "/b", "/u"];
const MARK: &str = "WEBVTT";

/// Subtitles as WebVTT; `None` for what holds none.
pub fn to_webvtt(bytes: &[u8]) -> Option<String> {
    let text = decode(bytes);
    if is_webvtt(&text) {
        return Some(text);
    }
    let cues = cues(&text);
    (!cues.is_empty()).then(|| format!("{MARK}\n\n{}", cues.join("\n")))
}

/// What begins with this word, and nothing else in its line but a comment (WebVTT §4.1).
fn is_webvtt(text: &str) -> bool {
    let rest = text.strip_prefix(MARK);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

fn decode(bytes: &[u8]) -> String {
    let utf16 = |pairs: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = pairs.as_chunks().0.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text: String = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let latin = || plain.iter().map(|byte| latin(*byte)).collect();
            std::str::from_utf8(plain).map_or_else(|_| latin(), str::to_owned)
        }
    };
    // WebVTT §4.1 forbids it.
    text.replace('\0', "\u{fffd}")
}

/// Windows-1252: where Latin-1 has control characters, quotes and the euro; five places are empty.
fn latin(byte: u8) -> char {
    const FROM_80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let place = byte.checked_sub(0x80).map(usize::from);
    place.and_then(|place| FROM_80.chars().nth(place)).unwrap_or(char::from(byte))
}

fn cues(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut cues, mut open) = (Vec::new(), false);
    for line in text.split('\n') {
        if let Some(times) = times(line) {
            drop_number(cues.last_mut().filter(|_| open));
            cues.push(format!("{times}\n"));
            open = true;
        } else if line.trim().is_empty() {
            open = false;
        } else if let Some(cue) = cues.last_mut().filter(|_| open) {
            cue.push_str(&shown(line));
            cue.push('\n');
        }
    }
    cues
}

/// Where no empty line stands between two cues, the next one's number has been taken for text.
fn drop_number(cue: Option<&mut String>) {
    let Some(cue) = cue else { return };
    let Some((rest, last)) = cue.trim_end().rsplit_once('\n') else { return };
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        *cue = format!("{rest}\n");
    }
}

/// `00:01:02,500 --> 00:01:04,000`
fn times(line: &str) -> Option<String> {
    let (from, to) = line.split_once("-->")?;
    let to = to.split_whitespace().next()?;
    Some(format!("{} --> {}", time(from.trim())?, time(to)?))
}

/// Hours, minutes, seconds and thousandths; the last may be missing or shorter.
fn time(text: &str) -> Option<String> {
    let (clock, rest) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let mut parts = clock.split(':');
    let (hours, minutes, seconds) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let digits: String = rest.trim().chars().chain("000".chars()).take(3).collect();
    let is_time = parts.next().is_none() && minutes < 60 && seconds < 60;
    let millis = number(&digits).filter(|_| is_time)?;
    Some(format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"))
}

/// A line of text without what WebVTT would take for something else.
fn shown(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(place) = rest.find(['<', '&', '{', '>']) {
        let (before, from) = rest.split_at(place);
        out.push_str(before);
        let (written, len) = markup(from);
        out.push_str(&written);
        rest = from.get(len..).unwrap_or_default();
    }
    out + rest
}

/// What is written for the markup at the front, and how many bytes it takes.
fn markup(from: &str) -> (String, usize) {
    let until = |end: char| from.find(end).map(|place| (&from[1..place], place + 1));
    match from.as_bytes().first() {
        Some(b'<') => match until('>') {
            Some((tag, len)) if TAGS.contains(&tag.to_ascii_lowercase().as_str()) => {
                (format!("<{}>", tag.to_ascii_lowercase()), len)
            }
            Some((tag, len)) if is_tag(tag) => (String::new(), len),
            _ => ("&lt;".to_owned(), 1),
        },
        // Places and styles of another format that players of SubRip understand: {\an8}.
        Some(b'{') => match until('}') {
            Some((style, len)) if style.starts_with('\\') => (String::new(), len),
            _ => ("{".to_owned(), 1),
        },
        Some(b'>') => ("&gt;".to_owned(), 1),
        _ => match until(';') {
            Some((name, len)) if is_entity(name) => (format!("&{name};"), len),
            _ => ("&amp;".to_owned(), 1),
        },
    }
}

/// `font color="red"`, `/font`: a name, and no further bracket.
fn is_tag(tag: &str) -> bool {
    let name = tag.strip_prefix('/').unwrap_or(tag);
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && !tag.contains('<')
}

fn is_entity(name: &str) -> bool {
    ["amp", "lt", "gt", "nbsp", "lrm", "rlm"].contains(&name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(text: &str) -> String {
        to_webvtt(text.as_bytes()).unwrap_or_default()
    }

    const CUE: &str = "1\n00:00:01,500 --> 00:00:02,000\n";

    #[test]
    fn subrip_becomes_webvtt() {
        let cases = [
            (
                "1\n00:00:01,500 --> 00:00:02,000\nHi\n",
                "00:00:01.500 --> 00:00:02.000\nHi\n",
                "as it is written",
            ),
            (
                "\u{feff}1\r\n00:00:01,500 --> 00:00:02,000\r\nHi\r\n",
                "00:00:01.500 --> 00:00:02.000\nHi\n",
                "with a mark and CRLF",
            ),
            (
                "00:00:01,500 --> 00:00:02,000\nHi",
                "00:00:01.500 --> 00:00:02.000\nHi\n",
                "no number, no end of line",
            ),
            (
                "1\n0:0:1 --> 0:0:2,5 X1:40 X2:600\nHi\n",
                "00:00:01.000 --> 00:00:02.500\nHi\n",
                "short times and a place",
            ),
            (
                "1\n00:00:01,000 --> 00:00:02,000\na\nb\n2\n00:00:03,000 --> 00:00:04,000\nc\n",
                "00:00:01.000 --> 00:00:02.000\na\nb\n\n00:00:03.000 --> 00:00:04.000\nc\n",
                "no empty line between",
            ),
            (
                "1\n00:00:01,000 --> 00:00:02,000\n\n2\n00:00:03,000 --> 00:00:04,000\n1984\n",
                "00:00:01.000 --> 00:00:02.000\n\n00:00:03.000 --> 00:00:04.000\n1984\n",
                "an empty cue, and a number that is text",
            ),
            (
                "123:00:01,000 --> 123:00:02,000\nHi\n",
                "123:00:01.000 --> 123:00:02.000\nHi\n",
                "more than 99 hours",
            ),
        ];
        for (text, want, why) in cases {
            assert_eq!(converted(text), format!("WEBVTT\n\n{want}"), "{why}");
        }
    }

    #[test]
    fn markup_is_kept_sane() {
        let cases = [
            ("<i>Hi</i> <B>you</B>", "<i>Hi</i> <b>you</b>", "what both know"),
            ("<font color=\"red\">Hi</font>", "Hi", "what WebVTT has not"),
            ("<script>alert(1)</script>", "alert(1)", "no script"),
            ("{\\an8}Hi {you}", "Hi {you}", "a place above, and braces that are text"),
            ("a < b > c", "a &lt; b &gt; c", "comparisons"),
            ("a --> b", "a --&gt; b", "an arrow would begin a cue"),
            ("Tom & Jerry &amp; co", "Tom &amp; Jerry &amp; co", "once is enough"),
            ("I <3 you <", "I &lt;3 you &lt;", "a heart"),
            ("<<i>>", "&lt;<i>&gt;", "brackets around a tag"),
        ];
        for (text, want, why) in cases {
            let want = format!("WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n{want}\n");
            assert_eq!(converted(&format!("{CUE}{text}\n")), want, "{why}");
        }
    }

    #[test]
    fn old_codings_are_read_and_what_holds_no_subtitles_is_refused() {
        let cue = |text: &[u8]| to_webvtt(&[CUE.as_bytes(), text].concat()).unwrap();
        assert!(cue(b"M\xfcnchen").ends_with("München\n"), "Latin-1");
        assert!(cue(b"\x80 5 \x93Hi\x94 \x9f\xa0\xff").ends_with("€ 5 “Hi” Ÿ\u{a0}ÿ\n"), "as Windows has it");
        assert!(cue("München".as_bytes()).ends_with("München\n"), "UTF-8");
        let utf16: Vec<u8> = format!("\u{feff}{CUE}ü").encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(to_webvtt(&utf16).unwrap().ends_with("ü\n"));
        assert_eq!(
            to_webvtt(b"\xef\xbb\xbfWEBVTT - x\n\nNOTE"),
            Some("WEBVTT - x\n\nNOTE".to_owned()),
            "it is WebVTT"
        );
        for nothing in [
            "",
            "hello",
            "WEBVTTX",
            "1\n00:00 --> 00:01\nHi",
            "root:x:0:0",
            "a --> b",
            "1\n99:99:99,0 --> 0:0:0,0",
        ] {
            assert_eq!(to_webvtt(nothing.as_bytes()), None, "{nothing}");
        }
    }

    proptest! {
        /// The result is read back as the same cues: no text of one becomes another one.
        #[test]
        fn any_text_stays_in_its_cue(text in "[ -~\n<>&{}-]{0,80}") {
            let text = text.replace("\n\n", "\n");
            let out = converted(&format!("{CUE}x{text}\n"));
            prop_assert_eq!(out.matches("-->").count(), 1 + text.lines().filter(|line| times(line).is_some()).count());
            prop_assert!(out.starts_with("WEBVTT\n\n"));
        }

        #[test]
        fn any_bytes_are_refused_or_become_webvtt(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(text) = to_webvtt(&bytes) {
                prop_assert!(text.starts_with("WEBVTT") && !text.contains('\0'));
            }
        }
    }
}
