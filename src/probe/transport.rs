//! MPEG transport streams (ISO/IEC 13818-1): packets of 188 bytes, or of 192 where a camera puts a time before each.
//!
//! 1. The association table says where the map is, the map says which streams there are.
//! 2. The times of pictures and sound at the start and at the end of the file give the duration; where they are hidden
//!    (encrypted), the program's clock does.

use super::examined::Track;
use super::numbers::{big, find, millis};

const PACKET: usize = 188;
/// The program clock reference's base: 33 bits at 90 kHz (§2.4.3.5).
const CLOCK: u64 = 90_000;
const WRAP: u64 = 1 << 33;
/// Streams that are read: a map fills a packet with 35 at most.
const MAX_STREAMS: usize = 64;

/// What a stream is by its start.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) tracks: Vec<Track>,
    clock_pid: Option<u64>,
    first_clock: Option<u64>,
    first_time: Option<u64>,
}

/// A packet: which stream, whether something begins in it, its clock, and its payload.
struct Packet<'a> {
    pid: u64,
    begins: bool,
    clock: Option<u64>,
    payload: &'a [u8],
}

impl Packet<'_> {
    /// When what begins here is shown (§2.4.3.6): 33 bits in five bytes, each run of them ended by a one.
    fn time(&self) -> Option<u64> {
        let header =
            self.payload.get(..14).filter(|header| self.begins && header.starts_with(b"\0\0\x01"))?;
        let is_media = matches!(header[3], 0xbd | 0xc0..=0xef) && header[7] & 0x80 != 0;
        let bits = big(header, 9, 5).filter(|_| is_media)?;
        Some((bits >> 33 & 7) << 30 | (bits >> 17 & 0x7fff) << 15 | bits >> 1 & 0x7fff)
    }
}

fn packets(bytes: &[u8]) -> impl Iterator<Item = Packet<'_>> {
    let start = |stride: usize| {
        (0..stride.min(bytes.len()))
            .find(|at| (0..4).all(|count| bytes.get(at + count * stride).is_none_or(|byte| *byte == 0x47)))
    };
    // 188 fits by chance where 192 is true no longer than a packet or two.
    let (stride, first) =
        [PACKET, 192].into_iter().find_map(|stride| Some((stride, start(stride)?))).unwrap_or((PACKET, 0));
    bytes.get(first..).unwrap_or_default().chunks(stride).filter_map(packet)
}

fn packet(bytes: &[u8]) -> Option<Packet<'_>> {
    let bytes = bytes.get(..PACKET).filter(|bytes| bytes[0] == 0x47)?;
    let (pid, control) = (big(bytes, 1, 2)? & 0x1fff, bytes[3] >> 4 & 3);
    let begins = bytes[1] & 0x40 != 0;
    let field = if control & 2 == 0 { 0 } else { usize::from(bytes[4]) + 1 };
    // An adaptation field with the flag of the clock, which stands behind its flags.
    let has_clock = field >= 8 && bytes[5] & 0x10 != 0;
    let clock = if has_clock { big(bytes, 6, 5).map(|bits| bits >> 7) } else { None };
    let payload = if control & 1 == 0 { &[] } else { bytes.get(4 + field..).unwrap_or_default() };
    Some(Packet { pid, begins, clock, payload })
}

pub(super) fn read_start(bytes: &[u8]) -> Stream {
    let mut stream = Stream::default();
    let (mut map, mut pids) = (None, Vec::new());
    for packet in packets(bytes) {
        match map {
            _ if packet.pid == 0 && packet.begins && map.is_none() => map = map_pid(packet.payload),
            Some(pid) if packet.pid == pid && packet.begins && pids.is_empty() => {
                stream.clock_pid = section(packet.payload).and_then(|map| Some(big(map, 8, 2)? & 0x1fff));
                pids = streams(packet.payload, &mut stream.tracks);
            }
            _ => {}
        }
        if stream.first_clock.is_none() && stream.clock_pid.is_none_or(|pid| pid == packet.pid) {
            stream.first_clock = packet.clock;
        }
        stream.first_time = stream.first_time.or_else(|| packet.time());
        refine(&packet, &pids, &mut stream.tracks);
    }
    stream
}

/// Milliseconds from the first to the latest in the end of the file.
pub(super) fn duration(stream: &Stream, end: &[u8]) -> Option<u64> {
    let own = |packet: &Packet<'_>| stream.clock_pid.is_none_or(|pid| pid == packet.pid);
    let since = |first: u64, last: u64| (last + WRAP - first) % WRAP;
    // What comes before the first one in time, but behind it in the file, wraps to nearly the whole range.
    let shown = stream.first_time.and_then(|first| {
        let ticks = packets(end).filter_map(|packet| packet.time()).map(|last| since(first, last));
        ticks.filter(|ticks| *ticks < WRAP / 2).max()
    });
    let by_clock = || {
        Some(since(stream.first_clock?, packets(end).filter(own).filter_map(|packet| packet.clock).last()?))
    };
    millis(shown.or_else(by_clock)?, CLOCK).filter(|millis| *millis > 0)
}

