//! Matroska and `WebM` (RFC 9559): what the elements `Info` and `Tracks` say.
//!
//! Codings get the names that browsers are asked about, by the same configurations that MP4 has.

use super::ebml::{Element, child, children};
use super::examined::{FrameRate, Track};
use super::numbers::{big, seconds};
use crate::mp4::{FourCc, by_configuration};

pub(super) const SEGMENT: u64 = 0x1853_8067;
pub(super) const INFO: u64 = 0x1549_a966;
pub(super) const TRACKS: u64 = 0x1654_ae6b;
pub(super) const CLUSTER: u64 = 0x1f43_b675;

const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const ENTRY: u64 = 0xae;
const TYPE: u64 = 0x83;
const CODEC: u64 = 0x86;
const PRIVATE: u64 = 0x63a2;
const DEFAULT_DURATION: u64 = 0x23_e383;
const LANGUAGE: u64 = 0x22_b59c;
const LANGUAGE_TAG: u64 = 0x22_b59d;
const VIDEO: u64 = 0xe0;
const WIDTH: u64 = 0xb0;
const HEIGHT: u64 = 0xba;
const AUDIO: u64 = 0xe1;
const SAMPLE_RATE: u64 = 0xb5;
const CHANNELS: u64 = 0x9f;

/// Tracks that are read.
const MAX_TRACKS: usize = 100;

/// Milliseconds, where the recorder came back to write them.
pub(super) fn duration(info: &[u8]) -> Option<u64> {
    // Nanoseconds a tick; a million where it is not said (§5.1.2.9).
    let scale = child(info, TIMESTAMP_SCALE).and_then(|scale| scale.number()).unwrap_or(1_000_000);
    let ticks = child(info, DURATION)?.float()?;
    let scale = f64::from(u32::try_from(scale).ok()?);
    seconds(ticks * scale / 1e9)
}

pub(super) fn tracks(tracks: &[u8]) -> Vec<Track> {
    children(tracks).filter(|element| element.id == ENTRY).take(MAX_TRACKS).map(track).collect()
}

fn track(entry: Element<'_>) -> Track {
    let find = |id| child(entry.body, id);
    let kind = match find(TYPE).and_then(|kind| kind.number()) {
        Some(1) => "video",
        Some(2) => "audio",
        Some(17) => "subtitle",
        _ => "other",
    };
    let id = find(CODEC).and_then(|codec| codec.text()).unwrap_or_default();
    let private = find(PRIVATE).map(|private| private.body).unwrap_or_default();
    let (codec, bit_depth) = coding(id, private);
    let video = find(VIDEO).map(|video| video.body).unwrap_or_default();
    let audio = find(AUDIO).map(|audio| audio.body);
    let small = |body, id| child(body, id).and_then(|found| u32::try_from(found.number()?).ok());
    let language = find(LANGUAGE_TAG).or_else(|| find(LANGUAGE)).and_then(|tag| tag.text());
    Track {
        kind,
        codec: (!codec.is_empty()).then_some(codec),
        bit_depth,
        width: small(video, WIDTH),
        height: small(video, HEIGHT),
        frame_rate: find(DEFAULT_DURATION).filter(|_| kind == "video").and_then(|each| rate(each.number()?)),
        channels: audio.map(|audio| small(audio, CHANNELS).unwrap_or(1)),
        sample_rate: audio.and_then(|audio| hertz(child(audio, SAMPLE_RATE)?.float()?)),
        language: language.filter(|tag| is_tag(tag) && *tag != "und").map(str::to_owned),
        ..Track::default()
    }
}

/// Of the nanoseconds that a frame lasts.
fn rate(nanoseconds: u64) -> Option<FrameRate> {
    let millis = (1_000_000_000_000 + nanoseconds / 2).checked_div(nanoseconds)?;
    u32::try_from(millis).ok().filter(|rate| *rate > 0).map(FrameRate)
}

fn hertz(rate: f64) -> Option<u32> {
    // Whole numbers in all files, written as floating point.
    std::time::Duration::try_from_secs_f64(rate).ok().and_then(|rate| u32::try_from(rate.as_secs()).ok())
}

fn is_tag(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// RFC 9559 §5.1.4.1.22 names codings by texts such as `V_VP9`.
fn coding(id: &str, private: &[u8]) -> (String, Option<u8>) {
    let configured = |format: &[u8; 4]| {
        let plain = || (FourCc(*format).to_string(), None);
        by_configuration(FourCc(*format), private).unwrap_or_else(plain)
    };
    match id {
        "V_MPEG4/ISO/AVC" => configured(b"avc1"),
        "V_MPEGH/ISO/HEVC" => configured(b"hvc1"),
        "V_AV1" => configured(b"av01"),
        "V_VP9" => vp9(private).unwrap_or_else(|| ("vp9".to_owned(), None)),
        _ => (simple(id, private), None),
    }
}

fn simple(id: &str, private: &[u8]) -> String {
    let known = match id {
        "V_VP8" => "vp8",
        "A_OPUS" => "opus",
        "A_VORBIS" => "vorbis",
        "A_FLAC" => "flac",
        "A_AC3" => "ac-3",
        "A_EAC3" => "ec-3",
        "A_MPEG/L3" => "mp3",
        "S_TEXT/UTF8" => "srt",
        "S_TEXT/WEBVTT" => "wvtt",
        // The first five bits are the kind of AAC (ISO/IEC 14496-3 §1.6.2.1).
        _ if id.starts_with("A_AAC") => {
            return private.first().map_or("mp4a.40.2".to_owned(), |first| format!("mp4a.40.{}", first >> 3));
        }
        _ => return id.chars().filter(char::is_ascii_graphic).take(40).collect(),
    };
    known.to_owned()
}

/// Features of an id, a length of one and a value ("VP9 Codec Mappings" of `WebM`).
fn vp9(private: &[u8]) -> Option<(String, Option<u8>)> {
    let feature = |id: u8| private.as_chunks::<3>().0.iter().find(|[own, len, _]| (*own, *len) == (id, 1));
    let value = |id| feature(id).map(|[_, _, value]| *value);
    let (profile, level, depth) = (value(1)?, value(2)?, value(3).unwrap_or(8));
    Some((format!("vp09.{profile:02}.{level:02}.{depth:02}"), Some(depth)))
}

/// The kind of file, by its header's `DocType`, which is checked by whoever recognised it. Here: where the header ends.
pub(super) fn header_end(start: &[u8]) -> Option<u64> {
    let head = super::ebml::Head::read(start)?;
    head.len.checked_add(head.size?)
}

/// The time of the last cluster in the end of a file, in milliseconds: a recorder that never came back left no
/// duration.
pub(super) fn last_cluster(end: &[u8], info: &[u8]) -> Option<u64> {
    let place = super::numbers::rfind(end, b"\x1f\x43\xb6\x75")?;
    let head = super::ebml::Head::read(end.get(place..)?)?;
    let body = end.get(place + usize::try_from(head.len).ok()?..)?;
    // `Timestamp` (E7) comes first in it (§5.1.3.1).
    let time = super::ebml::Head::read(body).filter(|head| head.id == 0xe7)?;
    let ticks = big(body, usize::try_from(time.len).ok()?, usize::try_from(time.size?).ok()?)?;
    let scale = child(info, TIMESTAMP_SCALE).and_then(|scale| scale.number()).unwrap_or(1_000_000);
    ticks.checked_mul(scale).map(|nanoseconds| nanoseconds / 1_000_000).filter(|millis| *millis > 0)
}
