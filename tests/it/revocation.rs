//! A right that is withdrawn: new requests are refused within a second, running responses end within five.

use std::time::{Duration, Instant};

use crate::support::{Connection, Request, Server, Setup, Viewer, eventually, get};

const FILM: u64 = 256 << 20;
const SECOND: Duration = Duration::from_secs(1);
const FIVE_SECONDS: Duration = Duration::from_secs(5);
/// 16 KiB in this time: the film would last for minutes.
const PACE: Duration = Duration::from_millis(20);

fn server() -> Server {
    let films = ["film.mp4", "one/film.mp4", "two/film.mp4"];
    films.into_iter().fold(Setup::new(), |setup, path| setup.film(path, FILM)).start()
}

/// Somebody with a right, and how it is withdrawn.
struct Case {
    why: &'static str,
    request: Request,
    command: String,
    /// What new requests get.
    refusal: u16,
}

/// One user a case, and one case for each place of a credential and each way to lose a right.
fn cases(server: &Server) -> Vec<Case> {
    let id = server.id("film.mp4");
    let by_id = format!("/m/{id}");
    let program = &server.program;
    let mut cases = Vec::new();
    let mut case = |why, request, command: String, refusal| {
        cases.push(Case { why, request, command, refusal });
    };

    let ann = server.user("ann", Some("videos"));
    let request = get(format!("{by_id}?token={}", ann.token()));
    case("a token in the query is revoked", request, format!("token revoke {}", ann.token_id()), 401);

    let bea = server.user("bea", Some("videos"));
    let request = get(format!("/t/{}/m/{id}/film.mp4", bea.token()));
    case("the user of a token in the path is disabled", request, "user disable bea".into(), 401);

    let cid = server.user("cid", Some("videos"));
    let request = get(by_id.as_str()).header("Authorization", format!("Bearer {}", cid.token()));
    case("the user of a token in the header is deleted", request, "user delete cid --yes".into(), 401);

    let dan = server.user("dan", Some("videos"));
    let request = get(format!("/files/videos/film.mp4?token={}", dan.token()));
    case("the only grant is withdrawn", request, "grant remove dan videos".into(), 404);

    program.ok("user add root --role admin");
    program.ok("user add eve --role admin");
    let request = get(format!("{by_id}?token={}", server.token("eve", "").token()));
    case("an admin becomes a viewer without grants", request, "user set eve --role viewer".into(), 404);

    let fay = server.user("fay", Some("videos"));
    let request = get(format!("{by_id}?token={}", fay.token()));
    case("a user becomes a machine's account", request, "user set fay --system true".into(), 401);

    program.ok("user add gus --grant videos/one --grant videos/two");
    let gus = server.token("gus", "");
    let request = get(format!("/files/videos/one/film.mp4?token={}", gus.token()));
    case("one of two grants is withdrawn", request, "grant remove gus videos/one".into(), 404);

    program.ok("key create");
    let request = get(program.json_text(&format!("sign {by_id} --for 1h"), "url"));
    case("the key of a signed URL is rotated away", request, "key rotate --keep 0s".into(), 401);

    let hal = server.user("hal", Some("videos"));
    let visit = |token: &str| get(by_id.as_str()).header("Cookie", format!("reelgate-{id}=t.{token}"));
    let revoked = format!("token revoke {}", hal.token_id());
    case("a token in an item's cookie is revoked", visit(hal.token()), revoked, 401);
    cases
}

#[test]
fn a_withdrawn_right_ends_requests_within_a_second_and_responses_within_five() {
    let server = server();
    let bystander = server.user("bystander", Some("videos"));
    let watching = get(format!("/m/{}?token={}", server.id("film.mp4"), bystander.token()));
    let mut other = Viewer::open(server.address, &watching);
    for case in cases(&server) {
        let Case { why, request, command, refusal } = case;
        let probe = request.clone().range("bytes=0-0");
        assert_eq!(server.send(&probe).status, 206, "{why}: before");
        // Its decision is kept with the connection.
        let mut acquainted = Connection::open(server.address);
        assert_eq!([acquainted.ask(&probe).status, acquainted.ask(&probe).status], [206; 2], "{why}: before");
        let mut viewer = Viewer::open(server.address, &request);
        assert_eq!((viewer.status, viewer.length), (200, FILM), "{why}");
        let watching = std::thread::spawn(move || (viewer.watch(PACE), Instant::now()));

        server.program.ok(&command);
        let done = Instant::now();
        // An answer that is under way at that moment is cut, and its connection with it.
        let refused = eventually(why, SECOND, || {
            let [again, anew] = [acquainted.try_ask(&probe), server.try_send(&probe)].map(Result::ok);
            if again.is_none() {
                acquainted = Connection::open(server.address);
            }
            let (again, anew) = (again?.status, anew?.status);
            (again != 206 && anew != 206).then_some((again, anew))
        });
        assert_eq!(refused, (refusal, refusal), "{why}: who has asked before, and somebody new");
        let (end, ended) = watching.join().unwrap();
        assert!(!end.is_complete() && end.reset, "{why}: {end:?}");
        assert!(ended - done < FIVE_SECONDS, "{why}: after {:?}", ended - done);
        other.take(1 << 20).unwrap_or_else(|end| panic!("{why}: ended a response of somebody else: {end:?}"));
    }
    assert_eq!(server.send(&watching.range("bytes=0-0")).status, 206, "the bystander has lost nothing");
}

