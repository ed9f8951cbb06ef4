//! Is this installation of reelgate well? One line for each thing that has stopped somebody, with what to do.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::db::folder::DataFolder;
use crate::doctor::wire::{Client, Question};
use crate::types::order::path_order;

/// Below it changes will soon fail; below the other one they do.
const LITTLE_SPACE: u64 = 1 << 30;
const NO_SPACE: u64 = 16 << 20;

/// Connections and files together.
const FEW_DESCRIPTORS: u64 = 4096;

/// What a library of a camera that makes a folder an hour has after a year.
const FEW_WATCHES: u64 = 8192;

/// 2024. A machine that believes to be older has lost its time.
const SANE: Duration = Duration::from_hours(24 * 365 * 54);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Good,
    /// It works, and something is worth knowing.
    Note,
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, in words.
    pub name: Cow<'static, str>,
    pub state: State,
    pub found: String,
    pub cure: Option<String>,
}

impl Check {
    fn good(name: impl Into<Cow<'static, str>>, found: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Good, found: found.into(), cure: None }
    }

    fn note(name: impl Into<Cow<'static, str>>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Note, found: found.into(), cure: Some(cure.into()) }
    }

    fn bad(name: impl Into<Cow<'static, str>>, found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.into(), state: State::Bad, found: found.into(), cure: Some(cure.into()) }
    }
}

/// A library and its folder.
#[derive(Clone, Debug)]
pub struct Served {
    pub name: String,
    pub path: PathBuf,
}

/// Looks at everything, from outside.
pub async fn examine(config: &Config, clock: &Clock) -> Vec<Check> {
    let (database, libraries) = database(&config.data, clock).await;
    let address = listening(config.listen).await;
    let mut checks = machine(config, libraries);
    // Behind the data folder that it lies in.
    checks.splice(1..1, database);
    checks.push(address);
    checks
}

/// What a running server sees of the same: it has the database open, and that it listens is known by who asks it.
pub async fn database_of(db: &Db, clock: &Clock) -> (Vec<Check>, Vec<Served>) {
    let latest = db.latest_time().await.ok();
    let known = db.libraries().await.unwrap_or_default();
    let served = known.into_iter().map(|library| Served { name: library.name, path: library.path.into() });
    (vec![whole(db).await, time(latest, clock)], served.collect())
}

/// What the machine says. Asks disks, which may take their time. `libraries` are those beside the ones of the settings.
pub fn machine(config: &Config, libraries: Vec<Served>) -> Vec<Check> {
    let mut checks = vec![data(&config.data), space(&config.data)];
    let configured = config
        .libraries
        .iter()
        .map(|library| Served { name: library.name.clone(), path: library.path.clone() });
    let mut served: Vec<Served> = configured.chain(libraries).collect();
    served.sort_by(|one, other| one.path.cmp(&other.path));
    served.dedup_by(|one, other| one.path == other.path);
    served.sort_by_cached_key(|served| path_order(&served.name));
    checks.extend(served.iter().map(library));
    checks.push(descriptors(getrlimit(Resource::Nofile).maximum));
    if cfg!(feature = "watch") {
        checks.push(watches(number("/proc/sys/fs/inotify/max_user_watches")));
    }
    checks.push(published(config.public_url.as_ref(), config.listen, !config.trusted_proxies.is_empty()));
    checks.push(encryption(config.tls.is_some(), config.public_url.as_ref(), config.listen));
    checks.push(ffmpeg());
    checks
}

/// The machine has not answered in time.
#[must_use]
pub fn silent() -> Check {
    let cure = "Is a network drive away?  mount; dmesg | tail";
    Check::bad("libraries", "the disks do not answer", cure)
}

fn data(path: &Path) -> Check {
    const NAME: &str = "data folder";
    let shown = path.display();
    match DataFolder::existing(path) {
        Ok(folder) if folder.is_open_to_others() => {
            Check::bad(NAME, format!("others can look into {shown}"), format!("chmod 700 {shown}"))
        }
        Ok(_) => Check::good(NAME, shown.to_string()),
        Err(error) => Check::note(NAME, error.to_string(), "reelgate serve DIR  makes it"),
    }
}

/// The database and the clock, which it remembers; and the folders that it knows.
async fn database(path: &Path, clock: &Clock) -> (Vec<Check>, Vec<Served>) {
    const NAME: &str = "database";
    let Ok(folder) = DataFolder::existing(path) else { return (vec![time(None, clock)], Vec::new()) };
    let db = match Db::open(&folder).await {
        Ok(db) => db,
        Err(error) => {
            let cure = "Restore a backup, or move the data folder away to start anew";
            return (vec![Check::bad(NAME, error.to_string(), cure), time(None, clock)], Vec::new());
        }
    };
    let found = database_of(&db, clock).await;
    // A server that runs keeps the file open; nothing here has changed it.
    let _ = db.close().await;
    found
}

