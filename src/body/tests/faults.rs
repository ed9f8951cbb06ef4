//! What becomes of a file while it is sent: the whole old content, or a broken connection, and nothing between.

use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

const LEN: usize = 300_001;

/// What must happen after the first frame was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// All of the file as it was when it was opened.
    OldContent,
    /// An error of this label, after nothing but old content.
    Breaks(&'static str),
}

struct Case {
    happens: fn(&Shelf),
    then: Then,
    why: &'static str,
}

fn replace(shelf: &Shelf, content: &[u8]) {
    let new = shelf.path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, &shelf.path).unwrap();
}

fn append(shelf: &Shelf) {
    let len = fs::metadata(&shelf.path).unwrap().len();
    shelf.write().write_all_at(&content(1_000), len).unwrap();
}

const CASES: [Case; 12] = [
    Case { happens: |_| {}, then: Then::OldContent, why: "nothing" },
    Case {
        happens: |shelf| replace(shelf, &[9; LEN]),
        then: Then::OldContent,
        why: "another file was renamed over it: the old one is still open",
    },
    Case {
        happens: |shelf| fs::remove_file(&shelf.path).unwrap(),
        then: Then::OldContent,
        why: "it was deleted: it is still open",
    },
    Case {
        happens: |shelf| fs::hard_link(&shelf.path, shelf.path.with_extension("too")).unwrap(),
        then: Then::OldContent,
        why: "it got another name",
    },
    Case { happens: append, then: Then::OldContent, why: "a recording goes on" },
    Case {
        happens: |shelf| shelf.write().set_len(1_000_000).unwrap(),
        then: Then::OldContent,
        why: "room was made for a recording",
    },
    Case {
        happens: |shelf| shelf.write().set_len(140_000).unwrap(),
        then: Then::Breaks("truncated"),
        why: "bytes that were promised are gone",
    },
    Case {
        happens: |shelf| shelf.write().set_len(0).unwrap(),
        then: Then::Breaks("truncated"),
        why: "all bytes are gone",
    },
    Case {
        happens: |shelf| shelf.write().write_all_at(b"x", 200_000).unwrap(),
        then: Then::Breaks("changed"),
        why: "a byte that is still to come was written to",
    },
    Case {
        happens: |shelf| shelf.write().write_all_at(b"x", 0).unwrap(),
        then: Then::Breaks("changed"),
        why: "a byte that is gone was written to: the tag names neither version any more",
    },
    Case {
        happens: |shelf| {
            let file = shelf.write();
            file.write_all_at(b"x", 200_000).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        },
        then: Then::Breaks("changed"),
        why: "it was written to, and the time put back",
    },
    Case {
        happens: |shelf| fs::write(&shelf.path, [9; LEN + 1]).unwrap(),
        then: Then::Breaks("changed"),
        why: "a longer file was copied over it, which is no append",
    },
];

#[tokio::test]
async fn a_body_is_the_old_content_or_breaks() {
    for disk in DISKS {
        for Case { happens, then, why } in CASES {
            let shelf = Shelf::new(disk, &content(LEN));
            let mut response = shelf.sending();
            let first = in_memory(response.body_mut().frame().await.unwrap().unwrap());
            happens(&shelf);
            let (rest, error) = frames(response.body_mut()).await;
            let got = [&*first, &rest.concat()].concat();
            assert!(content(LEN).starts_with(&got), "{why}, on {disk:?}: not one byte of another version");
            let found = match error {
                Some(error) => Then::Breaks(error.label()),
                None if got.len() == LEN => Then::OldContent,
                None => panic!("{why}, on {disk:?}: it ended early and in silence"),
            };
            assert_eq!(found, then, "{why}, on {disk:?}");
            assert!(response.body_mut().frame().await.is_none(), "nothing comes after the end");
        }
    }
}

