//! Links for people without an account: what they open, for how long, how often, and what they do not say.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::durability::Lock;
use crate::support::files::bytes;
use crate::support::media::SOON;
use crate::support::{Request, Response, Server, Setup, Viewer, eventually, get, head};

const FILM: &str = "films/Summer <1>.mp4";
const OTHER: &str = "films/other.mp4";
const SECOND: Duration = Duration::from_secs(1);
const FIVE_SECONDS: Duration = Duration::from_secs(5);
const PASSWORD: &str = "a password for guests";

fn files() -> Setup {
    let setup = Setup::new().file(FILM, &bytes(5_000)).file(OTHER, &bytes(3_000));
    setup.file("films/Summer <1>.jpg", b"\xff\xd8\xff").file("films/Summer <1>.de.vtt", b"WEBVTT\n")
}

fn served() -> Server {
    let server = files().start();
    server.program.ok("user add root --role admin");
    server
}

/// Shares a file; flags have no spaces in their values.
fn share(server: &Server, path: &str, flags: &[&str]) -> Share {
    let video = format!("videos/{path}");
    let line = ["share", "create", &video, "--json"];
    let ran = server.program.run_with_input(line.iter().chain(flags), &format!("{PASSWORD}\n"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    Share::of(&serde_json::from_str(&ran.stdout).unwrap())
}

struct Share {
    id: String,
    /// `/s/{code}`
    page: String,
}

impl Share {
    fn of(made: &Value) -> Share {
        let url = made["url"].as_str().unwrap_or_else(|| panic!("no url: {made}"));
        let page = url[url.find("/s/").unwrap()..].to_owned();
        Share { id: made["id"].as_str().unwrap().to_owned(), page }
    }

    fn bytes(&self) -> Request {
        get(format!("{}/m", self.page))
    }

    /// Of a viewer who is told apart by the program.
    fn bytes_for(&self, viewer: &str) -> Request {
        self.bytes().header("User-Agent", viewer)
    }

    fn row(&self, server: &Server) -> Value {
        let shares = server.program.json("share list");
        let found = shares.as_array().unwrap().iter().find(|share| share["id"] == self.id.as_str());
        found.unwrap_or_else(|| panic!("{} is not listed", self.id)).clone()
    }
}

fn navigation(target: impl Into<String>) -> Request {
    get(target).header("Sec-Fetch-Mode", "navigate").header("Accept", "text/html")
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie(answer: &Response) -> String {
    let line = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    assert!(line.contains("; HttpOnly; SameSite=Lax"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

#[test]
fn a_share_plays_its_video_for_somebody_without_an_account_and_nothing_else() {
    let server = served();
    let shared = share(&server, FILM, &["--for", "7d", "--name", "Ada"]);
    let page = server.send(&navigation(&shared.page));
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("<video") && text.contains("<bdi>Summer &#60;1&#62;</bdi></h1>"), "{text}");
    assert!(text.contains("Shared with Ada.") && text.contains("record"), "{text}");
    assert!(!text.contains("films/") && !text.contains("download=1"), "{text}");
    assert!(page.header("x-robots-tag").is_some_and(|robots| robots.contains("noindex")));
    assert!(text.contains(r#"<meta property="og:title" content="A shared video">"#), "{text}");
    assert!(!text.contains("og:image"), "programs that preview links get no picture");

    let (id, other, film) = (server.id(FILM), server.id(OTHER), bytes(5_000));
    server.send(&shared.bytes()).assert_whole(&film, "without a cookie, as VLC and curl ask");
    server.send(&shared.bytes().range("bytes=10-19")).assert_part(&film, 10..20, "a range");
    server.send(&get(format!("{}/m/any%20name.mp4", shared.page))).assert_whole(&film, "with a name");
    for (part, content_type) in
        [("poster/poster", "image/jpeg"), ("subtitles/de.vtt", "text/vtt; charset=utf-8")]
    {
        let answer = server.send(&get(format!("{}/{part}", shared.page)));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{part}");
    }
    let cookie = cookie(&page);
    let with = |target: String| server.send(&get(target).header("Cookie", &*cookie)).status;
    assert_eq!(with(format!("/m/{id}")), 200, "the visit's cookie opens its item");
    assert_eq!(with(format!("/m/{other}")), 401, "and no other");
    assert_eq!(server.send(&get(format!("/m/{id}"))).status, 401, "without the cookie");
    let code = shared.page.strip_prefix("/s/").unwrap();
    for target in [format!("/m/{id}?token={code}"), format!("/t/{code}/m/{id}")] {
        assert_eq!(server.send(&get(&target)).status, 401, "a code is no token: {target}");
    }
    let beside = server.send(&shared.bytes().query("token=x"));
    assert_eq!(beside.status, 400, "two credentials");
    assert_eq!(server.send(&get(format!("{}/nowhere", shared.page))).status, 401);
}

#[test]
fn a_share_that_is_revoked_and_one_that_never_was_have_one_answer() {
    let server = served();
    let revoked = share(&server, FILM, &[]);
    assert_eq!(server.send(&revoked.bytes()).status, 200);
    let code = revoked.page.strip_prefix("/s/").unwrap();
    server.program.ok(&format!("share revoke {code}"));
    server.refuses("the revocation", SECOND, &revoked.bytes(), 401);
    let never = format!("/s/{}", "A".repeat(25));
    for below in ["", "/m", "/m/x.mp4", "/poster/1.jpg", "/subtitles/de.vtt"] {
        let asks: [fn(String) -> Request; 2] = [get, navigation];
        for ask in asks {
            let answers = [&revoked.page, &never, &never[..20].to_owned()]
                .map(|page| server.send(&ask(format!("{page}{below}"))).blind_face());
            assert_eq!(answers[0].0, 401, "{below}");
            assert_eq!(answers[0], answers[1], "{below}");
            assert_eq!(answers[0], answers[2], "{below}");
        }
    }
    let ran = server.program.run(["share", "revoke", code]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.stderr.contains(code), "a code is not printed: {ran:?}");
    assert_eq!(revoked.row(&server)["state"], "revoked");
}

#[test]
fn a_password_opens_a_share_until_it_changes() {
    let server = served();
    let shared = share(&server, FILM, &["--password-stdin", "--plays", "5"]);
    let form = server.send(&navigation(&shared.page));
    assert_eq!(form.status, 200);
    let text = form.text();
    assert!(text.contains(r#"type="password""#) && text.contains("A shared video"), "{text}");
    assert!(!text.contains("Summer") && !text.contains("<video") && !text.contains("poster"), "{text}");
    assert!(form.header("set-cookie").is_none());
    for below in ["/m", "/poster/poster", "/subtitles/de.vtt"] {
        assert_eq!(server.send(&get(format!("{}{below}", shared.page))).status, 401, "{below}");
    }
    let post = |server: &Server, password: &str| {
        server.send(&Request::new("POST", &*shared.page).form(&[("password", password)]))
    };
    let wrong = post(&server, "not the password");
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains(r#"role="alert""#) && !wrong.text().contains("Summer"));
    assert!(wrong.header("set-cookie").is_none());
    let right = post(&server, PASSWORD);
    assert_eq!((right.status, right.header("location")), (303, Some(&*shared.page)));
    let visit = cookie(&right);
    assert!(!visit.contains("password"));
    let page = server.send(&navigation(&shared.page).header("Cookie", &*visit));
    assert!(page.text().contains("<video"), "{}", page.text());
    let asking = shared.bytes().header("Cookie", &*visit);
    server.send(&asking).assert_whole(&bytes(5_000), "with the proof");
    let forged = visit.rsplit_once('.').map(|(rest, _)| format!("{rest}.{}", "A".repeat(43))).unwrap();
    assert_eq!(server.send(&shared.bytes().header("Cookie", forged)).status, 401);
    let stolen = share(&server, FILM, &["--password-stdin"]);
    let code = stolen.page.strip_prefix("/s/").unwrap();
    let moved = visit.replace(shared.page.strip_prefix("/s/").unwrap(), code);
    assert_eq!(server.send(&stolen.bytes().header("Cookie", moved)).status, 401, "a proof is of one share");

    let server = server.kill().start();
    assert_eq!(server.send(&asking).status, 200, "the proof outlives a restart");
    assert_eq!(shared.row(&server)["plays"], 1, "and so does the viewing");
    let api = server.token("root", "--kind api");
    let change = Request::new("PATCH", format!("/api/v1/shares/{}", shared.id)).bearer(api.token());
    let changed = server.send(&change.json(&json!({"password": "another password"})));
    assert_eq!(changed.status, 200, "{}", changed.text());
    server.refuses("the new password", SECOND, &asking, 401);
}

#[test]
fn guesses_at_a_password_are_few() {
    let server = served();
    let shared = share(&server, FILM, &["--password-stdin"]);
    let guess = Request::new("POST", &*shared.page).form(&[("password", "not the password")]);
    let refused = (0..60).map(|_| server.send(&guess)).find(|answer| answer.status != 401);
    let refused = refused.expect("some guess is one too many");
    assert_eq!(refused.status, 429);
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let right = Request::new("POST", &*shared.page).form(&[("password", PASSWORD)]);
    assert_eq!(server.send(&right).status, 429, "the right one waits as well");
}

#[test]
fn twenty_viewers_who_come_at_once_get_the_three_plays_that_there_are() {
    let server = served();
    let shared = share(&server, FILM, &["--plays", "3"]);
    let address = server.address;
    let come = |round: usize| {
        let viewers: Vec<_> = (0..20)
            .map(|viewer| shared.bytes_for(&format!("viewer {viewer}")).range("bytes=0-9"))
            .map(|request| std::thread::spawn(move || request.send(address).status))
            .collect();
        let statuses: Vec<u16> = viewers.into_iter().map(|viewer| viewer.join().unwrap()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 206).count(), 3, "{round}: {statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 410).count(), 17, "{round}: {statuses:?}");
        statuses
    };
    let first = come(1);
    assert_eq!(come(2), first, "those who have begun go on, and nobody else begins");
    let row = shared.row(&server);
    assert_eq!((&row["plays"], &row["state"]), (&json!(3), &json!("used_up")), "{row}");
    assert!(row["used_at"].as_str().is_some_and(|time| time.starts_with("20")), "{row}");
    let page = server.send(&navigation(&shared.page).header("User-Agent", "viewer 99"));
    assert_eq!(page.status, 410);
    assert!(page.text().contains("used up") && !page.text().contains("Summer"), "{}", page.text());
}

#[test]
fn a_viewing_takes_one_play_however_often_its_player_asks() {
    let server = served();
    let shared = share(&server, FILM, &["--plays", "2"]);
    let plays = || shared.row(&server)["plays"].as_i64().unwrap();
    let boundless = server.send(&navigation(&share(&server, FILM, &[]).page));
    assert!(boundless.text().contains(r#"preload="none""#), "without a limit plays are counted as well");
    let page = server.send(&navigation(&shared.page));
    assert!(
        page.text().contains(r#"preload="none""#),
        "to look at the page is not to watch: {}",
        page.text()
    );
    let visit = cookie(&page);
    for request in [
        head(&*shared.page),
        navigation(&shared.page),
        get(&*shared.page).header("User-Agent", "Slackbot"),
        head(format!("{}/m", shared.page)),
        get(format!("{}/poster/poster", shared.page)),
        get(format!("{}/subtitles/de.vtt", shared.page)),
        shared.bytes().range("bytes=9999-"),
    ] {
        let status = server.send(&request).status;
        assert!(matches!(status, 200 | 416), "{request:?}: {status}");
        assert_eq!(plays(), 0, "{request:?} is no viewing");
    }
    let asking = shared.bytes().header("Cookie", &*visit);
    let address = server.address;
    let first: Vec<_> = (0..20)
        .map(|at| asking.clone().range(&format!("bytes={at}-{at}")))
        .map(|request| std::thread::spawn(move || request.send(address).status))
        .collect();
    assert!(first.into_iter().all(|answer| answer.join().unwrap() == 206));
    server.send(&asking).assert_whole(&bytes(5_000), "and all of it");
    assert_eq!(plays(), 1, "one browser");
    let elsewhere = asking.clone().header("User-Agent", "the same browser, updated");
    assert_eq!((server.send(&elsewhere).status, plays()), (200, 1), "the cookie says who it is");
    assert_eq!((server.send(&shared.bytes_for("VLC")).status, plays()), (200, 2), "another viewer");
    assert_eq!(server.send(&shared.bytes_for("curl")).status, 410, "a third one");
    assert_eq!(server.send(&asking).status, 200, "who has begun goes on");

    let server = server.kill().start();
    assert_eq!(server.send(&asking).status, 200, "also after a restart, by the cookie");
    assert_eq!(server.send(&shared.bytes_for("VLC")).status, 410, "but not without one");
    assert_eq!(shared.row(&server)["plays"], 2);
}

#[test]
fn a_share_that_is_over_says_so_and_lets_a_viewing_end() {
    let server = served();
    let shared = share(&server, FILM, &["--for", "4s"]);
    let watching = shared.bytes_for("a player");
    assert_eq!(server.send(&watching).status, 200);
    let late = head(format!("{}/m", shared.page));
    server.becomes("the end of the share", SOON, &late, 410);
    assert_eq!(server.send(&shared.bytes_for("another player")).status, 410);
    assert_eq!(server.send(&watching).status, 200, "the viewing goes on");
    for request in [navigation(&shared.page), get(&*shared.page), head(format!("{}/m", shared.page))] {
        assert_eq!(server.send(&request).status, 410, "{request:?}");
    }
    assert_eq!(shared.row(&server)["state"], "over");
    let locked = share(&server, FILM, &["--for", "1s", "--password-stdin"]);
    server.becomes("the end of a locked share", SOON, &get(&*locked.page), 410);
}

#[test]
fn what_is_for_watching_is_not_for_saving() {
    let server = served();
    let (watch, save) = (share(&server, FILM, &[]), share(&server, FILM, &["--download"]));
    for form in ["download=1", "raw=1"] {
        let refused = server.send(&watch.bytes().query(form));
        assert_eq!((refused.status, refused.body.len()), (403, 0), "{form}");
        server.send(&save.bytes().query(form)).assert_whole(&bytes(5_000), form);
    }
    assert_eq!(watch.row(&server)["plays"], 0, "what is refused is no viewing");
    let kind = |share: &Share, form: &str| {
        let answer = server.send(&get(format!("{}/m?{form}", share.page)));
        answer.header("content-disposition").unwrap().split(';').next().unwrap().to_owned()
    };
    assert_eq!(kind(&watch, ""), "inline");
    assert_eq!(kind(&save, "download=1"), "attachment");
    let page = server.send(&navigation(&watch.page));
    let by_cookie = get(format!("/m/{}?download=1", server.id(FILM))).header("Cookie", cookie(&page));
    assert_eq!(server.send(&by_cookie).status, 403, "the cookie allows no more than the link");
    assert!(server.send(&navigation(&save.page)).text().contains("?download=1"));
}

/// How a share loses its ground: the command, and what new requests get.
#[test]
fn a_share_ends_with_the_right_of_its_owner_within_a_second_and_in_mid_stream_within_five() {
    const LONG: u64 = 256 << 20;
    let server = Setup::new().film("film.mp4", LONG).start();
    let program = &server.program;
    let cases = [
        ("the share is revoked", "share revoke ID", 401),
        ("its owner is disabled", "user disable OWNER", 401),
        ("its owner is deleted", "user delete OWNER --yes", 401),
        ("its owner becomes a machine", "user set OWNER --system true", 401),
        ("its owner may no longer see the video", "grant remove OWNER videos", 404),
    ];
    for (number, (why, command, refusal)) in cases.into_iter().enumerate() {
        let owner = format!("owner{number}");
        program.ok(&format!("user add {owner} --grant videos"));
        let shared = share(&server, "film.mp4", &["--owner", &owner]);
        let probe = shared.bytes().range("bytes=0-0");
        assert_eq!(server.send(&probe).status, 206, "{why}: before");
        let mut viewer = Viewer::open(server.address, &shared.bytes());
        assert_eq!((viewer.status, viewer.length), (200, LONG), "{why}");
        let watching = std::thread::spawn(move || (viewer.watch(Duration::from_millis(20)), Instant::now()));
        program.ok(&command.replace("ID", &shared.id).replace("OWNER", &owner));
        let done = Instant::now();
        let refused =
            eventually(why, SECOND, || server.try_send(&probe).ok().filter(|answer| answer.status != 206));
        assert_eq!(refused.status, refusal, "{why}");
        assert_eq!(server.send(&navigation(&shared.page)).status, refusal, "{why}: the page");
        let (end, ended) = watching.join().unwrap();
        assert!(!end.is_complete() && end.reset, "{why}: {end:?}");
        assert!(ended - done < FIVE_SECONDS, "{why}: after {:?}", ended - done);
    }
}

#[test]
fn a_play_that_cannot_be_counted_is_not_given() {
    let server = served();
    let shared = share(&server, FILM, &["--plays", "2"]);
    let watching = shared.bytes_for("a player");
    assert_eq!(server.send(&watching).status, 200);
    let lock = Lock::take(&server.program);
    let refused = server.send(&shared.bytes_for("another player"));
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(server.send(&watching).status, 200, "what was counted goes on");
    drop(lock);
    server.becomes("the database", SOON, &shared.bytes_for("another player"), 200);
    assert_eq!(shared.row(&server)["plays"], 2);
}

#[test]
fn people_look_after_their_own_links_and_administrators_after_all() {
    let server = served();
    server.program.ok("user add ann --grant videos/films");
    server.program.ok("user add bob");
    let token =
        |user: &str, flags: &str| server.token(user, &format!("--kind api{flags}")).token().to_owned();
    let (ann, bob, root) = (token("ann", ""), token("bob", ""), token("root", ""));
    let film = server.id(FILM);
    let ask = |who: &str, method: &str, path: &str, body: Option<Value>| {
        let request = Request::new(method, format!("/api/v1/shares{path}")).bearer(who);
        server.send(&body.map_or(request.clone(), |body| request.json(&body)))
    };
    let wish = json!({"item": film, "names": ["Ada", "Ben"], "lasts": "7d", "plays": 2});
    let made = ask(&ann, "POST", "", Some(wish.clone()));
    assert_eq!(made.status, 201, "{}", made.text());
    let entries = made.json()["entries"].as_array().unwrap().clone();
    assert_eq!(entries.iter().map(|share| &share["name"]).collect::<Vec<_>>(), ["Ada", "Ben"]);
    let url = entries[0]["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("http://{}/s/", server.address)), "{url}");
    let first = Share::of(&entries[0]);
    assert_eq!(server.send(&first.bytes()).status, 200);

    let count = |who: &str| ask(who, "GET", "", None).json()["entries"].as_array().unwrap().len();
    assert_eq!((count(&ann), count(&bob), count(&root)), (2, 0, 2));
    let listed = ask(&ann, "GET", &format!("?item={film}"), None);
    assert!(!listed.text().contains("url"), "an address is shown once");
    let one = format!("/{}", first.id);
    assert_eq!(ask(&root, "GET", &one, None).json()["item"]["name"], "Summer <1>.mp4");
    let none = ask(&bob, "GET", "/nothing", None);
    for method in ["GET", "DELETE"] {
        let answer = ask(&bob, method, &one, None);
        assert_eq!((answer.status, answer.json()["detail"].clone()), (404, none.json()["detail"].clone()));
    }
    let refusals = [
        (bob.clone(), wish.clone(), 404, "a video that is not for this person"),
        (bob, json!({"item": "A".repeat(22)}), 404, "a video that is not there"),
        (token("ann", " --path videos/films"), wish.clone(), 403, "a narrowed token"),
        (server.token("ann", "").token().to_owned(), wish, 401, "a media token"),
        (ann.clone(), json!({"item": film, "plays": 0}), 422, "no plays"),
        (ann.clone(), json!({"item": film, "lasts": "soon"}), 422, "no duration"),
        (ann.clone(), json!({"item": film, "password": "short"}), 422, "a short password"),
        (ann.clone(), json!({"item": film, "names": [" "]}), 422, "no name"),
        (ann.clone(), json!({"item": film, "play": 1}), 400, "an unknown field"),
    ];
    for (who, wish, status, why) in refusals {
        let answer = ask(&who, "POST", "", Some(wish));
        assert_eq!(answer.status, status, "{why}: {}", answer.text());
    }
    assert_eq!(count(&root), 2, "nothing was made on the way");

    let changed = ask(&ann, "PATCH", &one, Some(json!({"name": null, "plays": 1, "download": true})));
    let share = changed.json();
    assert_eq!(
        (&share["name"], &share["plays_limit"], &share["state"]),
        (&Value::Null, &json!(1), &json!("used_up"))
    );
    assert!(share["expires_at"].is_string(), "what is not named stays: {share}");
    let changed = ask(&ann, "PATCH", &one, Some(json!({"plays": null, "expires_at": null})));
    assert_eq!((&changed.json()["expires_at"], &changed.json()["state"]), (&Value::Null, &json!("open")));
    assert_eq!(ask(&ann, "PATCH", &one, Some(json!({"expires_at": "2030-01-01T00:00:00Z"}))).status, 400);
    assert_eq!(ask(&ann, "DELETE", &one, None).status, 204);
    assert_eq!(ask(&ann, "DELETE", &one, None).status, 404, "it was revoked before");
    server.refuses("the revocation", SECOND, &first.bytes(), 401);
}

#[test]
fn the_command_says_what_is_wrong() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    let program = &server.program;
    program.ok("user add ann");
    let cases = [
        ("share create videos/film.mp4", "no administrator"),
        ("share create videos/flim.mp4 --owner ann", "Did you mean \"film.mp4\"?"),
        ("share create vidoes/film.mp4 --owner ann", "Did you mean \"videos\"?"),
        ("share create / --owner ann", "one video"),
        ("share create videos/film.mp4 --owner ann", "may not watch"),
        ("share revoke nothing", "No share in use"),
    ];
    for (line, want) in cases {
        let ran = program.run(line.split(' '));
        assert!(ran.code == Some(1) && ran.stderr.contains(want), "{line}: {ran:?}");
    }
    assert_eq!(program.run(["share", "create", "videos/film.mp4", "--plays", "0"]).code, Some(2));
    program.ok("user add root --role admin");
    let made = program.json("share create videos/film.mp4 --name Ada --name Ben");
    assert_eq!(made.as_array().map(Vec::len), Some(2), "{made}");
    let text = program.ok("share create videos/film.mp4 --for 2h");
    assert!(text.contains("Shown only now") && text.contains("record the screen"), "{text}");
    assert!(program.ok("share list").contains("videos/film.mp4"));
}

#[test]
fn a_link_of_the_command_leads_to_the_server_that_runs() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    server.program.ok("user add root --role admin");
    let program = server.program.clone();
    let make = |flags: &str| {
        let line = format!("share create videos/film.mp4{flags}");
        let ran = program.run(line.split(' '));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran
    };
    let here = make("");
    assert!(here.stdout.contains(&format!("http://{}/s/", server.address)), "{here:?}");
    assert_eq!(here.stderr, "");
    let named = server.folder().join("named.toml");
    std::fs::write(&named, "public_url = \"https://video.example.org/\"\n").unwrap();
    let public = make(&format!(" --config {}", named.display()));
    assert!(
        public.stdout.contains("https://video.example.org/s/"),
        "what people type comes first: {public:?}"
    );
    let _folder = server.kill();
    let guessed = make("");
    assert!(guessed.stdout.contains("http://127.0.0.1:8080/s/"), "{guessed:?}");
    assert!(guessed.stderr.contains("guess") && guessed.stderr.contains("public_url"), "{guessed:?}");
    std::fs::write(&named, "listen = \"0.0.0.0:9\"\n").unwrap();
    let listening = make(&format!(" --config {}", named.display()));
    assert!(
        listening.stdout.contains("http://localhost:9/s/") && listening.stderr.is_empty(),
        "{listening:?}"
    );
}

#[test]
fn a_token_that_ends_makes_no_link_that_lasts_longer() {
    let server = served();
    server.program.ok("user add ann --grant videos/films");
    let film = server.id(FILM);
    let made = server.program.json("token create ann --kind api --for 1h");
    let brief = made["token"].as_str().unwrap();
    let lasting = server.token("ann", "--kind api").token().to_owned();
    let listed = server.send(&get("/api/v1/tokens").bearer(brief)).json();
    let tokens = listed["entries"].as_array().unwrap();
    let end = &tokens.iter().find(|token| token["id"] == made["id"]).unwrap()["expires_at"];
    let ask = |who: &str, method: &str, path: &str, body: Value| {
        let request = Request::new(method, format!("/api/v1/shares{path}")).bearer(who);
        server.send(&request.json(&body)).json()
    };
    let share = |who: &str, wish: Value| ask(who, "POST", "", wish)["entries"][0].clone();
    for wish in [json!({"item": film}), json!({"item": film, "lasts": "7d"})] {
        assert_eq!(&share(brief, wish.clone())["expires_at"], end, "{wish}");
    }
    assert!(share(brief, json!({"item": film, "lasts": "1m"}))["expires_at"].as_str() < end.as_str());
    let own = share(&lasting, json!({"item": film, "lasts": "1m"}));
    let one = format!("/{}", own["id"].as_str().unwrap());
    assert_eq!(&ask(brief, "PATCH", &one, json!({"lasts": "7d"}))["expires_at"], end);
    assert_eq!(&ask(brief, "PATCH", &one, json!({"expires_at": null}))["expires_at"], end);
    assert_eq!(ask(&lasting, "PATCH", &one, json!({"expires_at": null}))["expires_at"], Value::Null);
    assert_eq!(ask(brief, "PATCH", &one, json!({"name": "Ada"}))["expires_at"], Value::Null, "it stays");
}

#[test]
fn a_guest_is_told_why_it_does_not_play_and_reports_it() {
    let server = served();
    let shared = share(&server, FILM, &["--plays", "1"]);
    let page = server.send(&navigation(&*shared.page));
    let visit = cookie(&page);
    let (film, other) = (server.id(FILM), server.id(OTHER));
    assert!(page.text().contains(&format!("data-item=\"{film}\"")), "{}", page.text());
    let by_the_visit =
        |path: String| get(path).header("Cookie", &*visit).header("Sec-Fetch-Site", "same-origin");
    let verdict = |item: &str| server.send(&by_the_visit(format!("/api/v1/items/{item}/verdict"))).status;
    assert_eq!((verdict(&film), verdict(&other)), (200, 401), "of the shared video alone");
    let report = |item: &str| {
        let request = Request { method: "POST".to_owned(), ..by_the_visit("/api/v1/reports".to_owned()) };
        server.call(request, &json!({"item": item, "steps": "I pressed play."})).status
    };
    assert_eq!((report(&film), report(&other)), (201, 401));
    assert_eq!(shared.row(&server)["plays"], 0, "neither is a play");
}

#[test]
fn who_is_logged_in_watches_by_the_login_and_takes_no_play_of_a_guest() {
    let server = served();
    server.person("ann", "--grant videos/films");
    let shared = share(&server, FILM, &["--plays", "1", "--owner", "ann"]);
    let visit = cookie(&server.send(&navigation(&*shared.page)));
    let login = crate::support::login::log_in(&server, "ann");
    let film = format!("/m/{}", server.id(FILM));
    let both = |target: &str| get(target).header("Cookie", format!("{visit}; {login}"));
    assert_eq!(server.send(&both(&film)).status, 200);
    assert_eq!(shared.row(&server)["plays"], 0);
    assert_eq!(server.send(&both(&format!("{film}?download=1"))).status, 200, "a login may save");
    let by_the_share = get(&*film).header("Cookie", &*visit);
    assert_eq!(server.send(&by_the_share).status, 200, "without a login");
    assert_eq!(shared.row(&server)["plays"], 1);
}

#[test]
fn a_page_elsewhere_types_no_password() {
    let server = served();
    let shared = share(&server, FILM, &["--password-stdin"]);
    let form = Request::new("POST", &*shared.page).form(&[("password", PASSWORD)]);
    let own = format!("http://{}", server.address);
    let cases = [
        (("Sec-Fetch-Site", "cross-site"), 403),
        (("Sec-Fetch-Site", "same-site"), 403),
        (("Sec-Fetch-Site", "same-origin"), 303),
        (("Origin", "https://evil.example"), 403),
        (("Origin", "null"), 403),
        (("Origin", &*own), 303),
    ];
    for ((name, value), status) in cases {
        let answer = server.send(&form.clone().header(name, value));
        assert_eq!(answer.status, status, "{name}: {value}");
        assert_eq!(answer.header("set-cookie").is_some(), status == 303, "{name}: {value}");
    }
}
