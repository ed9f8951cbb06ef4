//! The house: layers, pure rooms, sizes, and a gate before every route.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use reelgate::router::{Openness, ROUTES};

use crate::support::{Request, Server};

/// Modules by layer; imports go down, or stay within a module. Two modules of one layer may know each other.
const LAYERS: &[(&str, u8)] = &[
    ("main", 4),
    ("cli", 4),
    ("server", 4),
    ("edge", 4),
    ("router", 4),
    ("web", 4),
    ("api", 4),
    ("reception", 4),
    ("operations", 4),
    ("upkeep", 4),
    ("telemetry", 4),
    ("media", 3),
    ("admin", 3),
    ("library", 3),
    ("doctor", 3),
    ("access", 2),
    ("app", 2),
    ("body", 2),
    ("error", 2),
    ("metrics", 2),
    ("probe", 2),
    ("db", 1),
    ("storage", 1),
    ("kernel", 1),
    ("config", 1),
    ("types", 0),
    ("clock", 0),
    ("range", 0),
    ("mp4", 0),
    ("lib", 4),
];

/// Files that are pure wherever they lie: layer 0.
const PURE: &[&str] = &[
    "types/mod.rs",
    "types/extension.rs",
    "types/order.rs",
    "types/program.rs",
    "range/mod.rs",
    "range/header.rs",
    "range/conditional.rs",
    "range/multipart.rs",
    "mp4/mod.rs",
    "mp4/absolute.rs",
    "mp4/boxes.rs",
    "mp4/codec.rs",
    "mp4/descriptors.rs",
    "mp4/edits.rs",
    "mp4/entry.rs",
    "mp4/faststart.rs",
    "mp4/fields.rs",
    "mp4/header.rs",
    "mp4/hevc.rs",
    "mp4/layout.rs",
    "mp4/left_alone.rs",
    "mp4/moves.rs",
    "mp4/movie.rs",
    "mp4/retag.rs",
    "mp4/rewrite.rs",
    "mp4/served.rs",
    "mp4/sound.rs",
    "mp4/tables.rs",
    "mp4/time.rs",
    "mp4/track.rs",
    "mp4/virtual_file.rs",
    "doctor/address.rs",
    "doctor/cures.rs",
    "doctor/exchange.rs",
    "doctor/http.rs",
    "doctor/kept.rs",
    "doctor/rules.rs",
    "doctor/rules/access.rs",
    "doctor/rules/coding.rs",
    "doctor/rules/embedding.rs",
    "doctor/rules/file.rs",
    "doctor/rules/head.rs",
    "doctor/rules/path.rs",
    "doctor/rules/ranges.rs",
    "doctor/verdict.rs",
    "probe/archive.rs",
    "probe/ebml.rs",
    "probe/examined.rs",
    "probe/flac.rs",
    "probe/flv.rs",
    "probe/fragments.rs",
    "probe/matroska.rs",
    "probe/numbers.rs",
    "probe/ogg.rs",
    "probe/riff.rs",
    "probe/transport.rs",
    "probe/trouble.rs",
    "library/sidecar.rs",
    "body/container.rs",
    "media/path.rs",
    "media/subtitles.rs",
    "access/policy.rs",
    "access/token.rs",
    "access/link.rs",
    "access/password.rs",
    "access/credential.rs",
    "access/session.rs",
    "access/share.rs",
    "access/visit.rs",
    "admin/markdown.rs",
    "admin/redaction.rs",
    "config/features.rs",
];

/// What pure files must not name.
const IMPURE: [&str; 9] =
    ["tokio", "axum", "sqlx", "std::fs", "std::net", "std::io", "Instant", "SystemTime", "crate::clock"];

/// `access::Named` is the one word that a pure file takes from a room with a door.
const PURE_WORDS: [(&str, &str); 1] = [("media/path.rs", "use crate::access::Named;")];

struct Source {
    /// Below `src/`.
    path: String,
    /// Without tests and comments.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().map(Result::unwrap);
    let rust = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"));
    rust.map(|file| {
        let path = file.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        Source { code: production(&fs::read_to_string(file.path()).unwrap()), path }
    })
    .filter(|source| !is_test(&source.path))
    .collect()
}

fn is_test(path: &str) -> bool {
    let in_tests =
        path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"));
    in_tests || path == "range/oracle.rs"
}