#[tokio::test]
async fn what_happens_before_the_first_byte_counts_too() {
    for disk in DISKS {
        for Case { happens, then, why } in CASES {
            let shelf = Shelf::new(disk, &content(LEN));
            let file = shelf.open();
            file.beginning().await.unwrap();
            let mut response = copying(answer(&film(file), Plan::Whole, &Method::GET));
            happens(&shelf);
            let (got, error) = frames(response.body_mut()).await;
            let found = error.map_or(Then::OldContent, |error| Then::Breaks(error.label()));
            assert_eq!(found, then, "{why}, on {disk:?}");
            assert!(found != Then::OldContent || got.concat() == content(LEN), "{why}, on {disk:?}");
        }
    }
}

#[tokio::test]
async fn a_recording_that_never_rests_is_sent_to_the_length_that_was_promised() {
    for disk in DISKS {
        let shelf = Shelf::new(disk, &content(LEN));
        let mut response = shelf.sending();
        let mut got = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            got.extend_from_slice(&in_memory(frame.unwrap()));
            append(&shelf);
        }
        assert!(got == content(LEN), "on {disk:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_file_of_five_gibibytes_is_exact() {
    let len = 5 << 30;
    for disk in DISKS {
        let shelf = Shelf::new(disk, &[]);
        shelf.write().set_len(len).unwrap();
        shelf.write().write_all_at(b"end", len - 3).unwrap();
        let part = Plan::Part(range(len - 4, len, len));
        let response = answer(&film(shelf.open()), part, &Method::GET);
        assert_eq!(response.headers()["content-range"], "bytes 5368709116-5368709119/5368709120");
        assert_eq!(all(response).await, b"\0end");
    }
}

/// What a client gets on the wire of a film that may shrink after the first bytes.
async fn received(shelf: &Shelf, shrinks: bool) -> Vec<u8> {
    let (mut client, server) = duplex(4_096);
    let response = Mutex::new(Some(shelf.sending()));
    let serve = service_fn(|_| {
        let response = response.lock().unwrap().take().unwrap();
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    // Otherwise hyper takes all of the film at once.
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.max_buf_size(8_192).serve_connection(TokioIo::new(server), serve);
    let talk = async {
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut got = vec![0; 1_000];
        client.read_exact(&mut got).await.unwrap();
        if shrinks {
            shelf.write().set_len(10).unwrap();
        }
        client.read_to_end(&mut got).await.unwrap();
        got
    };
    let (outcome, got) = tokio::join!(connection, talk);
    assert_eq!(outcome.is_err(), shrinks);
    got
}

#[tokio::test]
async fn a_connection_is_broken_and_never_padded() {
    let (all, shelf) = (content(LEN), Shelf::new(Disk::Near, &content(LEN)));
    let whole = received(&shelf, false).await;
    let head = whole.len() - LEN;
    assert!(whole[head..] == all, "undisturbed, every byte comes");
    let broken = received(&shelf, true).await;
    assert!(broken.len() < whole.len() - 1, "the length in the head is not met: {}", broken.len());
    assert!(all.starts_with(&broken[head..]));
}

/// A film whose index was put in front begins in memory. Whoever is slow there learns of the file only afterwards.
#[tokio::test]
async fn a_settled_file_that_became_longer_is_another_one() {
    for disk in DISKS {
        let old = content(LEN);
        let shelf = Shelf::new(disk, &old);
        let file = Arc::new(shelf.folder.open_file_blocking("film.mp4").unwrap().settled());
        let beginning = file.beginning().await.unwrap();
        let end = file.stat().len;
        let index = Segment::Memory(Bytes::from(vec![7; 200_000]));
        let segments = [vec![index], Segment::of_file(&file, &beginning, 0, end)].concat();
        let film = Representation::new(segments, tag(), None, "video/mp4", inline());
        let mut response = copying(answer(&film, Plan::Whole, &Method::GET));
        in_memory(response.body_mut().frame().await.unwrap().unwrap());
        // Longer, and it begins as the old one did.
        let new = [&old[..512], &vec![9; LEN]].concat();
        shelf.write().write_all_at(&new, 0).unwrap();
        let (got, error) = frames(response.body_mut()).await;
        assert_eq!(error.map(|error| error.label()), Some("changed"), "on {disk:?}");
        assert!(old.starts_with(&got.concat()), "on {disk:?}: a byte of the other version");
    }
}
