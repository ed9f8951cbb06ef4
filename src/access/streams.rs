//! Responses that are being sent, and on what grounds: a withdrawn right ends them as well.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Permit;
use crate::storage::Carrier;

/// All running responses of this process.
#[derive(Default)]
pub(super) struct Streams {
    running: Mutex<HashMap<u64, Arc<Stream>>>,
    next: AtomicU64,
}

/// One response that is being sent.
pub(super) struct Stream {
    permit: Permit,
    cut: Cut,
}

impl Stream {
    pub(super) fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn cut(&self) {
        self.cut.0.cut();
    }
}

/// The response is running while this lives.
pub struct Guard {
    streams: Arc<Streams>,
    id: u64,
    stream: Arc<Stream>,
}

impl Guard {
    pub(super) fn permit(&self) -> &Permit {
        self.stream.permit()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.streams.lock().remove(&self.id);
    }
}

impl Streams {
    pub(super) fn enter(streams: &Arc<Streams>, permit: Permit, cut: Cut) -> Guard {
        let id = streams.next.fetch_add(1, Ordering::Relaxed);
        let stream = Arc::new(Stream { permit, cut });
        streams.lock().insert(id, stream.clone());
        Guard { streams: streams.clone(), id, stream }
    }

    pub(super) fn running(&self) -> Vec<Arc<Stream>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Stream>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the connection of a request at once; rides in the request's extensions.
#[derive(Clone)]
pub struct Cut(Arc<dyn Carrier>);

impl Cut {
    pub fn new(connection: Arc<dyn Carrier>) -> Cut {
        Cut(connection)
    }
}
