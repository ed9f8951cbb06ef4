//! What a running server does beside answering: it hears of changes, cuts those who lost their rights, follows its
//! folders, and writes down what only it knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::ZeroCopy;
use crate::db::DbError;
use crate::db::media::Library;
use crate::db::pulse::{Epochs, Pulse};
use crate::storage::lease;
use crate::telemetry;

/// A fifth of the second within which a revocation must be heard.
const BEAT: Duration = Duration::from_millis(200);
/// A beat reads no page or one; a disk that takes longer does not answer.
const BEAT_LIMIT: Duration = Duration::from_secs(5);
/// So long may the database be silent before nobody is let in any more.
const SILENCE: Duration = Duration::from_secs(30);
/// How soon a disk that was mounted over a library's folder is served.
const FOLDERS: Duration = Duration::from_secs(1);
/// Between two looks for open files that nobody wants.
const SWEEP: Duration = Duration::from_secs(1);
/// Last uses of tokens and logins, those that are over, and tries of passwords that no longer count.
const BOOKKEEPING: Duration = Duration::from_secs(30);

/// Runs until `stop`.
pub fn spawn(app: &App, libraries: &[Library], stop: &CancellationToken) -> JoinSet<()> {
    let changed = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(app.clone(), changed.clone(), stop.clone()));
    tasks.spawn(review(app.clone(), changed, stop.clone()));
    tasks.spawn(follow_folders(app.clone(), libraries.to_owned(), stop.clone()));
    tasks.spawn(keep_books(app.clone(), stop.clone()));
    tasks.spawn(sweep_shelf(app.clone(), stop.clone()));
    if app.zero_copy != ZeroCopy::Off {
        tasks.spawn(attend_leases(stop.clone()));
    }
    tasks
}

async fn listen(app: App, changed: Arc<Notify>, stop: CancellationToken) {
    let mut pulse = Pulse::new(&app.db);
    let mut heard = Instant::now();
    while !stopped_within(&stop, BEAT).await {
        telemetry::flush_all();
        match beat(&mut pulse).await {
            Ok(epochs) => {
                heard = Instant::now();
                if app.access.set_informed(true) {
                    tracing::info!("the database tells of changes again");
                }
                if epochs.is_some_and(|epochs| app.access.renew(epochs)) {
                    changed.notify_one();
                }
            }
            Err(error) if heard.elapsed() > SILENCE => {
                if app.access.set_informed(false) {
                    tracing::error!(%error, "the database has not told of changes for too long: nobody is let in");
                }
            }
            Err(error) => tracing::debug!(%error, "the database does not tell of changes"),
        }
    }
    pulse.close().await;
}

async fn beat(pulse: &mut Pulse) -> Result<Option<Epochs>, DbError> {
    tokio::time::timeout(BEAT_LIMIT, pulse.beat()).await.unwrap_or(Err(DbError::Silent))
}

/// A task of its own: with many streams it takes a while, and meanwhile the next change must be heard.
async fn review(app: App, changed: Arc<Notify>, stop: CancellationToken) {
    while stop.run_until_cancelled(changed.notified()).await.is_some() {
        app.access.review().await;
    }
}

async fn follow_folders(app: App, libraries: Vec<Library>, stop: CancellationToken) {
    while !stopped_within(&stop, FOLDERS).await {
        app.open_folders(&libraries).await;
    }
}

/// On the blocking pool: to close the last descriptor of a deleted film frees its blocks.
async fn sweep_shelf(app: App, stop: CancellationToken) {
    while !stopped_within(&stop, SWEEP).await {
        let app = app.clone();
        _ = tokio::task::spawn_blocking(move || app.shelf.sweep()).await;
    }
}

/// Without somebody who answers the kernel's signal there are no leases, and everything is copied.
async fn attend_leases(stop: CancellationToken) {
    match lease::attend() {
        Ok(attending) => _ = stop.run_until_cancelled(attending).await,
        Err(error) => tracing::warn!(%error, "no handler for SIGIO: every file is copied"),
    }
}

async fn keep_books(app: App, stop: CancellationToken) {
    loop {
        let last = stopped_within(&stop, BOOKKEEPING).await;
        app.attempts.forget_old();
        let uses = app.access.take_uses();
        if let Err(error) = note(&app, &uses).await {
            tracing::warn!(%error, "the last uses of tokens and logins could not be written");
            app.access.put_back(uses);
        }
        if last {
            return;
        }
    }
}

/// One transaction: a disk that is full refuses it as a whole, and nothing else suffers.
async fn note(app: &App, uses: &crate::access::Uses) -> Result<(), DbError> {
    let mut change = app.db.change().await?;
    for (token_id, used_at) in &uses.tokens {
        change.note_use(token_id, *used_at).await?;
    }
    for (session_id, used_at) in &uses.sessions {
        change.note_session_use(session_id, *used_at).await?;
    }
    change.forget_sessions_that_are_over(app.clock.seconds()).await?;
    change.end_expired_tokens(app.clock.seconds()).await?;
    change.forget_share_viewings(app.access.oldest_viewing()).await?;
    change.note_time(app.clock.seconds()).await?;
    change.commit().await
}

async fn stopped_within(stop: &CancellationToken, time: Duration) -> bool {
    tokio::time::timeout(time, stop.cancelled()).await.is_ok()
}
