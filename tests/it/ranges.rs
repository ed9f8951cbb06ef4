//! Ranges over the wire: RFC 9110 §14, §15.3.7 and §15.5.17, each answer compared with the file's bytes.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::ops::Range;

use crate::support::files::{age, bytes};
use crate::support::http::Connection;
use crate::support::media::CHROME;
use crate::support::{Request, Response, Server, Setup, get, head};

const LEN: usize = 100_000;

/// A server with one film of [`LEN`] bytes, and the film's target with a token.
fn served() -> (Server, String, Vec<u8>) {
    let file = bytes(LEN);
    let server = Server::with(&[("film.mp4", &file)]);
    let target = with_token(&server, "film.mp4");
    (server, target, file)
}

fn with_token(server: &Server, path: &str) -> String {
    let ada = server.user("ada", Some("videos"));
    format!("/m/{}?token={}", server.id(path), ada.token())
}

enum Want {
    Part(Range<usize>),
    Whole,
    Unsatisfiable,
}

use Want::{Part, Unsatisfiable, Whole};

#[track_caller]
fn check(answer: &Response, file: &[u8], want: &Want, why: &str) {
    match want {
        Part(range) => answer.assert_part(file, range.clone(), why),
        Whole => answer.assert_whole(file, why),
        Unsatisfiable => answer.assert_unsatisfiable(file.len(), why),
    }
}

const HUGE: &str = "99999999999999999999999999999999999999";

#[test]
fn a_single_range_selects_its_bytes() {
    let (server, target, file) = served();
    let cases = [
        ("bytes=0-".to_owned(), Part(0..LEN), "the whole file is a part too: players tell by the 206"),
        ("bytes=0-99999".to_owned(), Part(0..LEN), "the same, closed"),
        ("bytes=-100000".to_owned(), Part(0..LEN), "the same, as a suffix"),
        ("bytes=10-19".to_owned(), Part(10..20), "both ends count"),
        ("bytes=7-7".to_owned(), Part(7..8), "one byte"),
        (
            "bytes=99990-200000".to_owned(),
            Part(99_990..LEN),
            "an end behind the file's is the file's (§14.1.2)",
        ),
        (format!("bytes=99990-{HUGE}"), Part(99_990..LEN), "however many digits"),
        (format!("bytes=-{HUGE}"), Part(0..LEN), "a suffix longer than the file (§14.1.2)"),
        ("bytes=-100001".to_owned(), Part(0..LEN), "longer by one"),
        ("bytes=99999-".to_owned(), Part(99_999..LEN), "the last byte"),
        ("bytes=-1".to_owned(), Part(99_999..LEN), "the last byte"),
        ("bytes=000000000000000000000000000000000005-6".to_owned(), Part(5..7), "zeros in front"),
        ("BYTES=5-6".to_owned(), Part(5..7), "units know no case (§14.1)"),
        ("Bytes=5-6".to_owned(), Part(5..7), "units know no case (§14.1)"),
        ("bytes=100000-".to_owned(), Unsatisfiable, "behind the last byte (§15.5.17)"),
        ("bytes=100000-100000".to_owned(), Unsatisfiable, "behind the last byte"),
        (format!("bytes={HUGE}-"), Unsatisfiable, "far behind"),
        (format!("bytes={HUGE}-{HUGE}9"), Unsatisfiable, "beyond 64 bits, the right way round"),
        ("bytes=18446744073709551615-".to_owned(), Unsatisfiable, "2^64 - 1"),
        ("bytes=18446744073709551616-".to_owned(), Unsatisfiable, "2^64, which is 0 where it wraps"),
        ("bytes=-0".to_owned(), Unsatisfiable, "the last zero bytes (§14.1.2)"),
    ];
    for (range, want, why) in cases {
        check(&server.send(&get(&target).range(&range)), &file, &want, &format!("{range}: {why}"));
    }
}

