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
use reelgate::range::{Boundary, ByteRange, ETag, Facts, HttpDate, Multipart, plan};
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
            bencher.iter(|| plan(&Method::GET, black_box(&headers), black_box(&facts)));
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
        kind: TokenKind::Media,
        scope: Scope::All,
        expires_at: Some(2_000_000_000),
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

criterion_group!(benches, plans, requests, secrets, decisions, heads);
criterion_main!(benches);
