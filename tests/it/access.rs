//! Who gets in: every kind of credential in every place, on what is granted, what is not, and what is not there.

use crate::support::files::bytes;
use crate::support::media::{SOON, legacy};
use crate::support::{Request, Response, Server, Setup, eventually, get};

const FILM: &str = "films/a.mp4";
const SISTER: &str = "films/b.mp4";
const HOME: &str = "home/c.mp4";
/// Another application's key.
const KEY: &str = "a-key-of-the-old-application";

fn served() -> Server {
    let files = [FILM, SISTER, HOME];
    let setup = files
        .iter()
        .zip(1..)
        .fold(Setup::new(), |setup, (path, size)| setup.file(path, &bytes(size * 1_000)));
    setup.arguments(["--legacy-route", "videos"]).start()
}

/// An id that nothing has, spelled as ids are.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Header,
    Query,
    Path,
}

/// A request for an item's bytes with a token in a place.
fn asking(place: Place, id: &str, token: &str) -> Request {
    match place {
        Place::Header => get(format!("/m/{id}")).bearer(token),
        Place::Query => get(format!("/m/{id}?token={token}")),
        Place::Path => get(format!("/t/{token}/m/{id}")),
    }
}

/// What a token opens: the film in `films`, the one in `home`, one that is not there.
type Opens = [u16; 3];
const ALL: Opens = [200, 200, 404];
const FILMS: Opens = [200, 404, 404];
const NOTHING: Opens = [404, 404, 404];
const NOBODY: Opens = [401, 401, 401];

#[track_caller]
fn assert_opens(server: &Server, place: Place, token: &str, want: Opens, why: &str) {
    let ids = [server.id(FILM), server.id(HOME), NO_ID.to_owned()];
    let got = ids.each_ref().map(|id| server.send(&asking(place, id, token)).status);
    assert_eq!(got, want, "{why}, by id, {place:?}");
    if place == Place::Path {
        return;
    }
    let got = [FILM, HOME, "films/none.mp4"].map(|path| {
        let request = get(format!("/files/videos/{path}"));
        let request = match place {
            Place::Header => request.bearer(token),
            _ => request.query(&format!("token={token}")),
        };
        server.send(&request).status
    });
    assert_eq!(got, want, "{why}, by path, {place:?}");
}

#[test]
fn tokens_open_what_their_user_may_see_where_their_kind_may_stand() {
    let server = served();
    let program = &server.program;
    for line in [
        "user add viewer --grant videos",
        "user add nobody",
        "user add filmgoer --grant videos/films",
        "user add moviegoer --grant videos/films/a.mp4 --grant videos/none",
        "user add everything --grant /",
        "user add root --role admin",
        "user add machine --system",
        "user add robot --role admin --system",
        "user add disabled --grant videos",
        "user add deleted --grant videos",
    ] {
        program.ok(line);
    }
    let cases = [
        ("viewer", "media", [ALL, ALL, ALL], "granted the library"),
        ("viewer", "api", [ALL, NOBODY, NOBODY], "an api token in a URL is refused"),
        ("nobody", "media", [NOTHING; 3], "granted nothing"),
        ("nobody", "api", [NOTHING, NOBODY, NOBODY], "granted nothing"),
        ("filmgoer", "media", [FILMS; 3], "granted a folder"),
        ("moviegoer", "media", [FILMS; 3], "granted one file"),
        ("everything", "media", [ALL; 3], "granted everything"),
        ("root", "media", [ALL; 3], "an admin sees everything"),
        ("root", "api", [ALL, NOBODY, NOBODY], "an admin's api token in a URL"),
        ("machine", "api", [NOBODY; 3], "a machine may not watch"),
        ("robot", "api", [NOBODY; 3], "nor may one that is an admin"),
        ("disabled", "media", [NOBODY; 3], "disabled"),
        ("disabled", "api", [NOBODY; 3], "disabled"),
        ("deleted", "media", [NOBODY; 3], "deleted"),
    ];
    let tokens = cases.each_ref().map(|(user, kind, ..)| server.token(user, &format!("--kind {kind}")));
    program.ok("user disable disabled");
    program.ok("user delete deleted --yes");
    let id = server.id(FILM);
    for ((user, ..), token) in cases.iter().zip(&tokens).filter(|((user, ..), _)| user.starts_with('d')) {
        let refused = || server.status(&asking(Place::Header, &id, token.token())) == 401;
        eventually(user, SOON, || refused().then_some(()));
    }
    for ((user, kind, want, why), token) in cases.iter().zip(&tokens) {
        for (place, opens) in [Place::Header, Place::Query, Place::Path].into_iter().zip(want) {
            assert_opens(&server, place, token.token(), *opens, &format!("{user}'s {kind} token: {why}"));
        }
    }
}