#[test]
fn what_is_no_range_is_ignored() {
    let (server, target, file) = served();
    let cases = [
        ("bytes=5-2", "the last before the first (§14.1.1)"),
        ("bytes=99999999999999999999999-99999999999999999999998", "the same beyond 64 bits"),
        ("bytes=0-1,5-2", "one bad member spoils the set (§14.1.1)"),
        ("bytes=", "no member"),
        ("bytes=,", "no member"),
        ("bytes=-", "neither end"),
        ("bytes", "no set"),
        ("", "nothing"),
        ("0-1", "no unit"),
        ("=0-1", "no unit"),
        ("items=0-1", "an unknown unit must be ignored (§14.2)"),
        ("seconds=5-", "an unknown unit"),
        ("bytes=a-b", "letters"),
        ("bytes=0x0-0x1", "digits only"),
        ("bytes=+0-1", "a sign"),
        ("bytes=0-+1", "a sign"),
        ("bytes=--1", "a sign"),
        ("bytes=0-1-2", "two hyphens"),
        ("bytes=0.5-1", "a fraction"),
        ("bytes=0 - 1", "white space inside of a member"),
        ("bytes =0-1", "white space in the unit"),
        ("bytes=0-1;5-6", "another separator"),
        ("bytes:0-1", "another sign"),
        ("none=0-1", "a unit of Accept-Ranges"),
        ("bytes=0-1 5-6", "no separator"),
    ];
    for (range, why) in cases {
        check(&server.send(&get(&target).range(range)), &file, &Whole, &format!("{range:?}: {why}"));
    }
    let doubled = get(&target).range("bytes=0-1").range("bytes=0-1");
    check(&server.send(&doubled), &file, &Whole, "two Range lines: the field is no list (§5.3)");
    let arabic = "bytes=\u{660}-\u{661}";
    check(&server.send(&get(&target).range(arabic)), &file, &Whole, "digits of another script");
}

#[test]
fn a_list_may_have_empty_elements_and_white_space() {
    let (server, target, file) = served();
    let cases = [
        ("bytes=,5-6", "§5.6.1.2"),
        ("bytes=5-6,", "§5.6.1.2"),
        ("bytes=,,5-6,,", "§5.6.1.2"),
        ("bytes=, ,\t, 5-6 ,", "§5.6.1.2"),
        ("bytes=5-6 \t", "white space behind the value (§5.5)"),
        ("  bytes=5-6", "white space before the value (§5.5)"),
        ("bytes=5-6 , 6-6", "joined"),
    ];
    for (range, why) in cases {
        check(&server.send(&get(&target).range(range)), &file, &Part(5..7), &format!("{range:?}: {why}"));
    }
    let two = parts(&server.send(&get(&target).range("bytes=5-6\t,\t9-9")), &file);
    assert_eq!(two, [5..7, 9..10]);
}

#[test]
fn only_get_has_ranges() {
    let (server, target, _) = served();
    for range in ["bytes=0-1", "bytes=0-1,5-6", "bytes=100000-", "bytes=5-2"] {
        let answer = server.send(&head(&target).range(range));
        assert_eq!((answer.status, answer.content_length()), (200, LEN), "{range} (§14.2)");
        assert_eq!((answer.header("content-range"), answer.header("accept-ranges")), (None, Some("bytes")));
    }
}

#[test]
fn an_empty_file_has_no_range() {
    let server = Setup::new().file("empty.mp4", b"").start();
    let target = with_token(&server, "empty.mp4");
    check(&server.send(&get(&target)), b"", &Whole, "all of nothing");
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-", "bytes=0-1,5-6"] {
        check(&server.send(&get(&target).range(range)), b"", &Unsatisfiable, range);
    }
    check(&server.send(&get(&target).range("bytes=5-2")), b"", &Whole, "no range at all");
}

#[test]
fn a_file_of_one_byte_has_one_range() {
    let server = Setup::new().file("one.mp4", b"x").start();
    let target = with_token(&server, "one.mp4");
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-9", "bytes=0-9", "bytes=0-0,0-0"] {
        check(&server.send(&get(&target).range(range)), b"x", &Part(0..1), range);
    }
    check(&server.send(&get(&target).range("bytes=1-")), b"x", &Unsatisfiable, "behind it");
}

