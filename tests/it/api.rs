//! The JSON API of accounts: who may what, what is refused and how, and that it counts at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::durability::python;
use crate::support::login::{PASSWORD as OLD_PASSWORD, log_in};
use crate::support::{Request, Response, Server, Setup, eventually, files, get};

const SECOND: Duration = Duration::from_secs(1);
const PASSWORD: &str = "hunter2-and-a-half";

/// A server with a film, an administrator and a viewer, who have api tokens.
struct House {
    server: Server,
    root: String,
    ada: String,
}

impl House {
    fn new() -> House {
        let setup = Setup::new().file("2024/film.mp4", &files::bytes(1_000));
        let server = setup.file("2023/film.mp4", &files::bytes(900)).start();
        server.program.ok("user add root --role admin");
        server.program.ok("user add ada --grant videos/2024");
        let api = |name| server.token(name, "--kind api").token().to_owned();
        House { root: api("root"), ada: api("ada"), server }
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Response {
        let request = Request::new(method, format!("/api/v1{path}"));
        let request = body.map_or(request.clone(), |body| request.json(body));
        self.server.send(&if token.is_empty() { request } else { request.bearer(token) })
    }

    /// As the administrator, who gets this status.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "tests write the body where they call")]
    fn root(&self, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
        let answer = self.ask(&self.root, method, path, body.as_ref());
        assert_eq!(answer.status, status, "{method} {path} {body:?}: {answer:?}");
        if status == 204 { Value::Null } else { answer.json() }
    }

    /// A new token, made by whoever has this one.
    #[track_caller]
    fn made(&self, by: &str, body: &Value) -> Value {
        let answer = self.ask(by, "POST", "/tokens", Some(body));
        assert_eq!(answer.status, 201, "{body}: {answer:?}");
        answer.json()
    }

    /// What a token gets of a film. See [`Server::status`].
    fn opens(&self, token: &str, path: &str) -> u16 {
        self.server.status(&get(format!("/files/videos/{path}")).bearer(token))
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// RFC 9457, with what to do about it.
#[track_caller]
fn assert_problem(answer: &Response, status: u16, code: &str, why: &str) {
    assert_eq!(answer.status, status, "{why}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{why}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{why}");
    let problem = answer.json();
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(status)), "{why}");
    assert_eq!(problem["code"], code, "{why}: {problem}");
    for field in ["title", "detail", "hint"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{why}: {field} in {problem}");
    }
    assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"), "{why}");
}

#[test]
fn strangers_get_401_viewers_their_own_and_administrators_everything() {
    let house = House::new();
    // Method, path, body; what a viewer gets and what an administrator.
    let cases: [(&str, &str, Option<Value>, u16, u16); 18] = [
        ("GET", "/me", None, 200, 200),
        ("GET", "/users", None, 403, 200),
        ("POST", "/users", Some(json!({"name": "bob", "areas": ["videos"]})), 403, 201),
        ("GET", "/users/bob", None, 403, 200),
        ("GET", "/users/nobody", None, 403, 404),
        ("PATCH", "/users/bob", Some(json!({"state": "disabled"})), 403, 200),
        ("PUT", "/users/bob/password", Some(json!({"password": PASSWORD})), 403, 204),
        ("GET", "/grants?user=bob", None, 403, 200),
        ("POST", "/grants", Some(json!({"user": "bob", "area": "/"})), 403, 201),
        ("POST", "/grants", Some(json!({"user": "bob", "area": "/"})), 403, 200),
        ("DELETE", "/grants?user=bob&area=/", None, 403, 200),
        ("DELETE", "/users/bob", None, 403, 204),
        ("GET", "/tokens", None, 200, 200),
        ("GET", "/tokens?user=root", None, 403, 200),
        ("POST", "/tokens", Some(json!({"kind": "media"})), 201, 201),
        ("GET", "/keys", None, 403, 200),
        ("POST", "/keys", None, 403, 201),
        ("POST", "/keys/rotate", Some(json!({})), 403, 201),
    ];
    for (method, path, body, viewer, admin) in cases {
        let line = format!("{method} {path}");
        let stranger = house.ask("", method, path, body.as_ref());
        assert_problem(&stranger, 401, "unauthorized", &line);
        assert_eq!(stranger.header("www-authenticate"), Some("Bearer realm=\"reelgate\""), "{line}");
        let refused = house.ask(&house.ada, method, path, body.as_ref());
        assert_eq!(refused.status, viewer, "{line} as a viewer: {refused:?}");
        if viewer == 403 {
            assert_problem(&refused, 403, "forbidden", &line);
        }
        house.root(method, path, body, admin);
    }
}

#[test]
fn a_credential_that_is_no_persons_opens_nothing_here() {
    let house = House::new();
    let media = house.server.token("root", "");
    let in_url = |token: &str| house.server.send(&get(format!("/api/v1/me?token={token}")));
    assert_problem(&house.ask(media.token(), "GET", "/me", None), 401, "unauthorized", "watching only");
    assert_problem(&in_url(&house.root), 401, "unauthorized", "an api token in a URL");
    assert_problem(&in_url(media.token()), 401, "unauthorized", "a media token in a URL");
    let two = house.server.send(&get("/api/v1/me?token=x").bearer(&house.root));
    assert_problem(&two, 400, "ambiguous_credential", "which one counts?");
    let narrowed = house.server.token("root", "--kind api --path videos");
    let answer = house.ask(narrowed.token(), "GET", "/users", None);
    assert_problem(&answer, 403, "forbidden", "an administrator's narrowed token administers nothing");
    // A cookie that is no login, with all that a browser says of an own page.
    let cookie = Request::new("POST", "/api/v1/keys").header("Cookie", "reelgate=x");
    let answer = house.server.send(&cookie.header("Sec-Fetch-Site", "same-origin"));
    assert_problem(&answer, 401, "unauthorized", "a cookie of somebody's own making");
}

#[test]
fn what_cannot_be_read_is_refused_and_never_quoted() {
    let house = House::new();
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let typed = |body: &str| ("application/json", body.replace("PASSWORD", PASSWORD));
    let cases = [
        (typed(r#"{"name": "x", "passwort": "PASSWORD"}"#), 400, "malformed", "an unknown field"),
        (typed(r#"{"name": "x", "password": ["PASSWORD"]}"#), 400, "malformed", "another type"),
        (typed(r#"{"name": "x", "role": "PASSWORD"}"#), 400, "malformed", "no such word"),
        (typed(r#"{"password": "PASSWORD"}"#), 400, "malformed", "a field is missing"),
        (typed(r#"{"password": "PASSWORD", "password": "PASSWORD"}"#), 400, "malformed", "a field twice"),
        (typed(r#""PASSWORD""#), 400, "malformed", "no object"),
        (typed(r#"{"password": "PASSWORD"#), 400, "malformed", "cut off"),
        (typed(r#"{"name": "x"} "PASSWORD""#), 400, "malformed", "something behind it"),
        (typed(&deep), 400, "malformed", "too deep"),
        (
            typed(&format!(r#"{{"name": {deep}, "password": "PASSWORD"}}"#)),
            400,
            "malformed",
            "deep in a field",
        ),
        (typed(""), 400, "malformed", "nothing"),
        (typed(&format!("\"{}\"", PASSWORD.repeat(4_000))), 413, "too_large", "too large"),
        (("text/plain", format!("\"{PASSWORD}\"")), 415, "media_type", "another type of content"),
        (("application/x-www-form-urlencoded", format!("password={PASSWORD}")), 415, "media_type", "a form"),
        (typed(r#"{"name": "a b", "password": "PASSWORD"}"#), 422, "unfit", "a name that cannot be"),
        (typed(r#"{"name": "x", "password": "PASSWORD", "areas": ["a//b"]}"#), 422, "unfit", "no area"),
        (
            typed(r#"{"name": "x", "password": "PASSWORD", "areas": ["vidoes"]}"#),
            404,
            "missing",
            "no library",
        ),
        (typed(r#"{"name": "ADA", "password": "PASSWORD"}"#), 409, "conflict", "taken, by capitals as well"),
        (typed(r#"{"name": "x", "password": "hunter2"}"#), 422, "unfit", "too short"),
    ];
    for ((content_type, body), status, code, why) in cases {
        let request = Request::new("POST", "/api/v1/users").body(content_type, body);
        let stranger = house.server.send(&request);
        assert_problem(&stranger, 401, "unauthorized", why);
        let answer = house.server.send(&request.bearer(&house.root));
        assert_problem(&answer, status, code, why);
        assert!(!answer.text().contains("hunter2"), "{why}: {answer:?}");
    }
    let untyped = Request::new("POST", "/api/v1/users").bearer(&house.root);
    assert_problem(&house.server.send(&untyped), 415, "media_type", "no body at all");
    let users = house.root("GET", "/users", None, 200);
    assert_eq!(users["entries"].as_array().unwrap().len(), 2, "nobody was added by half: {users}");
    assert!(!house.server.log().contains("hunter2"), "the log quotes a password");
}

#[test]
fn an_unknown_parameter_and_one_that_is_there_twice_are_refused() {
    let house = House::new();
    for (query, why) in [("usr=ada", "unknown"), ("user=ada&user=root", "twice")] {
        let answer = house.ask(&house.root, "GET", &format!("/tokens?{query}"), None);
        assert_problem(&answer, 400, "malformed", why);
    }
    let answer = house.ask(&house.root, "DELETE", "/grants?user=ada", None);
    assert_problem(&answer, 400, "malformed", "one is missing");
    assert!(answer.text().contains("area"), "{}", answer.text());
    let unreadable = house.ask(&house.root, "GET", "/users/%FF", None);
    assert_problem(&unreadable, 404, "not_found", "no text");
    assert_problem(
        &house.ask("", "GET", "/users/%FF", None),
        401,
        "unauthorized",
        "no text, from a stranger",
    );
}

#[test]
fn a_user_is_added_shown_changed_and_deleted() {
    let house = House::new();
    let body = json!({"name": "Zoë", "areas": ["videos/2024", "videos/2023"], "password": PASSWORD});
    let made = house.root("POST", "/users", Some(body), 201);
    let expected = json!({
        "id": made["id"], "name": "Zoë", "role": "viewer", "state": "active", "system": false, "password": true,
        "created_at": made["created_at"], "areas": ["videos/2023", "videos/2024"], "tokens": 0
    });
    assert_eq!(made, expected);
    assert!(text(&made, "created_at").ends_with('Z'));
    assert_eq!(house.root("GET", "/users/ZO%C3%8B", None, 200), made, "capitals make no difference");
    let zoe = text(&house.made(&house.root, &json!({"kind": "media", "user": "zoë"})), "token");
    assert_eq!(house.opens(&zoe, "2023/film.mp4"), 200);

    let listed = house.root("GET", "/users", None, 200);
    let names: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "root", "Zoë"]);
    let user = |name: &str| {
        listed["entries"].as_array().unwrap().iter().find(|user| user["name"] == name).unwrap().clone()
    };
    assert_eq!((&user("root")["areas"], &user("Zoë")["tokens"]), (&json!(["/"]), &json!(1)));

    let changed = house.root("PATCH", "/users/zoë", Some(json!({"state": "disabled"})), 200);
    assert_eq!((&changed["state"], &changed["role"]), (&json!("disabled"), &json!("viewer")));
    eventually("her end", SECOND, || (house.opens(&zoe, "2023/film.mp4") == 401).then_some(()));
    assert_eq!(house.root("PATCH", "/users/zoë", Some(json!({})), 200), changed, "nothing to change");
    let admin = json!({"role": "admin", "state": "active"});
    assert_eq!(house.root("PATCH", "/users/zoë", Some(admin), 200)["areas"], json!(["/"]));
    let machine = house.root("PATCH", "/users/zoë", Some(json!({"system": true})), 200);
    assert_eq!((&machine["system"], &machine["areas"]), (&json!(true), &json!([])), "machines watch nothing");

    house.root("DELETE", "/users/zoë", None, 204);
    house.root("DELETE", "/users/zoë", None, 404);
    house.root("GET", "/users/zoë", None, 404);
    assert_eq!(house.opens(&zoe, "2023/film.mp4"), 401);
    let again = house.root("POST", "/users", Some(json!({"name": "zoë"})), 201);
    assert_eq!((&again["areas"], &again["tokens"]), (&json!([]), &json!(0)), "nothing is inherited");
}

#[test]
fn a_grant_counts_at_once_and_its_end_says_what_is_left() {
    let house = House::new();
    let ada = house.server.token("ada", "").token().to_owned();
    assert_eq!(house.opens(&ada, "2023/film.mp4"), 404);
    let wish = json!({"user": "ADA", "area": "videos/"});
    let granted = house.root("POST", "/grants", Some(wish.clone()), 201);
    assert_eq!(granted, json!({"user": "ada", "area": "videos", "added": true}));
    assert_eq!(house.root("POST", "/grants", Some(wish), 200)["added"], false);
    eventually("the grant", SECOND, || (house.opens(&ada, "2023/film.mp4") == 200).then_some(()));

    let listed = house.root("GET", "/grants?user=ada", None, 200);
    let areas: Vec<&Value> =
        listed["entries"].as_array().unwrap().iter().map(|grant| &grant["area"]).collect();
    assert_eq!(areas, [&json!("videos"), &json!("videos/2024")]);

    let withdrawn = house.root("DELETE", "/grants?user=ada&area=videos", None, 200);
    let expected = json!({"user": "ada", "area": "videos", "removed": true, "still": ["videos/2024"]});
    assert_eq!(withdrawn, expected);
    house.root("DELETE", "/grants?user=ada&area=videos", None, 404);
    eventually("its end", SECOND, || (house.opens(&ada, "2023/film.mp4") == 404).then_some(()));
    assert_eq!(house.opens(&ada, "2024/film.mp4"), 200);
}

#[test]
fn a_new_token_opens_at_once_and_a_revoked_one_nothing_within_a_second() {
    let house = House::new();
    let made = house.made(&house.ada, &json!({"kind": "media", "name": "the television", "lasts": "2h"}));
    let token = text(&made, "token");
    assert!(token.starts_with("rg_") && text(&made, "expires_at") > text(&made, "created_at"), "{made}");
    assert_eq!(house.opens(&token, "2024/film.mp4"), 200);
    assert_eq!(house.opens(&token, "2023/film.mp4"), 404, "not granted to her");

    let listed = house.ask(&house.ada, "GET", "/tokens", None).json();
    let listed = listed["entries"].as_array().unwrap().clone();
    let own = listed.iter().find(|token| token["id"] == made["id"]).unwrap();
    let fields = ["id", "user", "kind", "name", "scope", "item", "created_at", "expires_at", "used_at"];
    assert_eq!(own.as_object().unwrap().len(), fields.len(), "{own}");
    assert!(fields.iter().all(|field| own.get(field).is_some()), "{own}");
    assert!(listed.iter().all(|token| token["user"] == "ada"), "only her own: {listed:?}");
    assert!(!Value::from(listed).to_string().contains(&token), "it is shown once");

    let id = text(&made, "id");
    assert_eq!(house.ask(&house.ada, "DELETE", &format!("/tokens/{id}"), None).status, 204);
    eventually("its end", SECOND, || (house.opens(&token, "2024/film.mp4") == 401).then_some(()));
    let again = house.ask(&house.ada, "DELETE", &format!("/tokens/{id}"), None);
    assert_problem(&again, 404, "missing", "it was revoked before");
}

#[test]
fn viewers_make_no_token_that_opens_more_than_they_do() {
    let house = House::new();
    let refused = |by: &str, body: Value, status: u16, code: &str, why: &str| {
        assert_problem(&house.ask(by, "POST", "/tokens", Some(&body)), status, code, why);
    };
    let (hidden, seen) = (house.server.id("2023/film.mp4"), house.server.id("2024/film.mp4"));
    let ada = &house.ada;
    refused(ada, json!({"kind": "api", "user": "root"}), 403, "forbidden", "somebody else's");
    refused(ada, json!({"kind": "api", "user": "nobody"}), 403, "forbidden", "whether there is somebody");
    refused(ada, json!({"kind": "media", "path": "videos/2023"}), 404, "missing", "not granted");
    refused(ada, json!({"kind": "media", "path": "other"}), 404, "missing", "no such library");
    refused(ada, json!({"kind": "media", "item": hidden}), 404, "missing", "not granted");
    refused(ada, json!({"kind": "legacy"}), 400, "malformed", "other applications' keys");
    refused(ada, json!({"kind": "media", "item": "x"}), 422, "unfit", "no id");
    refused(ada, json!({"kind": "media", "item": seen, "path": "videos"}), 422, "unfit", "both");
    refused(ada, json!({"kind": "media", "lasts": "soon"}), 422, "unfit", "no duration");
    refused(ada, json!({"kind": "media", "name": "\u{1b}[2J"}), 422, "unfit", "it moves a cursor");

    let narrow = house.made(ada, &json!({"kind": "api", "path": "videos/2024", "lasts": "1h"}));
    let narrow_token = text(&narrow, "token");
    refused(
        &narrow_token,
        json!({"kind": "media", "path": "videos"}),
        404,
        "missing",
        "wider than its maker",
    );
    let made = house.made(&narrow_token, &json!({"kind": "media", "lasts": "30d"}));
    assert_eq!(made["scope"], "videos/2024", "as narrow as its maker");
    assert_eq!(made["expires_at"], narrow["expires_at"], "not longer than its maker");
    let item = house.made(&narrow_token, &json!({"kind": "media", "item": seen, "lasts": "1m"}));
    assert_eq!(item["scope"], format!("item {seen}"));
    assert!(text(&item, "expires_at") < text(&narrow, "expires_at"), "{item}");

    let other = house.server.token("root", "");
    let refused = house.ask(ada, "DELETE", &format!("/tokens/{}", other.token_id()), None);
    assert_problem(&refused, 404, "missing", "as if it were not there");
    assert_eq!(house.opens(other.token(), "2023/film.mp4"), 200);
}

#[test]
fn the_last_administrator_stays_one() {
    let house = House::new();
    let changes = [json!({"role": "viewer"}), json!({"state": "disabled"}), json!({"system": true})];
    for body in &changes {
        let answer = house.ask(&house.root, "PATCH", "/users/root", Some(body));
        assert_problem(&answer, 409, "conflict", &body.to_string());
    }
    assert_problem(&house.ask(&house.root, "DELETE", "/users/root", None), 409, "conflict", "deleted");
    for line in [
        "user set root --role viewer",
        "user disable root",
        "user delete root --yes",
        "user set root --system true",
    ] {
        let ran = house.server.program.run(line.split(' '));
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
        assert!(ran.stderr.contains("last active administrator"), "{line}: {ran:?}");
    }
    house.server.program.ok("user add robot --role admin --system");
    let answer = house.ask(&house.root, "DELETE", "/users/root", None);
    assert_problem(&answer, 409, "conflict", "a machine does not count");
    house.root("DELETE", "/users/robot", None, 204);

    // Each takes the other's place away at the same time: one of them is too late.
    house.root("POST", "/users", Some(json!({"name": "second", "role": "admin"})), 201);
    let second = house.server.token("second", "--kind api").token().to_owned();
    let demoted = Some(&changes[0]);
    let statuses = std::thread::scope(|scope| {
        let other = scope.spawn(|| house.ask(&second, "PATCH", "/users/root", demoted).status);
        [house.ask(&house.root, "PATCH", "/users/second", demoted).status, other.join().unwrap()]
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let users = house.server.program.json("user list");
    let admins = users.as_array().unwrap().iter().filter(|user| user["role"] == "admin").count();
    assert_eq!(admins, 1, "{users}");
}

#[test]
fn a_key_signs_until_it_is_rotated_away() {
    let house = House::new();
    let key = house.root("POST", "/keys", None, 201);
    let id = text(&key, "id");
    assert_eq!(text(&key, "token").len(), 43, "32 bytes in base64url");
    let url = house
        .server
        .program
        .json_text(&format!("sign /files/videos/2024/film.mp4 --for 1h --key {id}"), "url");
    let opens = || house.server.status(&get(&url));
    eventually("the key", SECOND, || (opens() == 200).then_some(()));
    let next = house.root("POST", "/keys/rotate", Some(json!({"keep": "1h"})), 201);
    assert_eq!(opens(), 200, "for an hour");
    let listed = house.root("GET", "/keys", None, 200);
    let retires = |id: &Value| {
        listed["entries"].as_array().unwrap().iter().find(|key| key["id"] == *id).unwrap()["retires_at"]
            .clone()
    };
    assert!(retires(&key["id"]).is_string() && retires(&next["id"]).is_null(), "{listed}");
    assert!(!listed.to_string().contains(key["token"].as_str().unwrap()), "it is shown once");
    house.root("POST", "/keys/rotate", Some(json!({"keep": "0s"})), 201);
    eventually("its end", SECOND, || (opens() == 401).then_some(()));
    house.root("POST", "/keys/rotate", Some(json!({"keep": "never"})), 422);
}

#[test]
fn a_login_administers_from_own_pages_only() {
    let house = House::new();
    house.server.person("eve", "--role admin");
    let cookie = log_in(&house.server, "eve");
    let ask = |lines: &[(&str, &str)]| {
        let request =
            Request::new("POST", "/api/v1/users").json(&json!({"name": "bob"})).header("Cookie", &cookie);
        let add = |request: Request, (name, value): &(&str, &str)| request.header(name, *value);
        house.server.send(&lines.iter().fold(request, add))
    };
    let refused: [(&[(&str, &str)], &str); 4] = [
        (&[], "nobody says from where"),
        (&[("Sec-Fetch-Site", "cross-site")], "another site's page"),
        (&[("Sec-Fetch-Site", "same-site")], "a neighbour's page"),
        (&[("Origin", "http://evil.example")], "an older browser on another site"),
    ];
    for (lines, why) in refused {
        assert_problem(&ask(lines), 403, "forbidden", why);
    }
    assert_eq!(ask(&[("Sec-Fetch-Site", "same-origin")]).status, 201);
    let reads = house.server.send(&get("/api/v1/users").header("Cookie", &cookie));
    assert_eq!(reads.json()["entries"].as_array().map(Vec::len), Some(4), "reading changes nothing");
}

#[test]
fn a_set_password_ends_the_logins_of_its_user_and_of_nobody_else() {
    let house = House::new();
    house.server.person("eve", "--role admin");
    house.server.person("bob", "");
    let [eve, also_eve, bob] = ["eve", "eve", "bob"].map(|name| log_in(&house.server, name));
    let me = |cookie: &str| house.server.send(&get("/api/v1/me").header("Cookie", cookie)).status;
    let set = |name: &str, password: &str| {
        let request = Request::new("PUT", format!("/api/v1/users/{name}/password"));
        let request = request.json(&json!({ "password": password })).header("Cookie", &eve);
        house.server.send(&request.header("Sec-Fetch-Site", "same-origin")).status
    };
    assert_eq!(set("bob", PASSWORD), 204);
    eventually("the end of his login", SECOND, || (me(&bob) == 401).then_some(()));
    assert_eq!([me(&eve), me(&also_eve)], [200, 200], "others are not touched");
    assert_eq!(set("eve", PASSWORD), 204);
    eventually("the end of her other login", SECOND, || (me(&also_eve) == 401).then_some(()));
    assert_eq!(me(&eve), 200, "the login that she did it by goes on");
    assert_eq!(set("bob", &OLD_PASSWORD[..4]), 422);
}

#[test]
fn a_narrowed_token_looks_after_no_logins_and_no_other_tokens() {
    let house = House::new();
    house.server.person("eva", "--grant videos");
    let login = log_in(&house.server, "eva");
    let me = || house.server.send(&get("/api/v1/me").header("Cookie", &*login));
    let session = text(&me().json(), "session");
    let narrow = house.server.token("eva", "--kind api --path videos/2023").token().to_owned();
    let other = house.server.token("eva", "--kind media");
    let calls = [
        ("GET", "/me/sessions".to_owned()),
        ("DELETE", format!("/me/sessions/{session}")),
        ("DELETE", "/me/sessions".to_owned()),
        ("GET", "/tokens".to_owned()),
        ("GET", "/tokens?user=eva".to_owned()),
        ("DELETE", format!("/tokens/{}", other.token_id())),
    ];
    for (method, path) in calls {
        let refused = house.ask(&narrow, method, &path, None);
        assert_problem(&refused, 403, "forbidden", &format!("{method} {path}"));
    }
    let change = json!({"current": OLD_PASSWORD, "new": PASSWORD});
    let refused = house.ask(&narrow, "PUT", "/me/password", Some(&change));
    assert_problem(&refused, 403, "forbidden", "the password");
    assert_eq!(me().status, 200, "the login goes on");
    assert_eq!(house.opens(other.token(), "2024/film.mp4"), 200, "and so does the other token");
    let made = house.made(&narrow, &json!({"kind": "media"}));
    assert_eq!(made["scope"], "videos/2023", "it makes tokens as narrow as it is");
}

#[test]
fn a_token_of_one_video_names_it_as_long_as_the_reader_may_see_it() {
    let house = House::new();
    let film = house.server.id("2024/film.mp4");
    let made = house.made(&house.root, &json!({"user": "ada", "kind": "media", "item": film}));
    assert_eq!(made["item"], json!({"id": film, "name": "film.mp4"}));
    assert_eq!(house.made(&house.ada, &json!({"kind": "media"}))["item"], Value::Null, "it is of no video");
    let item_for = |who: &str| {
        let list = house.ask(who, "GET", "/tokens?user=ada", None).json();
        let tokens = list["entries"].as_array().unwrap();
        tokens.iter().find(|token| token["id"] == made["id"]).unwrap()["item"].clone()
    };
    assert_eq!(item_for(&house.ada), made["item"]);
    let withdrawn = house.ask(&house.root, "DELETE", "/grants?user=ada&area=videos/2024", None);
    assert_eq!(withdrawn.status, 200, "{withdrawn:?}");
    let nameless = json!({"id": film, "name": null});
    eventually("a name that is no longer for her", SECOND, || {
        (item_for(&house.ada) == nameless).then_some(())
    });
    assert_eq!(item_for(&house.root), made["item"], "an administrator sees every video");
}

/// Adds rows of a user, as somebody has them who makes very many.
fn fill(house: &House, user: &str, count: u32, insert: &str) {
    let script = format!(
        "user = db.execute(\"select id from users where name = '{user}'\").fetchone()[0]\n\
         item = db.execute('select id from items').fetchone()[0]\n\
         db.execute('begin immediate')\n\
         for n in range({count}): db.execute({insert:?}, dict(user=user, item=item, n=str(n)))\n\
         db.execute('commit')"
    );
    python(&house.server.program, &script);
}

#[test]
fn a_viewer_does_not_fill_the_disk_with_tokens() {
    let house = House::new();
    let item = house.server.id("2024/film.mp4");
    let (brief, wish) = (json!({"kind": "media", "lasts": "1m"}), json!({"for": "url"}));
    let link = format!("/items/{item}/links");
    let insert = "insert into tokens (id, user_id, kind, hash, created_at, ended_at) values ('t' || :n, :user, \
                  'media', 't' || :n, cast(strftime('%s') as integer), cast(strftime('%s') as integer))";
    // Beside the one that makes them.
    fill(&house, "ada", 9_998, insert);
    assert_eq!(house.ask(&house.ada, "POST", &link, Some(&wish)).status, 201);
    for (path, body) in [("/tokens", &brief), (&*link, &wish)] {
        assert_problem(&house.ask(&house.ada, "POST", path, Some(body)), 409, "conflict", path);
    }
    house.made(&house.root, &json!({"kind": "media", "user": "ada", "lasts": "1m"}));
    let yesterday =
        "db.execute('update tokens set created_at = created_at - 86500 where ended_at is not null')";
    python(&house.server.program, yesterday);
    house.made(&house.ada, &brief);
}

#[test]
fn a_viewer_does_not_fill_the_disk_with_links() {
    let house = House::new();
    let item = house.server.id("2024/film.mp4");
    let insert = "insert into shares (id, owner_id, hash, item_id, download, plays, created_at, revoked_at) values \
                  ('s' || :n, :user, 's' || :n, :item, false, 0, cast(strftime('%s') as integer), 1)";
    fill(&house, "ada", 9_999, insert);
    let share = |by: &str, names: &[&str]| {
        house.ask(by, "POST", "/shares", Some(&json!({"item": item, "names": names})))
    };
    assert_problem(&share(&house.ada, &["Ada", "Ben"]), 409, "conflict", "one too many");
    assert_eq!(share(&house.ada, &["Ada"]).status, 201);
    assert_problem(&share(&house.ada, &["Ben"]), 409, "conflict", "there are as many as there may be");
    assert_eq!(share(&house.root, &["Ben"]).status, 201, "others are not concerned");
}

#[test]
fn a_new_login_ends_the_one_of_a_hundred_that_was_not_used_for_longest() {
    let house = House::new();
    house.server.person("eva", "");
    let first = log_in(&house.server, "eva");
    let status = |cookie: &str| house.server.send(&get("/api/v1/me").header("Cookie", cookie)).status;
    assert_eq!(status(&first), 200);
    let insert = "insert into sessions (id, user_id, hash, client, network, created_at, used_at, expires_at) \
                  values ('s' || :n, :user, 's' || :n, '', '', 1, cast(strftime('%s') as integer) + 9, \
                  cast(strftime('%s') as integer) + 99999)";
    fill(&house, "eva", 99, insert);
    let next = log_in(&house.server, "eva");
    eventually("the end of the oldest", SECOND, || (status(&first) == 401).then_some(()));
    assert_eq!(status(&next), 200, "the new one");
    let list = house.server.send(&get("/api/v1/me/sessions").header("Cookie", &*next)).json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 100);
}