#[test]
fn a_narrowed_token_opens_its_part_of_what_is_granted() {
    let server = served();
    for line in [
        "user add viewer --grant videos",
        "user add homely --grant videos/home",
        "user add root --role admin",
    ] {
        server.program.ok(line);
    }
    let film = server.id(FILM);
    let one = format!("--item {film}");
    let cases = [
        ("viewer", one.as_str(), FILMS, "one item"),
        ("viewer", "--path videos/films", FILMS, "a folder"),
        ("viewer", "--path videos/films/", FILMS, "a folder with a slash"),
        ("viewer", "--path videos/films/a.mp4", FILMS, "one file"),
        ("viewer", "--path videos/film", NOTHING, "a name that only begins alike"),
        ("viewer", "--path videos/FILMS", NOTHING, "capitals are other names"),
        ("viewer", "--path videos", ALL, "all that is granted"),
        ("viewer", "--path /", ALL, "everything"),
        ("homely", one.as_str(), NOTHING, "one item that is not granted: narrowing adds nothing"),
        ("homely", "--path videos/films", NOTHING, "a folder that is not granted"),
        ("homely", "--path /", [404, 200, 404], "everything that is granted"),
        ("root", one.as_str(), FILMS, "an admin's"),
        ("root", "--kind api --path videos/films", FILMS, "an admin's api token"),
    ];
    for (user, flags, want, why) in cases {
        let token = server.token(user, flags);
        assert_opens(&server, Place::Header, token.token(), want, &format!("{user} {flags}: {why}"));
    }
    let token = server.token("viewer", &one);
    let sister = server.send(&asking(Place::Query, &server.id(SISTER), token.token()));
    assert_eq!(sister.status, 404, "the file beside it");
}

#[test]
fn a_grant_opens_and_its_withdrawal_closes() {
    let server = served();
    let ada = server.user("ada", None);
    assert_opens(&server, Place::Query, ada.token(), NOTHING, "a new user sees nothing");
    let film = asking(Place::Query, &server.id(FILM), ada.token());
    let opens = |why: &str| server.becomes(why, SOON, &film, 200);
    let closes = |why: &str| server.refuses(why, SOON, &film, 404);
    server.program.ok("grant add ada videos/films");
    opens("granted");
    assert_opens(&server, Place::Query, ada.token(), FILMS, "granted a folder");
    server.program.ok("grant remove ada videos/films");
    closes("withdrawn");
    assert_opens(&server, Place::Query, ada.token(), NOTHING, "withdrawn");
    server.program.ok("user add root --role admin");
    server.program.ok("user set ada --role admin");
    opens("an admin");
    server.program.ok("user set ada --role viewer");
    closes("a viewer again");
}

#[test]
fn expired_and_revoked_tokens_open_nothing() {
    let server = served();
    server.program.ok("user add ada --grant videos");
    let (brief, lasting) = (server.token("ada", "--for 1s"), server.token("ada", "--for 1h"));
    let id = server.id(FILM);
    let status = |token: &str| server.status(&asking(Place::Query, &id, token));
    eventually("the end of a token of one second", SOON, || (status(brief.token()) == 401).then_some(()));
    assert_opens(&server, Place::Header, brief.token(), NOBODY, "expired");
    assert_opens(&server, Place::Header, lasting.token(), ALL, "not expired");
    server.program.ok(&format!("token revoke {}", lasting.token_id()));
    eventually("the end of a revoked token", SOON, || (status(lasting.token()) == 401).then_some(()));
    for place in [Place::Header, Place::Query, Place::Path] {
        assert_opens(&server, place, lasting.token(), NOBODY, "revoked");
    }
    let other = server.token("ada", "");
    assert_opens(&server, Place::Header, other.token(), ALL, "another token of the same user");
}

