//! The servers that are measured, each with the configuration that its users would give it.

mod caddy;
pub mod floor;
mod nginx;
mod reelgate;
pub mod serve_dir;

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Target;
use crate::install;
use crate::process::Process;
use crate::tls::Tls;

/// How a server is called in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    Reelgate,
    /// With `--zero-copy on`, while that is not the default.
    ZeroCopy,
    /// With `--zero-copy off`, once that is not the default.
    Copying,
    /// Another build of it, to compare with.
    Rival,
    Nginx,
    /// With `aio threads`, its remedy for slow disks.
    NginxThreads,
    NginxSecureLink,
    NginxAuthRequest,
    Caddy,
    ServeDir,
    /// Nothing but sendfile: what a perfect server would take.
    Floor,
}

/// The file that everybody watches, and one that is not in the page cache when it matters.
pub const FILM: &str = "film.mp4";
pub const COLD: &str = "cold.mp4";

/// Where servers find the files and keep what is theirs.
#[derive(Clone)]
pub struct Place {
    pub folder: PathBuf,
    /// The folder of films.
    pub films: PathBuf,
    pub program: PathBuf,
    pub rival: Option<PathBuf>,
    /// Whether each request is logged.
    pub logs: bool,
    /// With what to encrypt, in scenarios that do.
    pub tls: Option<Tls>,
}

/// A server that answers.
pub struct Running {
    pub peer: Peer,
    pub film: Target,
    pub cold: Target,
    pub process: Process,
    /// Memory of its own before anybody came.
    pub idle: u64,
}

/// What starting gives.
struct Started {
    process: Process,
    address: SocketAddr,
    /// Where [`FILM`] and [`COLD`] are, the credential included.
    paths: [String; 2],
}

impl Peer {
    pub const ALL: [Peer; 11] = {
        use Peer::{Caddy, Copying, Floor, Reelgate, Rival, ServeDir, ZeroCopy};
        use Peer::{Nginx, NginxAuthRequest, NginxSecureLink, NginxThreads};
        [
            Nginx,
            Reelgate,
            ZeroCopy,
            Copying,
            Rival,
            NginxThreads,
            NginxSecureLink,
            NginxAuthRequest,
            Caddy,
            ServeDir,
            Floor,
        ]
    };

