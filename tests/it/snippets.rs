//! The files of `deploy/sign`: what a backend copies signs what this server accepts, in every language.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use percent_encoding::percent_decode_str;
use reelgate::access::link::{Link, Target};
use reelgate::types::ItemId;
use serde_json::Value;

use crate::support::files::bytes;
use crate::support::{Program, Server, get};

const LANGUAGES: [&str; 6] = ["Python", "PHP", "Node", "Ruby", "Go", "Bash"];

/// Seconds since 1970.
const YEAR_2100: u64 = 4_102_444_800;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/sign")
}

/// The snippet of a language, to be given its arguments.
fn snippet(language: &str) -> Command {
    let (interpreter, file) = match language {
        "Python" => ("python3", "sign.py"),
        "PHP" => ("php", "sign.php"),
        "Node" => ("node", "sign.js"),
        "Ruby" => ("ruby", "sign.rb"),
        "Bash" => ("bash", "sign.sh"),
        _ => return Command::new(&*GO),
    };
    let mut command = Command::new(interpreter);
    command.arg(here().join(file));
    command
}

/// Compiled once.
static GO: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snippets");
    let program = folder.join("sign");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(here().join("sign.go"));
    go.env("GOCACHE", folder.join("cache")).env("GOPATH", folder.join("path")).env("GOPROXY", "off");
    let output = run(&mut go, "Go");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
});

/// A language that is missing fails the test: tests/run installs all of them.
fn run(command: &mut Command, language: &str) -> Output {
    command.output().unwrap_or_else(|error| panic!("{language} does not start, run tests/run: {error}"))
}

/// What the snippet of a language prints for these.
fn signed(language: &str, secret: &str, path: &str, expires: u64, key: &str) -> String {
    let mut command = snippet(language);
    command.args([path, &expires.to_string(), key]).env("REELGATE_SECRET", secret);
    let output = run(&mut command, language);
    assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
    let url = String::from_utf8(output.stdout).unwrap();
    let url = url.strip_suffix('\n').unwrap_or_else(|| panic!("{language} prints {url:?}"));
    assert!(url.is_ascii() && !url.contains([' ', '\n', '<', '"']), "{language}: {url}");
    url.to_owned()
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/links.json")).unwrap()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

#[test]
fn every_language_signs_the_vectors_alike() {
    let vectors = vectors();
    let (secret, key) = (text(&vectors, "secret"), text(&vectors, "key"));
    let expires = vectors["expires"].as_u64().unwrap();
    for language in LANGUAGES {
        for link in vectors["links"].as_array().unwrap() {
            let url = signed(language, secret, text(link, "path"), expires, key);
            let (path, query) = url.split_once('?').unwrap();
            let why = format!("{language}, {}", text(link, "why"));
            assert_eq!(percent_decode_str(path).decode_utf8().unwrap(), text(link, "path"), "{why}");
            let wanted = format!("exp={expires}&kid={key}&sig={}", text(link, "signature"));
            assert_eq!(query, wanted, "{why}");
        }
    }
}

#[test]
fn the_server_signs_the_vectors_too() {
    let vectors = vectors();
    let secret = BASE64URL_NOPAD.decode(text(&vectors, "secret").as_bytes()).unwrap().try_into().unwrap();
    for link in vectors["links"].as_array().unwrap() {
        let target = match text(link, "path").strip_prefix("/files/") {
            Some(area) => Target::Below(area.trim_end_matches('/').parse().unwrap()),
            None => Target::Item(ItemId::parse(text(link, "path").split('/').nth(2).unwrap()).unwrap()),
        };
        let made = Link::sign(&secret, text(&vectors, "key"), &target, vectors["expires"].as_i64().unwrap());
        assert!(made.query().ends_with(&format!("&sig={}", text(link, "signature"))), "{link}");
    }
}

#[test]
fn the_server_plays_what_every_language_signs() {
    let (film, file) = ("2024/K\u{fc}che <2> & 50%.mp4", bytes(5_000));
    let server = Server::with(&[(film, &file), ("other.mp4", &bytes(100))]);
    let made = server.program.json("key create");
    let (key, secret) = (text(&made, "id"), text(&made, "token"));
    let (id, other) = (server.id(film), server.id("other.mp4"));
    for language in LANGUAGES {
        let sign = |path: &str| signed(language, secret, path, YEAR_2100, key);
        let item = sign(&format!("/m/{id}"));
        server.send(&get(&item).range("bytes=0-1")).assert_part(&file, 0..2, language);
        assert_good(&server.program, &item, language);
        assert_eq!(server.send(&get(item.replace(&id, &other))).status, 401, "{language}: another item");
        assert_eq!(server.send(&get(item.replace("exp=", "exp=1"))).status, 401, "{language}: a later end");
        assert_eq!(server.send(&get(sign(&format!("/embed/{id}")))).status, 200, "{language}: a page");

        let by_path = sign(&format!("/files/videos/{film}"));
        server.send(&get(&by_path)).assert_whole(&file, language);
        assert_good(&server.program, &by_path, language);
        let folder = sign("/files/videos/2024/");
        let (path, below) = (by_path.split_once('?').unwrap().0, folder.split_once('?').unwrap().1);
        server.send(&get(format!("{path}?{below}"))).assert_whole(&file, language);
        let beside = server.send(&get(format!("/files/videos/other.mp4?{below}")));
        assert_eq!(beside.status, 401, "{language}: beside the folder");
    }
}

#[track_caller]
fn assert_good(program: &Program, url: &str, language: &str) {
    let verified = program.run(["verify", url]);
    assert_eq!(verified.code, Some(0), "{language}: {verified:?}");
}

#[test]
fn without_a_secret_nothing_is_signed() {
    for language in LANGUAGES {
        let mut command = snippet(language);
        command.args(["/m/AQEBAQEBAQEBAQEBAQEBAQ", "2000000000", "k1"]).env_remove("REELGATE_SECRET");
        let output = run(&mut command, language);
        assert!(!output.status.success(), "{language} signs with nothing");
        assert!(output.stdout.is_empty() || language == "PHP", "{language}: {output:?}");
    }
}