#[track_caller]
fn assert_refused(answer: &Response, why: &str) {
    assert_eq!(answer.status, 401, "{why}");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"reelgate\""), "{why}");
    assert!(answer.body.is_empty(), "{why}");
}

#[test]
fn what_is_not_exactly_a_credential_is_none() {
    let server = served();
    let ada = server.user("ada", Some("videos"));
    let (token, id) = (ada.token(), server.id(FILM));
    let swapped: String = token.chars().map(swap_case).collect();
    let film = || get(format!("/m/{id}"));
    let query = |query: &str| get(format!("/m/{id}?{query}"));
    let basic = data_encoding::BASE64.encode(format!("ada:{token}").as_bytes());
    assert_ne!(swapped, token);
    let cases = [
        (film(), "nothing"),
        (query(""), "an empty query"),
        (query("token"), "no value"),
        (query("token="), "an empty value"),
        (query(&format!("Token={token}")), "another name"),
        (query(&format!("TOKEN={token}")), "another name"),
        (query(&format!("%74oken={token}")), "a name that is not exact"),
        (query(&format!("access_token={token}")), "another name"),
        (query(&format!(";token={token}")), "another separator"),
        (query(&format!("a=b;token={token}")), "another separator"),
        (query(&format!("token={swapped}")), "the other case"),
        (query(&format!("token={}", token.to_uppercase())), "capitals"),
        (query(&format!("token={}", &token[..token.len() - 1])), "cut"),
        (query(&format!("token={token}0")), "longer"),
        (query(&format!("token=%20{token}")), "a space"),
        (query(&format!("token={token}%00")), "a NUL"),
        (query(&format!("token={token}%0a")), "a line end"),
        (query("token=rg_0000000000000000000000000000000000000000"), "a wrong checksum"),
        (query("token=%ff%fe"), "not UTF-8"),
        (query("token='+OR+1=1--"), "SQL"),
        (query(&format!("token={}", ada.token_id())), "a token's id is not the token"),
        (query(&format!("token={id}")), "an item's id is not a credential"),
        (film().header("Authorization", token), "no scheme"),
        (film().header("Authorization", "Bearer"), "no token"),
        (film().header("Authorization", format!("Bearer{token}")), "no space"),
        (film().header("Authorization", format!("Token {token}")), "another scheme"),
        (film().header("Authorization", format!("Basic {basic}")), "Basic is somebody else's"),
        (film().header("Authorization", format!("Bearer {token}, Bearer {token}")), "two in one"),
        (film().header("X-Token", token), "another header"),
        (film().header("Cookie", format!("token={token}")), "a cookie of no session"),
        (film().header("Referer", format!("http://localhost/?token={token}")), "somebody's address"),
        (get(format!("/t/{swapped}/m/{id}")), "the other case in the path"),
        (get(format!("/t//m/{id}")), "an empty path token"),
        (get(format!("/t/%72{}/m/{id}", &token[1..])), "an encoded path token"),
    ];
    for (request, why) in cases {
        assert_refused(&server.send(&request), why);
    }
}

