//! The README, typed as it is written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Program, files, get, program};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The text of the first fenced block of this kind.
fn block(kind: &str) -> String {
    let readme = readme();
    let (_, rest) = readme.split_once(&format!("```{kind}\n")).unwrap_or_else(|| panic!("no block {kind}"));
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// A shell in a folder with `videos/`, where `reelgate` is the program and its port is free: two of these tests, or
/// a server of the machine's owner, must not meet on 8080. Nothing else of what is typed is changed.
fn shell(folder: &Path, script: &str) -> Command {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let wrapper = bin.join("reelgate");
    let program = env!("CARGO_BIN_EXE_reelgate");
    fs::write(&wrapper, format!("#!/bin/sh\nexec {program} \"$@\"\n")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&wrapper, mode).unwrap();
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).current_dir(folder).env_clear().env("REELGATE_LISTEN", "127.0.0.1:0");
    command.env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()));
    command
}

fn folder_with_a_video() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::Builder::new().prefix("reelgate-readme-").tempdir().unwrap();
    let bytes = files::bytes(20_000);
    files::write(&folder.path().join("videos/film.mp4"), &bytes);
    let path = folder.path().to_owned();
    (folder, path, bytes)
}

/// A script with what it left in the background; killed when dropped.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

#[test]
fn the_quick_start_plays_as_typed() {
    let (_folder, path, bytes) = folder_with_a_video();
    // A person reads what the server prints before typing on; the script waits until the video is known.
    let typed = block("sh quick-start");
    let (serve, rest) = typed.split_once('\n').unwrap();
    let wait = "until reelgate items --json 2>/dev/null | grep -q film; do sleep 0.05; done";
    let script = format!("set -e\n{serve}\n{wait}\n{rest}\nwait");
    let mut command = shell(&path, &script);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut script = Script(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());

    let (mut token, mut url, mut id) = (None, None, None);
    for line in BufReader::new(script.0.stdout.take().unwrap()).lines().map(Result::unwrap) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["open", address] => url = Some((*address).to_owned()),
            [word] if word.starts_with("rg_") => token = Some((*word).to_owned()),
            [word, .., "videos/film.mp4"] => id = Some((*word).to_owned()),
            _ => {}
        }
        if id.is_some() {
            break;
        }
    }
    let address = url.unwrap().strip_prefix("http://").unwrap().parse().unwrap();
    let source =
        format!("/m/{}?token={}", id.expect("the video is listed"), token.expect("a token is printed"));
    let html = block("html");
    assert!(html.contains("/m/ID?token=TOKEN"), "the tag is what was tried: {html}");
    let whole = get(source.as_str()).range("bytes=0-").send(address);
    assert_eq!((whole.status, whole.body), (206, bytes));
}

#[test]
fn the_backends_example_signs_what_the_server_accepts() {
    let (_folder, path, _) = folder_with_a_video();
    let program = Program::new(path.join("data"));
    program.ok("scan videos");
    let key = program.json("key create");
    let id = program.json("items")[0]["id"].as_str().unwrap().to_owned();
    let text = |name: &str| key[name].as_str().unwrap();
    let call = format!("\nprint(sign({id:?}, {:?}, {:?}))", text("id"), text("token"));
    let output = Command::new("python3").arg("-c").arg(block("python") + &call).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let url = String::from_utf8(output.stdout).unwrap();
    let verified = program.run(["verify", url.trim()]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_ne!(program.run(["verify", &url.trim().replace("exp=", "exp=1")]).code, Some(0));
}

#[test]
fn the_endings_of_names_are_those_that_are_served() {
    let readme = readme();
    let (_, rest) = readme.split_once("by the end of its name: `").unwrap();
    let endings: Vec<&str> = rest.split_once('`').unwrap().0.split_whitespace().collect();
    let folder = tempfile::Builder::new().prefix("reelgate-readme-").tempdir().unwrap();
    for ending in endings.iter().chain(&["txt", "jpg", "exe", "html"]) {
        files::write(&folder.path().join(format!("videos/a.{ending}")), b"");
    }
    let reports = Program::new(folder.path().join("data")).json("scan videos");
    assert_eq!(reports[0]["found"], endings.len());
    assert_eq!(reports[0]["skipped"]["others"], 4);
}

#[test]
fn the_settings_are_settings() {
    let (_folder, path, _) = folder_with_a_video();
    let example = block("toml").replace("/srv/videos/holidays", path.join("videos").to_str().unwrap());
    let file = path.join("reelgate.toml");
    fs::write(&file, example).unwrap();
    let checked =
        program::bare().args(["config", "check", "--json", "--config"]).arg(&file).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let settings: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    let value = |key: &str| {
        let found = settings.as_array().unwrap().iter().find(|setting| setting["key"] == key);
        found.unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("limits.drain_timeout"), "2m");
    assert_eq!(value("library.holidays"), path.join("videos").to_str().unwrap());
}

/// A row's first and second cell, for every table row that begins so.
fn rows(heading: &str) -> Vec<(String, String)> {
    let readme = readme();
    let (_, rest) = readme.split_once(heading).unwrap();
    let lines = rest.lines().skip(3).skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = lines.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2].to_owned())
    });
    cells.collect()
}

#[test]
fn the_table_of_limits_is_that_of_the_program() {
    let (_folder, path, _) = folder_with_a_video();
    let program = Program::new(path.join("data"));
    let settings = program.json("config check videos");
    let default = |key: &str| {
        let found = settings.as_array().unwrap().iter().find(|setting| setting["key"] == key);
        found.unwrap_or_else(|| panic!("no setting {key}"))["value"].as_str().unwrap().to_owned()
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut checked = 0;
    for (said, keys) in rows("## Limits") {
        for key in keys.split(',').map(|key| key.trim().trim_matches('`')).filter(|key| !key.is_empty()) {
            let value = default(key);
            let number = digits(&value);
            // A minute is said in seconds.
            let number = if value == "1m" { "60".to_owned() } else { number };
            assert!(said.replace(',', "").contains(&number), "{key} is {value}, and the README says {said}");
            checked += 1;
        }
    }
    assert_eq!(checked, 10, "every limit stands in the table");
}

#[test]
fn the_proxies_files_are_those_of_the_readme() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let nginx = fs::read_to_string(folder.join("nginx.conf")).unwrap();
    for line in block("nginx")
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("proxy_") && !line.contains("_pass "))
    {
        assert!(nginx.contains(line), "deploy/nginx.conf lacks: {line}");
    }
    let caddy = fs::read_to_string(folder.join("Caddyfile")).unwrap();
    assert!(block("caddyfile").lines().all(|line| caddy.contains(line.trim())), "deploy/Caddyfile differs");
    let files = ["nginx.conf", "Caddyfile", "traefik.yml", "reelgate.service"];
    assert!(files.iter().all(|file| folder.join(file).exists()));
}
