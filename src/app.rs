//! What a running server holds, put together once.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::hash::RandomState;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use data_encoding::HEXLOWER;
use rustix::process::{Resource, getrlimit};
use tokio::sync::Notify;

use crate::access::Access;
use crate::access::allowance::Allowance;
use crate::access::attempts::Attempts;
use crate::access::hashing::Hashing;
use crate::access::setup::Setup;
use crate::body::{Films, Shelf};
use crate::clock::{Chance, Clock, Seconds};
use crate::config::{Config, Limits, Network, Origin, ZeroCopy};
use crate::db::media::Library;
use crate::db::{Db, DbError};
use crate::metrics::Metrics;
use crate::probe::Examinations;
use crate::storage::Folder;

/// Somebody who tries all his videos writes fewer.
const REPORTS_AN_HOUR: u32 = 20;
/// A folder on a disk that spins up takes less.
const OPENING: Duration = Duration::from_secs(10);

/// Libraries that somebody wants to be looked through, until who looks takes them. Asking twice is asking once.
#[derive(Default)]
pub struct ScanWishes {
    library_ids: Mutex<BTreeSet<String>>,
    bell: Notify,
}

impl ScanWishes {
    pub fn ask(&self, library_id: &str) {
        self.open().insert(library_id.to_owned());
        self.bell.notify_one();
    }

