//! The first administrator: by the code that a server prints when it starts, or by a file. Once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use serde_json::{Value, json};

use crate::support::login::{PASSWORD, cookie, login};
use crate::support::{Request, Response, Server, Setup, get};

/// The way in that a server has printed.
fn way_in(server: &Server) -> String {
    let url = server.announced["setup"].as_str().unwrap_or_else(|| panic!("{}", server.announced));
    url.strip_prefix(&format!("http://{}", server.address)).unwrap().to_owned()
}

fn code(server: &Server) -> String {
    way_in(server).strip_prefix("/setup?code=").unwrap().to_owned()
}

fn by_page(server: &Server, code: &str, name: &str, passwords: [&str; 2]) -> Response {
    let form = [("name", name), ("password", passwords[0]), ("again", passwords[1])];
    server.send(
        &Request::new("POST", format!("/setup?code={code}"))
            .header("Sec-Fetch-Site", "same-origin")
            .form(&form),
    )
}

fn by_api(server: &Server, code: &str, name: &str) -> Response {
    let body = json!({ "code": code, "name": name, "password": PASSWORD });
    server.send(&Request::new("POST", "/api/v1/setup").json(&body))
}

fn role(server: &Server, answer: &Response) -> Value {
    server.send(&get("/api/v1/me").header("Cookie", cookie(answer))).json()["role"].clone()
}

#[test]
fn the_printed_address_makes_one_administrator_without_a_script() {
    let server = Server::with(&[]);
    let (target, code) = (way_in(&server), code(&server));
    let page = server.send(&get(&target).header("Sec-Fetch-Mode", "navigate"));
    assert_eq!(page.status, 200);
    // To its own address, with the code.
    assert!(page.text().contains("method=\"post\">") && !page.text().contains("<script"), "{}", page.text());
    assert_eq!(page.header("referrer-policy"), Some("same-origin"), "or the form comes from nowhere");
    let cases = [
        (code.as_str(), "root", [PASSWORD, "another password"], 422, "not equal", "again"),
        (&code, "root", ["short", "short"], 422, "too short", "password"),
        (&code, "rootroot", ["RootRoot", "RootRoot"], 422, "the name", "password"),
        (&code, "no name", [PASSWORD, PASSWORD], 422, "a name with a space", "name"),
        (&code[1..], "root", [PASSWORD, PASSWORD], 403, "another code", ""),
        ("", "root", [PASSWORD, PASSWORD], 403, "no code", ""),
    ];
    for (code, name, passwords, status, why, field) in cases {
        let answer = by_page(&server, code, name, passwords);
        assert_eq!(answer.status, status, "{why}");
        assert!(answer.header("set-cookie").is_none(), "{why}");
        assert_eq!(answer.text().contains("role=\"alert\""), status == 422, "{why}");
        if status == 422 {
            assert_put_right_at(&answer, field, why);
            assert!(answer.text().contains(&format!("value=\"{name}\"")), "{why}: the name is kept");
            assert!(
                !passwords.iter().any(|password| answer.text().contains(password)),
                "{why}: no password is"
            );
        }
    }
    let made = by_page(&server, &code, "root", [PASSWORD, PASSWORD]);
    assert_eq!((made.status, made.header("location")), (303, Some("/")));
    assert_eq!(role(&server, &made), "admin");
    assert_over(&server, &code);
    let server = server.kill().start_unscanned();
    assert_eq!(server.announced["setup"], Value::Null);
    assert_over(&server, &code);
}

/// The one field that is wrong says so, says why, and has the focus.
#[track_caller]
fn assert_put_right_at(page: &Response, field: &str, why: &str) {
    let tags: Vec<&str> =
        page.text().split("<input ").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    assert_eq!(tags.len(), 3, "{why}");
    for tag in tags {
        let is_it = tag.contains(&format!("name=\"{field}\""));
        let marks = ["aria-invalid=\"true\"", "aria-describedby=\"wrong", " autofocus"];
        assert!(marks.iter().all(|mark| tag.contains(mark) == is_it), "{why}: {tag}");
    }
}

#[track_caller]
fn assert_over(server: &Server, code: &str) {
    for name in ["root", "eve"] {
        assert_eq!(by_api(server, code, name).status, 404);
        assert_eq!(by_page(server, code, name, [PASSWORD, PASSWORD]).status, 404);
    }
    assert_eq!(server.send(&get(format!("/setup?code={code}"))).status, 404);
    assert_eq!(server.send(&get("/setup")).status, 404);
    let again = server.send(&get(format!("/setup?code={code}")).header("Sec-Fetch-Mode", "navigate"));
    let text = again.text();
    assert!(
        again.status == 404 && text.contains("already set up") && text.contains("href=\"/login\""),
        "{text}"
    );
}

