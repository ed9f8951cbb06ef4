//! What a running server does beside answering: it hears of changes, cuts those who lost their rights, and writes
//! down what only it knows.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::db::DbError;
use crate::db::pulse::Pulse;

/// A fifth of the second within which a revocation must be heard.
const BEAT: Duration = Duration::from_millis(200);
/// After a change, requests that were decided just before it have begun to answer by then.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// So long may the database be silent before nobody is let in any more.
const SILENCE: Duration = Duration::from_secs(30);
/// Last uses of tokens, and tokens that are over.
const BOOKKEEPING: Duration = Duration::from_secs(30);

/// Runs until `stop`.
pub fn spawn(app: &App, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(listen(app.clone(), stop.clone()));
    tasks.spawn(keep_books(app.clone(), stop.clone()));
    tasks
}

async fn listen(app: App, stop: CancellationToken) {
    let mut pulse = Pulse::new(&app.db);
    let mut heard = Instant::now();
    let mut trouble = false;
    let mut look_again: Option<Instant> = None;
    while !stopped_within(&stop, BEAT).await {
        match pulse.beat().await {
            Ok(changed) => {
                heard = Instant::now();
                trouble = false;
                app.access.set_informed(true);
                if changed.is_some_and(|epochs| app.access.renew(epochs)) {
                    app.access.review().await;
                    look_again = Some(Instant::now() + SECOND_LOOK);
                }
            }
            Err(error) => {
                silent(&app, heard, trouble, &error);
                trouble = true;
            }
        }
        if look_again.is_some_and(|at| at <= Instant::now()) {
            look_again = None;
            app.access.review().await;
        }
    }
    pulse.close().await;
}

fn silent(app: &App, heard: Instant, known: bool, error: &DbError) {
    if !known {
        tracing::warn!(%error, "the database does not tell of changes");
    }
    if heard.elapsed() > SILENCE {
        app.access.set_informed(false);
    }
}

async fn keep_books(app: App, stop: CancellationToken) {
    loop {
        let last = stopped_within(&stop, BOOKKEEPING).await;
        if let Err(error) = note(&app).await {
            tracing::warn!(%error, "the last uses of tokens could not be written");
        }
        if last {
            return;
        }
    }
}

/// One transaction: a disk that is full refuses it as a whole, and nothing else suffers.
async fn note(app: &App) -> Result<(), DbError> {
    let uses = app.access.take_uses();
    let mut change = app.db.change().await?;
    for (token_id, used_at) in &uses {
        change.note_use(token_id, *used_at).await?;
    }
    change.end_expired_tokens(app.clock.seconds()).await?;
    change.commit().await
}

async fn stopped_within(stop: &CancellationToken, time: Duration) -> bool {
    tokio::time::timeout(time, stop.cancelled()).await.is_ok()
}
