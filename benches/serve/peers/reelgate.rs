//! reelgate as a user runs it: defaults, a viewer with a grant, a media token in the URL, the log in a file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{COLD, FILM, Peer, Place, Started};
use crate::process::Process;

pub fn start(place: &Place, folder: &Path, program: &Path, flags: &[&str]) -> Result<Started> {
    let films = place.films.to_str().context("a folder that is not UTF-8")?;
    let run = |arguments: &[&str]| -> Result<Value> {
        let output = command(program, folder).args(arguments).arg("--json").output()?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
    };
    run(&["scan", films])?;
    run(&["user", "add", "bench", "--grant", "films"])?;
    let token = text(&run(&["token", "create", "bench"])?, "token")?;
    let items = run(&["items"])?;
    let path = |name: &str| -> Result<String> {
        let mut all = items.as_array().into_iter().flatten();
        let found = all.find(|item| item.get("path").and_then(Value::as_str) == Some(name));
        let id = text(found.with_context(|| format!("the scan did not find {name}"))?, "id")?;
        Ok(format!("/m/{id}?token={token}"))
    };

    let mut serve = command(program, folder);
    serve.args(["serve", films, "--listen", "127.0.0.1:0", "--json"]).args(flags);
    if let Some(tls) = &place.tls {
        serve.arg("--tls-cert").arg(&tls.certificate).arg("--tls-key").arg(&tls.key);
    }
    serve.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(folder.join("log"))?);
    if !place.logs {
        serve.env("RUST_LOG", "warn");
    }
    let mut process = Process::start(&mut serve)?;
    let mut line = String::new();
    let announced = process.child().stdout.take().context("no standard output")?;
    BufReader::new(announced).read_line(&mut line)?;
    let announced: Value = serde_json::from_str(&line).with_context(|| {
        format!("it said {line:?}, and {}", std::fs::read_to_string(folder.join("log")).unwrap_or_default())
    })?;
    let address = text(&announced, "listen")?.parse()?;
    Ok(Started { process, address, paths: [path(FILM)?, path(COLD)?] })
}

/// Why a `--zero-copy` is no measurement of its own, if it is not: it is what happens without the flag.
pub fn is_default(peer: Peer, program: &Path) -> Option<String> {
    let chooses = help(program).contains("auto|on|off");
    let word = if chooses { "auto, for a file like this the same as on," } else { "off" };
    (chooses == (peer == Peer::ZeroCopy)).then(|| format!("the default is {word}"))
}

pub fn missing_tls(program: &Path) -> Option<String> {
    let knows = help(program).contains("--tls-cert");
    (!knows).then(|| "this reelgate does not know --tls-cert".to_owned())
}

fn help(program: &Path) -> String {
    let output = Command::new(program).args(["serve", "--help"]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Nothing of the environment reaches it.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("REELGATE_DATA", folder.join("data")).current_dir(folder);
    command
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value.get(key).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {key} in {value}"))?.to_owned())
}
