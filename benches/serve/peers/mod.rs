//! The servers that are measured, each with the configuration that its users would give it.

mod caddy;
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
use crate::process::Process;

/// How a server is called in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    Reelgate,
    /// With `zero_copy = "on"`.
    ZeroCopy,
    /// Another build of it, to compare with.
    Rival,
    Nginx,
    NginxSecureLink,
    NginxAuthRequest,
    Caddy,
    ServeDir,
}

/// Where servers find the file and keep what is theirs.
#[derive(Clone)]
pub struct Place {
    pub folder: PathBuf,
    /// The folder of films.
    pub films: PathBuf,
    /// The film's name.
    pub film: String,
    pub program: PathBuf,
    pub rival: Option<PathBuf>,
    /// Whether each request is logged.
    pub logs: bool,
}

/// A server that answers.
pub struct Running {
    pub peer: Peer,
    pub target: Target,
    pub process: Process,
}

impl Peer {
    pub const ALL: [Peer; 8] = {
        use Peer::{Caddy, Nginx, NginxAuthRequest, NginxSecureLink, Reelgate, Rival, ServeDir, ZeroCopy};
        [Nginx, Reelgate, ZeroCopy, Rival, NginxSecureLink, NginxAuthRequest, Caddy, ServeDir]
    };

    pub fn name(self) -> &'static str {
        match self {
            Peer::Reelgate => "reelgate",
            Peer::ZeroCopy => "reelgate, zero_copy on",
            Peer::Rival => "reelgate, other build",
            Peer::Nginx => "nginx sendfile, no check",
            Peer::NginxSecureLink => "nginx + secure_link_md5",
            Peer::NginxAuthRequest => "nginx + auth_request",
            Peer::Caddy => "Caddy file_server, no check",
            Peer::ServeDir => "axum + ServeDir, no check, no log",
        }
    }

    /// By which `--peer` names it.
    pub fn word(self) -> &'static str {
        match self {
            Peer::Reelgate => "reelgate",
            Peer::ZeroCopy => "zero_copy",
            Peer::Rival => "rival",
            Peer::Nginx => "nginx",
            Peer::NginxSecureLink => "secure_link",
            Peer::NginxAuthRequest => "auth_request",
            Peer::Caddy => "caddy",
            Peer::ServeDir => "serve_dir",
        }
    }

    /// Why it cannot be measured here, if it cannot.
    pub fn missing(self, place: &Place) -> Option<String> {
        let program = match self {
            Peer::Reelgate | Peer::ZeroCopy | Peer::ServeDir => return None,
            Peer::Rival => return place.rival.is_none().then(|| "no --rival".to_owned()),
            Peer::Nginx | Peer::NginxSecureLink | Peer::NginxAuthRequest => "nginx",
            Peer::Caddy => "caddy",
        };
        let version = version(program);
        version
            .is_none()
            .then(|| format!("{program} is not installed (Debian: apt install nginx-light caddy)"))
    }

    fn films(self, place: &Place) -> PathBuf {
        place.folder.join(format!("of-{}", self.word())).join("films")
    }

    /// Gives it the same file in a folder of its own: reelgate watches its folders, and whoever opened a file there would
    /// pay for telling it.
    pub fn link(self, place: &Place) -> Result<()> {
        let films = self.films(place);
        fs::create_dir_all(&films)?;
        Ok(fs::hard_link(place.films.join(&place.film), films.join(&place.film))?)
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
            Peer::Rival => reelgate::start(place, &folder, place.rival.as_ref().context("no --rival")?, &[]),
            Peer::Nginx => nginx::start(place, &folder, nginx::Check::None),
            Peer::NginxSecureLink => nginx::start(place, &folder, nginx::Check::SecureLink),
            Peer::NginxAuthRequest => nginx::start(place, &folder, nginx::Check::AuthRequest),
            Peer::Caddy => caddy::start(place, &folder),
            Peer::ServeDir => serve_dir::start(place),
        };
        let (process, target) = started.with_context(|| format!("{} does not start", self.name()))?;
        Ok(Running { peer: self, target, process })
    }
}

/// The first line of what a program says of itself.
pub fn version(program: &str) -> Option<String> {
    let argument = match program {
        "nginx" => "-v",
        "caddy" => "version",
        _ => "--version",
    };
    let output = Command::new(program).arg(argument).output().ok()?;
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
fn quiet(program: impl AsRef<Path>, folder: &Path) -> Result<Command> {
    let mut command = Command::new(program.as_ref());
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