async fn whole(db: &Db) -> Check {
    const NAME: &str = "database";
    match db.check().await {
        Ok(()) => Check::good(NAME, "readable and whole"),
        Err(error) => Check::bad(NAME, error.to_string(), "Stop the server and restore a backup"),
    }
}

fn time(latest: Option<i64>, clock: &Clock) -> Check {
    const NAME: &str = "clock";
    const CURE: &str = "timedatectl set-ntp true  sets it by the network";
    let now = clock.machine();
    let seen = Duration::from_secs(latest.and_then(|latest| u64::try_from(latest).ok()).unwrap_or(0));
    if now < SANE {
        Check::bad(NAME, "it is before 2024 here, so certificates and links are judged wrongly", CURE)
    } else if now < seen {
        let behind = Duration::from_secs(seen.saturating_sub(now).as_secs());
        let behind = humantime::format_duration(behind);
        let found = format!("{behind} behind what reelgate has seen before; what was over stays over");
        Check::bad(NAME, found, CURE)
    } else {
        Check::good(NAME, "not behind")
    }
}

fn space(path: &Path) -> Check {
    const NAME: &str = "free space";
    // A data folder that is not there yet will be made in what is above it.
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let Ok(found) = rustix::fs::statvfs(there) else {
        return Check::bad(NAME, "it does not say how full it is", format!("df -h {}", there.display()));
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let text = format!("{} free for the data folder", indicatif::BinaryBytes(free));
    let cure = || format!("df -h {0}; du -sh {0}/*", there.display());
    match free {
        ..NO_SPACE => Check::bad(NAME, text, cure()),
        NO_SPACE..LITTLE_SPACE => Check::note(NAME, text, cure()),
        _ => Check::good(NAME, text),
    }
}

/// Who has the port: nobody, reelgate, or somebody else.
async fn listening(address: SocketAddr) -> Check {
    const NAME: &str = "address";
    match tokio::net::TcpListener::bind(address).await {
        Ok(_) => Check::good(NAME, format!("{address} is free; no server runs there")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => in_use(address).await,
        Err(error) => Check::bad(NAME, format!("{address}: {error}"), "Choose another one with --listen"),
    }
}

async fn in_use(address: SocketAddr) -> Check {
    const NAME: &str = "address";
    let mut near = address;
    if near.ip().is_unspecified() {
        near.set_ip(if near.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    let taken = || {
        let cure =
            format!("ss -ltnp 'sport = :{}'  names it; or choose another port with --listen", address.port());
        Check::bad(NAME, format!("another program has {address}"), cure)
    };
    let Ok(url) = Url::parse(&format!("http://{near}/readyz")) else { return taken() };
    let question = Question { method: "GET", url: &url, headers: Vec::new(), enough: 4096 };
    match Client::new().ask(&question).await {
        Ok(answer) if answer.status == 200 => Check::good(NAME, format!("a server answers on {address}")),
        Ok(answer) if answer.status == 503 => {
            let found = format!("the server on {address} cannot decide requests");
            Check::bad(NAME, found, "Look into its log: journalctl -u reelgate")
        }
        _ => taken(),
    }
}

fn library(Served { name, path }: &Served) -> Check {
    let (name, shown) = (format!("library {name}"), path.display());
    match std::fs::read_dir(path) {
        Ok(_) => Check::good(name, shown.to_string()),
        Err(error) => {
            let cure = format!("Is the disk there, and may this user read it?  ls -ld {shown}");
            Check::bad(name, format!("{shown}: {error}"), cure)
        }
    }
}

fn descriptors(limit: Option<u64>) -> Check {
    const NAME: &str = "open files";
    match limit {
        Some(limit) if limit < FEW_DESCRIPTORS => {
            let found = format!("at most {limit} files and connections");
            Check::note(NAME, found, "LimitNOFILE=65536 in the unit, or  ulimit -n 65536")
        }
        Some(limit) => Check::good(NAME, format!("{limit} files and connections")),
        None => Check::good(NAME, "no limit"),
    }
}

fn watches(limit: Option<u64>) -> Check {
    const NAME: &str = "watched folders";
    match limit {
        Some(limit) if limit < FEW_WATCHES => {
            let found =
                format!("at most {limit} folders are watched for this user; others are found by scans");
            Check::note(NAME, found, "sysctl fs.inotify.max_user_watches=524288")
        }
        Some(limit) => Check::good(NAME, format!("up to {limit} folders")),
        None => Check::note(NAME, "this kernel does not say how many folders", "scan_interval = \"1m\""),
    }
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Nobody has to name one whose viewers type the server's own address. Where a proxy stands in front they do not.
fn published(url: Option<&Url>, listen: SocketAddr, has_proxy: bool) -> Check {
    const NAME: &str = "public address";
    match url {
        Some(url) if url.scheme() == "http" && !listen.ip().is_loopback() => {
            Check::note(NAME, format!("{url}: tokens travel unencrypted"), "Put HTTPS in front of it")
        }
        Some(url) => Check::good(NAME, format!("{url}; reelgate doctor ID compares it with the server")),
        None if has_proxy => Check::note(
            NAME,
            "requests come through a proxy (trusted_proxies), and links name this server's own address",
            "public_url = \"https://video.example.org\"  in reelgate.toml: what people type",
        ),
        None => Check::good(NAME, "people type this server's own address; public_url names another"),
    }
}

/// Whether what people type and what their browsers send by themselves can be read on its way.
fn encryption(speaks_https: bool, url: Option<&Url>, listen: SocketAddr) -> Check {
    const NAME: &str = "encryption";
    let is_behind_https = url.is_some_and(|url| url.scheme() == "https");
    match (speaks_https, is_behind_https, listen.ip().is_loopback()) {
        (true, ..) => Check::good(NAME, "the port speaks HTTPS"),
        (_, _, true) => Check::good(NAME, format!("{listen} is for this machine only")),
        (_, true, _) => Check::good(NAME, format!("a proxy speaks HTTPS; only it should reach {listen}")),
        _ => Check::note(
            NAME,
            format!("passwords, login cookies and tokens travel unencrypted to {listen}"),
            "Name a certificate (tls_cert, tls_key), or put a proxy with HTTPS in front and set public_url",
        ),
    }
}

/// Not needed to serve; the cures for files use it.
fn ffmpeg() -> Check {
    const NAME: &str = "ffmpeg";
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join("ffmpeg")).find(|file| file.is_file());
    match found {
        Some(file) => Check::good(NAME, file.display().to_string()),
        None => {
            Check::good(NAME, "not installed; only the cures for single files use it (apt install ffmpeg)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Clock {
        Clock::from_source(move || Duration::from_secs(seconds))
    }

    #[test]
    fn a_clock_that_has_gone_back_is_seen() {
        let cases = [
            (1_900_000_000, None, State::Good, "nothing is known"),
            (1_900_000_000, Some(1_899_999_999), State::Good, "later than before"),
            (1_900_000_000, Some(1_900_003_600), State::Bad, "an hour behind"),
            (0, None, State::Bad, "1970"),
        ];
        for (now, latest, want, why) in cases {
            assert_eq!(time(latest, &at(now)).state, want, "{why}");
        }
    }

    #[test]
    fn a_check_of_a_library_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let served = |path: &Path| Served { name: "films".to_owned(), path: path.to_owned() };
        let (there, away) = (library(&served(folder.path())), library(&served(&folder.path().join("away"))));
        assert_eq!(
            (&*there.name, there.state, &*away.name, away.state),
            ("library films", State::Good, "library films", State::Bad)
        );
    }

    #[test]
    fn limits_that_are_low_are_named_with_their_cure() {
        let cases = [
            (descriptors(Some(1024)), State::Note),
            (descriptors(Some(4096)), State::Good),
            (descriptors(None), State::Good),
            (watches(Some(8191)), State::Note),
            (watches(Some(8192)), State::Good),
            (watches(None), State::Note),
        ];
        for (check, want) in cases {
            assert_eq!((check.state, check.cure.is_some()), (want, want != State::Good), "{check:?}");
        }
    }

    #[test]
    fn an_unencrypted_public_address_is_named() {
        let url = |text| Url::parse(text).ok();
        let (open, own) = (SocketAddr::from(([0, 0, 0, 0], 80)), SocketAddr::from(([127, 0, 0, 1], 80)));
        let cases = [
            ("http://video.example.org", true, State::Note, "tokens can be read on their way"),
            ("https://video.example.org", true, State::Good, "they cannot"),
            ("", false, State::Good, "viewers come directly: nothing is wrong"),
            ("", true, State::Note, "a proxy stands in front, and links lead past it"),
        ];
        for (address, has_proxy, want, why) in cases {
            let check = published(url(address).as_ref(), open, has_proxy);
            assert_eq!((check.state, check.cure.is_some()), (want, want != State::Good), "{why}");
        }
        let cases = [
            (false, None, open, State::Note, "plain HTTP for everybody"),
            (false, url("http://video.example.org"), open, State::Note, "behind a proxy without HTTPS"),
            (false, url("https://video.example.org"), open, State::Good, "behind one with it"),
            (true, None, open, State::Good, "with a certificate"),
            (false, None, own, State::Good, "for this machine"),
        ];
        for (speaks_https, url, listen, want, why) in cases {
            assert_eq!(encryption(speaks_https, url.as_ref(), listen).state, want, "{why}");
        }
    }
}
