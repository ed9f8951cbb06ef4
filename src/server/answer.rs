//! A request and its answer, as far as the connection has to know of them.
//!
//! 1. [`Answering::begin`] notes that a request is with the handler.
//! 2. [`Answer`] carries the handler's body; its drop tells that the answer's last byte went to hyper.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::line::Line;

/// A request that is being answered; dropped with the answer's last byte.
pub(super) struct Answering {
    line: Arc<Line>,
    request: u64,
}

impl Answering {
    pub(super) fn begin(line: &Arc<Line>, request: &Request<Incoming>) -> Answering {
        line.begin(!request.body().is_end_stream());
        Answering { line: Arc::clone(line), request: line.pace.requested() }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.line.pace.answered(self.request, Instant::now());
    }
}

pin_project! {
    /// The handler's body, and the knowledge that it is being sent.
    pub(super) struct Answer<B> {
        #[pin]
        body: B,
        _answering: Answering,
    }
}

impl<B> Answer<B> {
    pub(super) fn new(body: B, answering: Answering) -> Answer<B> {
        Answer { body, _answering: answering }
    }
}

impl<B: Body> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
