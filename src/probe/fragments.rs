//! How long a recording in fragments is: its last fragment says when it begins, and how long its samples last
//! (ISO/IEC 14496-12 §8.8.7, §8.8.8, §8.8.12).

use super::numbers::{big, millis};
use crate::mp4::boxes::Atom;

/// `tfhd`: what stands before the duration, and that there is one.
const BASE_OFFSET: u64 = 0x01;
const DESCRIPTION: u64 = 0x02;
const DEFAULT_DURATION: u64 = 0x08;
/// `trun`: the same.
const DATA_OFFSET: u64 = 0x001;
const FIRST_FLAGS: u64 = 0x004;
/// Each of these adds 32 bits to every sample; the duration comes first.
const DURATION: u64 = 0x100;
const PER_SAMPLE: [u64; 4] = [DURATION, 0x200, 0x400, 0x800];

/// Tracks that are read; a movie has no more (see [`crate::mp4::movie::MAX_TRACKS`]).
const MAX_TRACKS: usize = 1_000;

/// What is known of a track from elsewhere.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: u64,
    timescale: u32,
    /// How long a sample lasts where its fragment does not say.
    usual: u64,
}

/// The end of the longest track in a `moof` box. `clocks` are identities of tracks and their ticks a second; `moov`
/// holds what fragments leave out.
pub(super) fn end_millis(moof: &[u8], moov: &[u8], clocks: &[(u32, u32)]) -> Option<u64> {
    let usual = usual_durations(moov);
    let known: Vec<Known> = clocks
        .iter()
        .take(MAX_TRACKS)
        .map(|(id, timescale)| {
            let id = u64::from(*id);
            let usual = usual.iter().find(|(own, _)| *own == id).map_or(0, |(_, usual)| *usual);
            Known { id, timescale: *timescale, usual }
        })
        .collect();
    let root = Atom::root(moof, b"moof").ok()?;
    let tracks = root.children().map_while(Result::ok).filter(|child| child.kind == b"traf");
    tracks.take(MAX_TRACKS).filter_map(|traf| track_end(&traf, &known)).max()
}

fn track_end(traf: &Atom<'_>, known: &[Known]) -> Option<u64> {
    let tfhd = traf.only(b"tfhd").ok()??.body;
    let (flags, id) = (big(tfhd, 1, 3)?, big(tfhd, 4, 4)?);
    let known = known.iter().find(|known| known.id == id)?;
    let mut at = 8;
    at += if flags & BASE_OFFSET == 0 { 0 } else { 8 };
    at += if flags & DESCRIPTION == 0 { 0 } else { 4 };
    let own = if flags & DEFAULT_DURATION == 0 { None } else { big(tfhd, at, 4) };
    let each = own.unwrap_or(known.usual);
    let tfdt = traf.only(b"tfdt").ok()??.body;
    let begin = if tfdt.first()? == &0 { big(tfdt, 4, 4)? } else { big(tfdt, 4, 8)? };
    let runs = traf.children().map_while(Result::ok).filter(|child| child.kind == b"trun");
    let ticks = runs.filter_map(|run| run_ticks(run.body, each)).fold(begin, u64::saturating_add);
    millis(ticks, known.timescale.into())
}

/// The entries that are there count, whatever their number claims to be.
fn run_ticks(trun: &[u8], each: u64) -> Option<u64> {
    let (flags, count) = (big(trun, 1, 3)?, big(trun, 4, 4)?);
    if flags & DURATION == 0 {
        return count.checked_mul(each);
    }
    let skipped =
        8 + if flags & DATA_OFFSET == 0 { 0 } else { 4 } + if flags & FIRST_FLAGS == 0 { 0 } else { 4 };
    let entry = 4 * PER_SAMPLE.iter().filter(|flag| flags & **flag != 0).count();
    let entries = trun.get(skipped..)?.chunks_exact(entry);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    Some(entries.take(count).filter_map(|entry| big(entry, 0, 4)).sum())
}

/// `mvex/trex` (§8.8.3): identities and durations.
fn usual_durations(moov: &[u8]) -> Vec<(u64, u64)> {
    let mvex = Atom::root(moov, b"moov").and_then(|moov| moov.only(b"mvex")).ok().flatten();
    let all = mvex.iter().flat_map(|mvex| mvex.children().map_while(Result::ok));
    let entries = all.filter(|child| child.kind == b"trex");
    entries
        .filter_map(|trex| Some((big(trex.body, 4, 4)?, big(trex.body, 12, 4)?)))
        .take(MAX_TRACKS)
        .collect()
}
