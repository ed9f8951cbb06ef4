//! The chapter about files, second: codings of pictures and sound.

use crate::doctor::cures::Cure;
use crate::doctor::rules::Effect::{Degraded, Fails, Plays, Unknown};
use crate::doctor::rules::file::{TO_MP4, is_done};
use crate::doctor::rules::{Rule, never};
use crate::probe::examined::{Examined, Track};

const NEW_SOUND: &str = "ffmpeg -i IN -c:v copy -c:a aac -movflags +faststart OUT.mp4";

pub const RULES: &[Rule<Examined>] = &[
    Rule {
        id: "encrypted",
        seen: |file| file.tracks.iter().find(|track| track.encrypted).map(name),
        effect: [Fails, Fails, Fails],
        reason: "It is encrypted, and a plain <video> has no key.",
        cure: Cure::Line("Use the copy that is not protected"),
        source: "ISO/IEC 14496-12 §8.12",
        is_repaired: never,
    },
    Rule {
        id: "hev1",
        seen: |file| coded(file.tracks_of("video"), &["hev1"]),
        effect: [Fails, Plays, Plays],
        reason: "HEVC under the name hev1: Apple's players ask for hvc1, and show nothing.",
        cure: Cure::Line("ffmpeg -i IN -c copy -tag:v hvc1 -movflags +faststart OUT.mp4"),
        source: "Apple, HLS Authoring Specification 1.10; ISO/IEC 14496-15 §8.4.1.1",
        is_repaired: |file| file.mp4.as_ref().is_some_and(|mp4| is_done(mp4.hvc1.as_ref())),
    },
    Rule {
        id: "hevc",
        seen: |file| coded(file.tracks_of("video"), &["hev1", "hvc1"]),
        effect: [Plays, Unknown, Unknown],
        reason: "Chrome and Firefox play HEVC only where the system or its graphics card decodes it; elsewhere there is sound and no picture.",
        cure: Cure::Line(TO_MP4),
        source: "measured: Debian's Chromium shows nothing, Firefox ESR 153 plays; Chrome Platform Status, \"HEVC (hardware)\"",
        is_repaired: never,
    },
    Rule {
        id: "av1",
        seen: |file| coded(file.tracks_of("video"), &["av01"]),
        effect: [Unknown, Plays, Plays],
        reason: "Safari plays AV1 only on devices that decode it in hardware.",
        cure: Cure::Line(TO_MP4),
        source: "WebKit, \"Features in Safari 17.0\"",
        is_repaired: never,
    },
    Rule {
        id: "vp-in-mp4",
        seen: |file| coded(file.tracks_of("video"), &["vp08", "vp09"]),
        effect: [Unknown, Plays, Plays],
        reason: "VP8 and VP9 are at home in WebM; Safari does not promise to find them in MP4.",
        cure: Cure::Line("ffmpeg -i IN -c copy OUT.webm  if the sound is Opus"),
        source: "MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "video-coding-old",
        seen: |file| {
            coded(
                file.tracks_of("video"),
                &[
                    "mp4v", "s263", "h263", "SVQ3", "SVQ1", "cvid", "jpeg", "mjpa", "mjpb", "rle ", "dvc ",
                    "dvcp", "mp2v", "m2v1", "xd5c",
                ],
            )
        },
        effect: [Unknown, Fails, Fails],
        reason: "Browsers have no decoder for this coding of pictures: there is sound and no picture.",
        cure: Cure::Line(TO_MP4),
        source: "measured for MPEG-4 part 2: videoWidth 0 in Chromium and Firefox; MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "video-coding-studio",
        seen: |file| {
            coded(
                file.tracks_of("video"),
                &["apcn", "apch", "apcs", "apco", "ap4h", "ap4x", "AVdn", "AVdh", "CFHD"],
            )
        },
        effect: [Unknown, Fails, Fails],
        reason: "This is a coding for cutting rooms; browsers have no decoder for it.",
        cure: Cure::Line(TO_MP4),
        source: "MDN, Web video codec guide",
        is_repaired: never,
    },
    Rule {
        id: "h264-profile",
        seen: |file| {
            let deep = |track: &&Track| {
                let profile = track.codec.as_deref().and_then(|codec| codec.get(5..7)).unwrap_or_default();
                format(track).starts_with("avc") && ["6E", "7A", "F4", "2C"].contains(&profile)
            };
            file.tracks_of("video").find(deep).map(name)
        },
        effect: [Unknown, Plays, Plays],
        reason: "More than 8 bits or more colour than 4:2:0: decoders in hardware refuse it.",
        cure: Cure::Line("ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p -c:a copy -movflags +faststart OUT.mp4"),
        source: "measured for 10 bits and 4:2:2: Chromium and Firefox play; ITU-T H.264 Annex A",
        is_repaired: never,
    },
    Rule {
        id: "audio-g711",
        seen: |file| coded(file.tracks_of("audio"), &["alaw", "ulaw"]),
        effect: [Unknown, Plays, Degraded],
        reason: "The sound is G.711 (A-law or µ-law), as cameras record it: Firefox plays the film silently.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for A-law: sound in Chromium, none in Firefox",
        is_repaired: never,
    },
    Rule {
        id: "audio-dolby",
        seen: |file| coded(file.tracks_of("audio"), &["ac-3", "ec-3"]),
        effect: [Plays, Degraded, Degraded],
        reason: "Chrome and Firefox do not decode Dolby Digital: the film is silent.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for AC-3: no sound in Chromium and Firefox; MDN, Web audio codec guide, for Safari",
        is_repaired: never,
    },
    Rule {
        id: "audio-not-played",
        seen: |file| {
            coded(
                file.tracks_of("audio"),
                &[
                    "dtsc", "dtse", "dtsh", "dtsl", "mlpa", "samr", "sawb", "QDM2", "ima4", "MAC3", "MAC6",
                    "QDMC",
                ],
            )
        },
        effect: [Unknown, Degraded, Degraded],
        reason: "Browsers do not decode this sound: the film is silent.",
        cure: Cure::Line(NEW_SOUND),
        source: "MDN, Web audio codec guide",
        is_repaired: never,
    },
    Rule {
        id: "audio-uncompressed",
        seen: |file| {
            coded(
                file.tracks_of("audio"),
                &["sowt", "twos", "lpcm", "ipcm", "fpcm", "in24", "in32", "fl32", "fl64", "raw "],
            )
        },
        effect: [Plays, Plays, Degraded],
        reason: "Uncompressed sound, as cameras and editors write it: Firefox plays the film silently.",
        cure: Cure::Line(NEW_SOUND),
        source: "measured for 16 bits: sound in Chromium, none in Firefox; MDN, Web audio codec guide, for Safari",
        is_repaired: never,
    },
    Rule {
        id: "audio-alac",
        seen: |file| coded(file.tracks_of("audio"), &["alac"]),
        effect: [Plays, Unknown, Unknown],
        reason: "Apple Lossless is Apple's: the film may be silent elsewhere.",
        cure: Cure::Line(NEW_SOUND),
        source: "MDN, Web audio codec guide; not measured",
        is_repaired: never,
    },
    Rule {
        id: "mirrored",
        seen: |file| {
            file.tracks_of("video")
                .any(|track| track.mirrored)
                .then(|| "a matrix that is no quarter turn".to_owned())
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The picture is to be mirrored or sheared, which browsers do in ways of their own; quarter turns are fine everywhere.",
        cure: Cure::Line(
            "ffmpeg -i IN -c:v libx264 -c:a copy -movflags +faststart OUT.mp4  turns the picture itself",
        ),
        source: "ISO/IEC 14496-12 §6.2.2; not measured",
        is_repaired: never,
    },
    Rule {
        id: "complex-edits",
        seen: |file| {
            let cut = file.tracks.iter().find(|track| track.complex_edits);
            cut.map(|track| format!("an edit list of several pieces in the {} track", track.kind))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The file says which pieces of it are to be shown; browsers follow that in ways of their own, and sound may drift.",
        cure: Cure::Line(TO_MP4),
        source: "ISO/IEC 14496-12 §8.6.6; not measured",
        is_repaired: never,
    },
    Rule {
        id: "coding-changes",
        seen: |file| {
            let changing = file.tracks.iter().find(|track| track.several_codings);
            changing.map(|track| format!("several sample descriptions in the {} track", track.kind))
        },
        effect: [Unknown, Unknown, Unknown],
        reason: "The coding changes on the way, as after joining recordings without coding them anew: players may stop there.",
        cure: Cure::Line(TO_MP4),
        source: "ISO/IEC 14496-12 §8.5.2; not measured",
        is_repaired: never,
    },
];

/// The first track whose coding is one of these.
fn coded<'a>(mut tracks: impl Iterator<Item = &'a Track>, formats: &[&str]) -> Option<String> {
    tracks.find(|track| formats.contains(&format(track))).map(name)
}

fn format(track: &Track) -> &str {
    track.format.as_deref().unwrap_or_default()
}

/// What was seen of a track: its coding as a page asks about it.
fn name(track: &Track) -> String {
    track.codec.clone().or_else(|| track.format.clone()).unwrap_or_default()
}
