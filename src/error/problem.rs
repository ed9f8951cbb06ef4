//! What an answer's body says, and how it is written for who reads it.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};

use super::page::{self, Visitor};
use super::{Cause, PAGE_POLICY};

/// What a body of an answer says; rides in the response's extensions up to the edge.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub title: &'static str,
    pub detail: Cow<'static, str>,
    /// What to do about it.
    pub hint: Cow<'static, str>,
    /// Seconds until another try makes sense.
    pub retry_after: Option<u32>,
    pub cause: Option<Cause>,
}

/// Who reads an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A player: it reads the status.
    Player,
    /// A person: a small page.
    Person(Visitor),
    /// A program: `application/problem+json` (RFC 9457).
    Program,
}

impl Problem {
    /// Writes the body for who reads it. HEAD has the head of GET and no body (RFC 9110 §9.3.2).
    pub fn write(&self, response: &mut Response, audience: Audience, method: &Method, request_id: &str) {
        let (content_type, text) = match audience {
            Audience::Player => {
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
                return;
            }
            Audience::Person(visitor) => {
                // A page for frames refuses with its own policy, or the frame would stay empty.
                response.headers_mut().entry(CONTENT_SECURITY_POLICY).or_insert(PAGE_POLICY);
                ("text/html; charset=utf-8", page::written(self, visitor, request_id))
            }
            Audience::Program => ("application/problem+json", self.json(request_id)),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // axum's router wrote 0, the length of the body that it saw.
        headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
        if method != Method::HEAD {
            *response.body_mut() = Body::from(text);
        }
    }

    fn json(&self, request_id: &str) -> String {
        serde_json::json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "hint": self.hint,
        })
        .to_string()
    }
}