/// The boundary of a multipart answer.
fn boundary(answer: &Response) -> String {
    let content_type = answer.header("content-type").unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=");
    boundary.unwrap_or_else(|| panic!("not multipart: {content_type}")).to_owned()
}

/// The parts of a multipart answer in their order, each compared with the file (RFC 9110 §14.6, RFC 2046 §5.1.1).
#[track_caller]
fn parts(answer: &Response, file: &[u8]) -> Vec<Range<usize>> {
    assert_eq!(
        (answer.status, answer.header("content-range")),
        (206, None),
        "§15.3.7.2: {:?}",
        answer.headers
    );
    assert_eq!(answer.content_length(), answer.body.len());
    let delimiter = format!("\r\n--{}", boundary(answer));
    // The first delimiter needs no line end before it, and then all are alike.
    let mut rest = [b"\r\n", answer.body.as_slice()].concat();
    let mut parts = Vec::new();
    loop {
        let behind = rest.strip_prefix(delimiter.as_bytes()).expect("a delimiter before each part");
        if behind == b"--\r\n" {
            return parts;
        }
        let end = behind.windows(4).position(|four| four == b"\r\n\r\n").expect("a part's head") + 4;
        let range = part_range(std::str::from_utf8(&behind[..end]).unwrap(), file.len());
        let body = &behind[end..end + range.len()];
        assert!(body == &file[range.clone()], "other bytes than the file's in {range:?}");
        rest = behind[end + range.len()..].to_vec();
        parts.push(range);
    }
}

/// What a part's head says of it.
#[track_caller]
fn part_range(head: &str, len: usize) -> Range<usize> {
    let field = |name: &str| {
        let values: Vec<_> = head.lines().filter_map(|line| line.strip_prefix(name)).collect();
        assert_eq!(values.len(), 1, "{name} in {head:?}");
        values[0].trim()
    };
    assert_eq!(field("Content-Type:"), "video/mp4");
    let range = field("Content-Range:").strip_prefix("bytes ").unwrap();
    let (range, total) = range.split_once('/').unwrap();
    assert_eq!(total, len.to_string());
    let (first, last) = range.split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<usize>().unwrap() + 1
}

#[test]
fn several_ranges_come_in_parts() {
    let (server, target, file) = served();
    let cases = [
        ("bytes=0-1,5-6", vec![0..2, 5..7], "two"),
        ("bytes=5-6,0-1", vec![5..7, 0..2], "in the order of the request (§15.3.7.2)"),
        ("bytes=-5,0-0", vec![99_995..LEN, 0..1], "a suffix first"),
        ("bytes=0-0,50000-,-1", vec![0..1, 50_000..LEN], "the third lies in the second"),
        ("bytes=0-9,5-14,20-29", vec![0..15, 20..30], "overlapping ones are joined"),
        ("bytes=0-9,10-19,30-39", vec![0..20, 30..40], "touching ones are joined"),
        ("bytes=0-1,100000-,5-6", vec![0..2, 5..7], "an unsatisfiable one is dropped (§14.2)"),
        ("bytes=0-1,-0,5-6", vec![0..2, 5..7], "zero bytes are dropped"),
        ("bytes=0-1,99999-200000", vec![0..2, 99_999..LEN], "cut to the file"),
    ];
    for (range, want, why) in cases {
        let answer = server.send(&get(&target).range(range).header("Accept-Encoding", CHROME));
        assert_eq!(parts(&answer, &file), want, "{range}: {why}");
        assert_eq!(answer.header("content-encoding"), None);
    }
}

