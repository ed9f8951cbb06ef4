//! Which picture and which subtitles belong to a video, by their names. Pure.
//!
//! 1. `film.jpg` is the poster of `film.mp4`.
//! 2. `film.srt` and `film.de.srt` are its subtitles, the second in German.
//! 3. Unless there is a video `film.de.mp4`: then the second belongs to that one, whose viewers are others.

use crate::types::ItemId;

/// Pictures in the order in which they are preferred.
const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Texts, likewise.
const TEXTS: [&str; 2] = ["vtt", "srt"];
/// Subtitles whose name says no language.
pub const DEFAULT: &str = "default";

/// What lies beside a video.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The path of a picture.
    pub poster: Option<String>,
    pub subtitles: Vec<Subtitles>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtitles {
    /// A language as the name has it, or [`DEFAULT`].
    pub label: String,
    pub path: String,
}

/// Whether a file may lie beside a video.
pub(super) fn is_sidecar(path: &str) -> bool {
    let (stem, extension) = split(path);
    !stem.is_empty() && (rank(&PICTURES, extension).is_some() || rank(&TEXTS, extension).is_some())
}

/// A path without its extension.
pub fn stem(path: &str) -> &str {
    split(path).0
}

/// The sidecars of an item. `sidecars` and `items` may be of other stems as well.
pub fn beside<'a>(
    item: &str,
    sidecars: impl IntoIterator<Item = &'a str>,
    items: impl IntoIterator<Item = &'a str>,
) -> Beside {
    let own = stem(item);
    let others: Vec<&str> = items.into_iter().map(stem).filter(|other| *other != own).collect();
    let (mut posters, mut texts) = (Vec::new(), Vec::new());
    for path in sidecars {
        let (name, extension) = split(path);
        if let Some(rank) = rank(&PICTURES, extension).filter(|_| name == own) {
            posters.push((rank, path));
        }
        let is_others = others.contains(&name);
        if let (Some(rank), Some(label), false) = (rank(&TEXTS, extension), label(name, own), is_others) {
            texts.push((label.to_owned(), rank, path));
        }
    }
    texts.sort_unstable();
    texts.dedup_by(|one, other| one.0 == other.0);
    let subtitles = texts.into_iter().map(|(label, _, path)| Subtitles { label, path: path.to_owned() });
    Beside {
        poster: posters.into_iter().min().map(|(_, path)| path.to_owned()),
        subtitles: subtitles.collect(),
    }
}

/// The part of a sorted list that may belong to a video of this stem: what begins with it and a dot.
pub fn near<'a>(sorted: &'a [String], stem: &str) -> &'a [String] {
    let (first, behind) = (format!("{stem}."), format!("{stem}/"));
    let from = sorted.partition_point(|path| *path < first);
    let to = sorted.partition_point(|path| *path < behind);
    sorted.get(from..to).unwrap_or_default()
}

/// Below an item's address; the name of a poster is decoration.
pub fn poster_url(id: ItemId, extension_of: &str) -> String {
    format!("/m/{id}/poster/poster.{}", split(extension_of).1.to_ascii_lowercase())
}

pub fn subtitles_url(id: ItemId, label: &str) -> String {
    format!("/m/{id}/subtitles/{label}.vtt")
}

/// What may stand for a language (RFC 5646 §2.1): letters and digits, with hyphens between.
pub fn is_label(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (2..=35).contains(&text.len()) && text.split('-').all(part)
}

fn label<'a>(name: &'a str, own: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(own)?;
    if rest.is_empty() {
        return Some(DEFAULT);
    }
    rest.strip_prefix('.').filter(|language| is_label(language) && *language != DEFAULT)
}

/// Up to the last dot of the last part, and what follows it.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') && !stem.is_empty() && !stem.ends_with('/') => {
            (stem, extension)
        }
        _ => (path, ""),
    }
}

fn rank(known: &[&str], extension: &str) -> Option<usize> {
    known.iter().position(|known| known.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(item: &str, sidecars: &[&str], items: &[&str]) -> String {
        let found = beside(item, sidecars.iter().copied(), items.iter().copied());
        let texts = found.subtitles.iter().map(|text| format!("{}={}", text.label, text.path));
        found.poster.into_iter().chain(texts).collect::<Vec<_>>().join(" ")
    }

    /// A video, sidecars, videos, what is found, and why.
    type Case = (&'static str, &'static [&'static str], &'static [&'static str], &'static str, &'static str);

    #[test]
    fn what_lies_beside_a_video_is_known_by_its_name() {
        let cases: [Case; 14] = [
            ("a/1.mp4", &["a/1.jpg"], &[], "a/1.jpg", "the camera archive"),
            ("f.mp4", &["f.webp", "f.png", "f.JPG"], &[], "f.JPG", "jpg first, capitals or not"),
            ("f.mp4", &["f.de.jpg", "ff.jpg", "F.jpg", "a/f.jpg"], &[], "", "other names"),
            ("f.mp4", &["f.srt", "f.vtt"], &[], "default=f.vtt", "WebVTT needs no conversion"),
            ("f.mp4", &["f.de.srt", "f.en.vtt"], &[], "de=f.de.srt en=f.en.vtt", "languages"),
            ("f.mp4", &["f.pt-BR.srt"], &[], "pt-BR=f.pt-BR.srt", "with a region"),
            ("f.mp4", &["f.default.srt", "f.srt"], &[], "default=f.srt", "no language is called so"),
            ("f.mp4", &["f.d e.srt", "f..srt", "f.x.srt", "f.de.forced.srt"], &[], "", "no languages"),
            ("f.mp4", &["f.de.srt"], &["f.mp4", "f.de.mp4"], "", "it belongs to another video"),
            ("f.de.mp4", &["f.de.srt"], &["f.mp4", "f.de.mp4"], "default=f.de.srt", "to this one"),
            ("f.mp4", &["f.srt"], &["f.mp4", "f.mkv"], "default=f.srt", "two of one name share it"),
            ("f", &["f.jpg"], &[], "f.jpg", "a video without an extension"),
            ("a.b/f.mp4", &["a.b/f.jpg", "a.jpg"], &[], "a.b/f.jpg", "a dot in a folder's name"),
            ("f.mp4", &["f"], &[], "", "no extension"),
        ];
        for (item, sidecars, items, want, why) in cases {
            assert_eq!(told(item, sidecars, items), want, "{why}");
        }
    }

    #[test]
    fn only_pictures_and_texts_are_noted() {
        let cases = [
            ("a.jpg", true),
            ("a/b.SRT", true),
            (".jpg", false),
            ("a/.vtt", false),
            ("a.mp4", false),
            ("a.jpg/b", false),
            ("jpg", false),
        ];
        for (path, want) in cases {
            assert_eq!(is_sidecar(path), want, "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_sidecar_lies_in_its_videos_folder(item in "[ab./]{1,12}", sidecar in "[ab./]{1,10}(jpg|srt)") {
            let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
            let found = beside(&item, [sidecar.as_str()], []);
            for path in found.poster.iter().chain(found.subtitles.iter().map(|text| &text.path)) {
                prop_assert_eq!(folder(path), folder(&item));
            }
        }
    }
}
