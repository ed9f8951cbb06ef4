//! A film is not cut because its link is over in the middle: a viewing that began in time goes on, and nothing else does.

use std::time::Duration;

use crate::support::files::bytes;
use crate::support::media::SOON;
use crate::support::{Request, Server, Setup, eventually, get};

const FILM: &str = "films/a.mp4";
const OTHER: &str = "films/b.mp4";
const SECOND: Duration = Duration::from_secs(1);

fn served() -> Server {
    let server = Setup::new().file(FILM, &bytes(5_000)).file(OTHER, &bytes(3_000)).start();
    server.program.ok("user add ada --grant videos");
    server.program.ok("key create");
    server
}

/// The same request from a program of this name.
fn from(request: &Request, program: &str) -> Request {
    request.clone().header("User-Agent", program)
}

/// Begins a viewing, and waits until its credential is over for others. Each of those is a new one, for whoever asks in
/// time goes on.
fn begun(server: &Server, request: &Request, over: u16) -> Request {
    let watching = from(request, "a player").range("bytes=0-99");
    assert_eq!(server.send(&watching).status, 206);
    let mut others = (0..).map(|other| from(request, &format!("player {other}")).range("bytes=0-99"));
    eventually("the end of the credential", SOON, || {
        let other = others.next()?;
        (server.send(&other).status == over).then_some(())
    });
    watching
}

#[test]
fn a_viewing_goes_on_when_its_token_is_over() {
    let server = served();
    let ada = server.token("ada", "--for 3s");
    let by_token = |path: &str| get(format!("{path}?token={}", ada.token()));
    let (id, other) = (server.id(FILM), server.id(OTHER));
    let watching = begun(&server, &by_token(&format!("/m/{id}")), 401);
    let part = |request: &Request, program: &str| from(request, program).range("bytes=100-199");
    let answer = |request: Request| server.send(&request);
    let film = by_token(&format!("/m/{id}"));
    answer(part(&film, "a player")).assert_part(&bytes(5_000), 100..200, "its player");
    let by_path = get(format!("/t/{}/m/{id}", ada.token()));
    assert_eq!(answer(part(&by_path, "a player")).status, 206, "by the same token in another place");
    assert_eq!(answer(part(&by_token(&format!("/m/{other}")), "a player")).status, 401, "another film");
    assert_eq!(answer(part(&film, "curl")).status, 401, "another program");
    assert_eq!(answer(from(&film, "a player")).status, 401, "the whole film is another viewing");
    assert_eq!(
        answer(from(&by_token(&format!("/watch/{id}")), "a player")).status,
        401,
        "and so is the page"
    );
    let metrics = server.send(&get("/metrics"));
    let label = r#"auth_decisions_total{result="allow",reason="viewing"}"#;
    assert!(metrics.text().contains(label), "{}", metrics.text());

    server.program.ok(&format!("token revoke {}", ada.token_id()));
    server.refuses("the revocation", SECOND, &watching, 401);
}

#[test]
fn a_viewing_goes_on_when_its_signature_is_over() {
    let server = served();
    let (id, other) = (server.id(FILM), server.id(OTHER));
    let signed = server.program.sign(&format!("/m/{id}"), "3s");
    let watching = begun(&server, &get(&*signed), 410);
    let next = from(&get(&*signed), "a player").range("bytes=100-199");
    server.send(&next).assert_part(&bytes(5_000), 100..200, "its player");
    assert_eq!(
        server.send(&from(&get(&*signed), "a player")).status,
        410,
        "the whole film is another viewing"
    );
    let elsewhere = from(&get(signed.replace(&id, &other)), "a player");
    assert_eq!(server.send(&elsewhere).status, 401, "another film was not signed");
    server.program.ok("key rotate --keep 0s");
    server.refuses("the rotation", SECOND, &watching, 401);
}

#[test]
fn a_viewing_ends_with_the_right_of_its_user() {
    let server = served();
    let cases = [
        ("ben", "grant remove ben videos", 401, "a grant is withdrawn, and the token is over"),
        ("cid", "user disable cid", 401, "the user is disabled"),
        ("dan", "user delete dan --yes", 401, "the user is deleted"),
        ("eve", "token revoke TOKEN", 401, "the token is over, and then revoked"),
    ];
    // Side by side, for each waits until its token is over.
    let viewings: Vec<_> = std::thread::scope(|scope| {
        let begin = |user: &str| {
            server.program.ok(&format!("user add {user} --grant videos"));
            let token = server.token(user, "--for 4s");
            let request = get(format!("/m/{}?token={}", server.id(FILM), token.token()));
            (begun(&server, &request, 401), token.token_id().to_owned())
        };
        let beginning = cases.map(|(user, ..)| scope.spawn(move || begin(user)));
        beginning.into_iter().map(|viewing| viewing.join().unwrap()).collect()
    });
    for ((watching, token), (_, command, refusal, why)) in viewings.iter().zip(cases) {
        assert_eq!(server.send(watching).status, 206, "{why}: before");
        server.program.ok(&command.replace("TOKEN", token));
        let refused = eventually(why, SECOND, || {
            server.try_send(watching).map(|answer| answer.status).ok().filter(|status| *status != 206)
        });
        assert_eq!(refused, refusal, "{why}");
    }
}

#[test]
fn a_restart_forgets_what_was_begun_by_a_token() {
    let server = served();
    let ada = server.token("ada", "--for 3s");
    let request = get(format!("/m/{}?token={}", server.id(FILM), ada.token()));
    let watching = begun(&server, &request, 401);
    assert_eq!(server.send(&watching).status, 206);
    let server = server.kill().start();
    assert_eq!(server.send(&watching).status, 401);
}