#[test]
fn parts_that_come_to_one_are_a_single_range() {
    let (server, target, file) = served();
    let touching: Vec<_> = (0..200).map(|at| format!("{at}-{at}")).collect();
    let cases = [
        ("bytes=0-1,100000-".to_owned(), 0..2, "one is left"),
        ("bytes=0-9,10-19".to_owned(), 0..20, "touching"),
        ("bytes=10-19,0-9".to_owned(), 0..20, "touching, the other way round"),
        ("bytes=0-0,0-0,0-0".to_owned(), 0..1, "the same three times"),
        ("bytes=0-,0-".to_owned(), 0..LEN, "never more bytes than the file"),
        ("bytes=0-,-1,5-6,-100000".to_owned(), 0..LEN, "never more bytes than the file"),
        (format!("bytes={}", touching.join(",")), 0..200, "parts are counted, not members"),
    ];
    for (range, want, why) in cases {
        server.send(&get(&target).range(&range)).assert_part(&file, want, &format!("{range}: {why}"));
    }
    let none = server.send(&get(&target).range("bytes=100000-,200000-,-0"));
    none.assert_unsatisfiable(LEN, "none is satisfiable");
}

#[test]
fn sixteen_parts_are_served_and_more_are_the_whole_file() {
    let (server, target, file) = served();
    let every_other = |count: usize| {
        let members: Vec<_> = (0..count).map(|at| format!("{0}-{0}", at * 2)).collect();
        server.send(&get(&target).range(&format!("bytes={}", members.join(","))))
    };
    assert_eq!(parts(&every_other(16), &file).len(), 16);
    for count in [17, 100, 1_000] {
        every_other(count).assert_whole(&file, &format!("{count} parts"));
    }
}

#[test]
fn a_boundary_is_new_for_each_answer_and_legal() {
    let (server, target, _) = served();
    let boundaries: Vec<_> =
        (0..5).map(|_| boundary(&server.send(&get(&target).range("bytes=0-1,5-6")))).collect();
    for (at, boundary) in boundaries.iter().enumerate() {
        assert!(!boundaries[..at].contains(boundary), "{boundary} twice: a film could be made for it");
        let is_token = boundary.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(is_token && (16..=70).contains(&boundary.len()), "{boundary}: RFC 2046 §5.1.1");
    }
}

#[test]
fn media_is_never_encoded() {
    let (server, target, file) = served();
    let codings = [
        CHROME,
        "identity",
        "gzip",
        "gzip, deflate, br, zstd",
        "br;q=1, identity;q=0",
        "identity;q=0",
        "*",
        "*;q=0",
        "",
        "nonsense/x",
    ];
    for coding in codings {
        let request = get(&target).header("Accept-Encoding", coding);
        server.send(&request).assert_whole(&file, coding);
        server.send(&request.clone().range("bytes=9-")).assert_part(&file, 9..LEN, coding);
        let headed = server.send(&Request { method: "HEAD".to_owned(), ..request });
        assert_eq!((headed.content_length(), headed.header("content-encoding")), (LEN, None), "{coding}");
    }
}

#[test]
fn offsets_beyond_four_gibibytes_are_exact() {
    const SIZE: u64 = 5 << 30;
    // Around each place: where 31, 32 bits end, and the end of the file.
    const MARKS: [(u64, &[u8; 8]); 4] = [
        (0, b"01234567"),
        ((1 << 31) - 4, b"two-GiB."),
        ((1 << 32) - 4, b"four-GiB"),
        (SIZE - 8, b"the-end."),
    ];
    let setup = Setup::new();
    let path = setup.library().join("long.mp4");
    let mut file = File::create(&path).unwrap();
    file.set_len(SIZE).unwrap();
    for (at, mark) in MARKS {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(mark).unwrap();
    }
    drop(file);
    age(&path);
    let server = setup.start();
    let target = with_token(&server, "long.mp4");
    let headed = server.send(&head(&target));
    assert_eq!(headed.header("content-length"), Some(SIZE.to_string().as_str()));
    for (at, mark) in MARKS {
        let answer = server.send(&get(&target).range(&format!("bytes={at}-{}", at + 7)));
        let content_range = format!("bytes {at}-{}/{SIZE}", at + 7);
        assert_eq!((answer.status, answer.header("content-range")), (206, Some(content_range.as_str())));
        assert_eq!(answer.body, mark, "at {at}");
    }
    assert_eq!(server.send(&get(&target).range("bytes=-8")).body, b"the-end.");
    assert_eq!(server.send(&get(&target).range(&format!("bytes={}-", SIZE - 4))).body, b"end.");
    let beyond = server.send(&get(&target).range(&format!("bytes={SIZE}-")));
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */5368709120")));
    let two = server.send(&get(&target).range("bytes=4294967292-4294967299,-4"));
    let text = String::from_utf8_lossy(&two.body).into_owned();
    assert!(text.contains("\r\n\r\nfour-GiB\r\n") && text.contains("\r\n\r\nend.\r\n"), "{text}");
}

