//! Why a form that asked for a password is shown again: its words, status and headers.

use axum::response::Response;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::error::CHALLENGE;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Wrong,
    /// Seconds until the next try.
    Wait(u32),
}

impl Refusal {
    /// What people read; `wrong` says it of this form.
    pub(super) fn said(self, wrong: &str) -> String {
        match self {
            Refusal::Wrong => wrong.to_owned(),
            Refusal::Wait(seconds) => format!("There were too many tries. Try again in {seconds} seconds."),
        }
    }

    pub(super) fn mark(self, response: &mut Response) {
        let (status, name, value) = match self {
            // RFC 9110 §15.5.2 wants a challenge; browsers show the page.
            Refusal::Wrong => (StatusCode::UNAUTHORIZED, WWW_AUTHENTICATE, CHALLENGE),
            Refusal::Wait(seconds) => {
                (StatusCode::TOO_MANY_REQUESTS, RETRY_AFTER, HeaderValue::from(seconds))
            }
        };
        *response.status_mut() = status;
        response.headers_mut().insert(name, value);
    }
}
