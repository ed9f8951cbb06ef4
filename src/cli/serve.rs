//! `serve`: everything is opened, then it runs until it is told to stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigArgs, ServeArgs};
use crate::db::Db;
use crate::db::folder::{DataFolder, ServerLock};
use crate::db::media::Library;
use crate::edge::Edge;
use crate::library::{self, Watcher};
use crate::router::Router;
use crate::server::{self, Entrance, Shutdown, Signals, Tls};
use crate::{telemetry, upkeep};

use super::output::{Output, print};
use super::store::{self, First};
use super::{Misuse, base, first_admin};

/// Writing back the log, and what tasks still have to say.
const AFTER_DRAIN: Duration = Duration::from_secs(10);

/// A server that is ready to accept.
pub(super) struct Prepared {
    pub(super) app: App,
    pub(super) address: SocketAddr,
    config: Config,
    libraries: Vec<Library>,
    entrance: Entrance,
    lock: Arc<ServerLock>,
}

pub(super) async fn run(config: &ConfigArgs, args: &ServeArgs, output: Output) -> anyhow::Result<()> {
    let config = Config::load(config, args, std::env::vars_os())?;
    if config.libraries.is_empty() {
        let cure =
            "no folder to serve: reelgate DIR, or [library.NAME] in reelgate.toml (see reelgate --help)";
        return Err(Misuse(cure.to_owned()).into());
    }
    let tls = Tls::load(&config)?.map(Arc::new);
    telemetry::start(config.log)?;
    let clock = Clock::system();
    if let Some(tls) = &tls {
        warn_of(tls, &clock);
    }
    let folder = store::folder(&config.data, First::Makes)?;
    let entrance = Entrance { listener: listen(config.listen)?, tls };
    let prepared = prepare(config, &folder, entrance, clock, Chance::system()).await?;
    prepared.run(async |prepared| announce(prepared, output).await).await
}

pub(super) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    server::listen(address).with_context(|| {
        format!(
            "{address} cannot be listened on; another program may be there, choose another one with --listen"
        )
    })
}

/// Opens everything that a server needs; nothing is answered yet.
pub(super) async fn prepare(
    config: Config,
    folder: &DataFolder,
    entrance: Entrance,
    clock: Clock,
    chance: Chance,
) -> anyhow::Result<Prepared> {
    let db = Db::open(folder).await?;
    let prepared = furnish(config, folder, entrance, db.clone(), clock, chance).await;
    if prepared.is_err() {
        db.close().await?;
    }
    prepared
}

async fn furnish(
    config: Config,
    folder: &DataFolder,
    entrance: Entrance,
    db: Db,
    clock: Clock,
    chance: Chance,
) -> anyhow::Result<Prepared> {
    // Behind `open`, which looks for the traces of a server that was killed; this lock leaves one.
    let address = entrance.listener.local_addr()?;
    let lock = Arc::new(folder.lock_server(&base::url(&config, address))?);
    db.check().await?;
    if clock.not_before(db.latest_time().await?) {
        tracing::warn!("the clock is behind the time that was seen before; what was over by then stays over");
    }
    let mut change = db.change().await?;
    change.end_expired_tokens(clock.seconds()).await?;
    change.commit().await?;
    let libraries = library::register(&db, &clock, &chance, &config.libraries).await?;
    let app = App::new(&config, db, &libraries, clock, chance).await?;
    Ok(Prepared { app, address, config, libraries, entrance, lock })
}

impl Prepared {
    /// Until it was told to stop and everything has ended; `first` says so before.
    pub(super) async fn run(
        self,
        first: impl AsyncFnOnce(&Prepared) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let db = self.app.db.clone();
        // Held until the database is closed: no second server may open it half-way.
        let _lock = self.lock.clone();
        let done = match first(&self).await {
            Ok(()) => self.work().await,
            Err(error) => Err(error),
        };
        db.close().await?;
        done
    }

    async fn work(self) -> anyhow::Result<()> {
        let Prepared { app, config, libraries, entrance, .. } = self;
        let signals = server::signals()?;
        let stop = CancellationToken::new();
        let upkeep = upkeep::spawn(&app, &libraries, &stop);
        let watcher =
            Watcher::spawn(&app.db, &app.clock, &app.chance, libraries.clone(), config.scan_interval);
        tell_service_manager(sd_notify::NotifyState::Ready);
        let drained = serve(&app, &config, &libraries, entrance, signals, &watcher).await?;
        tracing::info!(finished = drained.finished, cut = drained.cut, "stopped");
        watcher.stop().await;
        stop.cancel();
        upkeep.join_all().await;
        Ok(())
    }
}

