//! What nobody may find: tokens, passwords, keys, signatures, addresses and titles, whatever the log is asked for.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::login::{cookie, login};
use crate::support::viewer::connection_from;
use crate::support::{Program, Request, Response, Server, Setup, eventually, files, get, head};

/// Everything, and the parts of libraries that handle request lines by name.
const LOUDEST: &str = "trace,hyper=trace,hyper::proto=trace,hyper::proto::h1::io=trace,hyper_util=trace,axum=trace,\
                       axum::rejection=trace,tower_http=trace,sqlx=trace,sqlx::query=trace,sqlx_core=trace,tokio=trace";

const TITLE: &str = "Confidential Title";
const PASSWORD: &str = "correct horse battery";
const GUESTS: &str = "a password for guests only";
const KEY: &str = "key-of-another-application-4711";
/// Where requests come from: directly, and behind a proxy.
const SOURCE: [u8; 4] = [127, 5, 6, 7];
const FORWARDED: &str = "198.51.100.77";
const FORWARDED_V6: &str = "2001:db8:1:2:3:4:5:6";

/// A secret and what it is.
type Secret = (&'static str, String);

struct Scene {
    server: Server,
    secrets: Vec<Secret>,
    requests: Vec<Request>,
}

fn scene() -> Scene {
    let setup = Setup::new()
        .file(&format!("{TITLE}.mp4"), &files::bytes(5_000))
        .arguments(["--legacy-route", "videos", "--trusted-proxy", "127.0.0.1"])
        .environment("RUST_LOG", LOUDEST);
    let server = setup.start();
    let program = &server.program;
    let mut add = program.command(["user", "add", "ann", "--grant", "videos", "--password-stdin"]);
    fed(&mut add, PASSWORD);
    let login = cookie(&server.send(&login("ann", PASSWORD)));
    let media = server.token("ann", "").token().to_owned();
    let narrow = server.token("ann", "--path videos/other").token().to_owned();
    program.ok("user add root --role admin");
    let api = server.token("root", "--kind api").token().to_owned();
    let mut import = program.command(["token", "create", "ann", "--import-stdin"]);
    fed(&mut import, KEY);
    let signing = program.json_text("key create", "token");
    let id = server.id(&format!("{TITLE}.mp4"));
    let signed = program.json_text(&format!("sign /m/{id} --for 1h"), "url");
    let over = program.json_text(&format!("sign /m/{id} --for 1s"), "url");
    // Not by asking for the video: a viewing that has begun goes on.
    eventually("the end of a signature", Duration::from_secs(3), || {
        (program.run(["verify", &over]).code != Some(0)).then_some(())
    });
    let mut sharing =
        program.command(["share", "create", &format!("videos/{TITLE}.mp4"), "--password-stdin", "--json"]);
    let locked = shared(&mut sharing, GUESTS);
    let open = program.run(["share", "create", &format!("videos/{TITLE}.mp4"), "--json"]).stdout;
    let open = code_of(&open);
    let signature = |url: &str| url.split_once("sig=").unwrap().1.to_owned();
    let secrets = vec![
        ("a media token", media.clone()),
        ("its random part", media[3..].to_owned()),
        ("a narrowed token", narrow.clone()),
        ("an api token", api.clone()),
        ("an imported key", KEY.to_owned()),
        ("a password", PASSWORD.to_owned()),
        ("a share's code", open.clone()),
        ("a locked share's code", locked.clone()),
        ("a share's password", GUESTS.to_owned()),
        ("a password in a form", PASSWORD.replace(' ', "+")),
        ("a login's cookie", login.split_once('=').unwrap().1.to_owned()),
        ("the code of the setup", code(&server)),
        ("a signing key", signing),
        ("a signature", signature(&signed)),
        ("a signature that is over", signature(&over)),
        ("a client's address", SOURCE.map(|part| part.to_string()).join(".")),
        ("an address behind a proxy", FORWARDED.to_owned()),
        ("a long address behind a proxy", FORWARDED_V6.to_owned()),
        ("a title", TITLE.to_owned()),
        ("a title in a path", TITLE.replace(' ', "%20")),
        ("a title in base64", legacy_path().trim_end_matches('=').to_owned()),
    ];
    let mut requests = requests(&id, [&media, &narrow, &api], [&signed, &over]);
    requests.extend(at_shares(&[&open, &locked, &open[..20], &format!("{open}x")]));
    requests.extend(logins(&id, &login, &code(&server)));
    Scene { server, secrets, requests }
}

/// Of a server that has printed one.
fn code(server: &Server) -> String {
    server.announced["setup"].as_str().unwrap().split_once("code=").unwrap().1.to_owned()
}

/// Every place of a password and of a login, right and wrong.
fn logins(id: &str, cookie: &str, code: &str) -> Vec<Request> {
    let by_cookie = |request: Request| request.header("Cookie", cookie);
    let change = serde_json::json!({ "current": PASSWORD, "new": PASSWORD });
    let form = |name| [("name", name), ("password", PASSWORD), ("again", "x")];
    let strange = |request: Request| request.header("Origin", "https://evil.example");
    vec![
        login("nobody", PASSWORD),
        strange(login("ann", PASSWORD)),
        Request::new("POST", "/api/v1/session").body("application/json", format!("{{\"name\": \"{PASSWORD}")),
        Request::new("POST", "/api/v1/session")
            .json(&serde_json::json!({ "name": ["ann"], "password": PASSWORD })),
        Request::new("POST", "/api/v1/session").body("text/plain", PASSWORD),
        Request::new("POST", "/login").form(&form("nobody")),
        Request::new("POST", "/login").form(&[("password", PASSWORD), ("password", PASSWORD)]),
        Request::new("POST", format!("/setup?code={code}")).form(&form("root2")),
        Request::new("POST", format!("/setup?code={code}x")).form(&form("root2")),
        get(format!("/setup?code={code}x")),
        by_cookie(get(format!("/m/{id}"))).header("Range", "bytes=99999-"),
        by_cookie(get("/nowhere")),
        by_cookie(get("/metrics")).header("Forwarded", "for=1"),
        by_cookie(Request::new("PUT", "/api/v1/me/password")).json(&change),
        by_cookie(Request::new("DELETE", "/api/v1/me/sessions")),
        get("/api/v1/me").header("Cookie", format!("{cookie}x")),
        get(format!("/m/{id}?token={}", cookie.split_once('=').unwrap().1)),
    ]
}

/// Pages and bytes of shares, and passwords that are typed there.
fn at_shares(codes: &[&str]) -> Vec<Request> {
    let mut requests = Vec::new();
    for code in codes {
        let cookie = format!("reelgate-AAAAAAAAAAAAAAAAAAAAAA=s.{code}.AAAAAAAAAAAAAAAA.{}", "A".repeat(43));
        requests.extend([
            get(format!("/s/{code}")),
            get(format!("/s/{code}/m")).range("bytes=0-9"),
            get(format!("/s/{code}/m?download=1")).header("Cookie", cookie),
            get(format!("/s/{code}/m?token={code}")),
            get(format!("/s/{code}/poster/{code}")),
            get(format!("/m/{code}?token={code}")),
            Request::new("DELETE", format!("/s/{code}")),
            Request::new("POST", format!("/s/{code}")).form(&[("password", GUESTS)]),
            Request::new("POST", format!("/s/{code}")).form(&[("password", "wrong"), ("more", GUESTS)]),
            Request::new("POST", format!("/s/{code}")).form(&[(GUESTS, GUESTS)]),
        ]);
    }
    requests
}

fn code_of(made: &str) -> String {
    let made: serde_json::Value = serde_json::from_str(made).unwrap();
    made["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// The code of a share whose password is typed.
fn shared(command: &mut Command, line: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !said.contains(line), "{said}");
    code_of(&String::from_utf8(output.stdout).unwrap())
}

fn legacy_path() -> String {
    data_encoding::BASE64.encode(format!("{TITLE}.mp4").as_bytes())
}

/// Every place of a credential, right and wrong, on every kind of route.
fn requests(id: &str, [media, narrow, api]: [&str; 3], [signed, over]: [&str; 2]) -> Vec<Request> {
    let bearer = |token: &str| get(format!("/m/{id}")).header("Authorization", format!("Bearer {token}"));
    let file = TITLE.replace(' ', "%20");
    let mut requests = vec![bearer(media), bearer(narrow), bearer(api), bearer(PASSWORD), get("/metrics")];
    for token in [media, narrow, api, KEY, &media[..20], &format!("{media}x")] {
        requests.extend([
            get(format!("/m/{id}?token={token}")),
            get(format!("/m/{id}?token={token}&token={token}")),
            get(format!("/t/{token}/m/{id}/{file}.mp4")).range("bytes=0-9,20-29"),
            get(format!("/t/{token}/nowhere")),
            get(format!("/t/{token}")),
            get(format!("/files/videos/{file}.mp4?token={token}")).range("bytes=99999-"),
            get(format!("/watch/{id}?token={token}")),
            get(format!("/private/files/download/{}?token={token}", legacy_path())),
            head(format!("/m/{id}?token={token}")),
            Request::new("POST", format!("/m/{id}?token={token}")),
            get(format!("/nowhere/{token}")),
            get(format!("/metrics?token={token}")),
            get("/metrics").header("Authorization", format!("Bearer {token}")).header("Forwarded", "for=1"),
            get(format!("/m/{id}")).header("Cookie", format!("session={token}")),
            get(format!("/m/{id}?token={token}")).header("Transfer-Encoding", "chunked"),
            get(format!("/{}?token={token}", "x".repeat(9_000))),
        ]);
    }
    for url in [signed, over] {
        requests.extend([get(url), get(format!("{url}&more=1")), get(url.replace("exp=", "exp=1"))]);
        requests.extend([get(format!("{url}&token={media}")), get(url.replace("/m/", "/watch/"))]);
    }
    requests
}

/// A line typed into a command that must succeed. Neither its arguments nor its environment may hold the line, and
/// nothing of it is said.
fn fed(command: &mut Command, line: &str) {
    command.env("RUST_LOG", LOUDEST).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    for name in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{}/{name}", child.id())).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(line), "{name} of {command:?}");
    }
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!format!("{output:?}").contains(line), "{output:?}");
}

