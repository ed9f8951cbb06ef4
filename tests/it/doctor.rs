//! `doctor` on servers that are right, and on servers that are wrong in one way each.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::media::SOON;
use crate::support::proxy::{caddy, nginx};
use crate::support::{Fault, Faulty, Program, Proxy, Ran, Server, Setup, files, get};

/// H.264 and AAC, the index in front: it plays everywhere.
const FILM: &[u8] = include_bytes!("../../static/sample/reelgate-sample.mp4");

/// What it says of this: exit status, and its JSON.
struct Said {
    code: Option<i32>,
    value: Value,
}

impl Said {
    /// Rules that fired, with the layer.
    fn findings(&self) -> BTreeSet<(&str, &str)> {
        let findings = self.value["findings"].as_array().unwrap().iter();
        findings.map(|found| (found["layer"].as_str().unwrap(), found["rule"].as_str().unwrap())).collect()
    }

    fn rules(&self) -> BTreeSet<&str> {
        self.findings().into_iter().map(|found| found.1).collect()
    }

    /// Safari, Chrome, Firefox.
    fn effects(&self) -> Vec<&str> {
        let browsers = self.value["browsers"].as_array().unwrap().iter();
        browsers.map(|browser| browser["effect"].as_str().unwrap()).collect()
    }
}

fn ask(program: &Program, args: &[&str]) -> Said {
    let ran = program.run([&["doctor"], args, &["--json"]].concat());
    let value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no JSON: {ran:?}"));
    Said { code: ran.code, value }
}

/// A program without a data folder: it needs none to ask a server.
fn nobody() -> (TempDir, Program) {
    let folder = tempfile::Builder::new().prefix("reelgate-doctor-").tempdir().unwrap();
    let program = Program::new(folder.path().join("data"));
    (folder, program)
}

const PLAYS: [&str; 3] = ["plays", "plays", "plays"];
const PAGE: [&str; 2] = ["--page-origin", "http://127.0.0.1:9"];

#[test]
fn each_faulty_server_is_named() {
    let (_folder, program) = nobody();
    let cases: [(Fault, &[&str], [&str; 3]); 26] = [
        (Fault::None, &[], PLAYS),
        (Fault::OffByOne, &["last-byte", "length-short"], ["unknown", "fails", "fails"]),
        (Fault::EndIsSize, &["end-is-size"], ["unknown", "fails", "fails"]),
        (Fault::WholeOnly, &["ranges-claimed"], ["fails", "degraded", "no-seek"]),
        (Fault::NoContentRange, &["no-content-range"], ["fails", "fails", "fails"]),
        (Fault::UnknownTotal, &["unknown-total"], ["fails", "no-seek", "plays"]),
        (Fault::WeakTag, &["etag-weak"], ["plays", "degraded", "plays"]),
        (Fault::ChangingTag, &["etag-changes"], ["fails", "degraded", "plays"]),
        (Fault::ShortBody, &["body-short"], ["fails", "fails", "fails"]),
        (Fault::Excess, &["body-excess"], ["fails", "plays", "plays"]),
        (Fault::Chunked, &["chunked-part"], ["fails", "plays", "plays"]),
        (Fault::CutShort, &["range-cut"], ["fails", "plays", "plays"]),
        (Fault::FromZero, &["wrong-bytes"], ["fails", "fails", "fails"]),
        (Fault::No416, &["no-416"], ["unknown", "plays", "plays"]),
        (Fault::Bare416, &["bare-416"], ["unknown", "plays", "plays"]),
        (Fault::DeafToIfRange, &["if-range-ignored"], ["plays", "degraded", "plays"]),
        (Fault::OctetStream, &["type-unknown"], ["unknown", "plays", "plays"]),
        (Fault::PlainText, &["type-text"], ["fails", "fails", "plays"]),
        (Fault::Page, &["a-page-instead"], ["fails", "fails", "fails"]),
        (Fault::AlwaysGzip, &["compressed"], ["fails", "fails", "fails"]),
        (Fault::Refused, &["credential-refused"], ["fails", "fails", "fails"]),
        (Fault::OneShot, &["one-shot"], ["fails", "fails", "fails"]),
        (Fault::NoCors, &["cors-missing"], ["degraded", "degraded", "degraded"]),
        (Fault::SameOriginOnly, &["corp-forbids"], ["fails", "fails", "fails"]),
        (Fault::RedirectsForever, &["redirect-loop"], ["fails", "fails", "fails"]),
        (Fault::NotHttp, &["not-http"], ["fails", "fails", "fails"]),
    ];
    for (fault, rules, effects) in cases {
        let url = Faulty::serve(FILM, fault).url();
        let said = ask(&program, &[&[url.as_str()], PAGE.as_slice()].concat());
        let found = said.rules();
        let missing: Vec<_> = rules.iter().filter(|rule| !found.contains(*rule)).collect();
        assert!(missing.is_empty(), "{fault:?}: {missing:?} is not among {found:?}");
        assert_eq!(said.effects(), effects, "{fault:?}: {found:?}");
        let is_bad = effects.iter().any(|effect| matches!(*effect, "fails" | "no-seek"));
        assert_eq!(said.code, Some(i32::from(is_bad)), "{fault:?}");
    }
}

