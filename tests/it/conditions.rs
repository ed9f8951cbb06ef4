//! Conditions over the wire: RFC 9110 §8.8 and §13, in the order of §13.2.2, and files that change under a player.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::files::bytes;
use crate::support::{Request, Response, Server, Setup, get};

const LEN: usize = 10_000;
/// The date of RFC 9110's examples, in its three formats (§5.6.7), and the seconds around it.
const MODIFIED: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const RFC_850: &str = "Sunday, 06-Nov-94 08:49:37 GMT";
const ASCTIME: &str = "Sun Nov  6 08:49:37 1994";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const FUTURE: &str = "Fri, 01 Jan 2100 00:00:00 GMT";
const GARBAGE: [&str; 6] = [
    "yesterday",
    "784111777",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37 +0100",
    "Mon, 06 Nov 1994 08:49:37",
    "",
];

fn date(path: &Path, modified: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

fn example_date() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED)
}

/// A film with the example's date, its target, and the tag that it keeps.
struct Stage {
    server: Server,
    target: String,
    tag: String,
    file: Vec<u8>,
}

impl Stage {
    fn new() -> Stage {
        let file = bytes(LEN);
        let setup = Setup::new().file("film.mp4", &file);
        date(&setup.library().join("film.mp4"), example_date());
        let server = setup.start();
        let ada = server.user("ada", Some("videos"));
        let target = format!("/files/videos/film.mp4?token={}", ada.token());
        let tag = server.lasting_tag(&target);
        Stage { server, target, tag, file }
    }

    /// Sends conditions, in which `TAG` stands for the film's tag.
    fn send(&self, method: &str, lines: &[(&str, &str)]) -> Response {
        let request = Request::new(method, &self.target);
        let fill = |request: Request, (name, value): &(&str, &str)| {
            request.header(name, value.replace("TAG", self.tag.trim_matches('"')))
        };
        self.server.send(&lines.iter().fold(request, fill))
    }

    /// GET and HEAD answer alike, and with what the status demands.
    fn check(&self, lines: &[(&str, &str)], status: u16, why: &str) {
        let why = format!("{why}: {lines:?}");
        let answer = self.send("GET", lines);
        assert_eq!(answer.status, status, "{why}");
        assert_eq!(answer.tag(), self.tag, "{why}");
        match status {
            200 => answer.assert_whole(&self.file, &why),
            206 => answer.assert_part(&self.file, 0..2, &why),
            304 => assert_no_content(&answer, &why),
            416 => answer.assert_unsatisfiable(LEN, &why),
            _ => assert_eq!((answer.content_length(), answer.header("content-type")), (0, None), "{why}"),
        }
        let headed = self.send("HEAD", lines).status;
        let without_range = if matches!(status, 206 | 416) { 200 } else { status };
        assert_eq!(headed, without_range, "HEAD, {why}");
    }
}

/// RFC 9110 §15.4.5: what guides caches, and nothing that describes content.
#[track_caller]
fn assert_no_content(answer: &Response, why: &str) {
    let content = answer.headers.iter().filter(|(name, _)| name.starts_with("content-"));
    let kept: Vec<_> = content.filter(|(name, _)| name != "content-security-policy").collect();
    assert!(kept.is_empty() && answer.body.is_empty(), "{why}: {kept:?}");
    assert_eq!(answer.header("cache-control"), Some("private, no-cache, no-transform"), "{why}");
    assert!(answer.header("date").is_some(), "{why}");
    assert_eq!(answer.header("last-modified"), Some(DATE), "{why}");
}

const TWO_BYTES: (&str, &str) = ("Range", "bytes=0-1");
const BEYOND: (&str, &str) = ("Range", "bytes=10000-");

