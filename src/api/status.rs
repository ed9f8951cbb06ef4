//! How the server is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use utoipa::ToSchema;

use crate::app::App;
use crate::clock::rfc3339;
use crate::db::status::Counts;
use crate::doctor::install::{self, Check, State as Health};
use crate::error::Error;
use crate::library;
use crate::reception::{Administrator, Answer};

/// A page that is open asks again and again, and the database is read from end to end.
const KEPT: Duration = Duration::from_secs(30);
/// A mount that hangs must not make the page hang.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Serialize, ToSchema)]
pub struct Status {
    version: &'static str,
    /// RFC 3339, UTC.
    started_at: String,
    uptime_seconds: i64,
    /// Without those that were deleted.
    users: i64,
    libraries: i64,
    items: i64,
    broken: i64,
    /// Complete files that were not looked into yet.
    unexamined: i64,
    /// Responses with media that are being sent.
    streams: i64,
    connections: u64,
    /// Bytes of media since the start.
    bytes_sent: u64,
    database: Database,
    checks: Vec<Finding>,
}

#[derive(Serialize, ToSchema)]
pub struct Database {
    /// It answers, and changes are heard of.
    ok: bool,
    /// Bytes of the file and its log.
    size: u64,
}

/// One thing that was looked at, as by `reelgate doctor`.
#[derive(Clone, Serialize, ToSchema)]
pub struct Finding {
    /// In words, such as `library films`.
    name: String,
    ok: bool,
    said: String,
    /// What to do about it, or what is worth knowing.
    cure: Option<String>,
}

impl From<Check> for Finding {
    fn from(check: Check) -> Finding {
        Finding {
            name: check.name.into_owned(),
            ok: check.state != Health::Bad,
            said: check.found,
            cure: check.cure,
        }
    }
}

/// What was found at the last look. Clones share it.
#[derive(Clone, Default)]
pub struct Checks(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// When, and what.
    last: Option<(Instant, Vec<Finding>)>,
    /// A look at the machine that has not come to its end: there is never a second one beside it.
    looking: Option<JoinHandle<Vec<Check>>>,
}

impl Checks {
    async fn now(&self, app: &App) -> Vec<Finding> {
        let mut kept = self.0.lock().await;
        if let Some((_, found)) = kept.last.as_ref().filter(|(when, _)| when.elapsed() < KEPT) {
            return found.clone();
        }
        let found: Vec<Finding> = kept.look(app).await.into_iter().map(Finding::from).collect();
        kept.last = Some((Instant::now(), found.clone()));
        found
    }
}

impl Kept {
    async fn look(&mut self, app: &App) -> Vec<Check> {
        let (mut checks, folders) = install::database_of(&app.db, &app.clock).await;
        let looking = self.looking.get_or_insert_with(|| {
            let app = app.clone();
            tokio::task::spawn_blocking(move || install::machine(&app.config, folders))
        });
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(looked) => {
                self.looking = None;
                checks.extend(looked.unwrap_or_default());
            }
            Err(_) => checks.push(install::silent()),
        }
        checks
    }
}

/// How the server is, and what is wrong with its installation
#[utoipa::path(
    get, path = "/api/v1/status", tag = "status",
    responses((status = 200, body = Status), super::document::NotAdmin)
)]
pub async fn show(
    State(app): State<App>,
    Extension(checks): Extension<Checks>,
    Administrator(_): Administrator,
) -> Result<Answer<Status>, Error> {
    let counts = app.db.counts(library::US).await;
    let ok = counts.is_ok() && app.access.expect_informed().is_ok();
    // The page has to open when the database does not answer: that is what it then says.
    let counts = counts.unwrap_or_default();
    let running: u64 = app.access.running().iter().map(|stream| stream.sent).sum();
    let connections = app.metrics.connections.open_connections.load(Ordering::Relaxed);
    let Counts { users, libraries, items, broken, unexamined } = counts;
    Ok(Answer::ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        started_at: rfc3339(app.started_at),
        uptime_seconds: app.clock.seconds().saturating_sub(app.started_at),
        users,
        libraries,
        items,
        broken,
        unexamined,
        streams: app.metrics.streams.get(),
        connections: u64::try_from(connections).unwrap_or(u64::MAX),
        bytes_sent: app.metrics.bytes_sent.get().saturating_add(running),
        database: Database { ok, size: app.db.size() },
        checks: checks.now(&app).await,
    }))
}