    pub fn name(self) -> &'static str {
        match self {
            Peer::Reelgate => "reelgate",
            Peer::ZeroCopy => "reelgate `--zero-copy on`",
            Peer::Copying => "reelgate `--zero-copy off`",
            Peer::Rival => "reelgate, other build",
            Peer::Nginx => "nginx sendfile, no check",
            Peer::NginxThreads => "nginx `aio threads`, no check",
            Peer::NginxSecureLink => "nginx + `secure_link_md5`",
            Peer::NginxAuthRequest => "nginx + `auth_request`",
            Peer::Caddy => "Caddy `file_server`, no check",
            Peer::ServeDir => "axum + `ServeDir`, no check, no log",
            Peer::Floor => "sendfile and nothing else",
        }
    }

    /// By which `--peer` names it.
    pub fn word(self) -> &'static str {
        match self {
            Peer::Reelgate => "reelgate",
            Peer::ZeroCopy => "zero_copy",
            Peer::Copying => "copying",
            Peer::Rival => "rival",
            Peer::Nginx => "nginx",
            Peer::NginxThreads => "aio_threads",
            Peer::NginxSecureLink => "secure_link",
            Peer::NginxAuthRequest => "auth_request",
            Peer::Caddy => "caddy",
            Peer::ServeDir => "serve_dir",
            Peer::Floor => "floor",
        }
    }

    pub fn is_reelgate(self) -> bool {
        matches!(self, Peer::Reelgate | Peer::ZeroCopy | Peer::Copying | Peer::Rival)
    }

    /// Whether it is measured where nothing special is.
    pub fn is_usual(self) -> bool {
        self != Peer::NginxThreads
    }

    /// Why it cannot be measured here, if it cannot.
    pub fn missing(self, place: &Place) -> Option<String> {
        let without = |module: &str| {
            let has = install::nginx_modules()?.contains(module);
            (!has).then(|| format!("this nginx was built without {module}"))
        };
        let absent =
            |program: &str| install::find(program).is_none().then(|| format!("{program} is not installed"));
        match self {
            Peer::ServeDir | Peer::Floor | Peer::Reelgate => None,
            Peer::ZeroCopy | Peer::Copying => reelgate::is_default(self, &place.program),
            Peer::Rival => place.rival.is_none().then(|| "no --rival".to_owned()),
            Peer::Nginx => absent("nginx"),
            Peer::NginxThreads => absent("nginx").or_else(|| without("--with-threads")),
            Peer::NginxSecureLink => absent("nginx").or_else(|| without("http_secure_link_module")),
            Peer::NginxAuthRequest => absent("nginx").or_else(|| without("http_auth_request_module")),
            Peer::Caddy => absent("caddy"),
        }
    }

    /// Why it cannot encrypt, if it cannot.
    pub fn missing_tls(self, place: &Place) -> Option<String> {
        match self {
            Peer::Reelgate => reelgate::missing_tls(&place.program),
            Peer::Rival => reelgate::missing_tls(place.rival.as_ref()?),
            _ => None,
        }
    }

    fn films(self, place: &Place) -> PathBuf {
        place.folder.join(format!("of-{}", self.word())).join("films")
    }

    /// Gives it the same files in a folder of its own: reelgate watches its folders, and whoever opened a file there
    /// would pay for telling it.
    pub fn link(self, place: &Place) -> Result<()> {
        let films = self.films(place);
        fs::create_dir_all(&films)?;
        [FILM, COLD].iter().try_for_each(|name| fs::hard_link(place.films.join(name), films.join(name)))?;
        Ok(())
    }

    pub fn start(self, place: &Place) -> Result<Running> {
        let folder = place.folder.join(self.word());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let place = &Place { films: self.films(place), ..place.clone() };
        let started = match self {
            Peer::Reelgate => reelgate::start(place, &folder, &place.program, &[]),
            Peer::ZeroCopy => reelgate::start(place, &folder, &place.program, &["--zero-copy", "on"]),
            Peer::Copying => reelgate::start(place, &folder, &place.program, &["--zero-copy", "off"]),
            Peer::Rival => reelgate::start(place, &folder, place.rival.as_ref().context("no --rival")?, &[]),
            Peer::Nginx => nginx::start(place, &folder, nginx::Check::None, nginx::NO_AIO),
            Peer::NginxThreads => nginx::start(place, &folder, nginx::Check::None, nginx::THREADS),
            Peer::NginxSecureLink => nginx::start(place, &folder, nginx::Check::SecureLink, nginx::NO_AIO),
            Peer::NginxAuthRequest => nginx::start(place, &folder, nginx::Check::AuthRequest, nginx::NO_AIO),
            Peer::Caddy => caddy::start(place, &folder),
            Peer::ServeDir => start_mode(serve_dir::MODE, place),
            Peer::Floor => start_mode(floor::MODE, place),
        };
        let Started { process, address, paths: [film, cold] } =
            started.with_context(|| format!("{} does not start", self.name()))?;
        let tls = place.tls.as_ref().map(|tls| tls.client.clone());
        let target = |path| Target { address, path, tls: tls.clone() };
        Ok(Running { peer: self, film: target(film), cold: target(cold), idle: process.memory(), process })
    }
}

/// Starts another mode of this very program, so that it is compiled as reelgate is.
fn start_mode(mode: &str, place: &Place) -> Result<Started> {
    let address = free_port()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(mode).arg(&place.films).arg(address.to_string()).stdin(Stdio::null());
    let mut process = Process::start(&mut command)?;
    wait_for(address, &mut process, &place.folder)?;
    Ok(Started { process, address, paths: plain_paths() })
}

fn plain_paths() -> [String; 2] {
    [FILM, COLD].map(|name| format!("/{name}"))
}

/// The first line of what a program says of itself.
pub fn version(program: &str) -> Option<String> {
    let argument = match program {
        "nginx" => "-v",
        "caddy" => "version",
        _ => "--version",
    };
    let output = Command::new(install::find(program)?).arg(argument).output().ok()?;
    // nginx says it on standard error.
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&said);
    let first = text.lines().next()?.trim_start_matches("nginx version: ");
    Some(first.to_owned())
}

/// A port that is free now, and that nobody else takes in a network of our own.
fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A command whose output goes to a file.
fn quiet(program: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new(install::find(program).context("it is not installed")?);
    let log = File::create(folder.join("output"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir(folder);
    Ok(command)
}

/// Waits until a server accepts connections; it does not tell.
fn wait_for(address: SocketAddr, process: &mut Process, folder: &Path) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        let ended = process.child().try_wait()?.is_some();
        if ended || begun.elapsed() > Duration::from_secs(10) {
            bail!("{}", fs::read_to_string(folder.join("output")).unwrap_or_default());
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