async fn serve(
    app: &App,
    config: &Config,
    libraries: &[Library],
    entrance: Entrance,
    signals: Signals,
    watcher: &Watcher,
) -> anyhow::Result<server::Drained> {
    let Signals { shutdown, mut reload } = signals;
    let mut ending = shutdown.clone();
    let tls = entrance.tls.clone();
    let mut serving = tokio::spawn(accept(app.clone(), entrance, shutdown));
    loop {
        tokio::select! {
            drained = &mut serving => return drained.context("the accept loop has failed"),
            () = ending.asked_to_drain() => break,
            Some(()) = reload.recv() => {
                if let Some(tls) = &tls {
                    renew(tls, config, &app.clock);
                }
                app.open_folders(libraries).await;
                watcher.rescan();
                tracing::info!("folders are opened and scanned anew");
            }
            wishes = app.scan_wishes.taken() => wishes.iter().for_each(|id| watcher.rescan_library(id)),
        }
    }
    tell_service_manager(sd_notify::NotifyState::Stopping);
    // Or it kills after its own limit, whatever was promised to running responses.
    let needed = app.limits.drain_timeout + AFTER_DRAIN;
    let needed = u32::try_from(needed.as_micros()).unwrap_or(u32::MAX);
    tell_service_manager(sd_notify::NotifyState::ExtendTimeoutUsec(needed));
    serving.await.context("the accept loop has failed")
}

/// The old certificate is better than none, also when it is about to end.
fn renew(tls: &Tls, config: &Config, clock: &Clock) {
    match tls.reload(config) {
        Ok(()) => {
            tracing::info!("the certificate is read anew");
            warn_of(tls, clock);
        }
        Err(error) => tracing::error!(%error, "the new certificate is no good, the old one stays"),
    }
}

/// By the machine's clock, as clients judge by theirs.
fn warn_of(tls: &Tls, clock: &Clock) {
    for warning in tls.warnings(clock.machine()) {
        tracing::warn!("{warning}");
    }
}

async fn accept(app: App, entrance: Entrance, shutdown: Shutdown) -> server::Drained {
    let edge = Edge::new(app.clone(), Router::new(app.clone()));
    let gauges = app.metrics.connections.clone();
    let handler = move |request, connection| edge.answer(request, connection);
    server::serve(entrance, &app.limits, gauges, handler, shutdown).await
}

/// Nobody listens when systemd did not start us.
fn tell_service_manager(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

async fn announce(prepared: &Prepared, output: Output) -> anyhow::Result<()> {
    let url = base::url(&prepared.config, prepared.address);
    let setup = first_admin::way_in(&prepared.config, &prepared.app).await?;
    let setup = setup.map(|code| format!("{url}/setup?code={code}"));
    let users = prepared.app.db.users().await?;
    if output.is_json() {
        let libraries: Vec<_> = prepared
            .libraries
            .iter()
            .map(|library| json!({ "name": library.name, "path": library.path }))
            .collect();
        let value = json!({
            "url": url,
            "listen": prepared.address.to_string(),
            "data": prepared.config.data.display().to_string(),
            "libraries": libraries,
            "users": users.len(),
            "setup": setup,
            "warning": advice(prepared),
        });
        return print(&value.to_string());
    }
    let mut lines = vec![format!("reelgate {}\n", env!("CARGO_PKG_VERSION"))];
    let libraries = prepared.libraries.iter();
    lines.extend(libraries.map(|library| format!("  serves  {}  from {}", library.name, library.path)));
    lines.push(format!("  open    {url}"));
    lines.push(format!("  data    {}", prepared.config.data.display()));
    if let Some(setup) = setup {
        lines.push(format!(
            "\n  Nobody can log in to administer yet. This address works once, for 24 hours:\n  {setup}"
        ));
    }
    if let Some(advice) = advice(prepared) {
        lines.push(format!("\n  warning: {advice}"));
    }
    if users.is_empty() {
        lines.push(first_steps(&prepared.config.data, &prepared.libraries, &url));
    }
    print(&lines.join("\n"))
}

/// For who lets other machines in.
fn advice(prepared: &Prepared) -> Option<String> {
    if prepared.address.ip().is_loopback() || prepared.config.tls.is_some() {
        return None;
    }
    let encrypted = prepared.config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let advice = if encrypted {
        "Only the proxy should be able to reach this port."
    } else {
        "Passwords, login cookies and tokens travel unencrypted here: see --tls-cert, or put a proxy with HTTPS in front \
         and see --public-url."
    };
    Some(format!("{} can be reached from other machines. {advice}", prepared.address))
}

fn first_steps(data: &Path, libraries: &[Library], url: &str) -> String {
    let library = libraries.first().map_or("LIBRARY", |library| library.name.as_str());
    let is_default = std::path::absolute("./reelgate-data").is_ok_and(|default| default == data);
    let data = if is_default { String::new() } else { format!(" --data {}", data.display()) };
    format!(
        "\nNobody can watch yet. In another terminal:\n\
         \x20 reelgate user add ada --grant {library}{data}\n\
         \x20 reelgate token create ada{data}\n\
         \x20 reelgate items{data}\n\
         Then a video plays at {url}/m/ID?token=TOKEN"
    )
}