/// For the server the response is over when the kernel has it; a slow reader does not have it yet.
#[test]
fn what_the_kernel_still_holds_of_a_response_is_not_sent_to_who_lost_the_right() {
    let server = server();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}?token={}", server.id("film.mp4"), ann.token()));
    let mut viewer = Viewer::open(server.address, &request.range("bytes=0-149999"));
    assert_eq!(viewer.status, 206);
    eventually("the end of the response", SECOND * 10, || {
        server.log().lines().any(|line| line.contains(r#""bytes_sent":150000"#)).then_some(())
    });
    server.program.ok(&format!("token revoke {}", ann.token_id()));
    eventually("the cut", FIVE_SECONDS, || (server.metric("connections_cut_total") == 1).then_some(()));
    let end = viewer.watch(PACE);
    assert!(end.reset && !end.is_complete(), "{end:?}");
}

#[test]
fn what_is_still_granted_goes_on() {
    let server = server();
    server.program.ok("user add ann --grant videos/one --grant videos/two");
    let ann = server.token("ann", "");
    let watch = |path: &str| {
        Viewer::open(server.address, &get(format!("/files/videos/{path}?token={}", ann.token())))
    };
    let (mut lost, mut kept) = (watch("one/film.mp4"), watch("two/film.mp4"));
    server.program.ok("grant remove ann videos/one");
    let end = lost.watch(PACE);
    assert!(end.reset && !end.is_complete(), "{end:?}");
    kept.take(8 << 20).expect("the other grant is still there");
}

/// What was refused is remembered, and must be forgotten as soon as there is a reason.
#[test]
fn a_right_that_is_given_counts_within_a_second() {
    let server = Setup::new().film("film.mp4", FILM).arguments(["--legacy-route", "videos"]).start();
    let program = &server.program;
    let key = "0123456789abcdef-of-another-application";
    let by_key = get(format!(
        "/private/files/download/{}?token={key}",
        data_encoding::BASE64URL_NOPAD.encode(b"film.mp4")
    ));
    let ann = server.user("ann", None);
    let by_token = get(format!("/m/{}?token={}", server.id("film.mp4"), ann.token()));
    let first = |request: &Request| request.clone().range("bytes=0-0");
    let opens = |why: &str, request: &Request| server.becomes(why, SECOND, &first(request), 206);
    let closes = |why: &str, request: &Request, status: u16| {
        server.refuses(why, SECOND, &first(request), status);
    };

    assert_eq!(server.send(&by_token).status, 404);
    program.ok("grant add ann videos");
    opens("a grant", &by_token);

    assert_eq!(server.send(&by_key).status, 403);
    let ran = program.run_with_input(["token", "create", "ann", "--import-stdin"], key);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    opens("a key that was unknown when it was tried", &by_key);

    program.ok("user disable ann");
    closes("a user is disabled", &by_token, 401);
    closes("a user is disabled, on the drop-in route", &by_key, 403);
    program.ok("user enable ann");
    opens("a user is enabled again", &by_token);
}

#[test]
fn a_token_ends_by_itself_at_its_time() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    server.program.ok("user add ann --grant videos");
    let request = get(format!("/m/{}", server.id("film.mp4")));
    // Long enough for a busy machine to ask once.
    let ann = server.token("ann", "--for 4s");
    assert_eq!(ann.send(&request).status, 200);
    let within = Duration::from_secs(5);
    ann.becomes("the end of the token", within, &request, 401);
}

#[test]
fn the_last_use_of_a_token_is_on_record_after_the_end_of_the_server() {
    let mut server = Server::with(&[("film.mp4", b"0123456789")]);
    let request = get(format!("/m/{}", server.id("film.mp4")));
    let ann = server.user("ann", Some("videos"));
    let bea = server.user("bea", Some("videos"));
    assert_eq!(ann.send(&request).status, 200);
    let (used, unused) = (ann.token_id().to_owned(), bea.token_id().to_owned());
    server.signal(rustix::process::Signal::TERM);
    assert!(server.wait().success());
    let tokens = server.program.json("token list");
    let used_at = |id: &str| {
        let token = tokens.as_array().unwrap().iter().find(|token| token["id"] == id).unwrap();
        token["used_at"].as_str().map(str::to_owned)
    };
    assert!(used_at(&used).is_some_and(|time| time.starts_with("20") && time.ends_with('Z')), "{tokens}");
    assert_eq!(used_at(&unused), None);
}
