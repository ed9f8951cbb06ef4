//! What the pure parts of one request cost. `cargo bench --bench pure [-- PART OF A NAME]`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use reelgate::access::credential::{Place, presented};
use reelgate::access::link::{Link, Target};
use reelgate::access::policy::{Entrance, Holder, admit};
use reelgate::access::token::{PlainToken, TokenHash};
use reelgate::media::path::MediaPath;
use reelgate::mp4::{self, Layout, Walk};
use reelgate::range::{Boundary, ByteRange, ETag, Facts, HttpDate, Multipart, Requested, plan};
use reelgate::storage::{Stat, validator};
use reelgate::types::{ItemId, Role, Scope, TokenKind, UserState};

const LEN: u64 = 100 << 20;
const SECRET: [u8; 32] = [7; 32];

fn plans(criterion: &mut Criterion) {
    let etag = ETag::new("v1").expect("a legal tag");
    let now = HttpDate::from_unix(1_800_000_000);
    let facts = Facts { len: LEN, etag: &etag, modified: Some(now), now };
    let cases: [(&str, &[(HeaderName, &'static str)]); 5] = [
        ("whole", &[]),
        ("probe", &[(RANGE, "bytes=0-1")]),
        ("seek", &[(RANGE, "bytes=50987008-"), (IF_RANGE, "\"v1\"")]),
        ("multi", &[(RANGE, "bytes=0-99,1000-1999,50000-,-500")]),
        ("not modified", &[(IF_NONE_MATCH, "\"v0\", \"v1\"")]),
    ];
    for (name, lines) in cases {
        let of_line =
            |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        let headers: HeaderMap = lines.iter().map(of_line).collect();
        criterion.bench_function(&format!("plan {name}"), |bencher| {
            bencher.iter(|| {
                let requested = Requested::of(black_box(&headers));
                plan(&Method::GET, black_box(&headers), &requested, black_box(&facts))
            });
        });
    }
}

fn requests(criterion: &mut Criterion) {
    let id = ItemId::new([9; 16]);
    let paths = [
        ("item", format!("/m/{id}/holiday.mp4")),
        ("token", format!("/t/rg_token/m/{id}/holiday.mp4")),
        ("file", "/files/videos/2024/a%20b/holiday.mp4".to_owned()),
    ];
    for (name, path) in paths {
        criterion.bench_function(&format!("MediaPath::parse {name}"), |bencher| {
            bencher.iter(|| MediaPath::parse(black_box(&path)));
        });
    }
    let token = PlainToken::from_random([7; 24]);
    let link = Link::sign(&SECRET, "k1", &Target::Item(id), 2_000_000_000);
    for (name, query) in [("token", format!("token={}", token.expose())), ("link", link.query())] {
        criterion.bench_function(&format!("credential::presented {name}"), |bencher| {
            bencher.iter(|| presented(&HeaderMap::new(), Some(black_box(&query)), None));
        });
    }
}

fn secrets(criterion: &mut Criterion) {
    let target = Target::Item(ItemId::new([9; 16]));
    let link = Link::sign(&SECRET, "k1", &target, 2_000_000_000);
    criterion.bench_function("Link::sign", |bencher| {
        bencher.iter(|| Link::sign(black_box(&SECRET), "k1", &target, 2_000_000_000));
    });
    criterion.bench_function("Link::matches", |bencher| {
        bencher.iter(|| link.matches(black_box(&SECRET), &target));
    });
    let token = PlainToken::from_random([7; 24]);
    criterion.bench_function("PlainToken::parse", |bencher| {
        bencher.iter(|| PlainToken::parse(black_box(token.expose())));
    });
    criterion.bench_function("TokenHash::of", |bencher| bencher.iter(|| TokenHash::of(black_box(&token))));
}

fn decisions(criterion: &mut Criterion) {
    let holder = Holder {
        token_id: "t".to_owned(),
        user_id: "u".to_owned(),
        user_name: "ada".to_owned(),
        kind: TokenKind::Media,
        scope: Scope::All,
        expires_at: Some(2_000_000_000),
        is_over: false,
        role: Role::Viewer,
        state: UserState::Active,
        system: false,
        grants: ["a", "b", "videos/2024"].map(|area| area.parse().expect("a legal area")).to_vec(),
    };
    let id = ItemId::new([9; 16]);
    criterion.bench_function("policy::admit, Rights::cover", |bencher| {
        bencher.iter(|| {
            let rights = admit(black_box(&holder), Place::Query, Entrance::Media, 1_800_000_000);
            rights.is_ok_and(|rights| rights.cover(id, "videos", "2024/march/holiday.mp4"))
        });
    });
}

fn heads(criterion: &mut Criterion) {
    let ranges: Vec<ByteRange> =
        (0..4).filter_map(|number| ByteRange::new(number * 1_000, number * 1_000 + 500, LEN)).collect();
    criterion.bench_function("Multipart::new, 4 parts", |bencher| {
        bencher.iter(|| {
            let boundary = Boundary::from_random(black_box([5; 18]));
            Multipart::new(&boundary, "video/mp4", &ranges, LEN).content_length()
        });
    });
    let stat = Stat { len: LEN, dev: 1, ino: 2, modified: (1_700_000_000, 1), ..Stat::default() };
    criterion.bench_function("validator", |bencher| {
        bencher.iter(|| validator(&SECRET, black_box(&stat), "", (1_800_000_000, 0), 0));
    });
}

fn boxed(kind: &str, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).expect("a small box");
    [&size.to_be_bytes()[..], kind.as_bytes(), body].concat()
}

fn words(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_be_bytes).collect()
}

/// An index of so many samples, six to a chunk and of 1,000 bytes each; the chunks begin at `first`.
fn track(id: u32, handler: [u8; 4], samples: u32, first: u32) -> Vec<u8> {
    let size = words([0x0280_0168]);
    let avcc = boxed("avcC", &[1, 0x64, 0, 0x1f, 0xff, 0xe0, 0]);
    let avc1 = boxed("avc1", &[&[0; 7][..], &[1], &[0; 16], &size, &[0; 50], &avcc].concat());
    let mp4a = boxed("mp4a", &[&[0; 7][..], &[1], &[0; 8], &words([0x2_0010, 0, 48_000 << 16])].concat());
    let entry = if &handler == b"vide" { avc1 } else { mp4a };
    let chunks = samples / 6;
    let stbl = [
        boxed("stsd", &[words([0, 1]), entry].concat()),
        boxed("stts", &words([0, 1, samples, 1_000])),
        boxed("stsc", &words([0, 1, 1, 6, 1])),
        boxed("stsz", &words([0, 0, samples].into_iter().chain((0..samples).map(|_| 1_000)))),
        boxed("stco", &words([0, chunks].into_iter().chain((0..chunks).map(|chunk| first + chunk * 6_000)))),
    ];
    let minf = boxed("minf", &boxed("stbl", &stbl.concat()));
    let mdhd = boxed("mdhd", &words([0, 0, 0, 60_000, samples * 1_000, 0x55c4_0000]));
    let hdlr = boxed("hdlr", &[&[0; 8][..], &handler, &[0; 13]].concat());
    let tkhd = boxed("tkhd", &[words([1, 0, 0, id]), vec![0; 68]].concat());
    boxed("trak", &[tkhd, boxed("mdia", &[mdhd, hdlr, minf].concat())].concat())
}

/// An hour at 60 frames a second with sound: the ends of such a file, and how it is laid out.
fn long_film() -> (Vec<u8>, Layout) {
    let (pictures, sounds, data) = (216_000, 168_750, 2_400_000_000);
    let tracks = [track(1, *b"vide", pictures, 32), track(2, *b"soun", sounds, 1_300_000_032)];
    let mvhd = boxed("mvhd", &[words([0, 0, 0, 1_000, 3_600_000]), vec![0; 80]].concat());
    let moov = boxed("moov", &[mvhd, tracks.concat()].concat());
    let front = [boxed("ftyp", b"isom\0\0\x02\0isommp41"), words([data]), b"mdat".to_vec()].concat();
    let index = u64::from(data) + 24;
    let mut walk = Walk::new(index + u64::try_from(moov.len()).expect("a length"));
    while let Some(wanted) = walk.wants() {
        let (from, bytes) = if wanted.offset < index { (0, &front) } else { (index, &moov) };
        let at = usize::try_from(wanted.offset - from).expect("a place");
        let read = [&bytes[at..], &[0; 16]].concat();
        walk.take(&read[..usize::try_from(wanted.len).expect("16 at most")]);
    }
    (moov, walk.finish())
}

/// What the first request for a film costs beside reading its index.
fn repairs(criterion: &mut Criterion) {
    let (moov, layout) = long_film();
    let front = mp4::faststart(&layout, &moov, &[]).expect("a film that may be moved");
    println!("an index of {} bytes: 384,750 samples, 64,125 chunks", front.memory());
    criterion.bench_function("mp4::faststart, an hour", |bencher| {
        bencher.iter(|| mp4::faststart(black_box(&layout), black_box(&moov), &[]));
    });
    criterion.bench_function("mp4::probe and retag, an hour", |bencher| {
        bencher.iter(|| (mp4::probe(black_box(&moov)), mp4::retag::hvc1(black_box(&moov), 0)));
    });
}

criterion_group!(benches, plans, requests, secrets, decisions, heads, repairs);
criterion_main!(benches);
