//! Bodies of real files, from a plan to the bytes that a connection would get.

mod bytes;
mod faults;
mod head;

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::bytes::Bytes;
use axum::body::Body;
use http::{HeaderValue, Method, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tempfile::TempDir;

use crate::body::*;
use crate::range::{Boundary, ByteRange, ETag, HttpDate, Plan};
use crate::storage::{Folder, MediaFile};

/// The example of RFC 9110 §5.6.7.
const MODIFIED: u64 = 784_111_777;

/// A folder with one film, on a disk that answers at once or one that may make us wait.
struct Shelf {
    folder: Folder,
    path: PathBuf,
    _all: TempDir,
}

/// Both kinds of disk take different ways through the code, and must not differ in anything else.
#[derive(Clone, Copy, Debug)]
enum Disk {
    Near,
    Distant,
}

const DISKS: [Disk; 2] = [Disk::Near, Disk::Distant];

impl Shelf {
    fn new(disk: Disk, content: &[u8]) -> Self {
        let all = tempfile::tempdir().unwrap();
        let path = all.path().join("film.mp4");
        fs::write(&path, content).unwrap();
        // Whatever is written from now on shows in the time, however coarse the clock.
        File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let folder = Folder::open(all.path(), 4, Duration::from_secs(10)).unwrap();
        let folder = match disk {
            Disk::Near => folder,
            Disk::Distant => folder.distant(),
        };
        Self { folder, path, _all: all }
    }

    fn open(&self) -> Arc<MediaFile> {
        Arc::new(self.folder.open_file_blocking("film.mp4").unwrap())
    }

    fn write(&self) -> File {
        OpenOptions::new().write(true).open(&self.path).unwrap()
    }

    /// A response with the whole film, ready to be sent.
    fn sending(&self) -> Response<Outgoing> {
        copying(answer(&film(self.open()), Plan::Whole, &Method::GET))
    }
}

/// Bytes of which no 64 in a row stand twice.
fn content(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "tests hand over what they opened")]
fn film(file: Arc<MediaFile>) -> Representation {
    let segments = Segment::of_file(&file, &Bytes::new(), 0, file.stat().len);
    Representation::new(segments, tag(), Some(HttpDate::from_unix(MODIFIED)), "video/mp4", inline())
}

/// A head in memory, the middle of a file, its start, and a tail in memory: what a film looks like whose index
/// has been put in front.
fn mosaic(file: &Arc<MediaFile>) -> (Representation, Vec<u8>) {
    let (len, all) = (file.stat().len, content(usize::try_from(file.stat().len).unwrap()));
    let half = len / 2;
    let span = |start, end| Segment::File { file: Arc::clone(file), start, end };
    let segments = vec![
        Segment::Memory(vec![1; 1_000].into()),
        span(half, len),
        span(0, half),
        Segment::Memory(vec![2; 20_000].into()),
    ];
    let (first, second) = all.split_at(usize::try_from(half).unwrap());
    let bytes = [&vec![1; 1_000], second, first, &vec![2; 20_000]].concat();
    (Representation::new(segments, tag(), None, "video/mp4", inline()), bytes)
}

fn tag() -> ETag {
    ETag::new("v1").unwrap()
}

fn inline() -> HeaderValue {
    HeaderValue::from_static("inline")
}

fn answer(representation: &Representation, plan: Plan, method: &Method) -> Response<Body> {
    packed(respond(representation, plan, || Boundary::from_random([7; 18]), method))
}

fn range(start: u64, end: u64, len: u64) -> ByteRange {
    ByteRange::new(start, end, len).unwrap()
}

fn slice(bytes: &[u8], range: ByteRange) -> &[u8] {
    let place = |offset| usize::try_from(offset).unwrap();
    &bytes[place(range.start())..place(range.end())]
}

/// The response with the body that copies, which needs no socket.
fn copying(response: Response<Body>) -> Response<Outgoing> {
    outgoing(response, || None)
}

fn in_memory(frame: Frame<Chunk>) -> Bytes {
    match frame.into_data().unwrap() {
        Chunk::Memory(bytes) => bytes,
        Chunk::Window(_) => panic!("a window without a lane"),
    }
}

/// Takes frames until there are none, or an error.
async fn frames(body: &mut Outgoing) -> (Vec<Bytes>, Option<BodyError>) {
    let mut frames = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => frames.push(in_memory(frame)),
            Err(error) => return (frames, Some(error)),
        }
    }
    (frames, None)
}

/// The whole body, which must not break.
async fn all(response: Response<Body>) -> Vec<u8> {
    let (frames, error) = frames(copying(response).body_mut()).await;
    assert!(error.is_none(), "{error:?}");
    frames.concat()
}