/// Numbers that look random and come again.
struct Dice(u64);

impl Dice {
    /// Below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % sides
    }

    /// A place of the file, often near an edge, sometimes behind the end.
    fn place(&mut self, len: usize) -> usize {
        match self.roll(4) {
            0 => self.roll(4),
            1 => (len + 2).saturating_sub(self.roll(5)),
            _ => self.roll(len + 10),
        }
    }

    /// A member of a set, and what it selects: `None` spoils the set.
    fn member(&mut self, len: usize) -> (String, Option<Range<usize>>) {
        let (one, other) = (self.place(len), self.place(len));
        match self.roll(8) {
            0..=3 => {
                let (first, last) = (one.min(other), one.max(other));
                (format!("{first}-{last}"), Some(first.min(len)..(last + 1).min(len)))
            }
            4 | 5 => (format!("{one}-"), Some(one.min(len)..len)),
            6 => (format!("-{one}"), Some(len.saturating_sub(one)..len)),
            _ if one < other => (format!("{other}-{one}"), None),
            _ => (format!("{one}-{one}"), Some(one.min(len)..(one + 1).min(len))),
        }
    }
}

/// Which bytes of a file some ranges cover.
fn covered(ranges: &[Range<usize>], len: usize) -> Vec<bool> {
    let mut covered = vec![false; len];
    for range in ranges {
        covered[range.clone()].fill(true);
    }
    covered
}

#[test]
fn any_set_of_ranges_selects_what_it_says() {
    const FILM: usize = 3_000;
    let file = bytes(FILM);
    let server = Server::with(&[("film.mp4", &file)]);
    let target = with_token(&server, "film.mp4");
    let mut connection = Connection::open(server.address);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut seen = [0_u32; 4];
    for round in 0..2_000 {
        let count = 1 + dice.roll(4);
        let members: Vec<_> = (0..count).map(|_| dice.member(FILM)).collect();
        let texts: Vec<_> = members.iter().map(|(text, _)| text.as_str()).collect();
        let range = format!("bytes={}", texts.join([",", ", ", " ,,"][dice.roll(3)]));
        let why = format!("round {round}, {range}");
        connection.write(&get(&target).range(&range));
        let answer = connection.response("GET");
        let Some(wanted) = members.into_iter().map(|(_, range)| range).collect::<Option<Vec<_>>>() else {
            answer.assert_whole(&file, &why);
            seen[0] += 1;
            continue;
        };
        let wanted = covered(&wanted, FILM);
        let runs = wanted.chunk_by(|one, other| one == other).filter(|run| run[0]).count();
        seen[runs.min(2) + 1] += 1;
        let got = match runs {
            0 => {
                answer.assert_unsatisfiable(FILM, &why);
                continue;
            }
            1 => {
                let first = wanted.iter().position(|is_wanted| *is_wanted).unwrap();
                let end = wanted.iter().rposition(|is_wanted| *is_wanted).unwrap() + 1;
                answer.assert_part(&file, first..end, &why);
                continue;
            }
            _ => parts(&answer, &file),
        };
        assert_eq!(got.len(), runs, "{why}: parts touch or overlap");
        assert!(covered(&got, FILM) == wanted, "{why}: {got:?}");
    }
    assert!(seen.iter().all(|count| *count > 20), "the dice are loaded: {seen:?}");
}