fn swap_case(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

#[test]
fn what_is_a_credential_works_beside_what_is_not() {
    let server = served();
    let ada = server.user("ada", Some("videos"));
    let (token, id) = (ada.token(), server.id(FILM));
    let film = |query: &str| get(format!("/m/{id}{query}"));
    let cases = [
        (film(&format!("?token={token}&x=1")), "another parameter"),
        (film(&format!("?x=1&token={token}")), "another parameter before"),
        (film(&format!("?&&token={token}&")), "empty parameters"),
        (film(&format!("?token=%72{}", &token[1..])), "a value is decoded"),
        (film(&format!("?Token=no&token={token}")), "another name is no second token"),
        (
            film("").header("Authorization", format!("bearer {token}")),
            "schemes know no case (RFC 9110 §11.1)",
        ),
        (film("").header("Authorization", format!("BEARER  {token}")), "two spaces"),
        (
            film(&format!("?token={token}")).header("Authorization", "Basic YTpi"),
            "a proxy's Basic is ignored",
        ),
        (film(&format!("?token={token}")).header("Cookie", "a=b; token=no"), "other people's cookies"),
        (get(format!("/m/{id}/any%20name.mp4?token={token}")), "a name is decoration"),
        (get(format!("/t/{token}/m/{id}/a.mp4")), "a name is decoration"),
        (get(format!("/t/{token}/m/{id}?x=1")), "another parameter"),
    ];
    for (request, why) in cases {
        assert_eq!(server.send(&request).status, 200, "{why}: {request:?}");
    }
}

#[test]
fn two_credentials_are_refused_before_either_is_tried() {
    let server = served();
    let ada = server.user("ada", Some("videos"));
    server.program.ok("key create");
    let (token, id) = (ada.token(), server.id(FILM));
    let signed = server.program.sign(&format!("/m/{id}"), "1h");
    let (_, signature) = signed.split_once('?').unwrap();
    let film = || get(format!("/m/{id}"));
    let in_query = || film().query(&format!("token={token}"));
    let in_path = || get(format!("/t/{token}/m/{id}"));
    let cases = [
        (in_query().bearer(token), "query and header, the same token"),
        (in_query().bearer("rg_no"), "query and header, one of them bad"),
        (film().query("token=no").bearer(token), "query and header, the other one bad"),
        (film().query("token=").bearer(token), "an empty one counts"),
        (film().query("token=no").bearer("no"), "both bad"),
        (in_path().bearer(token), "path and header"),
        (in_path().query(&format!("token={token}")), "path and query"),
        (in_path().query(signature), "path and signature"),
        (in_query().query(&format!("token={token}")), "the parameter twice"),
        (in_query().query("token=no"), "the parameter twice, the second bad"),
        (film().query(&format!("token=no&token={token}")), "the parameter twice, the first bad"),
        (in_query().query(signature), "token and signature"),
        (film().query(signature).bearer(token), "signature and header"),
        (film().query(signature).query(signature), "a signature twice"),
        (film().query(signature).query("exp=1"), "a signature with two ends"),
        (film().query(signature).query("kid=x"), "a signature with two keys"),
        (film().bearer(token).bearer(token), "two header lines"),
    ];
    for (request, why) in cases {
        let answer = server.send(&request);
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{why}: {request:?}");
        let other = Request { target: request.target.replace(&id, NO_ID), ..request };
        assert_eq!(server.send(&other).face(), answer.face(), "{why}: no word on what is there");
    }
    let old = get(legacy(FILM)).query(&format!("token={token}")).bearer(token);
    let answer = server.send(&old);
    assert_eq!((answer.status, answer.text()), (403, "Access Denied"), "the old route knows no 400");
}

#[test]
fn a_signed_url_opens_what_was_signed_and_nothing_else() {
    let server = served();
    server.program.ok("key create");
    let [film, sister] = [FILM, SISTER].map(|path| server.id(path));
    let sign = |path: &str| {
        let url = server.program.sign(path, "1h");
        url.split_once('?').unwrap().1.to_owned()
    };
    let item = sign(&format!("/m/{film}"));
    let file = sign(&format!("/files/videos/{FILM}"));
    let folder = sign("/files/videos/films/");
    let library = sign("/files/videos/");
    let by_id = |id: &str| format!("/m/{id}");
    let cases = [
        (by_id(&film), &item, 200, "as signed"),
        (format!("/m/{film}/name.mp4"), &item, 200, "the name is decoration"),
        (by_id(&sister), &item, 401, "another item"),
        (by_id(NO_ID), &item, 401, "an item that is not there: no word on that"),
        (format!("/files/videos/{FILM}"), &item, 401, "the same file by its path was not signed"),
        (by_id(&film), &file, 401, "the same file by its id was not signed"),
        (format!("/files/videos/{FILM}"), &file, 200, "as signed"),
        ("/files/videos/films/%61.mp4".to_owned(), &file, 200, "the same path, spelled otherwise"),
        (format!("/files/videos/{SISTER}"), &file, 401, "another file"),
        (format!("/files/videos/{FILM}/x"), &file, 404, "a file is no folder: below it there is nothing"),
        (format!("/files/videos/{FILM}x"), &file, 401, "a longer name"),
        (format!("/files/videos/{FILM}"), &folder, 200, "a file of the folder"),
        (format!("/files/videos/{SISTER}"), &folder, 200, "another file of the folder"),
        ("/files/videos/films/none.mp4".to_owned(), &folder, 404, "no file of the folder"),
        (format!("/files/videos/{HOME}"), &folder, 401, "another folder"),
        ("/files/videos/films/../home/c.mp4".to_owned(), &folder, 404, "no way out"),
        ("/files/videos/films/%2e%2e/home/c.mp4".to_owned(), &folder, 404, "no way out"),
        ("/files/videos/filmsx/a.mp4".to_owned(), &folder, 401, "a longer name"),
        ("/files/other/films/a.mp4".to_owned(), &folder, 401, "another library"),
        (format!("/files/videos/{HOME}"), &library, 200, "a file of the library"),
        ("/files/other/a.mp4".to_owned(), &library, 401, "another library"),
        (by_id(&film), &folder, 401, "an id is in no folder"),
        (format!("/watch/{film}"), &item, 200, "the item's page"),
        (format!("/watch/{sister}"), &item, 401, "another item's page"),
        (legacy(HOME), &file, 403, "another file by the old route"),
    ];
    for (path, signature, status, why) in cases {
        let answer = server.send(&get(&path).query(signature));
        assert_eq!(answer.status, status, "{why}: {path}");
    }
}

#[test]
fn a_signed_url_that_was_changed_opens_nothing() {
    let server = served();
    let key = server.program.json_text("key create", "id");
    let other_key = server.program.json_text("key create", "id");
    let id = server.id(FILM);
    let signed = server.program.json_text(&format!("sign /m/{id} --for 1h --key {key}"), "url");
    let query = signed.split_once('?').unwrap().1;
    let parameters: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    let [("exp", exp), ("kid", kid), ("sig", sig)] = parameters[..] else { panic!("{query}") };
    let end: u64 = exp.parse().unwrap();
    let flipped = |at: usize| {
        let other = if &sig[at..=at] == "A" { "B" } else { "A" };
        format!("exp={exp}&kid={kid}&sig={}{other}{}", &sig[..at], &sig[at + 1..])
    };
    let cases = [
        (format!("exp={}&kid={kid}&sig={sig}", end + 1), "a later end"),
        (format!("exp={}&kid={kid}&sig={sig}", end - 1), "an earlier end"),
        (format!("exp=0{exp}&kid={kid}&sig={sig}"), "another spelling of the end"),
        (format!("exp=%2B{exp}&kid={kid}&sig={sig}"), "another spelling of the end"),
        (format!("exp={exp}.0&kid={kid}&sig={sig}"), "another spelling of the end"),
        (format!("exp=99999999999999999999&kid={kid}&sig={sig}"), "no number"),
        (format!("exp=-1&kid={kid}&sig={sig}"), "before 1970: not over, but never signed"),
        (
            format!("exp=1&kid={kid}&sig={sig}"),
            "a time that is over, not signed: 410 would be a word too many",
        ),
        (format!("exp={exp}&kid={other_key}&sig={sig}"), "another key"),
        (format!("exp={exp}&kid=none&sig={sig}"), "an unknown key"),
        (format!("exp={exp}&kid=&sig={sig}"), "no key"),
        (flipped(0), "the signature's first character"),
        (flipped(21), "a character in the middle"),
        (format!("exp={exp}&kid={kid}&sig={}", &sig[1..]), "a shorter signature"),
        (format!("exp={exp}&kid={kid}&sig={sig}A"), "a longer signature"),
        (format!("exp={exp}&kid={kid}&sig={sig}="), "padding"),
        (format!("exp={exp}&kid={kid}&sig={}", sig.to_uppercase()), "capitals"),
        (format!("exp={exp}&kid={kid}&sig="), "no signature"),
        (format!("exp={exp}&kid={kid}"), "no signature"),
        (format!("exp={exp}&sig={sig}"), "no key"),
        (format!("kid={kid}&sig={sig}"), "no end"),
        (format!("sig={sig}"), "only the signature"),
        (format!("{query}&x=1"), "an unknown parameter beside it"),
        (format!("x=1&{query}"), "an unknown parameter before it"),
        (format!("{query}&admin"), "an unknown parameter without a value"),
        (format!("{query}&Exp=1"), "a parameter that is not exact"),
        (format!("Exp={exp}&kid={kid}&sig={sig}"), "a parameter that is not exact"),
    ];
    for (query, why) in cases {
        assert_refused(&server.send(&get(format!("/m/{id}?{query}"))), why);
    }
    let last: Vec<_> = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['-', '_']).collect();
    let spellings = last.iter().filter(|last| {
        let query = format!("exp={exp}&kid={kid}&sig={}{last}", &sig[..sig.len() - 1]);
        server.send(&get(format!("/m/{id}?{query}"))).status == 200
    });
    assert_eq!(spellings.count(), 1, "a signature has one spelling");
    let reordered = server.send(&get(format!("/m/{id}?sig={sig}&kid={kid}&exp={exp}")));
    assert_eq!(reordered.status, 200, "the order of parameters says nothing");
}

