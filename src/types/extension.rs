//! Which files are media, by the end of their name, and what people call them: the name without it. A scan opens nothing,
//! so it has nothing else to go by.

/// What browsers play, and what people keep beside it to be converted one day. In lower case.
const EXTENSIONS: [&str; 37] = [
    "mp4", "m4v", "m4a", "m4b", "mov", "qt", "3gp", "3g2", "f4v", // ISO 14496-12 and QuickTime
    "webm", "mkv", "mka", "ogv", "ogg", "oga", "ogm", "opus", // Matroska and Ogg
    "mpg", "mpeg", "m2v", "vob", "ts", "m2ts", "mts", "mxf",
    "dv", // MPEG streams of recorders and cameras
    "avi", "divx", "wmv", "asf", "flv", "rmvb", // older ones
    "mp3", "aac", "flac", "wav", "wma", // sound alone
];

/// `name` is a file's name or path.
pub fn is_media(name: &str) -> bool {
    title(name) != name
}

/// A file's name as people read it, on every page: without the extension of media. `static/assets/js/names.js` has the
/// same rule.
pub fn title(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && is_known(extension) => stem,
        _ => name,
    }
}

fn is_known(extension: &str) -> bool {
    EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_known_by_their_extension() {
        let cases = [
            ("a.mp4", true, "the usual"),
            ("A.MP4", true, "cameras write capitals"),
            ("a.b.webm", true, "the last one counts"),
            ("a.mp4.part", false, "a download that goes on"),
            ("mp4", false, "no dot"),
            ("a.mp", false, "a part of one"),
            ("a.", false, "nothing behind the dot"),
            ("a.srt", false, "subtitles"),
            ("folder.mp4/readme", false, "the folder's dot"),
        ];
        for (name, want, why) in cases {
            assert_eq!(is_media(name), want, "{why}: {name}");
        }
    }

    #[test]
    fn a_title_is_the_name_without_the_extension_of_media() {
        let cases = [
            ("a.mp4", "a"),
            ("A.B.MKV", "A.B"),
            ("2024.txt", "2024.txt"),
            (".mp4", ".mp4"),
            ("mp4", "mp4"),
            ("a.mp4.mp4", "a.mp4"),
        ];
        for (name, want) in cases {
            assert_eq!(title(name), want);
        }
    }

    #[test]
    fn pages_know_the_same_extensions() {
        let script = include_str!("../../static/assets/js/names.js");
        let (_, rest) = script.split_once("/\\.(").expect("the pattern");
        let (pattern, _) = rest.split_once(")$/i").expect("its end");
        let mut ours = EXTENSIONS;
        ours.sort_unstable();
        assert_eq!(pattern.split('|').collect::<Vec<_>>(), ours, "in the order of the alphabet");
    }
}
