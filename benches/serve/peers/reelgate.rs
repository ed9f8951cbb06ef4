//! reelgate as a user runs it: defaults, a viewer with a grant, a media token in the URL, the log in a file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Place;
use crate::client::Target;
use crate::process::Process;

pub fn start(place: &Place, folder: &Path, program: &Path, flags: &[&str]) -> Result<(Process, Target)> {
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
    let id = text(items.get(0).context("the scan found nothing")?, "id")?;

    let mut serve = command(program, folder);
    serve.args(["serve", films, "--listen", "127.0.0.1:0", "--json"]).args(flags);
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
    Ok((process, Target { address, path: format!("/m/{id}?token={token}") }))
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