#[test]
fn if_range_takes_the_same_strong_tag_or_the_same_date() {
    let stage = Stage::new();
    let cases = [
        ("\"TAG\"", 206, "the same tag"),
        ("W/\"TAG\"", 200, "a weak tag is not strong (§13.1.5)"),
        ("\"other\"", 200, "another tag"),
        ("TAG", 200, "without quotes it is no tag"),
        ("\"TAG", 200, "half a tag"),
        ("\"TAG\", \"TAG\"", 200, "a list is not allowed"),
        ("\"TAG\"x", 200, "something behind it"),
        ("\"\"", 200, "an empty tag"),
        ("*", 200, "no wildcard"),
        ("", 200, "nothing"),
        (DATE, 206, "the same date"),
        (RFC_850, 206, "the same date, RFC 850"),
        (ASCTIME, 206, "the same date, asctime"),
        (EARLIER, 200, "earlier"),
        (LATER, 200, "later: equality, not order (§13.1.5)"),
        (FUTURE, 200, "in the future"),
        ("yesterday", 200, "no date"),
    ];
    for (value, status, why) in cases {
        stage.check(&[("If-Range", value), TWO_BYTES], status, why);
        let beyond = if status == 206 { 416 } else { 200 };
        stage.check(&[("If-Range", value), BEYOND], beyond, why);
        stage.check(&[("If-Range", value)], 200, "without a Range it is ignored (§13.1.5)");
    }
    stage.check(&[("If-Range", "\"TAG\""), ("If-Range", "\"TAG\""), TWO_BYTES], 200, "given twice");
    stage.check(&[("If-Range", "\"TAG\""), ("If-Range", "\"other\""), TWO_BYTES], 200, "given twice");
    stage.check(&[("If-Range", "\"TAG\""), ("Range", "items=0-1")], 200, "an unknown unit");
}

#[test]
fn if_match_lists_strong_tags() {
    let stage = Stage::new();
    let one = |value: &'static str| vec![("If-Match", value)];
    let cases = [
        (one("\"TAG\""), 200, "ours"),
        (one("*"), 200, "any that is there (§13.1.1)"),
        (one("\"a\", \"TAG\", \"b\""), 200, "in a list"),
        (one("\"a\",\"TAG\""), 200, "without white space"),
        (one(",, \"TAG\" ,"), 200, "empty elements (§5.6.1.2)"),
        (one("\"a,b\", \"TAG\""), 200, "a comma inside of a tag"),
        (one("W/\"TAG\""), 412, "weak (§13.1.1 compares strongly)"),
        (one("W/\"TAG\", \"a\""), 412, "weak in a list"),
        (one("W/\"a\", \"TAG\""), 200, "a weak one beside ours"),
        (one("\"other\""), 412, "another"),
        (one("\"a\", \"b\""), 412, "others"),
        (one("TAG"), 412, "no tag"),
        (one("\"*\""), 412, "a tag of a star"),
        (one(""), 412, "nothing matches"),
        (vec![("If-Match", "\"a\""), ("If-Match", "\"TAG\"")], 200, "on the second line (§5.3)"),
        (vec![("If-Match", "\"TAG\""), ("If-Match", "\"a\"")], 200, "on the first line"),
        (vec![("If-Match", "\"a\""), ("If-Match", "\"b\"")], 412, "on neither line"),
        (vec![("If-Match", "\"TAG\""), TWO_BYTES], 206, "with a Range"),
        (vec![("If-Match", "\"other\""), TWO_BYTES], 412, "before the Range"),
        (vec![("If-Match", "\"other\""), BEYOND], 412, "412 comes before 416"),
    ];
    for (lines, status, why) in cases {
        stage.check(&lines, status, why);
    }
}

#[test]
fn if_none_match_lists_tags_of_either_strength() {
    let stage = Stage::new();
    let one = |value: &'static str| vec![("If-None-Match", value)];
    let cases = [
        (one("\"TAG\""), 304, "ours"),
        (one("W/\"TAG\""), 304, "weak: caches weaken tags (§13.1.2)"),
        (one("*"), 304, "any that is there"),
        (one("\"a\", W/\"TAG\", \"b\""), 304, "in a list"),
        (one(",,\"TAG\",,"), 304, "empty elements"),
        (one("\"other\""), 200, "another"),
        (one("w/\"TAG\""), 200, "the mark is a capital (§8.8.3)"),
        (one("TAG"), 200, "no tag"),
        (one(""), 200, "nothing"),
        (vec![("If-None-Match", "\"a\""), ("If-None-Match", "\"TAG\"")], 304, "on the second line"),
        (vec![("If-None-Match", "\"a\""), ("If-None-Match", "\"b\"")], 200, "on neither line"),
        (vec![("If-None-Match", "\"TAG\""), TWO_BYTES], 304, "304 comes before 206"),
        (vec![("If-None-Match", "\"TAG\""), BEYOND], 304, "304 comes before 416"),
        (vec![("If-None-Match", "\"other\""), TWO_BYTES], 206, "then the Range"),
        (vec![("If-None-Match", "\"other\""), BEYOND], 416, "then the Range"),
    ];
    for (lines, status, why) in cases {
        stage.check(&lines, status, why);
    }
}

