//! Flash video: the first tag is mostly `onMetaData`, a list of names and numbers (AMF 0).

use super::examined::Track;
use super::numbers::{find, seconds};

pub(super) fn read(start: &[u8]) -> (Vec<Track>, Option<u64>) {
    let number = |name: &str| number(start, name);
    let small = |name: &str| seconds(number(name)?).and_then(|millis| u32::try_from(millis / 1_000).ok());
    let mut tracks = Vec::new();
    // The file's header says what follows: 1 pictures, 4 sound.
    let flags = start.get(4).copied().unwrap_or(0);
    if flags & 1 != 0 {
        let codec = if small("videocodecid") == Some(7) { Some("avc1".to_owned()) } else { None };
        let (width, height) = (small("width"), small("height"));
        tracks.push(Track { kind: "video", codec, width, height, ..Track::default() });
    }
    if flags & 4 != 0 {
        let codec = match small("audiocodecid") {
            Some(10) => Some("mp4a.40.2".to_owned()),
            Some(2) => Some("mp3".to_owned()),
            _ => None,
        };
        tracks.push(Track { kind: "audio", codec, ..Track::default() });
    }
    (tracks, number("duration").and_then(seconds))
}

/// A name with its length before it, the mark of a number, and the number.
fn number(start: &[u8], name: &str) -> Option<f64> {
    let len = u8::try_from(name.len()).ok()?;
    let entry = [&[0, len], name.as_bytes(), &[0]].concat();
    let place = find(start, &entry)?.checked_add(entry.len())?;
    let bytes = start.get(place..place.checked_add(8)?)?;
    Some(f64::from_be_bytes(bytes.try_into().ok()?))
}