#[test]
fn a_right_server_has_nothing_wrong_and_an_absent_one_is_named() {
    let (_folder, program) = nobody();
    let url = Faulty::serve(FILM, Fault::None).url();
    let said = ask(&program, &[&url]);
    assert_eq!((said.rules(), said.effects()), (BTreeSet::new(), PLAYS.to_vec()));
    let tracks = said.value["file"]["tracks"].as_array().unwrap();
    let codecs: Vec<_> = tracks.iter().map(|track| track["codec"].as_str().unwrap()).collect();
    assert!(codecs[0].starts_with("avc1.") && codecs[1] == "mp4a.40.2", "read by ranges: {codecs:?}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = ask(&program, &[&format!("http://{closed}/film.mp4")]);
    assert_eq!((said.rules(), said.code), (["unreachable"].into(), Some(1)));
}

#[test]
fn the_codings_of_a_distant_film_are_read_by_ranges() {
    let (folder, program) = nobody();
    let last = folder.path().join("last.mp4");
    // More than the first MiB lies before the index.
    let (ftyp, rest) =
        FILM.split_at(usize::try_from(u32::from_be_bytes(FILM[..4].try_into().unwrap())).unwrap());
    let (moov, mdat) =
        rest.split_at(usize::try_from(u32::from_be_bytes(rest[..4].try_into().unwrap())).unwrap());
    assert_eq!((&moov[4..8], &ftyp[4..8]), (&b"moov"[..], &b"ftyp"[..]), "the sample's index is in front");
    let padding = [&(2_u32 << 20).to_be_bytes()[..], b"free", &vec![0; (2 << 20) - 8]].concat();
    files::write(&last, &[ftyp, mdat, &padding, moov].concat());
    for fault in [Fault::None, Fault::WholeOnly] {
        let url = Faulty::serve(&fs::read(&last).unwrap(), fault).url();
        let said = ask(&program, &[&url]);
        let has_ranges = fault == Fault::None;
        assert_eq!(said.rules().contains("index-last"), has_ranges, "{fault:?}: {:?}", said.rules());
        assert_eq!(said.rules().contains("not-fully-read"), !has_ranges, "{fault:?}");
        assert_eq!(said.value["file"]["tracks"].as_array().unwrap().is_empty(), !has_ranges, "{fault:?}");
    }
}

#[test]
fn reelgate_itself_is_well_by_token_by_signature_and_by_header() {
    let server = Server::with(&[("film.mp4", FILM)]);
    let ann = server.user("ann", Some("videos"));
    let id = server.id("film.mp4");
    server.program.ok("key create");
    server.lasting_tag(&format!("/m/{id}?token={}", ann.token()));
    let base = format!("http://{}", server.address);
    let signed = server.program.sign(&format!("/m/{id}"), "1h");
    let urls = [
        format!("{base}/m/{id}?token={}", ann.token()),
        format!("{base}/t/{}/m/{id}/film.mp4", ann.token()),
        format!("{base}{signed}"),
    ];
    for url in &urls {
        let said = ask(&server.program, &[url]);
        assert_eq!((said.rules(), said.effects()), (BTreeSet::new(), PLAYS.to_vec()), "{}", said.value);
        assert_eq!(said.value["http"]["server"], "reelgate");
    }
    let file = server.folder().join("token");
    fs::write(&file, ann.token()).unwrap();
    let said = ask(&server.program, &[&format!("{base}/m/{id}"), "--bearer-file", file.to_str().unwrap()]);
    assert_eq!((said.rules(), said.code), (["needs-a-header"].into(), Some(0)));
}

#[test]
fn a_page_that_reelgate_lets_read_is_well_and_another_gets_the_line_that_lets_it() {
    let page = PAGE[1];
    let server = Setup::new().file("film.mp4", FILM).arguments(["--cors-origin", page]).start();
    let ann = server.user("ann", Some("videos"));
    let id = server.id("film.mp4");
    server.lasting_tag(&format!("/m/{id}?token={}", ann.token()));
    let url = format!("http://{}/m/{id}?token={}", server.address, ann.token());
    let said = ask(&server.program, &[&[url.as_str()], PAGE.as_slice()].concat());
    assert_eq!((said.rules(), said.effects()), (BTreeSet::new(), PLAYS.to_vec()), "{}", said.value);
    let other = ["--page-origin", "http://127.0.0.1:10"];
    let said = ask(&server.program, &[&[url.as_str()], other.as_slice()].concat());
    assert_eq!((said.rules(), said.code), (["cors-missing"].into(), Some(0)));
    let cure = said.value["findings"][0]["cure"].as_str().unwrap();
    assert!(cure.contains("cors_origins = [\"http://127.0.0.1:10\"]"), "{cure}");
}

#[test]
fn a_withdrawn_token_and_a_link_that_is_over_get_reelgates_own_cures() {
    let server = Server::with(&[("film.mp4", FILM)]);
    let ann = server.user("ann", Some("videos"));
    let narrow = server.user("ben", None);
    let url = |token: &str| format!("http://{}/m/{}?token={token}", server.address, server.id("film.mp4"));
    server.program.ok(&format!("token revoke {}", ann.token_id()));
    server.program.ok("key create");
    let path = server.program.sign(&format!("/m/{}", server.id("film.mp4")), "1s");
    server.becomes("the end of the link", SOON, &get(path.as_str()), 410);
    let cases = [
        (url(ann.token()), "credential-refused", "reelgate token list"),
        (format!("http://{}{path}", server.address), "link-over", "reelgate sign"),
        (url(narrow.token()), "not-found", "reelgate items"),
    ];
    for (url, rule, cure) in cases {
        let said = ask(&server.program, &[&url]);
        assert_eq!((said.rules(), said.code), ([rule].into(), Some(1)));
        let found = said.value["findings"][0]["cure"].as_str().unwrap();
        assert!(found.contains(cure), "{rule}: {found}");
    }
}

#[test]
fn no_credential_is_printed() {
    let server = Server::with(&[("film.mp4", FILM)]);
    let ann = server.user("ann", Some("videos"));
    let id = server.id("film.mp4");
    let base = format!("http://{}", server.address);
    let query = format!("{base}/m/{id}?token={}", ann.token());
    let path = format!("{base}/t/{}/m/{id}", ann.token());
    let closed = format!("http://127.0.0.1:1/m/{id}?token={}", ann.token());
    for url in [&query, &path, &closed] {
        for args in [vec![url.as_str()], vec![url, "--json"], vec![url, "--public", &query]] {
            let Ran { stdout, stderr, .. } = server.program.run([&["doctor"], args.as_slice()].concat());
            assert!(!(stdout.contains(ann.token()) || stderr.contains(ann.token())), "{stdout}{stderr}");
            assert!(stdout.contains('…'), "{stdout}");
        }
    }
    let odd = format!("ftp://host/?token={}", ann.token());
    let Ran { stdout, stderr, code } = server.program.run(["doctor", &query, "--public", &odd]);
    assert_eq!(code, Some(2));
    assert!(!(stdout.contains(ann.token()) || stderr.contains(ann.token())), "{stdout}{stderr}");
}

/// nginx that serves the film from its folder.
fn file_server(more: &str) -> Proxy {
    let more = more.to_owned();
    Proxy::start("nginx", move |folder, address| {
        files::write(&folder.join("www/film.mp4"), FILM);
        let root = folder.join("www");
        let site = format!(
            "types {{ video/mp4 mp4; }}\nserver {{ listen {address}; access_log off; root {}; {more} }}\n",
            root.display()
        );
        nginx(folder, &site)
    })
}

#[test]
fn nginx_and_caddy_as_file_servers_are_well() {
    let (_folder, program) = nobody();
    let by_caddy = Proxy::start("Caddy", |folder: &Path, address| {
        files::write(&folder.join("www/film.mp4"), FILM);
        let root = folder.join("www");
        let port = address.port();
        caddy(
            folder,
            &format!("http://:{port} {{\n\tbind 127.0.0.1\n\troot * {}\n\tfile_server\n}}\n", root.display()),
        )
    });
    for (proxy, server) in [(file_server(""), "nginx"), (by_caddy, "caddy")] {
        let said = ask(&program, &[&format!("http://{}/film.mp4", proxy.address)]);
        assert_eq!((said.rules(), said.effects()), (BTreeSet::new(), PLAYS.to_vec()), "{server}");
        assert_eq!(said.value["http"]["server"], server);
    }
}

#[test]
fn an_nginx_without_ranges_or_with_a_strange_type_is_named_with_its_own_cure() {
    let (_folder, program) = nobody();
    let cases = [
        ("max_ranges 0;", "ranges-ignored", "proxy_force_ranges"),
        (
            "types { } default_type text/plain; add_header X-Content-Type-Options nosniff;",
            "type-text",
            "types {",
        ),
    ];
    for (line, rule, cure) in cases {
        let proxy = file_server(line);
        let said = ask(&program, &[&format!("http://{}/film.mp4", proxy.address)]);
        assert_eq!(said.rules(), [rule].into(), "{line}");
        let found = said.value["findings"][0]["cure"].as_str().unwrap();
        assert!(found.starts_with("nginx") && found.contains(cure), "{found}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn https_is_asked_with_the_certificates_that_this_machine_trusts() {
    let (folder, program) = nobody();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&cert, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let lines = format!("ssl_certificate {}; ssl_certificate_key {};", cert.display(), key.display());
    let proxy = Proxy::start("nginx", |folder, address| {
        files::write(&folder.join("www/film.mp4"), FILM);
        let root = folder.join("www");
        let root = root.display();
        let types = "types { video/mp4 mp4; }";
        nginx(
            folder,
            &format!("{types}\nserver {{ listen {address} ssl; access_log off; root {root}; {lines} }}\n"),
        )
    });
    let url = format!("https://{}/film.mp4", proxy.address);
    let ask_trusting = |trusted: Option<&Path>| {
        let mut command = program.command(["doctor", &url, "--json"]);
        command.envs(trusted.map(|trusted| ("SSL_CERT_FILE", trusted)));
        let output = command.output().unwrap();
        Said { code: output.status.code(), value: serde_json::from_slice(&output.stdout).unwrap() }
    };
    let stranger = ask_trusting(None);
    assert_eq!((stranger.rules(), stranger.code), (["tls-refused"].into(), Some(1)));
    let known = ask_trusting(Some(&cert));
    assert_eq!((known.rules(), known.effects()), (BTreeSet::new(), PLAYS.to_vec()));
}

/// nginx before this server, with these lines in its location.
fn before(server: &Server, lines: &str) -> Proxy {
    let (upstream, lines) = (server.address, lines.to_owned());
    Proxy::start("nginx", move |folder, address| {
        let site = format!(
            "server {{ listen {address}; access_log off; location / {{ proxy_pass http://{upstream}; \
             proxy_http_version 1.1; {lines} }} }}\n"
        );
        nginx(folder, &site)
    })
}

#[test]
fn what_a_proxy_changes_is_held_against_the_path() {
    let server = Setup::new().file("film.mp4", FILM).arguments(["--trusted-proxy", "127.0.0.1"]).start();
    let ann = server.user("ann", Some("videos"));
    let target = format!("/m/{}?token={}", server.id("film.mp4"), ann.token());
    server.lasting_tag(&target);
    let cases: [(&str, &[&str], [&str; 3]); 5] = [
        ("", &[], PLAYS),
        // It compresses in spite of no-transform, but only for who asks; its ETag is weak then and ranges are gone.
        ("gzip on; gzip_types video/mp4;", &["compresses-on-request"], PLAYS),
        (
            "proxy_set_header Range \"\";",
            &["path-strips-range", "ranges-claimed"],
            ["fails", "degraded", "no-seek"],
        ),
        ("proxy_hide_header ETag;", &["path-loses-headers"], ["unknown", "unknown", "unknown"]),
        ("proxy_hide_header Content-Range;", &["bare-416", "no-content-range"], ["fails", "fails", "fails"]),
    ];
    for (lines, rules, effects) in cases {
        let proxy = before(&server, lines);
        let local = format!("http://{}{target}", server.address);
        let said = ask(&server.program, &[&local, "--public", &format!("http://{}{target}", proxy.address)]);
        let found = said.findings();
        assert!(found.iter().all(|(layer, _)| *layer == "path"), "{lines}: {found:?}");
        let missing: Vec<_> = rules.iter().filter(|rule| !found.contains(&("path", *rule))).collect();
        assert!(missing.is_empty(), "{lines}: {missing:?} is not among {found:?}");
        assert_eq!(found.is_empty(), rules.is_empty(), "{lines}: {found:?}");
        assert_eq!(said.effects(), effects, "{lines}: {found:?}");
        assert_eq!(said.value["path_to_viewer"]["is_reelgate"], true, "{lines}");
    }
}

#[test]
fn an_item_is_asked_on_this_machine_and_by_its_public_address() {
    let server = Server::with(&[("film.mp4", FILM)]);
    let id = server.id("film.mp4");
    let mut command = server.program.command(["doctor", &id, "--json"]);
    let without_key = command.output().unwrap();
    assert_eq!(without_key.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&without_key.stderr).contains("reelgate key create"), "the cure");

    server.program.ok("key create");
    let proxy = before(&server, "proxy_set_header Range \"\";");
    let public = format!("http://{}", proxy.address);
    for subject in [id, server.library().join("film.mp4").to_str().unwrap().to_owned()] {
        let mut command = server.program.command(["doctor", &subject, "--json"]);
        command.env("REELGATE_LISTEN", server.address.to_string()).env("REELGATE_PUBLIC_URL", &public);
        let output = command.output().unwrap();
        let said =
            Said { code: output.status.code(), value: serde_json::from_slice(&output.stdout).unwrap() };
        assert!(said.findings().contains(&("path", "path-strips-range")), "{:?}", said.findings());
        assert_eq!(said.value["http"]["server"], "reelgate");
        assert!(said.value["path"].as_str().unwrap().ends_with("videos/film.mp4"));
    }
}

#[test]
fn a_file_is_judged_as_reelgate_would_serve_it() {
    let (folder, program) = nobody();
    let judged = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        files::write(&path, bytes);
        ask(&program, &[path.to_str().unwrap()])
    };
    assert_eq!(judged("film.mp4", FILM).effects(), PLAYS);
    let cut = judged("cut.mp4", &FILM[..FILM.len() / 2]);
    assert_eq!((cut.rules(), cut.code), (["cut-off"].into(), Some(1)));
    assert_eq!(judged("empty.mp4", b"").rules(), ["empty-file"].into());
    assert_eq!(judged("text.mp4", b"no film").rules(), ["not-a-video"].into());
    let human = program.run(["doctor", folder.path().join("cut.mp4").to_str().unwrap()]);
    for word in ["FILE  video/mp4", "Safari   plays, cannot seek      cut-off", "cure    Copy it again"] {
        assert!(human.stdout.contains(word), "{word:?} is not in {}", human.stdout);
    }
    let missing = program.run(["doctor", "nowhere.mp4"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""));
    assert!(missing.stderr.contains("nowhere.mp4 cannot be read"), "{}", missing.stderr);
    assert_eq!(program.run(["doctor", "nowhere.mp4", "--public", "http://h/"]).code, Some(2));
}

#[test]
fn an_installation_is_looked_at() {
    let server = Server::with(&[("film.mp4", FILM)]);
    let state = |checks: &Value, name: &str| {
        let found = checks.as_array().unwrap().iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {checks}"))["state"].as_str().unwrap().to_owned()
    };
    let examine = |listen: &str| {
        let mut command = server.program.command(["doctor", "--json"]);
        let output = command.env("REELGATE_LISTEN", listen).output().unwrap();
        let checks: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), checks)
    };
    let (code, checks) = examine(&server.address.to_string());
    assert_eq!(code, Some(0), "{checks}");
    for name in ["data folder", "database", "clock", "address", "library videos"] {
        assert_eq!(state(&checks, name), "good", "{name}");
    }
    let stranger = Faulty::serve(FILM, Fault::Refused);
    let (code, checks) = examine(&stranger.address.to_string());
    assert_eq!((code, state(&checks, "address").as_str()), (Some(1), "bad"), "another program has the port");
    fs::rename(server.library(), server.folder().join("elsewhere")).unwrap();
    let (code, checks) = examine(&server.address.to_string());
    assert_eq!((code, state(&checks, "library videos").as_str()), (Some(1), "bad"), "the disk is away");
}
