//! A server of its own for people: an empty data folder, folders of videos, and nobody who can log in yet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;

use crate::film::{Films, Kind};
use crate::people::Person;
use crate::process::{Process, unstarted};
use crate::program::{address, serve, text};

pub(crate) const ADMIN: &str = "ada";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Names that a page must show as they are. `window.hit` tells of one that was taken for more than a name.
pub(crate) const HOSTILE: [&str; 13] = [
    "<img src=x onerror=window.hit=1>",
    "<script>window.hit=1<script>",
    "\"><svg onload=window.hit=1>",
    "' onmouseover='window.hit=1",
    "{{window.hit=1}} ${window.hit=1} {% raw %}",
    "javascript:window.hit=1",
    "a&amp;b &lt;i&gt; &#x3c;",
    "%3Cscript%3E %2e%2e %00",
    "back\\slash and #hash ?query=1",
    "\u{202e}4pm.reversed\u{202c} after",
    "סרט משפחתי שנת 2024",
    "👩‍👩‍👧‍👦 🎬 é é",
    "  spaces  ",
];

pub(crate) struct House {
    _server: Process,
    pub(crate) url: String,
    /// The address that the server prints for the first administrator.
    pub(crate) setup: String,
    _data: TempDir,
    _folders: TempDir,
}

impl House {
    /// With these folders below one that goes with the house.
    pub(crate) fn serve(folders: TempDir, names: &[&str]) -> Result<Self> {
        age(folders.path())?;
        let data = TempDir::new()?;
        let paths = names.iter().map(|name| folders.path().join(name)).collect::<Vec<_>>();
        let arguments = paths.iter().map(|path| path.to_str().context("a folder's name is no text"));
        let (server, ready) = serve(&data, &arguments.collect::<Result<Vec<_>>>()?)?;
        let (url, setup) = (address(&ready)?, text(&ready, "setup")?);
        Ok(Self { _server: server, url, setup, _data: data, _folders: folders })
    }

    /// What the setup page does, by the API.
    pub(crate) fn set_up(&self, person: &mut Person) -> Result<()> {
        let code = self.setup.rsplit("code=").next().unwrap_or_default();
        person.open("/login")?;
        let wanted = json!({ "code": code, "name": ADMIN, "password": PASSWORD });
        person.call("POST", "/setup", &wanted).map(drop)
    }
}

/// What was written a moment ago is taken for a recording that goes on.
fn age(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            age(&path)?;
        } else {
            let hour = Duration::from_hours(1);
            let written = fs::metadata(&path)?.modified()?;
            File::options().append(true).open(&path)?.set_modified(written - hour)?;
        }
    }
    Ok(())
}

pub(crate) fn log_in(person: &mut Person) -> Result<()> {
    person.open("/login")?;
    person.call("POST", "/session", &json!({ "name": ADMIN, "password": PASSWORD })).map(drop)
}

/// A folder for a library's folders, on the disk that the other films lie on.
pub(crate) fn folders() -> Result<TempDir> {
    Ok(TempDir::with_prefix_in("browser-house-", env!("CARGO_TARGET_TMPDIR"))?)
}

/// The film five times over, 225 MB: no browser holds all of it in advance, so that its stream runs on.
pub(crate) fn long_film(films: &Films, path: &Path) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-stream_loop", "4", "-i"]);
    command.arg(films.library().join(Kind::MoovLast.file_name()));
    command.args(["-c", "copy", "-movflags", "+faststart"]).arg(path);
    run(&mut command)
}

/// Two seconds in a few kilobytes.
pub(crate) fn tiny_film(path: &Path) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=128x72:r=5:d=2"]);
    command.args(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]).arg(path);
    run(&mut command)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| unstarted(command, "ffmpeg", &error))?;
    anyhow::ensure!(status.success(), "ffmpeg could not make a film: {status}");
    Ok(())
}

/// As long as a file's name can be.
pub(crate) fn longest_name() -> String {
    format!("{}x.mp4", "é".repeat(125))
}

/// A film under each of the hostile names, one of 255 bytes, and a folder with such a name.
pub(crate) fn hostile_films(folder: &Path, film: &Path) -> Result<Vec<String>> {
    let mut names = HOSTILE.map(|name| format!("{name}.mp4")).to_vec();
    names.push(longest_name());
    for name in &names {
        fs::copy(film, folder.join(name)).with_context(|| name.clone())?;
    }
    let below: PathBuf = folder.join("<b onclick=window.hit=1>folder");
    fs::create_dir(&below)?;
    fs::copy(film, below.join("inside.mp4"))?;
    Ok(names)
}
