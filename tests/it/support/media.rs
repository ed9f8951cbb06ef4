//! What the tests of media share: credentials on requests, parts of files, and tags that last.

use std::ops::Range;
use std::time::Duration;

use data_encoding::BASE64;

use super::http::{Request, Response, head};
use super::server::Server;
use super::{Program, eventually};

/// What Chrome says of codings when a video asks.
pub const CHROME: &str = "identity;q=1, *;q=0";

/// Longer than any change needs to reach a server; how soon it must is tested elsewhere.
pub const SOON: Duration = Duration::from_secs(10);

impl Request {
    pub fn bearer(self, token: &str) -> Request {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Further parameters for the query.
    pub fn query(mut self, parameters: &str) -> Request {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(parameters);
        self
    }
}

impl Response {
    pub fn content_length(&self) -> usize {
        self.header("content-length").expect("a Content-Length").parse().unwrap()
    }

    /// The strong tag of the answer.
    pub fn tag(&self) -> String {
        let tag = self.header("etag").unwrap_or_else(|| panic!("no ETag: {:?}", self.headers));
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "not a strong tag: {tag}");
        tag.to_owned()
    }

    /// Exactly this one part of this file, and a head that says so.
    #[track_caller]
    pub fn assert_part(&self, file: &[u8], range: Range<usize>, why: &str) {
        assert_eq!(self.status, 206, "{why}: {:?}", self.headers);
        let content_range = format!("bytes {}-{}/{}", range.start, range.end - 1, file.len());
        assert_eq!(self.header("content-range"), Some(content_range.as_str()), "{why}");
        assert_eq!(self.content_length(), range.len(), "{why}");
        assert_eq!(self.header("content-encoding"), None, "{why}");
        assert!(self.body == file[range], "{why}: other bytes than the file's");
    }

    /// The whole file by a 200.
    #[track_caller]
    pub fn assert_whole(&self, file: &[u8], why: &str) {
        assert_eq!(self.status, 200, "{why}: {:?}", self.headers);
        assert_eq!(self.header("content-range"), None, "{why}");
        assert_eq!(self.content_length(), file.len(), "{why}");
        assert_eq!(self.header("content-encoding"), None, "{why}");
        assert!(self.body == file, "{why}: other bytes than the file's");
    }

    /// A 416 that names the length.
    #[track_caller]
    pub fn assert_unsatisfiable(&self, len: usize, why: &str) {
        assert_eq!(self.status, 416, "{why}: {:?}", self.headers);
        assert_eq!(self.header("content-range"), Some(format!("bytes */{len}").as_str()), "{why}");
        assert_eq!(self.content_length(), 0, "{why}");
    }

    /// Like [`Response::face`], with the request's id struck out of the body too: what a stranger can compare.
    pub fn blind_face(&self) -> (u16, Vec<(String, String)>, String) {
        let (status, headers, body) = self.face();
        let id = self.header("x-request-id").expect("an X-Request-Id");
        (status, headers, String::from_utf8(body).unwrap().replace(id, "ID"))
    }
}

impl Program {
    /// Takes over another application's key for a user.
    pub fn import_key(&self, user: &str, key: &str) {
        let ran = self.run_with_input(["token", "create", user, "--import-stdin"], &format!("{key}\n"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }

    /// Path and query of a signed URL. There must be a key.
    pub fn sign(&self, path: &str, lasts: &str) -> String {
        let url = self.json_text(&format!("sign {path} --for {lasts}"), "url");
        match url.split_once("://") {
            Some((_, rest)) => rest[rest.find('/').unwrap()..].to_owned(),
            None => url,
        }
    }
}

impl Server {
    /// The tag that this target's file keeps: until two seconds after a change each answer has a tag of its own.
    pub fn lasting_tag(&self, target: &str) -> String {
        eventually("a lasting tag", SOON, || {
            let [one, other] = [self.send(&head(target)).tag(), self.send(&head(target)).tag()];
            (one == other).then_some(one)
        })
    }
}

/// A path as an application's old endpoint takes it.
pub fn legacy(path: &str) -> String {
    format!("/private/files/download/{}", BASE64.encode(path.as_bytes()))
}
