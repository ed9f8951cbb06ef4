//! A video's poster and subtitles, under the video's own permission.
//!
//! 1. What lies beside the item is looked up in the catalogue, and what the request names is compared with that.
//! 2. The file is opened beneath the library's folder, as every other.
//! 3. A picture is what its first bytes say; a text is converted in memory. Anything else is not there.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;

use super::subtitles::{VERSION, to_webvtt};
use super::{answer, file_name, now, open, since_1970, unreadable};
use crate::access::Permit;
use crate::app::App;
use crate::body::{self, Representation, Segment};
use crate::db::media::Item;
use crate::error::Error;
use crate::library::sidecar::{Beside, beside, stem};
use crate::range::ETag;
use crate::storage::{self, MediaFile};

/// A film's subtitles are 100 KiB; they are held in memory.
const MAX_TEXT: u64 = 4 << 20;

pub(super) async fn poster(app: &App, permit: Permit, request: &Parts) -> Result<Response, Error> {
    let path = around(app, permit.item()).await?.poster.ok_or(Error::NotFound)?;
    let representation = picture(app, permit.item(), &path).await?;
    answer::of(app, permit, request, &representation).await
}

pub(super) async fn subtitles(
    app: &App,
    permit: Permit,
    label: &str,
    request: &Parts,
) -> Result<Response, Error> {
    let all = around(app, permit.item()).await?.subtitles;
    let found = all.into_iter().find(|text| text.label == label).ok_or(Error::NotFound)?;
    let representation = text(app, permit.item(), &found.path).await?;
    answer::of(app, permit, request, &representation).await
}

/// What lies beside an item.
pub(super) async fn around(app: &App, item: &Item) -> Result<Beside, Error> {
    let near = app.db.nearby(&item.library_id, stem(&item.path)).await.map_err(Error::unavailable)?;
    let (sidecars, items) = (near.sidecars.iter().map(String::as_str), near.items.iter().map(String::as_str));
    Ok(beside(&item.path, sidecars, items))
}

async fn picture(app: &App, item: &Item, path: &str) -> Result<Representation, Error> {
    let file = Arc::new(open(app, &item.library_id, path).await?);
    let beginning = file.beginning().await.map_err(unreadable)?;
    let content_type = picture_type(&beginning).ok_or(Error::NotFound)?;
    let modified = storage::last_modified(file.stat(), now(app));
    let disposition = body::disposition(file_name(path), true);
    let etag = tag(app, &file, "");
    let segments = Segment::of_file(&file, &beginning, 0, file.stat().len);
    Ok(Representation::new(segments, etag, modified, content_type, disposition))
}

fn picture_type(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

async fn text(app: &App, item: &Item, path: &str) -> Result<Representation, Error> {
    let file = Arc::new(open(app, &item.library_id, path).await?);
    let bytes = whole(&file).await?;
    let text = to_webvtt(&bytes).ok_or(Error::NotFound)?;
    let modified = storage::last_modified(file.stat(), now(app));
    let disposition = body::disposition(&format!("{}.vtt", stem(file_name(path))), true);
    let segments = vec![Segment::Memory(Bytes::from(text))];
    // The same file converted otherwise is another representation.
    let etag = tag(app, &file, &format!("WebVTT {VERSION}"));
    Ok(Representation::new(segments, etag, modified, "text/vtt; charset=utf-8", disposition))
}

/// Its bytes, unless they are more than subtitles have.
async fn whole(file: &Arc<MediaFile>) -> Result<Vec<u8>, Error> {
    let len = Some(file.stat().len).filter(|len| *len <= MAX_TEXT).ok_or(Error::NotFound)?;
    let mut text = Vec::new();
    let mut witness = file.witness();
    loop {
        let done = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let Ok(rest @ 1..) = usize::try_from(len.saturating_sub(done)) else { return Ok(text) };
        let read = Arc::clone(file).read(vec![0; rest], done, len, witness).await;
        let (bytes, count, seen) = read.map_err(unreadable)?;
        witness = seen;
        text.extend_from_slice(bytes.get(..count).unwrap_or_default());
    }
}

fn tag(app: &App, file: &MediaFile, changes: &str) -> ETag {
    let nonce = u64::from_be_bytes(app.chance.bytes());
    storage::validator(&app.tag_secret, file.stat(), changes, since_1970(app.clock.machine()), nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let cases: [(&[u8], Option<&str>); 6] = [
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n", Some("image/png")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg onload=alert(1)>", None),
            (b"", None),
        ];
        for (start, want) in cases {
            assert_eq!(picture_type(start), want);
        }
    }
}