#[test]
fn a_signed_url_ends_with_its_time_and_with_its_key() {
    let server = served();
    server.program.ok("key create");
    let [film, home] = [FILM, HOME].map(|path| server.id(path));
    // In this order: what was signed first is over first.
    let gone = server.program.sign(&format!("/m/{NO_ID}"), "1s");
    let brief = server.program.sign(&format!("/m/{film}"), "1s");
    let over = eventually("the end of a link of one second", SOON, || {
        Some(server.send(&get(&brief))).filter(|answer| answer.status != 200)
    });
    assert_eq!((over.status, over.body.len()), (410, 0));
    assert_eq!(server.send(&get(&gone)).face(), over.face(), "410 tells nothing of the item");
    let moved = brief.replace(&film, &home);
    assert_eq!(server.send(&get(moved)).status, 401, "over and never signed");
    let signed = server.program.sign(&format!("/m/{film}"), "1h");
    assert_eq!(server.send(&get(&signed)).status, 200);
    server.program.ok("key rotate --keep 1h");
    let newer = server.program.sign(&format!("/m/{film}"), "1h");
    for url in [&signed, &newer] {
        assert_eq!(server.send(&get(url)).status, 200, "old keys are kept for an hour");
    }
    server.program.ok("key rotate --keep 0s");
    eventually("the end of the older keys", SOON, || {
        let ended = [&signed, &newer].map(|url| server.status(&get(url)) == 401);
        (ended == [true, true]).then_some(())
    });
    let newest = server.program.sign(&format!("/m/{film}"), "1h");
    assert_eq!(server.send(&get(newest)).status, 200);
    assert_eq!(server.send(&get(&brief)).status, 401, "over, and its key is gone");
}

