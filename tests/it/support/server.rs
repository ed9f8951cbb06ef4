//! A server of one's own: data folder, library and port are nobody else's.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::http::{Request, Response};
use super::program::Program;
use super::{eventually, files};

/// What a server will be; `start` makes it so.
pub struct Setup {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// A running server with the library `videos`. It is killed when dropped.
pub struct Server {
    pub address: SocketAddr,
    pub program: Program,
    /// What it printed when it started.
    pub announced: Value,
    child: Child,
    setup: Setup,
}

impl Setup {
    pub fn new() -> Setup {
        let setup = Setup {
            folder: tempfile::Builder::new().prefix("reelgate-it-").tempdir().unwrap(),
            arguments: Vec::new(),
            environment: Vec::new(),
        };
        std::fs::create_dir(setup.library()).unwrap();
        setup
    }

    pub fn library(&self) -> PathBuf {
        self.folder.path().join("videos")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn program(&self) -> Program {
        Program::new(self.folder.path().join("data"))
    }

    /// A finished file in the library.
    pub fn file(self, path: &str, bytes: &[u8]) -> Setup {
        files::write(&self.library().join(path), bytes);
        self
    }

    /// Flags of `serve`.
    pub fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Setup {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    pub fn environment(mut self, name: &str, value: &str) -> Setup {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn command(&self) -> Command {
        let mut command = self.program().command(["serve", "videos", "--listen", "127.0.0.1:0", "--json"]);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Scans, so that every file has its id, and starts.
    pub fn start(self) -> Server {
        self.program().ok("scan videos");
        self.start_unscanned()
    }

    pub fn start_unscanned(self) -> Server {
        let mut command = self.command();
        self.start_by(&mut command)
    }

    /// The same by a command of the test's own (a wrapper that sets limits, say).
    pub fn start_by(self, command: &mut Command) -> Server {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(announced) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            panic!("no server: {line:?}, log: {}", std::fs::read_to_string(self.log_path()).unwrap());
        };
        let address = announced["listen"].as_str().unwrap().parse().unwrap();
        Server { address, program: self.program(), announced, child, setup: self }
    }
}

impl Server {
    /// With these files and nothing else.
    pub fn with(files: &[(&str, &[u8])]) -> Server {
        files.iter().fold(Setup::new(), |setup, (path, bytes)| setup.file(path, bytes)).start()
    }

    pub fn library(&self) -> PathBuf {
        self.setup.library()
    }

    pub fn folder(&self) -> &Path {
        self.setup.folder()
    }

    /// The id of a file of the library.
    pub fn id(&self, path: &str) -> String {
        self.find_id(path).unwrap_or_else(|| panic!("{path} is not known"))
    }

    pub fn find_id(&self, path: &str) -> Option<String> {
        let items = self.program.json("items");
        let item = items.as_array().unwrap().iter().find(|item| item["path"] == path)?;
        Some(item["id"].as_str().unwrap().to_owned())
    }

    pub fn send(&self, request: &Request) -> Response {
        request.send(self.address)
    }

    pub fn try_send(&self, request: &Request) -> std::io::Result<Response> {
        request.try_send(self.address)
    }

    /// The status of an answer, or 0 of one that is cut off, as is promised where a right is withdrawn.
    pub fn status(&self, request: &Request) -> u16 {
        self.try_send(request).map_or(0, |answer| answer.status)
    }

    /// Asks until the answer has this status. Each answer must be whole.
    pub fn becomes(&self, why: &str, within: Duration, request: &Request, status: u16) {
        eventually(why, within, || (self.send(request).status == status).then_some(()));
    }

    /// The same where a right is withdrawn. An answer that is under way then is cut off, as promised, and asked for again.
    pub fn refuses(&self, why: &str, within: Duration, request: &Request, status: u16) {
        eventually(why, within, || (self.status(request) == status).then_some(()));
    }

    /// A new viewer who may watch this (`None`: nothing), with a media token.
    pub fn user(&self, name: &str, area: Option<&str>) -> Caller<'_> {
        let grant = area.map(|area| format!(" --grant {area}")).unwrap_or_default();
        self.program.ok(&format!("user add {name}{grant}"));
        self.token(name, "")
    }

    /// A new media token of a user, with these flags of `token create`.
    pub fn token(&self, name: &str, flags: &str) -> Caller<'_> {
        let line = format!("token create {name} {flags}");
        let made = self.program.json(line.trim_end());
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        Caller { server: self, token: (text("token"), text("id")) }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.setup.log_path()).unwrap()
    }

    pub fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Its end, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// `kill -9`, and what is left of it.
    pub fn kill(mut self) -> Setup {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let empty =
            Setup { folder: tempfile::tempdir().unwrap(), arguments: Vec::new(), environment: Vec::new() };
        std::mem::replace(&mut self.setup, empty)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("the end of the server's log:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

/// Somebody who asks a server.
pub struct Caller<'s> {
    pub server: &'s Server,
    /// Token and its id.
    token: (String, String),
}

impl Caller<'_> {
    pub fn token(&self) -> &str {
        &self.token.0
    }

    pub fn token_id(&self) -> &str {
        &self.token.1
    }

    pub fn send(&self, request: &Request) -> Response {
        self.server.send(&self.with_token(request))
    }

    /// See [`Server::becomes`].
    pub fn becomes(&self, why: &str, within: Duration, request: &Request, status: u16) {
        self.server.becomes(why, within, &self.with_token(request), status);
    }

    /// See [`Server::refuses`].
    pub fn refuses(&self, why: &str, within: Duration, request: &Request, status: u16) {
        self.server.refuses(why, within, &self.with_token(request), status);
    }

    /// The token goes into the query.
    fn with_token(&self, request: &Request) -> Request {
        request.clone().query(&format!("token={}", self.token()))
    }
}