fn production(text: &str) -> String {
    let before_tests = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = before_tests.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module(path: &str) -> &str {
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

fn layer(path: &str) -> u8 {
    if PURE.contains(&path) {
        return 0;
    }
    let name = module(path);
    let found = LAYERS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{path} lies in no layer")).1
}

/// The file that `crate::a::b` means, as far as it is one of the pure ones, else the module.
fn layer_of_import(import: &str) -> u8 {
    let parts: Vec<&str> = import.split("::").collect();
    let file = format!("{}/{}.rs", parts[0], parts.get(1).unwrap_or(&""));
    if PURE.contains(&file.as_str()) { 0 } else { layer(parts[0]) }
}

fn imports(code: &str) -> impl Iterator<Item = &str> {
    code.split("crate::").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
        Some(rest[..end].trim_end_matches(':')).filter(|import| !import.is_empty())
    })
}

#[test]
fn imports_go_down() {
    let mut seen = 0;
    for source in sources() {
        let own = layer(&source.path);
        let allowed = PURE_WORDS.iter().filter(|(path, _)| *path == source.path);
        let code = allowed.fold(source.code.clone(), |code, (_, word)| code.replace(word, ""));
        for import in imports(&code).filter(|import| import.split("::").next() != Some(module(&source.path)))
        {
            // Macros and crate-level items have no module.
            if LAYERS.iter().all(|(name, _)| *name != import.split("::").next().unwrap()) {
                continue;
            }
            seen += 1;
            assert!(layer_of_import(import) <= own, "{} (layer {own}) imports {import}", source.path);
        }
    }
    assert!(seen > 100, "only {seen} imports were found: the search is broken");
}

#[test]
fn pure_files_name_no_io_no_clock_and_no_chance() {
    let sources = sources();
    for path in PURE {
        let source = sources.iter().find(|source| source.path == *path).expect(path);
        for word in IMPURE {
            assert!(!source.code.contains(word), "{path} names {word}");
        }
    }
}

#[test]
fn sql_stands_in_db_only() {
    let mut found = 0;
    for source in sources() {
        let has_sql = source.code.contains("sqlx::");
        found += usize::from(has_sql);
        assert!(!has_sql || source.path.starts_with("db/"), "{} names sqlx", source.path);
    }
    assert!(found > 3);
}

#[test]
fn only_access_makes_permits() {
    for source in sources() {
        let makes = source.code.contains("Permit {") && !source.path.starts_with("access/");
        assert!(!makes, "{} makes a permit", source.path);
    }
}

#[test]
fn files_stay_short() {
    // Longer ones, each with its reason: none.
    for source in sources() {
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 400, "{} has {lines} production lines", source.path);
    }
}

#[test]
fn the_map_names_every_room() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rooms: BTreeSet<String> = sources().iter().map(|source| module(&source.path).to_owned()).collect();
    for room in rooms.iter().filter(|room| !["main", "lib"].contains(&room.as_str())) {
        assert!(map.contains(&format!("mod {room};")), "{room} is not on the map");
    }
}

/// A path that fits a route's pattern.
fn example(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| match part {
        "{*rest}" => "some/thing",
        part if part.starts_with('{') => "thing",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_that_is_not_public_refuses_a_stranger() {
    let server = Server::with(&[]);
    // Metrics are open to this machine itself, so the stranger comes through a proxy.
    let stranger = |method: &str, pattern: &str| {
        server.send(&Request::new(method, example(pattern)).header("X-Forwarded-For", "203.0.113.9"))
    };
    let mut guarded = 0;
    for route in ROUTES {
        // No route has it (RFC 9110 §9.3.8 would have it say what was received, cookies included).
        let refused = stranger("TRACE", route.pattern);
        let allow = refused.header("allow").unwrap_or_default().to_owned();
        assert!(refused.status == 405 && !allow.is_empty(), "{}: {refused:?}", route.pattern);
        for method in allow.split(',') {
            let status = stranger(method, route.pattern).status;
            let line = format!("{method} {}", route.pattern);
            match route.openness {
                Openness::Public => {
                    assert!(status != 401 && (status < 500 || status == 503), "{line}: {status}");
                }
                Openness::Guarded => {
                    guarded += 1;
                    assert!(matches!(status, 401 | 404), "{line} lets a stranger in: {status}");
                }
            }
        }
    }
    assert!(guarded >= 5);
}
