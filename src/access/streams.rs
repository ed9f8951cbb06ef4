//! Responses that are being sent, and on what grounds: a withdrawn right ends them as well, and an administrator sees them
//! and may end one.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::credential::Place;
use super::exchanges::Answering;
use super::{Access, Grounds, Permit};
use crate::app::RequestId;
use crate::body::Progress;
use crate::clock::Seconds;
use crate::db::media::Item;
use crate::storage::Carrier;
use crate::types::program::Agent;

/// By their numbers, which nobody can choose.
type Map = foldhash::HashMap<u64, Arc<Stream>>;

/// All running responses of this process.
#[derive(Default)]
pub(super) struct Streams {
    running: Mutex<Map>,
    next: AtomicU64,
}

/// To whom a response goes, and which part of the item it is.
pub struct Asked {
    /// /24 or /48.
    pub network: IpAddr,
    pub agent: Agent,
    /// The first byte of the item that is sent.
    pub from: u64,
    /// Bytes of the item, as it is served.
    pub size: u64,
}

/// A response whose head is on its way.
pub struct Begun {
    /// Of its head and its line in the log.
    pub request_id: RequestId,
    pub progress: Progress,
    /// Of a viewing only.
    pub answering: Option<Arc<Answering>>,
}

/// One response that is being sent.
pub(super) struct Stream {
    permit: Permit,
    asked: Asked,
    cut: Cut,
    begun: OnceLock<Begun>,
}

impl Stream {
    pub(super) fn permit(&self) -> &Permit {
        &self.permit
    }

    pub(super) fn cut(&self) {
        self.cut.0.cut();
    }

    /// How far it is; none: it has not begun, or everything is sent and waits to be acknowledged.
    fn sent(&self) -> Option<(&Begun, u64)> {
        let begun = self.begun.get()?;
        Some((begun, begun.progress.sent()?))
    }
}

/// What an administrator sees of a response that is being sent.
#[derive(Debug)]
pub struct Running {
    /// The request's id, which stands in its log line too.
    pub id: RequestId,
    pub item: Item,
    pub bearer: Bearer,
    pub network: IpAddr,
    /// Browser and system in words.
    pub program: String,
    pub since: Seconds,
    pub from: u64,
    pub sent: u64,
    pub size: u64,
}

/// Whose credential it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// `user` for a login, `token` or `link`.
    pub by: &'static str,
    /// For people: the user's name, or the key of a signed URL.
    pub who: String,
    pub user_id: Option<String>,
    /// What could be withdrawn: the id of the token or of the key.
    pub credential: Option<String>,
}

impl Permit {
    pub fn bearer(&self) -> Bearer {
        match &self.caller.grounds {
            Grounds::Token { place, holder, .. } => {
                let is_login = *place == Place::Session;
                Bearer {
                    by: if is_login { "user" } else { "token" },
                    who: holder.user_name.clone(),
                    user_id: Some(holder.user_id.clone()),
                    credential: (!is_login).then(|| holder.token_id.clone()),
                }
            }
            Grounds::Link { key, .. } => {
                Bearer { by: "link", who: key.clone(), user_id: None, credential: Some(key.clone()) }
            }
            // On whose word, for who it is nobody knows.
            Grounds::Share { share, .. } => Bearer {
                by: "share",
                who: share.owner.user_name.clone(),
                user_id: None,
                credential: Some(share.owner.token_id.clone()),
            },
        }
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

    /// To be called once, when the head of the response is ready.
    pub fn begin(&self, begun: Begun) {
        _ = self.stream.begun.set(begun);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.streams.lock().remove(&self.id);
    }
}

impl Streams {
    pub(super) fn enter(streams: &Arc<Streams>, permit: Permit, asked: Asked, cut: Cut) -> Guard {
        let id = streams.next.fetch_add(1, Ordering::Relaxed);
        let stream = Arc::new(Stream { permit, asked, cut, begun: OnceLock::new() });
        streams.lock().insert(id, stream.clone());
        Guard { streams: streams.clone(), id, stream }
    }

    pub(super) fn running(&self) -> Vec<Arc<Stream>> {
        self.lock().values().cloned().collect()
    }

    /// Those of viewings, with the bytes that are sent of each.
    pub(super) fn answering(&self) -> Vec<(Arc<Answering>, u64)> {
        let running = self.running();
        let sent = running.iter().filter_map(|stream| stream.sent());
        sent.filter_map(|(begun, sent)| Some((begun.answering.clone()?, sent))).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Map> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Access {
    /// The responses with media that are being sent, the oldest first.
    pub fn running(&self) -> Vec<Running> {
        let streams = self.streams.running();
        let mut running: Vec<Running> = streams.iter().filter_map(|stream| described(stream)).collect();
        running.sort_by_key(|stream| (stream.since, stream.id.to_string()));
        running
    }

    /// Ends the connection of a response. False when no such response is running.
    pub fn cut(&self, id: &str) -> bool {
        let streams = self.streams.running();
        let found = streams
            .iter()
            .find(|stream| stream.sent().is_some_and(|(begun, _)| begun.request_id.to_string() == id));
        found.inspect(|stream| stream.cut()).is_some()
    }
}

fn described(stream: &Stream) -> Option<Running> {
    let (begun, sent) = stream.sent()?;
    let Stream { permit, asked, .. } = stream;
    Some(Running {
        id: begun.request_id,
        item: permit.item().clone(),
        bearer: permit.bearer(),
        network: asked.network,
        program: asked.agent.named(),
        since: permit.at,
        from: asked.from,
        sent,
        size: asked.size,
    })
}

/// Ends the connection of a request at once; rides in the request's extensions.
#[derive(Clone)]
pub struct Cut(Arc<dyn Carrier>);

impl Cut {
    pub fn new(connection: Arc<dyn Carrier>) -> Cut {
        Cut(connection)
    }
}
