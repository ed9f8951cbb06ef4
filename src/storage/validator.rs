//! The validators of a file: a strong `ETag` and a `Last-Modified` (RFC 9110 §8.8).
//!
//! 1. The tag is a keyed hash over what the kernel says of the file, so it changes with the file and tells
//!    nobody an inode, a device or a time.
//! 2. A file that changed just now could change again without a new time. Its tag is for one response only.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Stat;
use crate::range::{ETag, HttpDate};

/// How old, in nanoseconds, a change must be before another one is sure to get another time. FAT counts in
/// steps of two seconds; all others are finer.
const GRANULE: i128 = 2_000_000_000;

/// Set apart from anything else that may ever be hashed with the same secret. The number goes up when the
/// fields do.
const LABEL: &[u8] = b"reelgate entity tag 2";

/// The tag of a file as `stat` shows it at the time `now`, in seconds and nanoseconds since 1970. `changes` says what of it
/// is sent otherwise than it lies there; nothing: the file as it is.
///
/// `nonce` must be new for each call. It goes in only while the file is fresh: then each response gets a tag
/// of its own, and no two that may differ in a byte share one. A growing recording stays fresh; a finished
/// file gets its lasting tag two seconds later. Only the kernel's own time of change counts for that: a
/// camera's clock that runs ahead sets the time of modification and would keep the file fresh for years.
#[must_use]
pub fn validator(secret: &[u8; 32], stat: &Stat, changes: &str, now: (i64, u32), nonce: u64) -> ETag {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(LABEL);
    for number in [stat.dev, stat.ino, stat.len] {
        mac.update(&number.to_be_bytes());
    }
    for (seconds, nanoseconds) in [stat.modified, stat.changed] {
        mac.update(&seconds.to_be_bytes());
        mac.update(&nanoseconds.to_be_bytes());
    }
    // Behind fields of fixed lengths, so that no text passes for one of them.
    mac.update(changes.as_bytes());
    if is_fresh(stat, now) {
        mac.update(&[0]);
        mac.update(&nonce.to_be_bytes());
    }
    let hash = mac.finalize().into_bytes();
    // 128 bits: two versions of one file share a tag once in 2^64 versions.
    ETag::new(&BASE64URL_NOPAD.encode(&hash[..16])).expect("base64url has no character that a tag refuses")
}

/// Whether another state of this file, if there ever is one, will look otherwise. Its date may lie in the future.
#[must_use]
pub fn is_lasting(stat: &Stat, now: (i64, u32)) -> bool {
    !is_fresh(stat, now)
}

/// Whether tag and date of this file are those of every later answer as well, until it changes.
#[must_use]
pub fn is_settled(stat: &Stat, now: (i64, u32)) -> bool {
    is_lasting(stat, now) && stat.modified <= now
}

/// A time of change in the future is fresh too: the clock was put back, and may pass that time again.
fn is_fresh(stat: &Stat, now: (i64, u32)) -> bool {
    nanoseconds(now) - nanoseconds(stat.changed) < GRANULE
}

fn nanoseconds((seconds, rest): (i64, u32)) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

/// The date of a file's last modification as HTTP can say it: whole seconds, never later than `now` (RFC 9110
/// §8.8.2.1), and none before 1970.
#[must_use]
pub fn last_modified(stat: &Stat, now: HttpDate) -> Option<HttpDate> {
    let seconds = u64::try_from(stat.modified.0).ok()?;
    Some(HttpDate::from_unix(seconds.min(now.unix())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];
    const NOW: (i64, u32) = (1_700_000_000, 500);
    const STAT: Stat = Stat {
        len: 100,
        dev: 1,
        ino: 2,
        modified: (1_600_000_000, 1),
        changed: (1_600_000_000, 2),
        born: None,
        links: 1,
        mode: 0o100_644,
        owner: (0, 0),
    };

    #[test]
    fn a_tag_changes_with_everything_that_a_write_changes() {
        let tag = |stat: &Stat| validator(&SECRET, stat, "", NOW, 0);
        assert_eq!(
            tag(&STAT),
            validator(&SECRET, &STAT, "", (NOW.0 + 9, 0), 9),
            "time and chance do not matter"
        );
        let cases = [
            (Stat { len: 101, ..STAT }, "length"),
            (Stat { dev: 9, ..STAT }, "device"),
            (Stat { ino: 9, ..STAT }, "another file under the same name"),
            (Stat { modified: (1_600_000_000, 9), ..STAT }, "written again within a second"),
            (Stat { changed: (1_600_000_000, 9), ..STAT }, "the time of modification was put back"),
        ];
        for (other, why) in cases {
            assert_ne!(tag(&STAT), tag(&other), "{why}");
        }
        assert_ne!(tag(&STAT), validator(&[8; 32], &STAT, "", NOW, 0), "another installation");
    }

    #[test]
    fn a_tag_is_128_bits_of_base64url() {
        let value = validator(&SECRET, &STAT, "", NOW, 0).header_value();
        let text = value.to_str().unwrap().trim_matches('"');
        assert_eq!(BASE64URL_NOPAD.decode(text.as_bytes()).unwrap().len(), 16);
    }

    #[test]
    fn only_a_fresh_file_gets_a_tag_for_one_response() {
        let cases = [
            ((NOW.0, 0), true, "changed 500 ns ago"),
            ((NOW.0 - 2, 501), true, "changed not quite two seconds ago"),
            ((NOW.0 - 2, 500), false, "changed two seconds ago: FAT's step is over"),
            ((NOW.0 + 3600, 0), true, "the clock was put back"),
            ((i64::MIN, 0), false, "as early as can be"),
            ((i64::MAX, 999_999_999), true, "as late as can be"),
        ];
        for (changed, fresh, why) in cases {
            let stat = Stat { changed, ..STAT };
            let differ = validator(&SECRET, &stat, "", NOW, 1) != validator(&SECRET, &stat, "", NOW, 2);
            assert_eq!(differ, fresh, "{why}");
        }
        let ahead = Stat { modified: (NOW.0 + 1_000_000, 0), ..STAT };
        assert_eq!(
            validator(&SECRET, &ahead, "", NOW, 1),
            validator(&SECRET, &ahead, "", NOW, 2),
            "a camera's clock"
        );
    }

    #[test]
    fn a_date_is_of_the_past_and_after_1970() {
        let now = HttpDate::from_unix(1_700_000_000);
        let cases = [
            ((1_600_000_000, 999_999_999), Some(1_600_000_000), "cut to the second"),
            ((1_800_000_000, 0), Some(1_700_000_000), "RFC 9110 §8.8.2.1: not later than now"),
            ((0, 0), Some(0), "the first second"),
            ((-1, 999_999_999), None, "HTTP cannot write it"),
        ];
        for (modified, want, why) in cases {
            let got = last_modified(&Stat { modified, ..STAT }, now);
            assert_eq!(got, want.map(HttpDate::from_unix), "{why}");
        }
    }
}