#[test]
fn dates_count_by_whole_seconds_in_three_formats() {
    let stage = Stage::new();
    for (same, why) in [(DATE, "IMF-fixdate"), (RFC_850, "RFC 850"), (ASCTIME, "asctime")] {
        stage.check(&[("If-Modified-Since", same)], 304, why);
        stage.check(&[("If-Unmodified-Since", same)], 200, why);
    }
    stage.check(&[("If-Modified-Since", EARLIER)], 200, "changed since");
    stage.check(&[("If-Modified-Since", LATER)], 304, "not changed since");
    stage.check(&[("If-Modified-Since", FUTURE)], 304, "not changed since (§13.1.3)");
    stage.check(&[("If-Unmodified-Since", EARLIER)], 412, "changed since");
    stage.check(&[("If-Unmodified-Since", LATER)], 200, "not changed since");
    stage.check(&[("If-Modified-Since", DATE), TWO_BYTES], 304, "before the Range");
    stage.check(&[("If-Unmodified-Since", EARLIER), TWO_BYTES], 412, "before the Range");
    for garbage in GARBAGE {
        stage.check(&[("If-Modified-Since", garbage)], 200, "no date: ignored (§13.1.3)");
        stage.check(&[("If-Unmodified-Since", garbage)], 200, "no date: ignored (§13.1.4)");
        stage.check(&[("If-Unmodified-Since", garbage), TWO_BYTES], 206, "no date: ignored");
    }
    let twice = [("If-Modified-Since", DATE), ("If-Modified-Since", DATE)];
    stage.check(&twice, 200, "more than one member: ignored (§13.1.3)");
}

const OURS: &str = "\"TAG\"";
const OTHER: &str = "\"other\"";

type Lines = &'static [(&'static str, &'static str)];

#[test]
fn conditions_are_taken_in_their_order() {
    let stage = Stage::new();
    let cases: [(Lines, u16, &str); 12] = [
        (&[("If-Match", OTHER), ("If-None-Match", OURS)], 412, "1 before 3"),
        (&[("If-Match", OTHER), ("If-Unmodified-Since", LATER)], 412, "1 fails"),
        (&[("If-Match", OURS), ("If-Unmodified-Since", EARLIER)], 200, "2 is ignored beside 1"),
        (&[("If-Match", OURS), ("If-None-Match", OURS)], 304, "1 holds, then 3"),
        (&[("If-Unmodified-Since", EARLIER), ("If-None-Match", OURS)], 412, "2 before 3"),
        (&[("If-None-Match", OTHER), ("If-Modified-Since", DATE)], 200, "4 is ignored beside 3"),
        (&[("If-None-Match", OURS), ("If-Modified-Since", EARLIER)], 304, "4 is ignored beside 3"),
        (&[("If-None-Match", OURS), ("If-Range", OTHER), TWO_BYTES], 304, "3 before 5"),
        (&[("If-Match", OURS), ("If-Range", OTHER), TWO_BYTES], 200, "1 holds, 5 does not"),
        (&[("If-Match", OURS), ("If-Range", OURS), TWO_BYTES], 206, "all hold"),
        (&[("If-Match", OTHER), ("If-Range", OURS), TWO_BYTES], 412, "1 before 5"),
        (&[("If-Modified-Since", DATE), ("If-Range", OTHER), BEYOND], 304, "4 before 5"),
    ];
    for (lines, status, why) in cases {
        stage.check(lines, status, &format!("§13.2.2: {why}"));
    }
}

#[test]
fn last_modified_is_the_files_and_never_later_than_date() {
    let hour = Duration::from_hours(1);
    let setup = Setup::new().file("past.mp4", &bytes(10)).file("future.mp4", &bytes(10));
    #[expect(clippy::disallowed_methods, reason = "a file's time is set by the machine's clock")]
    let future = SystemTime::now() + hour;
    date(&setup.library().join("future.mp4"), future);
    date(&setup.library().join("past.mp4"), example_date() + Duration::from_millis(999));
    let server = setup.start();
    let ada = server.user("ada", Some("videos"));
    let past = ada.send(&get("/files/videos/past.mp4"));
    assert_eq!(past.header("last-modified"), Some(DATE), "whole seconds, rounded down");
    for range in ["bytes=0-1", "bytes=0-1,5-6", "items=0"] {
        let answer = ada.send(&get("/files/videos/future.mp4").range(range));
        let read = |name| httpdate::parse_http_date(answer.header(name).expect(name)).unwrap();
        assert!(read("last-modified") <= read("date"), "RFC 9110 §8.8.2.1: {:?}", answer.headers);
        assert!(read("last-modified") < future);
    }
}