#[test]
fn of_many_who_set_up_at_once_one_becomes_administrator() {
    let server = Server::with(&[]);
    let code = code(&server);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let one = |number| {
            let (server, code) = (&server, &code);
            scope.spawn(move || by_api(server, code, &format!("root{number}")).status)
        };
        let all: Vec<_> = (0..8).map(one).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 404)), "{statuses:?}");
    assert_eq!(server.program.json("user list").as_array().unwrap().len(), 1);
}

#[test]
fn the_way_in_is_there_as_long_as_nobody_can_administer() {
    let server = Server::with(&[]);
    let (old, program) = (code(&server), server.program.clone());
    program.ok("user add root --role admin");
    server.person("ada", "");
    let server = server.kill().start_unscanned();
    let code = code(&server);
    assert_ne!(code, old, "each start has its own");
    assert_eq!(by_api(&server, &old, "root").status, 403);
    assert_eq!(by_api(&server, &code, "ada").status, 409, "a viewer does not become an administrator so");
    let made = by_api(&server, &code, "root");
    assert_eq!((made.status, role(&server, &made)), (200, json!("admin")), "one without a password gets one");
    assert_eq!(program.json("user list").as_array().unwrap().len(), 2);

    let server = Server::with(&[]);
    let code = self::code(&server);
    server.person("root", "--role admin");
    assert_eq!(by_api(&server, &code, "eve").status, 404, "somebody was quicker by the command line");
}

#[test]
fn a_file_holds_the_first_administrators_password() {
    let setup = Setup::new();
    let file = setup.folder().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let setup = setup.environment("REELGATE_ADMIN_PASSWORD_FILE", file.to_str().unwrap());
    let server = setup.start();
    assert_eq!(server.announced["setup"], Value::Null);
    assert_eq!(server.send(&login("admin", PASSWORD)).json()["role"], "admin");
    assert_eq!(server.send(&get("/setup")).status, 404);
    assert!(!server.log().contains("chmod 600"), "{}", server.log());

    fs::write(&file, "battery staple").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let server = server.kill().start_unscanned();
    assert_eq!(server.send(&login("admin", "battery staple")).status, 401, "it is for the first one only");
    assert_eq!(server.send(&login("admin", PASSWORD)).status, 200);
    assert!(server.log().contains("chmod 600"), "others can read it: {}", server.log());
    assert!(!server.log().contains(PASSWORD) && !server.log().contains("battery"));
}

#[test]
fn a_file_that_is_no_good_stops_the_start() {
    let setup = Setup::new();
    let file = setup.folder().join("password");
    let cases: [(Option<&[u8]>, &str, &str); 4] = [
        (None, "admin_password_file (environment", "there is none"),
        (Some(b"short\n"), "at least 8 bytes", "too short"),
        (Some(b"password123\n"), "one of the first", "a common one"),
        (Some(b"\xff\xfe\xfd\xfc\xff\xfe\xfd\xfc"), "admin_password_file", "no text"),
    ];
    for (text, words, why) in cases {
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let mut command = setup.command();
        let ran = crate::support::program::ran(
            command.env("REELGATE_ADMIN_PASSWORD_FILE", &file).output().unwrap(),
        );
        assert!(ran.code != Some(0) && ran.stderr.contains(words), "{why}: {ran:?}");
        assert!(!ran.stderr.contains("password123") && ran.stdout.is_empty(), "{why}: {ran:?}");
    }
}

#[test]
fn the_demo_shows_a_login_that_works() {
    use std::io::{BufRead, BufReader};
    let mut command = crate::support::program::bare();
    command.args(["demo", "--listen", "127.0.0.1:0", "--json"]);
    let mut demo = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let text = |key: &str| said["login"][key].as_str().unwrap();
    let address = text("url").strip_prefix("http://").unwrap().strip_suffix("/login").unwrap();
    let answer = login(text("name"), text("password")).send(address.parse().unwrap());
    let _ = demo.kill();
    let _ = demo.wait();
    assert_eq!((answer.status, &answer.json()["role"]), (200, &json!("admin")));
}