fn assert_clean(place: &str, text: &str, secrets: &[Secret]) {
    for (what, secret) in secrets {
        let Some(at) = text.find(secret.as_str()) else { continue };
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        panic!("{what} stands in {place}: {}", text[line..].lines().next().unwrap());
    }
}

/// An answer as it came, without its length.
fn said(response: &Response) -> String {
    format!("{:?}\n{}", response.headers, String::from_utf8_lossy(&response.body))
}

#[test]
fn no_secret_is_in_the_log_in_an_error_or_in_the_process() {
    let Scene { mut server, secrets, requests } = scene();
    let faces = [("Accept", "*/*"), ("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")];
    let forwarded = [FORWARDED, FORWARDED_V6, "203.0.113.9, 198.51.100.77"];
    let mut errors = 0;
    for request in &requests {
        for (face, from) in faces.iter().zip(forwarded) {
            let request = request.clone().header(face.0, face.1).header("Connection", "close");
            let mut direct = connection_from(SOURCE, server.address);
            direct.write(&request);
            let answers =
                [direct.response(&request.method), server.send(&request.header("X-Forwarded-For", from))];
            for answer in answers.iter().filter(|answer| answer.status >= 400) {
                errors += 1;
                assert_clean(&format!("an answer {}", answer.status), &said(answer), &secrets);
            }
        }
    }
    assert!(errors > 300, "only {errors} errors were looked at");
    assert_clean("the metrics", server.send(&get("/metrics")).text(), &secrets);
    for name in ["cmdline", "environ"] {
        assert_clean(name, &server.process().read(name), &secrets);
    }
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    let log = server.log();
    assert!(log.matches(r#""message":"request""#).count() >= requests.len() * 6, "requests are logged");
    assert!(log.contains(r#""level":"DEBUG""#) || log.contains(r#""level":"TRACE""#), "the log is not loud");
    assert!(log.contains(r#""client":"198.51.100.0""#) && log.contains(r#""client":"2001:db8:1::""#));
    assert_clean("the log", &log, &secrets);
}

#[test]
fn the_data_folder_holds_no_token_no_password_and_no_imported_key() {
    let Scene { server, secrets, .. } = scene();
    let stored = ["a signing key", "a title"];
    let secrets: Vec<Secret> = secrets.into_iter().filter(|(what, _)| !stored.contains(what)).collect();
    let mut seen = 0;
    for entry in fs::read_dir(&server.program.data).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        seen += bytes.len();
        assert_clean(path.to_str().unwrap(), &String::from_utf8_lossy(&bytes), &secrets);
    }
    assert!(seen > 50_000, "the database was not looked at");
}

#[test]
fn commands_show_a_secret_once_and_log_none() {
    let Scene { server, secrets, .. } = scene();
    let own = |what: &&Secret| !what.0.starts_with("a title");
    let secrets: Vec<Secret> = secrets.iter().filter(own).cloned().collect();
    let program: &Program = &server.program;
    let lines = [
        "user list",
        "user show ann",
        "token list",
        "grant list",
        "key list",
        "share list",
        "items",
        "scan videos",
        "config check videos",
    ];
    for line in lines.iter().flat_map(|line| [(*line).to_owned(), format!("{line} --json")]) {
        let mut command = program.command(line.split(' '));
        let output = command.env("RUST_LOG", LOUDEST).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert_clean(&line, &text.concat(), &secrets);
    }
    // Somebody pastes the token where its id belongs.
    let token = &secrets[0].1;
    let ran = program.run(["token", "revoke", token]);
    assert_eq!(ran.code, Some(1));
    assert_clean("the error", &format!("{}{}", ran.stdout, ran.stderr), &secrets);
}

#[test]
fn a_process_that_dies_leaves_no_memory_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited; kill -ABRT $$"]).current_dir(folder.path());
    if !shell.status().unwrap().core_dumped() {
        eprintln!("this machine dumps nobody: nothing can be shown");
        return;
    }
    let mut server = Setup::new().start_in_shell("ulimit -c unlimited");
    assert_eq!(server.send(&get("/healthz")).status, 200);
    server.signal(Signal::ABORT);
    let status = server.wait();
    assert_eq!(status.signal(), Some(6));
    assert!(!status.core_dumped(), "a core dump holds tokens");
}