#[test]
fn what_commands_say_of_a_link_is_what_the_server_says() {
    let server = served();
    server.program.ok("key create");
    let id = server.id(FILM);
    let good = server.program.sign(&format!("/m/{id}"), "1h");
    let bad = good.replace("sig=", "sig=A");
    for (url, is_good) in [(&good, true), (&bad, false)] {
        let ran = server.program.run(["verify", url]);
        assert_eq!(ran.code == Some(0), is_good, "{ran:?}");
        assert_eq!(server.send(&get(url)).status == 200, is_good);
    }
}

#[test]
fn a_key_of_another_application_opens_nothing_but_its_old_route() {
    let server = served();
    server.program.ok("user add root --role admin");
    // One that looks like a token of ours: it was made by another server.
    let elsewhere = Server::with(&[]);
    let lookalike = elsewhere.user("root", None);
    let id = server.id(FILM);
    for key in [KEY, lookalike.token()] {
        server.program.import_key("root", key);
        for place in [Place::Header, Place::Query, Place::Path] {
            assert_opens(&server, place, key, NOBODY, "an imported key");
        }
        assert_eq!(server.send(&get(format!("/watch/{id}?token={key}"))).status, 401);
        assert_eq!(server.send(&get(legacy(FILM)).query(&format!("token={key}"))).status, 200);
    }
}