    /// Waits for wishes and takes them.
    pub async fn taken(&self) -> BTreeSet<String> {
        loop {
            let wishes = std::mem::take(&mut *self.open());
            if !wishes.is_empty() {
                return wishes;
            }
            self.bell.notified().await;
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.library_ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parts of a server. Clones share them.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub db: Db,
    pub access: Access,
    /// Passwords that were tried lately.
    pub attempts: Attempts,
    /// Where passwords are hashed and compared.
    pub hashing: Hashing,
    /// The way in of the first administrator.
    pub setup: Setup,
    pub metrics: Metrics,
    pub clock: Clock,
    pub chance: Chance,
    pub limits: Limits,
    pub zero_copy: ZeroCopy,
    /// Open files that were asked for lately.
    pub shelf: Shelf,
    /// How files are shown.
    pub films: Films,
    /// What was found in files that somebody asked about.
    pub examinations: Examinations,
    pub scan_wishes: ScanWishes,
    /// Ids of libraries whose files are shown as they are.
    unrepaired: HashSet<String>,
    /// The library behind the drop-in route; none: the route is off.
    pub legacy_library: Option<String>,
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may show `/embed/` in a frame.
    pub embed_origins: Vec<Origin>,
    /// Whose pages may read media, not only show it.
    pub cors_origins: Vec<Origin>,
    /// What people type to reach this server, when they do not type its own address.
    pub public_url: Option<url::Url>,
    /// Keys [`crate::access::client::Client::fingerprint`].
    pub fingerprints: RandomState,
    /// Reports of problems that each client may still make.
    pub reports: Allowance,
    /// All settings, for who wants to see them.
    pub config: Config,
    /// When this server started.
    pub started_at: Seconds,
    /// Keys the entity tags, so that they reveal nothing of the file.
    pub tag_secret: [u8; 32],
    /// Open folders by library id.
    folders: ArcSwap<foldhash::HashMap<String, Folder>>,
    request_ids: RequestIds,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub async fn new(
        config: &Config,
        db: Db,
        libraries: &[Library],
        clock: Clock,
        chance: Chance,
    ) -> Result<App, DbError> {
        let hashing = Hashing::new();
        let tag_secret = db.secret("entity-tags", chance.bytes()).await?;
        let share_secret = db.secret("share-passwords", chance.bytes()).await?;
        let app = App(Arc::new(Parts {
            access: Access::new(db.clone(), clock.clone(), share_secret),
            attempts: Attempts::new(),
            setup: Setup::default(),
            db,
            metrics: Metrics::new(&hashing),
            hashing,
            limits: config.limits.clone(),
            zero_copy: config.zero_copy,
            films: Films::new(),
            examinations: Examinations::new(),
            scan_wishes: ScanWishes::default(),
            unrepaired: unrepaired(config, libraries),
            shelf: Shelf::new(most_kept(getrlimit(Resource::Nofile).maximum)),
            legacy_library: config.legacy_route.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            embed_origins: config.embed_origins.clone(),
            cors_origins: config.cors_origins.clone(),
            public_url: config.public_url.clone(),
            fingerprints: RandomState::new(),
            reports: Allowance::an_hour(REPORTS_AN_HOUR, clock.clone()),
            config: config.clone(),
            started_at: clock.seconds(),
            tag_secret,
            folders: ArcSwap::default(),
            request_ids: RequestIds::new(chance.bytes()),
            clock,
            chance,
        }));
        app.open_folders(libraries).await;
        Ok(app)
    }

    /// Opens the folders whose path leads to another folder than before: a disk was mounted, or a folder was put in the
    /// place of another one. What cannot be opened is not served until the next time.
    pub async fn open_folders(&self, libraries: &[Library]) {
        let known = self.folders.load_full();
        let mut folders = foldhash::HashMap::default();
        for library in libraries {
            let before = known.get(&library.id).cloned();
            let had = before.is_some();
            match self.open_folder(library, before).await {
                Ok(folder) => drop(folders.insert(library.id.clone(), folder)),
                // Said once, not each time that somebody looks.
                Err(error) if had || known.is_empty() => {
                    tracing::warn!(library = library.name, %error, "the library's folder cannot be opened");
                }
                Err(_) => {}
            }
        }
        self.folders.store(Arc::new(folders));
    }

    /// On the blocking pool and not for long: a mount that hangs must not hang the others. It keeps what it had.
    async fn open_folder(&self, library: &Library, before: Option<Folder>) -> io::Result<Folder> {
        let path = library.path.clone();
        let (reads, limit) = (self.limits.cold_reads, self.limits.open_timeout);
        let was = before.clone();
        let opening = tokio::task::spawn_blocking(move || match was {
            Some(folder) => folder.renewed(path.as_ref()),
            None => Folder::open(path.as_ref(), reads, limit),
        });
        match tokio::time::timeout(OPENING, opening).await {
            Ok(opened) => opened.map_err(io::Error::other)?,
            Err(_) => before.ok_or_else(|| io::ErrorKind::TimedOut.into()),
        }
    }

    pub fn folder(&self, library_id: &str) -> Option<Folder> {
        self.folders.load().get(library_id).cloned()
    }

    /// Whether films of this library are shown in the form that plays soonest.
    pub fn repairs(&self, library_id: &str) -> bool {
        !self.unrepaired.contains(library_id)
    }

    /// Whether people reach this server by HTTPS, be it that a proxy speaks it.
    pub fn is_reached_by_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    pub fn request_id(&self) -> RequestId {
        self.request_ids.next()
    }
}

fn unrepaired(config: &Config, libraries: &[Library]) -> HashSet<String> {
    let off = |library: &&Library| {
        config.libraries.iter().any(|wanted| wanted.name == library.name && !wanted.repair)
    };
    libraries.iter().filter(off).map(|library| library.id.clone()).collect()
}

/// An eighth of the descriptors for files that wait to be asked for again; `limit` is what this process may raise its own
/// limit to, as the accept loop does.
fn most_kept(limit: Option<u64>) -> usize {
    const MOST: u64 = 512;
    usize::try_from(limit.map_or(MOST, |limit| (limit / 8).min(MOST))).unwrap_or_default()
}

/// What a response and its line in the log are called. 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// Its digits, in room for them.
    pub fn digits(self, room: &mut [u8; 16]) -> &str {
        HEXLOWER.encode_mut_str(&self.0.to_be_bytes(), room)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits(&mut [0; 16]))
    }
}

/// Different for every request of this and of every other start, and telling nobody how many there were.
struct RequestIds {
    key: u64,
    count: AtomicU64,
}

impl RequestIds {
    fn new(key: [u8; 8]) -> RequestIds {
        RequestIds { key: u64::from_be_bytes(key), count: AtomicU64::new(0) }
    }

    fn next(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        RequestId(mixed(self.key.wrapping_add(count)))
    }
}

/// A bijection of 64 bits in which each input bit moves half of the output's, so that neighbours look unrelated: two
/// rounds of xor-shift and multiplication by odd constants.
fn mixed(mut bits: u64) -> u64 {
    for factor in [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93] {
        bits = (bits ^ (bits >> 32)).wrapping_mul(factor);
    }
    bits ^ (bits >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_do_not_repeat_and_do_not_count() {
        let ids = RequestIds::new([7; 8]);
        let drawn: Vec<String> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), drawn.len());
        let neighbours = drawn.windows(2).filter(|pair| pair[0][..8] == pair[1][..8]).count();
        assert_eq!(neighbours, 0);
    }
}
