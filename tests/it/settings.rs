//! The settings as the running server shows them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Called, Server, Setup, get};

fn settings(server: &Server, api: &str) -> Called {
    let settings = server.call(get("/api/v1/settings").bearer(api), &Value::Null);
    assert_eq!(settings.status, 200, "{settings:?}");
    settings
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let setup = Setup::new()
        .arguments(["--legacy-route", "videos"])
        .environment("REELGATE_LIMITS_DRAIN_TIMEOUT", "2m")
        .environment("REELGATE_LEGACY_ROUTE", "weaker")
        .settings("scan_interval = \"1h\"\n[limits]\nheaders = 50\n[library.videos]\npath = \"videos\"\nrepair = false");
    let server = setup.start();
    let settings = settings(&server, &server.administrator());
    let library = server.library();
    let cases = [
        ("legacy_route", "videos", "flag --legacy-route", "access"),
        ("limits.drain_timeout", "2m", "environment REELGATE_LIMITS_DRAIN_TIMEOUT", "limits"),
        ("scan_interval", "1h", "reelgate.toml:1", "general"),
        ("limits.headers", "50", "reelgate.toml:3", "limits"),
        ("limits.cold_reads", "32", "default", "limits"),
        ("library.videos", library.to_str().unwrap(), "argument DIR", "library"),
        ("library.videos.repair", "false", "reelgate.toml:4", "library"),
    ];
    for (key, value, source, area) in cases {
        let setting = settings.entry("key", key);
        assert_eq!((&setting["value"], &setting["area"]), (&value.into(), &area.into()), "{key}");
        let from = setting["source"].as_str().unwrap();
        assert!(from.ends_with(source), "{key} is from {from}");
        assert!(setting["description"].as_str().unwrap().len() > 10, "{key}");
    }
    let feature = |name: &str| {
        let features = settings.body["features"].as_array().unwrap();
        features.iter().find(|feature| feature["name"] == name).unwrap()["on"].as_bool()
    };
    assert_eq!(
        (feature("legacy_route"), feature("https"), feature("public_url")),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!(settings.entry("key", "legacy_route")["feature"], "legacy_route");
}

#[test]
fn settings_are_for_administrators_and_hold_no_secret() {
    let server = Server::with(&[]);
    server.program.ok("user add ada --grant videos");
    let ada = server.token("ada", "--kind api");
    assert_eq!(server.call(get("/api/v1/settings").bearer(ada.token()), &Value::Null).status, 403);
    let root = server.administrator();
    let secret = server.program.json_text("key create", "token");
    let shown = settings(&server, &root).body.to_string();
    assert!(!shown.contains(&secret) && !shown.contains(&root));
}

#[test]
fn the_readmes_table_of_settings_is_that_of_the_program() {
    let server = Server::with(&[]);
    let shown = settings(&server, &server.administrator());
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("| setting | default | what it is |\n|---|---|---|\n").unwrap();
    let row = |line: &str| {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let said: Vec<Vec<String>> = rest.lines().take_while(|line| line.starts_with('|')).map(row).collect();
    let settings = shown.body["entries"].as_array().unwrap().iter();
    let own = settings.filter(|setting| setting["area"] != "limits" && setting["area"] != "library");
    let known: Vec<Vec<String>> = own
        .map(|setting| {
            let text = |key: &str| setting[key].as_str().unwrap().to_owned();
            let default = text("default");
            let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
            vec![format!("`{}`", text("key")), default, text("description")]
        })
        .collect();
    assert_eq!(said, known);
}
