//! Which bytes come, in which portions, and what is told of them.

use std::sync::Mutex;

use http_body::Body as _;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::range::Multipart;

/// More than two buffers, and no multiple of one.
const LEN: usize = 300_001;

/// A length that is often near one at which something changes: nothing, a small body, a buffer, the end.
fn offset() -> impl Strategy<Value = u64> {
    let edge = prop_oneof![Just(0), Just(16_384), Just(131_072), Just(150_000), Just(262_144), Just(300_001)];
    prop_oneof![0..350_000_u64, (edge, 0..5_u64).prop_map(|(edge, more)| (edge + more).saturating_sub(2))]
}

#[test]
fn every_range_is_that_slice_of_the_file() {
    let runtime = Runtime::new().unwrap();
    for disk in DISKS {
        let all_bytes = content(LEN);
        let shelf = Shelf::new(disk, &all_bytes);
        let file = shelf.open();
        let (mosaic, mosaic_bytes) = mosaic(&file);
        proptest!(ProptestConfig::with_cases(100), |(start in offset(), end in offset())| {
            for (representation, bytes) in [(&film(Arc::clone(&file)), &all_bytes), (&mosaic, &mosaic_bytes)] {
                let len = u64::try_from(bytes.len()).unwrap();
                let Some(range) = ByteRange::new(start, end.min(len), len) else { continue };
                let response = answer(representation, Plan::Part(range), &Method::GET);
                prop_assert!(runtime.block_on(all(response)) == slice(bytes, range), "{range:?} on {disk:?}");
            }
        });
    }
}

#[tokio::test]
async fn the_whole_is_every_byte() {
    for disk in DISKS {
        for len in [0, 1, 16_384, 16_385, 131_072, 131_073, LEN] {
            let shelf = Shelf::new(disk, &content(len));
            let response = answer(&film(shelf.open()), Plan::Whole, &Method::GET);
            assert!(all(response).await == content(len), "{len} bytes on {disk:?}");
        }
    }
}

#[tokio::test]
async fn parts_are_framed_and_as_long_as_the_head_says() {
    for disk in DISKS {
        let shelf = Shelf::new(disk, &content(LEN));
        let (mosaic, bytes) = mosaic(&shelf.open());
        let len = u64::try_from(bytes.len()).unwrap();
        let ranges = vec![range(200_000, 320_000, len), range(0, 2, len), range(999, 1_001, len)];
        for ranges in [ranges.clone(), ranges[1..].to_vec()] {
            let framing = Multipart::new(&Boundary::from_random([7; 18]), "video/mp4", &ranges, len);
            let mut want = Vec::new();
            for (head, range) in framing.parts() {
                want.extend_from_slice(head.as_bytes());
                want.extend_from_slice(slice(&bytes, range));
            }
            want.extend_from_slice(framing.closing().as_bytes());
            let response = answer(&mosaic, Plan::Parts(ranges), &Method::GET);
            let length = response.headers()["content-length"].clone();
            let got = all(response).await;
            assert!(got == want, "on {disk:?}");
            assert_eq!(length, got.len().to_string());
        }
    }
}

#[tokio::test]
async fn a_small_body_is_one_frame_and_a_large_one_comes_by_the_buffer() {
    for disk in DISKS {
        let shelf = Shelf::new(disk, &content(LEN));
        let (mosaic, _) = mosaic(&shelf.open());
        let len = mosaic.len();
        let cases = [
            (Plan::Part(range(5_000, 5_002, len)), vec![2], "Safari's probe"),
            (Plan::Part(range(5_000, 21_384, len)), vec![16_384], "the largest small one"),
            (Plan::Part(range(990, 1_010, len)), vec![20], "over an edge of segments"),
            (Plan::Part(range(5_000, 21_385, len)), vec![16_385], "one byte more"),
            (Plan::Part(range(0, 1_000 + 131_073, len)), vec![1_000, 131_072, 1], "memory as it is"),
        ];
        for (plan, want, why) in cases {
            let mut response = copying(answer(&mosaic, plan, &Method::GET));
            let (frames, error) = frames(response.body_mut()).await;
            assert!(error.is_none(), "{error:?}");
            let lengths: Vec<_> = frames.iter().map(Bytes::len).collect();
            assert_eq!(lengths, want, "{why}, on {disk:?}");
        }
    }
}

#[tokio::test]
async fn a_body_says_exactly_how_much_is_still_to_come() {
    let shelf = Shelf::new(Disk::Near, &content(LEN));
    let mut response = shelf.sending();
    let body = response.body_mut();
    let mut left = u64::try_from(LEN).unwrap();
    while left > 0 {
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(left), false));
        left -= u64::try_from(in_memory(body.frame().await.unwrap().unwrap()).len()).unwrap();
    }
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    assert!(body.frame().await.is_none());
}

/// What a listener was told, and how often.
fn listen(body: &mut Outgoing) -> Arc<Mutex<Vec<Ended>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    body.on_end(move |ended| tell.lock().unwrap().push(ended));
    told
}

#[tokio::test]
async fn the_end_is_told_once_whatever_it_is() {
    let shelf = Shelf::new(Disk::Near, &content(LEN));
    let sent = u64::try_from(LEN).unwrap();
    let cases: [(&str, usize, u64, Outcome); 4] = [
        ("not one frame was taken", 0, 0, Outcome::Abandoned),
        ("the client hung up", 1, 131_072, Outcome::Abandoned),
        ("the last frame was taken, and nobody asks again", 3, sent, Outcome::Complete),
        ("somebody asks after the last frame", 4, sent, Outcome::Complete),
    ];
    for (why, takes, sent, outcome) in cases {
        let mut response = shelf.sending();
        let told = listen(response.body_mut());
        for _ in 0..takes {
            let _ = response.body_mut().frame().await;
        }
        drop(response);
        let told = told.lock().unwrap().clone();
        assert_eq!(told.len(), 1, "{why}");
        assert_eq!((told[0].sent, told[0].outcome), (sent, outcome), "{why}");
        assert_eq!(told[0].first_byte.is_some(), sent > 0, "{why}");
    }
}

#[tokio::test]
async fn an_end_is_told_of_plain_and_empty_bodies_too() {
    for (body, len) in [(Body::empty(), 0), (Body::from("a page"), 6)] {
        let mut response = copying(Response::new(body));
        let told = listen(response.body_mut());
        let (got, error) = frames(response.body_mut()).await;
        assert_eq!((got.concat().len(), error.is_none()), (len, true));
        drop(response);
        let told = told.lock().unwrap();
        let want = u64::try_from(len).unwrap();
        assert_eq!((told.len(), told[0].sent, told[0].outcome), (1, want, Outcome::Complete));
    }
}

#[tokio::test]
async fn a_dropped_body_leaves_nothing_open() {
    for disk in DISKS {
        let shelf = Shelf::new(disk, &content(LEN));
        let file = shelf.open();
        let mut response = copying(answer(&film(Arc::clone(&file)), Plan::Whole, &Method::GET));
        let frame = response.body_mut().frame().await.unwrap().unwrap();
        assert!(Arc::strong_count(&file) > 1, "on {disk:?}");
        drop(response);
        assert_eq!(Arc::strong_count(&file), 1, "on {disk:?}: bytes under way hold no file");
        assert_eq!(in_memory(frame).len(), 131_072);
    }
}
