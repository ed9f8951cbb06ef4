//! The steps of a shutdown, and the signals that ask for them.
//!
//! 1. SIGTERM or SIGINT, the first time: drain. Again: end now.
//! 2. SIGHUP: told to whoever waits for it; connections stay.

use std::future::pending;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Serve,
    Drain,
    End,
}

/// The server's view of a shutdown.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Step>);

/// The other end. Dropping it asks for nothing.
#[derive(Debug)]
pub struct Stop(watch::Sender<Step>);

impl Shutdown {
    pub fn new() -> (Stop, Shutdown) {
        let (stop, shutdown) = watch::channel(Step::Serve);
        (Stop(stop), Shutdown(shutdown))
    }

    /// For parts beside the server that have to end with it.
    pub async fn asked_to_drain(&mut self) {
        self.reached(Step::Drain).await;
    }

    pub async fn asked_to_end(&mut self) {
        self.reached(Step::End).await;
    }

    async fn reached(&mut self, step: Step) {
        if self.0.wait_for(|now| *now >= step).await.is_err() {
            pending::<()>().await;
        }
    }
}

impl Stop {
    /// One step further: from serving to draining, from draining to the end.
    pub fn ask(&self) {
        self.0.send_modify(|step| {
            *step = match step {
                Step::Serve => Step::Drain,
                Step::Drain | Step::End => Step::End,
            }
        });
    }
}

/// What the process's signals ask for.
pub struct Signals {
    pub shutdown: Shutdown,
    /// One message for any number of SIGHUPs since the last was received.
    pub reload: mpsc::Receiver<()>,
}

/// Takes over SIGTERM, SIGINT and SIGHUP. Needs a running runtime.
pub fn signals() -> io::Result<Signals> {
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    let hangup = signal(SignalKind::hangup())?;
    let (stop, shutdown) = Shutdown::new();
    let (reload, reloads) = mpsc::channel(1);
    tokio::spawn(translate(terminate, interrupt, hangup, stop, reload));
    Ok(Signals { shutdown, reload: reloads })
}

/// Ends when nobody waits for a shutdown any more.
async fn translate(
    mut terminate: Signal,
    mut interrupt: Signal,
    mut hangup: Signal,
    stop: Stop,
    reload: mpsc::Sender<()>,
) {
    loop {
        tokio::select! {
            _ = terminate.recv() => stop.ask(),
            _ = interrupt.recv() => stop.ask(),
            // A full channel already says what this would.
            _ = hangup.recv() => { _ = reload.try_send(()) }
            () = stop.0.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::process::{self, getpid, kill_process};
    use tokio::time::timeout;

    use super::*;

    async fn soon<T>(event: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(5), event).await.expect("it comes")
    }

    #[tokio::test]
    async fn signals_drain_then_end_and_reload_in_between() {
        let mut signals = signals().unwrap();
        let step = |signals: &Signals| *signals.shutdown.0.borrow();

        kill_process(getpid(), process::Signal::HUP).unwrap();
        assert_eq!(soon(signals.reload.recv()).await, Some(()));
        assert_eq!(step(&signals), Step::Serve, "a reload stops nothing");

        kill_process(getpid(), process::Signal::TERM).unwrap();
        soon(signals.shutdown.asked_to_drain()).await;
        assert_eq!(step(&signals), Step::Drain, "the first one drains only");

        kill_process(getpid(), process::Signal::INT).unwrap();
        soon(signals.shutdown.asked_to_end()).await;
    }

    #[tokio::test]
    async fn nobody_asks_when_the_stop_is_dropped() {
        let (stop, mut shutdown) = Shutdown::new();
        drop(stop);
        assert!(timeout(Duration::from_millis(20), shutdown.asked_to_drain()).await.is_err());
    }
}