/// Writes and gives the file the time of modification that it had, as editors of tags do.
fn rewrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    date(path, example_date());
}

#[test]
fn a_tag_changes_with_the_file_even_when_length_and_date_do_not() {
    let stage = Stage::new();
    let path = stage.server.library().join("film.mp4");
    let mut other = stage.file.clone();
    other[5_000] ^= 1;
    rewrite(&path, &other);
    let tag = stage.server.lasting_tag(&stage.target);
    assert_ne!(tag, stage.tag);
    let answer = stage.server.send(&get(&stage.target));
    assert_eq!((answer.header("last-modified"), answer.content_length()), (Some(DATE), LEN));
    assert!(answer.body == other);
    rewrite(&path, &stage.file);
    let again = stage.server.lasting_tag(&stage.target);
    assert_ne!(again, tag);
}

#[test]
fn no_two_versions_within_a_second_share_a_tag() {
    let stage = Stage::new();
    let path = stage.server.library().join("film.mp4");
    let mut versions: HashMap<String, Vec<u8>> = HashMap::from([(stage.tag.clone(), stage.file.clone())]);
    for version in 0..100_u8 {
        let mut file = stage.file.clone();
        file[100] = version;
        rewrite(&path, &file);
        let answer = stage.server.send(&get(&stage.target));
        assert!(answer.body == file, "version {version}");
        let known = versions.entry(answer.tag()).or_insert_with(|| file.clone());
        assert!(*known == file, "version {version} has another one's tag");
    }
    assert!(versions.len() > 100);
}

#[test]
fn a_file_replaced_between_two_ranges_is_sent_anew() {
    let stage = Stage::new();
    let seek = || get(&stage.target).range("bytes=5000-").header("If-Range", &stage.tag);
    stage.server.send(&seek()).assert_part(&stage.file, 5_000..LEN, "the same version");
    let path = stage.server.library().join("film.mp4");
    let newer = bytes(LEN).into_iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>();
    let beside = stage.server.folder().join("newer.mp4");
    rewrite(&beside, &newer);
    fs::rename(&beside, &path).unwrap();
    stage.server.send(&seek()).assert_whole(&newer, "renamed over");
    let tag = stage.server.lasting_tag(&stage.target);
    let by_tag = |tag: &str| get(&stage.target).range("bytes=5000-").header("If-Range", tag);
    stage.server.send(&by_tag(&tag)).assert_part(&newer, 5_000..LEN, "the new version has its own tag");
    rewrite(&path, &stage.file);
    stage.server.send(&by_tag(&tag)).assert_whole(&stage.file, "rewritten in place");
    let held = get(&stage.target).range("bytes=0-1").header("If-Match", &tag);
    assert_eq!(stage.server.send(&held).status, 412, "the version that was insisted on is gone");
    let kept = get(&stage.target).header("If-None-Match", &tag);
    stage.server.send(&kept).assert_whole(&stage.file, "a kept copy is out of date");
}

#[test]
fn a_tag_is_one_for_all_ways_to_a_file_and_tells_nothing_of_it() {
    let stage = Stage::new();
    let id = stage.server.id("film.mp4");
    let token = stage.target.split_once("token=").unwrap().1;
    for target in [format!("/m/{id}?token={token}"), format!("/t/{token}/m/{id}/x.mp4")] {
        for range in ["bytes=0-", "bytes=0-1", "bytes=0-1,5-6", "bytes=10000-", "none"] {
            assert_eq!(stage.server.send(&get(&target).range(range)).tag(), stage.tag, "{target} {range}");
        }
    }
    let found = fs::metadata(stage.server.library().join("film.mp4")).unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&found);
    let facts = [inode.to_string(), format!("{inode:x}"), LEN.to_string(), format!("{LEN:x}")];
    let dates = [MODIFIED.to_string(), format!("{MODIFIED:x}")];
    for fact in facts.iter().chain(&dates) {
        assert!(!stage.tag.contains(fact.as_str()), "{} holds {fact}", stage.tag);
    }
    assert_ne!(stage.tag, Stage::new().tag, "another server's tag of an equal file");
}