/// A section behind its pointer, without its checksum (§2.4.4).
fn section(payload: &[u8]) -> Option<&[u8]> {
    let start = usize::from(*payload.first()?) + 1;
    let section = payload.get(start..)?;
    let len = usize::try_from(big(section, 1, 2)? & 0x0fff).ok()?.checked_sub(4)?;
    Some(section.get(..len + 3).unwrap_or(section))
}

fn map_pid(payload: &[u8]) -> Option<u64> {
    let programs = section(payload)?.get(8..)?.chunks_exact(4);
    // Program 0 is the network's.
    programs
        .filter(|program| big(program, 0, 2) != Some(0))
        .find_map(|program| Some(big(program, 2, 2)? & 0x1fff))
}

/// Adds the map's streams and gives their pids.
fn streams(payload: &[u8], tracks: &mut Vec<Track>) -> Vec<u64> {
    let mut pids = Vec::new();
    let Some(map) = section(payload) else { return pids };
    let skipped = big(map, 10, 2).and_then(|len| usize::try_from(len & 0x0fff).ok()).unwrap_or(0);
    let mut rest = map.get(12 + skipped..).unwrap_or_default();
    while let (Some(pid), Some(len)) = (big(rest, 1, 2), big(rest, 3, 2)) {
        let end = 5 + usize::try_from(len & 0x0fff).unwrap_or(0);
        let details = rest.get(5..end).unwrap_or_default();
        if pids.len() >= MAX_STREAMS {
            break;
        }
        pids.push(pid & 0x1fff);
        tracks.push(track(rest.first().copied().unwrap_or(0), details));
        rest = rest.get(end..).unwrap_or_default();
    }
    pids
}

/// Table 2-34, and for private streams their descriptors (ETSI EN 300 468 §6.2).
fn track(kind: u8, details: &[u8]) -> Track {
    let has = |tag: u8| descriptor(details, tag).is_some();
    let (kind, codec) = match kind {
        0x01 => ("video", "mp1v"),
        0x02 => ("video", "mp2v"),
        0x10 => ("video", "mp4v"),
        0x1b => ("video", "avc1"),
        0x24 => ("video", "hvc1"),
        0x03 | 0x04 => ("audio", "mp3"),
        0x0f | 0x11 => ("audio", "mp4a.40.2"),
        0x81 => ("audio", "ac-3"),
        0x87 => ("audio", "ec-3"),
        0x06 if has(0x6a) => ("audio", "ac-3"),
        0x06 if has(0x7a) => ("audio", "ec-3"),
        0x06 if has(0x59) => ("subtitle", "dvbs"),
        0x06 if has(0x56) => ("subtitle", "teletext"),
        _ => ("other", ""),
    };
    let language = descriptor(details, 0x0a).and_then(|body| std::str::from_utf8(body.get(..3)?).ok());
    let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase()) && *word != "und";
    Track {
        kind,
        codec: (!codec.is_empty()).then(|| codec.to_owned()),
        language: language.filter(is_word).map(str::to_owned),
        ..Track::default()
    }
}

fn descriptor(mut details: &[u8], tag: u8) -> Option<&[u8]> {
    while let [own, len, rest @ ..] = details {
        let body = rest.get(..usize::from(*len))?;
        if *own == tag {
            return Some(body);
        }
        details = rest.get(usize::from(*len)..)?;
    }
    None
}

/// The first sequence parameter set of H.264 completes its name: profile, constraints and level are its first bytes
/// (ITU-T H.264 §7.3.2.1.1).
fn refine(packet: &Packet<'_>, pids: &[u64], tracks: &mut [Track]) {
    let Some(place) = pids.iter().position(|pid| *pid == packet.pid) else { return };
    let Some(track) = tracks.get_mut(place).filter(|track| track.codec.as_deref() == Some("avc1")) else {
        return;
    };
    let after = |mark: &[u8]| find(packet.payload, mark).and_then(|at| packet.payload.get(at + 4..at + 7));
    if let Some([profile, constraints, level]) = after(b"\0\0\x01\x67").or_else(|| after(b"\0\0\x01\x27")) {
        track.codec = Some(format!("avc1.{profile:02X}{constraints:02X}{level:02X}"));
    }
}
