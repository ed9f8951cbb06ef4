//! The program under test: a data folder, a user, tokens of each kind, and the server, all by its command line.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::film::{Films, Kind, LIBRARY};
use crate::http::exchange;
use crate::process::Process;

const USER: &str = "ada";

/// How a URL proves that its holder may watch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Credential {
    Query,
    Path,
    Signed,
}

impl Credential {
    pub(crate) const ALL: [Self; 3] = [Self::Query, Self::Path, Self::Signed];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Query => "token in the query",
            Self::Path => "token in the path",
            Self::Signed => "signed URL",
        }
    }
}

pub(crate) struct Token {
    id: String,
    text: String,
}

pub(crate) struct Program {
    _server: Process,
    url: String,
    token: Token,
    items: Vec<Value>,
    data: TempDir,
}

impl Program {
    /// Pages of `origin` may show its player in a frame, and read its media.
    pub(crate) fn start(films: &Films, origin: &str) -> Result<Self> {
        let data = TempDir::new()?;
        let library = films.library();
        let library = library.to_str().context("the folder's name is no text")?;
        tell(&data, &["scan", library])?;
        tell(&data, &["user", "add", USER, "--grant", LIBRARY])?;
        tell(&data, &["key", "create"])?;
        let token = create_token(&data)?;
        let items = tell(&data, &["items"])?.as_array().context("items is no list")?.clone();
        let (server, url) = serve(&data, library, origin)?;
        let program = Self { _server: server, url, token, items, data };
        for kind in Kind::ALL {
            program.settle(kind.file_name())?;
        }
        Ok(program)
    }

    /// A file that has just changed gets a new `ETag` with each answer; playing begins when it keeps one.
    fn settle(&self, file_name: &str) -> Result<()> {
        let url = self.media_url(file_name, Credential::Query)?;
        let mut last = None;
        for _ in 0..100 {
            let (head, _) = exchange(&url, "HEAD", b"")?;
            let etag = head.field("ETag")?.map(str::to_owned);
            if etag.is_some() && etag == last {
                return Ok(());
            }
            last = etag;
            thread::sleep(Duration::from_millis(50));
        }
        bail!("{file_name} keeps no ETag for five seconds")
    }

    /// The URL of a film's bytes, with a credential.
    pub(crate) fn media_url(&self, file_name: &str, credential: Credential) -> Result<String> {
        let id = self.item(file_name)?;
        Ok(match credential {
            Credential::Query => self.url_with(file_name, &self.token)?,
            Credential::Path => format!("{}/t/{}/m/{id}/{file_name}", self.url, self.token.text),
            Credential::Signed => {
                let signed = tell(&self.data, &["sign", &format!("/m/{id}"), "--for", "6h"])?;
                let signed = text(&signed, "url")?;
                if signed.starts_with('/') { format!("{}{signed}", self.url) } else { signed }
            }
        })
    }

    pub(crate) fn url_with(&self, file_name: &str, token: &Token) -> Result<String> {
        Ok(format!("{}/m/{}?token={}", self.url, self.item(file_name)?, token.text))
    }

    pub(crate) fn watch_url(&self, file_name: &str) -> Result<String> {
        Ok(format!("{}/watch/{}?token={}", self.url, self.item(file_name)?, self.token.text))
    }

    pub(crate) fn embed_url(&self, file_name: &str) -> Result<String> {
        Ok(format!("{}/embed/{}?token={}", self.url, self.item(file_name)?, self.token.text))
    }

    /// The address of a film's bytes without a credential, and the token for a header.
    pub(crate) fn bare_url(&self, file_name: &str) -> Result<(String, &str)> {
        Ok((format!("{}/m/{}", self.url, self.item(file_name)?), &self.token.text))
    }

    pub(crate) fn create_token(&self) -> Result<Token> {
        create_token(&self.data)
    }

    pub(crate) fn revoke(&self, token: &Token) -> Result<()> {
        tell(&self.data, &["token", "revoke", &token.id]).map(drop)
    }

    fn item(&self, file_name: &str) -> Result<String> {
        let named = |item: &&Value| item["path"].as_str().is_some_and(|path| path.ends_with(file_name));
        let item = self.items.iter().find(named).with_context(|| format!("no item is {file_name}"))?;
        text(item, "id")
    }
}

fn create_token(data: &TempDir) -> Result<Token> {
    let token = tell(data, &["token", "create", USER, "--kind", "media"])?;
    Ok(Token { id: text(&token, "id")?, text: text(&token, "token")? })
}

fn text(object: &Value, name: &str) -> Result<String> {
    Ok(object[name].as_str().with_context(|| format!("an answer without {name}"))?.to_owned())
}

/// Settings come from these tests alone.
fn reelgate(data: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelgate"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("REELGATE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).arg("--data").arg(data.path().join("reelgate")).arg("--json");
    command.current_dir(data.path());
    command
}

/// Runs a command to its end; its output as JSON, or nothing where it prints none.
fn tell(data: &TempDir, arguments: &[&str]) -> Result<Value> {
    let name = format!("reelgate {}", arguments.join(" "));
    let output =
        reelgate(data, arguments).stdin(Stdio::null()).output().context("reelgate does not start")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {}: {}", output.status, complaint.trim());
    if output.stdout.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{name} prints no JSON"))
}

fn serve(data: &TempDir, library: &str, origin: &str) -> Result<(Process, String)> {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-program.log");
    let named = ["--embed-origin", origin, "--cors-origin", origin];
    let mut command = reelgate(data, &[&["serve", library, "--listen", "127.0.0.1:0"], &named[..]].concat());
    let mut server = Process::start(command.stdout(Stdio::piped()).stderr(File::create(&log)?), "reelgate")?;
    let mut output = BufReader::new(server.stdout()?);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = output.read_line(&mut line);
        // Nobody listens where starting has taken too long; the rest is read so that the server never waits for it.
        let _ = sender.send(read.map(|_| line));
        let _ = io::copy(&mut output, &mut io::sink());
    });
    let line =
        receiver.recv_timeout(Duration::from_secs(20)).context("reelgate serve prints nothing in 20 s")??;
    let ready = serde_json::from_str(&line)
        .with_context(|| format!("reelgate serve does not begin with JSON, see {}", log.display()))?;
    let url = text(&ready, "url")?;
    Ok((server, url.trim_end_matches('/').to_owned()))
}
