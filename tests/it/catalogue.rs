//! The catalogue by the API: who sees what, lists and searches, places, links.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use reelgate::db::Db;
use reelgate::db::folder::DataFolder;
use reelgate::db::scan::{File, Write};
use reelgate::types::{ItemId, ItemState};

use crate::support::files::{self, bytes};
use crate::support::films;
use crate::support::media::SOON;
use crate::support::{Connection, Request, Response, Server, Setup, eventually, get};

/// An id that nothing has, spelled as ids are.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const SORTS: [&str; 6] = ["path", "name", "newest", "oldest", "longest", "largest"];

/// Somebody with an api token.
struct Api<'s> {
    server: &'s Server,
    token: String,
}

impl Server {
    /// A new user with these flags of `user add`, and an api token with those of `token create`.
    fn api(&self, name: &str, flags: &str) -> Api<'_> {
        self.program.ok(format!("user add {name} {flags}").trim_end());
        self.api_token(name, "")
    }

    fn api_token(&self, name: &str, flags: &str) -> Api<'_> {
        let line = format!("token create {name} --kind api {flags}");
        Api { server: self, token: self.program.json_text(line.trim_end(), "token") }
    }
}

impl Api<'_> {
    fn get(&self, target: &str) -> Response {
        self.server.send(&get(format!("/api/v1{target}")).bearer(&self.token))
    }

    fn json(&self, target: &str) -> Value {
        let answer = self.get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn send(&self, method: &str, target: &str, body: &Value) -> Response {
        let request = Request::new(method, format!("/api/v1{target}")).bearer(&self.token);
        send_json(self.server, request, body)
    }

    fn paths(&self, query: &str) -> Vec<String> {
        texts(&self.json(&format!("/items?limit=200{query}")), "path")
    }

    fn link(&self, id: &str, wish: &Value) -> Value {
        let answer = self.send("POST", &format!("/items/{id}/links"), wish);
        assert_eq!(answer.status, 201, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }
}

fn send_json(server: &Server, request: Request, body: &Value) -> Response {
    let (body, method) = (body.to_string(), request.method.clone());
    let request = request.header("Content-Type", "application/json");
    let request = request.header("Content-Length", body.len().to_string()).header("Connection", "close");
    let mut connection = Connection::open(server.address);
    connection.write_raw(format!("{}{body}", request.text(server.address)).as_bytes());
    connection.response(&method)
}

fn texts(list: &Value, field: &str) -> Vec<String> {
    let entries = list["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Path and query of a URL of this server.
fn target(url: &Value) -> String {
    let (_, rest) = url.as_str().unwrap().split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

const FILES: [&str; 6] =
    ["2023/d.mp4", "2024/a.mp4", "2024/sub/b.mp4", "2024/sub/c.mp4", "2024.mp4", "2024b/e.mp4"];

fn years() -> Server {
    FILES.iter().fold(Setup::new(), |setup, path| setup.file(path, &bytes(3_000))).start()
}

#[test]
fn everybody_sees_what_was_granted_and_nothing_beside_it() {
    let server = years();
    let (one, sub) = (server.id("2024/sub/b.mp4"), ["2024/sub/b.mp4", "2024/sub/c.mp4"]);
    let year = ["2024/a.mp4", sub[0], sub[1]];
    let ada = server.api("ada", "--grant videos/2024");
    let admin = server.api("eva", "--role admin");
    let cases: Vec<(&str, Api<'_>, Vec<&str>)> = vec![
        ("a folder, not 2024b nor 2024.mp4", ada, year.to_vec()),
        ("narrowed to a folder", server.api_token("ada", "--path videos/2024/sub"), sub.to_vec()),
        ("narrowed to an item", server.api_token("ada", &format!("--item {one}")), vec![sub[0]]),
        ("narrowed to what is not granted", server.api_token("ada", "--path videos/2023"), vec![]),
        ("an admin", admin, FILES.to_vec()),
        ("a narrowed admin", server.api_token("eva", "--path videos/2024"), year.to_vec()),
        ("everything", server.api("bob", "--grant /"), FILES.to_vec()),
        ("a library", server.api("cid", "--grant videos"), FILES.to_vec()),
        ("one file", server.api("dan", "--grant videos/2024.mp4"), vec!["2024.mp4"]),
        (
            "two parts, one in the other",
            server.api("fay", "--grant videos/2024 --grant videos/2024/sub"),
            year.to_vec(),
        ),
        (
            "two parts",
            server.api("gil", "--grant videos/2023 --grant videos/2024/sub"),
            vec!["2023/d.mp4", sub[0], sub[1]],
        ),
        ("a new user", server.api("hal", ""), vec![]),
        ("a machine", server.api("ida", "--system --role admin"), vec![]),
    ];
    for (why, caller, want) in cases {
        let list = caller.json("/items");
        assert_eq!(texts(&list, "path"), want, "{why}");
        assert_eq!(list["total"], want.len(), "{why}");
        for path in FILES {
            let status = caller.get(&format!("/items/{}", server.id(path))).status;
            assert_eq!(status, if want.contains(&path) { 200 } else { 404 }, "{why}: {path}");
        }
        let libraries = caller.json("/libraries");
        let counts: Vec<_> =
            libraries["entries"].as_array().unwrap().iter().map(|one| one["items"].clone()).collect();
        match (want.len(), why) {
            (0, "a machine") => assert_eq!(counts, [0], "it administers"),
            (0, _) => assert!(counts.is_empty(), "{why}: {libraries}"),
            (count, _) => assert_eq!(counts, [count], "{why}: {libraries}"),
        }
    }
}

#[test]
fn folders_show_what_is_in_them_and_count_what_is_seen() {
    let server = years();
    let ada = server.api("ada", "--grant videos/2024 --grant videos/2023/d.mp4");
    let told = |query: &str| {
        let list = ada.json(&format!("/items?folders=1{query}"));
        let folders = list["folders"].as_array().unwrap().iter();
        let folders = folders.map(|folder| {
            format!(
                "{}:{}={}",
                folder["name"].as_str().unwrap(),
                folder["path"].as_str().unwrap(),
                folder["items"]
            )
        });
        (folders.collect::<Vec<_>>().join(" "), texts(&list, "name").join(" "))
    };
    let cases = [
        ("", "videos:=4", "", "the libraries"),
        ("&library=videos", "2023:2023=1 2024:2024=3", "", "not 2024b, nor 2024.mp4"),
        ("&library=videos&below=2024", "sub:2024/sub=2", "a.mp4", "both"),
        ("&library=videos&below=2024/", "sub:2024/sub=2", "a.mp4", "a slash at the end"),
        ("&library=videos&below=2024/sub", "", "b.mp4 c.mp4", "a leaf"),
        ("&library=videos&below=2024b", "", "", "hidden"),
        ("&library=videos&below=none", "", "", "not there"),
        ("&library=videos&q=b.mp4", "2024:2024=1", "", "searched"),
    ];
    for (query, folders, names, why) in cases {
        assert_eq!(told(query), (folders.to_owned(), names.to_owned()), "{why}");
    }
    let page = ada.json("/items?folders=1&library=videos&below=2024/sub&limit=1");
    assert_eq!((texts(&page, "name"), page["total"].clone()), (vec!["b.mp4".to_owned()], json!(2)));
    let next = page["next"].as_str().unwrap();
    let page = ada.json(&format!("/items?folders=1&library=videos&below=2024/sub&limit=1&cursor={next}"));
    assert_eq!((texts(&page, "name"), page["next"].clone()), (vec!["c.mp4".to_owned()], Value::Null));
}

#[test]
fn what_is_hidden_is_not_there_byte_for_byte() {
    let server = years();
    let hidden = server.id("2023/d.mp4");
    let ada = server.api("ada", "--grant videos/2024");
    let media = server.token("ada", "");
    let position = json!({ "at_ms": 1 });
    let link = json!({ "for": "url" });
    let ask = |id: &str| -> Vec<Response> {
        let by_token = |path: &str| media.send(&get(format!("/api/v1/items/{id}{path}")));
        vec![
            ada.get(&format!("/items/{id}")),
            ada.get(&format!("/items/{id}/verdict")),
            ada.send("PUT", &format!("/items/{id}/position"), &position),
            ada.send("PUT", &format!("/items/{id}/position"), &json!("no such body")),
            ada.send("POST", &format!("/items/{id}/links"), &link),
            by_token(""),
            by_token("/verdict"),
        ]
    };
    let (one, missing, senseless) = (ask(&hidden), ask(NO_ID), ask("no-id"));
    for (number, hidden) in one.iter().enumerate() {
        assert_eq!(hidden.status, 404, "{number}: {}", hidden.text());
        assert_eq!(hidden.blind_face(), missing[number].blind_face(), "{number}");
        assert_eq!(hidden.blind_face(), senseless[number].blind_face(), "{number}");
    }
    // A library without anything for her, and one that is not there.
    server.api("hal", "");
    let hal = server.api_token("hal", "");
    for query in ["", "&folders=1", "&sort=longest&state=broken", "&below=2024&folders=1"] {
        let face = |library: &str| hal.get(&format!("/items?library={library}{query}")).blind_face();
        assert_eq!(face("videos"), face("nowhere"), "{query}");
    }
}

#[test]
fn strangers_are_asked_who_they_are() {
    let server = years();
    let id = server.id("2024/a.mp4");
    let media = server.user("ada", Some("videos"));
    for target in
        ["/libraries".to_owned(), "/items".to_owned(), format!("/items/{id}"), format!("/items/{id}/verdict")]
    {
        let target = format!("/api/v1{target}");
        assert_eq!(server.send(&get(&target)).status, 401, "{target}");
        assert_eq!(server.send(&get(&target).bearer("rg_wrong")).status, 401, "{target}");
    }
    for (method, path, body) in
        [("PUT", "position", json!({ "at_ms": 1 })), ("POST", "links", json!({ "for": "url" }))]
    {
        let request = Request::new(method, format!("/api/v1/items/{id}/{path}"));
        assert_eq!(send_json(&server, request.clone(), &body).status, 401, "{path}");
        let watching = request.bearer(media.token());
        assert_eq!(
            send_json(&server, watching, &body).status,
            401,
            "{path}: a token for watching does nothing else"
        );
    }
    assert_eq!(media.send(&get("/api/v1/items")).status, 401, "nor does it list");
}

#[test]
fn who_has_an_items_link_sees_the_item_and_not_where_it_lies() {
    let server = years();
    let id = server.id("2024/sub/b.mp4");
    server.user("ada", Some("videos"));
    let media = server.token("ada", &format!("--item {id}"));
    server.program.ok("key create");
    let signed = server.program.sign(&format!("/m/{id}"), "1h");
    let query = signed.split_once('?').unwrap().1;
    let by_link = server.send(&get(format!("/api/v1/items/{id}?{query}")));
    let by_header = server.send(&get(format!("/api/v1/items/{id}")).bearer(media.token()));
    let by_visit =
        get(format!("/api/v1/items/{id}")).header("Cookie", format!("reelgate-{id}=t.{}", media.token()));
    for answer in
        [media.send(&get(format!("/api/v1/items/{id}"))), by_link, by_header, server.send(&by_visit)]
    {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let item: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&item["name"], &item["size"]), (&json!("b.mp4"), &json!(3_000)));
        for field in ["library", "path", "folder", "next", "previous", "position_ms"] {
            assert_eq!(item[field], Value::Null, "{field}");
        }
    }
    let ada = server.api_token("ada", "");
    let item = ada.json(&format!("/items/{id}"));
    assert_eq!((&item["library"], &item["folder"]), (&json!("videos"), &json!("2024/sub")));
    assert_eq!((&item["previous"], &item["next"]["name"]), (&Value::Null, &json!("c.mp4")));
    let narrow = server.api_token("ada", &format!("--item {id}"));
    assert_eq!(narrow.json(&format!("/items/{id}"))["next"], Value::Null, "what it does not see is not next");
}

/// All pages of a list, and what happens after the second one.
fn walked(caller: &Api<'_>, query: &str, mut meanwhile: impl FnMut()) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let list = caller.json(&format!("/items?{query}{cursor}"));
        all.extend(texts(&list, "path"));
        let Some(next) = list["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        if page == 1 {
            meanwhile();
        }
    }
    all
}

#[test]
fn lists_and_neighbours_count_as_people_do() {
    let files = ["Clip 1.mp4", "clip 02.mp4", "clip 10.mp4", "part 9/a.mp4", "part 10/a.mp4"];
    let setup = files.iter().rev().fold(Setup::new(), |setup, path| setup.file(path, &bytes(3_000)));
    let server = setup.start();
    let ada = server.api("ada", "--grant videos");
    let listed = walked(&ada, "limit=1", || {});
    assert_eq!(listed, ["Clip 1.mp4", "clip 02.mp4", "clip 10.mp4", "part 9/a.mp4", "part 10/a.mp4"]);
    let by_name = walked(&ada, "limit=2&sort=name", || {});
    assert_eq!(by_name[2..], files[..3], "behind both of the name a.mp4");
    let top = ada.json("/items?folders=1&library=videos");
    let folders: Vec<&str> =
        top["folders"].as_array().unwrap().iter().map(|folder| folder["name"].as_str().unwrap()).collect();
    assert_eq!(folders, ["part 9", "part 10"]);
    let item = ada.json(&format!("/items/{}", server.id("clip 02.mp4")));
    assert_eq!(
        (&item["previous"]["name"], &item["next"]["name"]),
        (&json!("Clip 1.mp4"), &json!("clip 10.mp4"))
    );
}

#[test]
fn pages_give_every_item_once_in_each_order_also_while_files_come_and_go() {
    let setup = (0..40_usize).fold(Setup::new(), |setup, number| {
        setup.file(&format!("{}/{:02}.mp4", number % 3, number), &bytes(2_000 + number % 4))
    });
    let server = setup.start();
    let admin = server.api("eva", "--role admin");
    let sizes = |paths: &[String]| {
        paths
            .iter()
            .map(|path| std::fs::metadata(server.library().join(path)).unwrap().len())
            .collect::<Vec<_>>()
    };
    for sort in SORTS {
        let before: BTreeSet<String> = admin.paths("").into_iter().collect();
        let first = walked(&admin, &format!("limit=7&sort={sort}"), || {});
        assert_eq!(first.len(), before.len(), "{sort}");
        let seen = walked(&admin, &format!("limit=7&sort={sort}"), || {
            std::fs::remove_file(server.library().join(&first[0])).unwrap();
            for new in ["0/!first.mp4", "2/zz last.mp4", "1/mid.mp4"] {
                files::write(&server.library().join(format!("{new}.{sort}.mp4")), &bytes(2_001));
            }
            server.program.ok("scan videos");
        });
        let unique: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(unique.len(), seen.len(), "{sort}: an item twice");
        assert!(before.iter().all(|path| unique.contains(path)), "{sort}: one is left out");
        assert!(seen.len() <= before.len() + 3, "{sort}");
    }
    let by_size = sizes(&walked(&admin, "limit=9&sort=largest", || {}));
    assert!(by_size.is_sorted_by(|one, other| one >= other), "{by_size:?}");
    let by_path = walked(&admin, "limit=9", || {});
    assert!(by_path.is_sorted(), "{by_path:?}");
    let by_name = walked(&admin, "limit=9&sort=name", || {});
    assert!(by_name.is_sorted_by_key(|path| path.split_once('/').unwrap().1.to_lowercase()), "{by_name:?}");
}

#[test]
fn a_list_says_what_is_wrong_with_a_question() {
    let server = years();
    let ada = server.api("ada", "--grant videos");
    let next = ada.json("/items?limit=1")["next"].as_str().unwrap().to_owned();
    let cases = [
        ("cursor=abc".to_owned(), 422, "not a cursor"),
        ("cursor=%00".to_owned(), 422, "not even text"),
        (format!("cursor={next}&sort=name"), 422, "of another order"),
        (format!("cursor={next}A"), 422, "with something behind it"),
        ("limit=0".to_owned(), 422, "no page"),
        ("limit=201".to_owned(), 422, "a large page"),
        ("limit=-1".to_owned(), 400, "no number"),
        ("folders=2".to_owned(), 422, "neither yes nor no"),
        ("sort=size".to_owned(), 422, "no order"),
        ("state=lost".to_owned(), 422, "no state"),
        ("below=2024".to_owned(), 422, "of which library?"),
        ("library=videos&below=../x".to_owned(), 422, "no path"),
        (format!("q={}", "a+".repeat(17)), 422, "many words"),
        ("serch=a".to_owned(), 400, "no parameter"),
        ("sort=name&sort=path".to_owned(), 400, "twice"),
    ];
    for (query, want, why) in cases {
        let answer = ada.get(&format!("/items?{query}"));
        assert_eq!(answer.status, want, "{why}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{why}");
    }
    assert_eq!(ada.paths("&library=&below=&q=&state=&sort=&cursor="), FILES, "what is empty is not there");
}

#[test]
fn a_search_takes_every_name_as_it_is() {
    let long = format!("{}.mp4", "l".repeat(251));
    let names = [
        "50% off_season.mp4",
        "50 percent offXseason.mp4",
        "back\\slash.mp4",
        "it's \"quoted\".mp4",
        "<script>alert(1).mp4",
        "ÄRGER im Süden.mp4",
        "e\u{301}te\u{301}.mp4",
        "\u{1f3ac} film.mp4",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.mp4",
        &long,
    ];
    let setup =
        names.iter().fold(Setup::new(), |setup, name| setup.file(&format!("d/{name}"), &bytes(2_000)));
    let server = setup.start();
    let ada = server.api("ada", "--grant videos");
    let cases: [(&str, &[usize], &str); 17] = [
        ("50%", &[0], "a percent sign is one"),
        ("off_season", &[0], "an underscore is one"),
        ("percent", &[1], "a word"),
        ("season 50", &[0, 1], "two words in any order"),
        ("season nowhere", &[], "all must occur"),
        ("\\", &[2], "a backslash is one"),
        ("k\\s", &[2], "likewise"),
        ("it's", &[3], "a quotation mark"),
        ("\"QUOTED\"", &[3], "two of them"),
        ("<script>", &[4], "markup is text"),
        ("ärger SÜDEN", &[5], "capitals beyond ASCII"),
        ("ÉTÉ", &[6], "accents apart and together"),
        ("\u{1f3ac}", &[7], "emoji"),
        ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}", &[8], "right to left"),
        (&long, &[9], "255 bytes"),
        ("VIDEOS d/ .mp4", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "library and path"),
        ("%", &[0], "not everything"),
    ];
    for (words, want, why) in cases {
        let want: BTreeSet<String> = want.iter().map(|number| format!("d/{}", names[*number])).collect();
        let found: BTreeSet<String> = ada.paths(&format!("&q={}", encoded(words))).into_iter().collect();
        assert_eq!(found, want, "{why}");
    }
    // Each can be linked to, and the name in the address is decoration that does not break it.
    for name in names {
        let link = ada.link(&server.id(&format!("d/{name}")), &json!({ "for": "video" }));
        assert_eq!(server.send(&get(target(&link["url"]))).status, 200, "{name}");
        let text = link["text"].as_str().unwrap();
        let source =
            text.strip_prefix("<video controls src=\"").and_then(|text| text.strip_suffix("\"></video>"));
        assert_eq!(source, link["url"].as_str(), "{text}");
    }
}

#[test]
fn a_position_comes_back_to_who_left_it() {
    let server = years();
    let (id, other) = (server.id("2024/a.mp4"), server.id("2023/d.mp4"));
    let (ada, bob) = (server.api("ada", "--grant videos/2024"), server.api("bob", "--grant videos"));
    let at = |caller: &Api<'_>| caller.json(&format!("/items/{id}"))["position_ms"].clone();
    assert_eq!(at(&ada), Value::Null);
    for ms in [61_000, 5, 0] {
        let answer = ada.send("PUT", &format!("/items/{id}/position"), &json!({ "at_ms": ms }));
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_eq!(at(&ada), json!(ms));
    }
    assert_eq!(at(&bob), Value::Null, "it is hers");
    let cases = [
        (json!({ "at_ms": -1 }), 400, "before the beginning"),
        (json!({ "at_ms": 1.5 }), 400, "no whole number"),
        (json!({ "at_ms": u64::MAX }), 422, "no film is that long"),
        (json!({}), 400, "nothing"),
        (json!({ "at_ms": 1, "user": "bob" }), 400, "something else"),
    ];
    for (body, want, why) in cases {
        assert_eq!(ada.send("PUT", &format!("/items/{id}/position"), &body).status, want, "{why}");
    }
    assert_eq!(ada.send("PUT", &format!("/items/{other}/position"), &json!({ "at_ms": 1 })).status, 404);
    assert_eq!(at(&ada), json!(0));
}

#[test]
fn a_link_opens_its_item_at_once_and_nothing_else_and_ends() {
    let server = years();
    let (id, other) = (server.id("2024/a.mp4"), server.id("2024/sub/b.mp4"));
    let ada = server.api("ada", "--grant videos/2024");
    for (purpose, begins) in
        [("video", "<video controls src=\"http://"), ("curl", "curl -i -r 0-1 'http://"), ("url", "http://")]
    {
        let link = ada.link(&id, &json!({ "for": purpose }));
        let url = target(&link["url"]);
        server.send(&get(&url)).assert_whole(&bytes(3_000), purpose);
        assert_eq!(server.send(&get(url.replace(&id, &other))).status, 404, "{purpose}: another item");
        let text = link["text"].as_str().unwrap();
        assert!(text.starts_with(begins) && text.contains(&url), "{text}");
        assert!(
            link["url"]
                .as_str()
                .unwrap()
                .starts_with(&format!("http://{}/m/{id}/a.mp4?token=rg_", server.address))
        );
        let list = server.program.json("token list ada");
        let made = list.as_array().unwrap().iter().find(|token| token["id"] == link["token_id"]).unwrap();
        assert_eq!((&made["kind"], &made["expires_at"]), (&json!("media"), &link["expires_at"]));
    }
    // What is being watched goes on when the time comes, so each look is another viewer's.
    let short = target(&ada.link(&id, &json!({ "for": "url", "lasts": "1s" }))["url"]);
    let mut looks = 0;
    eventually("the link's end", SOON, || {
        looks += 1;
        let look = get(&short).header("User-Agent", format!("viewer {looks}"));
        (server.send(&look).status == 401).then_some(())
    });
    for wish in [json!({ "for": "url", "lasts": "never" }), json!({ "for": "url", "lasts": "0s" })] {
        assert_eq!(ada.send("POST", &format!("/items/{id}/links"), &wish).status, 422, "{wish}");
    }
    for wish in [json!({}), json!({ "for": "mail" }), json!({ "for": "url", "item": other })] {
        assert_eq!(ada.send("POST", &format!("/items/{id}/links"), &wish).status, 400, "{wish}");
    }
}

#[test]
fn links_lead_where_people_reach_the_server() {
    let setup =
        Setup::new().file("a.mp4", &bytes(2_000)).arguments(["--public-url", "https://videos.example/"]);
    let server = setup.start();
    let ada = server.api("ada", "--grant videos");
    let link = ada.link(&server.id("a.mp4"), &json!({ "for": "url" }));
    assert!(link["url"].as_str().unwrap().starts_with("https://videos.example/m/"), "{link}");
}

#[test]
fn a_verdict_says_why_and_what_helps() {
    let server = Server::with(&[("empty.mp4", b""), ("noise.mp4", &bytes(40_000))]);
    let ada = server.api("ada", "--grant videos");
    let id = server.id("empty.mp4");
    let verdict = ada.json(&format!("/items/{id}/verdict"));
    assert_eq!(verdict["plays"], "in none", "{verdict}");
    assert_eq!(verdict["browsers"], json!({ "safari": "fails", "chrome": "fails", "firefox": "fails" }));
    let rule = &verdict["rules"][0];
    assert_eq!((&rule["id"], &rule["severity"]), (&json!("empty-file"), &json!("fails")));
    assert!(rule["cure"].is_string() && rule["seen"] == "0 bytes", "{rule}");
    // Without the file, what the scan has kept is told.
    std::fs::rename(server.library(), server.folder().join("away")).unwrap();
    let kept = eventually("the folder's absence", SOON, || {
        let verdict = ada.json(&format!("/items/{id}/verdict"));
        verdict["rules"][0]["cure"].is_null().then_some(verdict)
    });
    assert_eq!(
        (&kept["plays"], &kept["rules"][0]["id"]),
        (&json!("in none"), &json!("empty-file")),
        "{kept}"
    );
    assert_eq!(ada.json("/libraries")["entries"][0]["available"], json!(false));
    let admin = server.api("eva", "--role admin");
    assert_eq!(admin.send("POST", "/libraries/videos/scan", &Value::Null).status, 409);
}

#[test]
fn administrators_have_a_library_looked_through_now() {
    let server = Setup::new().file("a.mp4", &bytes(2_000)).start();
    let (admin, ada) = (server.api("eva", "--role admin"), server.api("ada", "--grant videos"));
    assert_eq!(ada.send("POST", "/libraries/videos/scan", &Value::Null).status, 403);
    assert_eq!(admin.send("POST", "/libraries/none/scan", &Value::Null).status, 404);
    let library = |caller: &Api<'_>| caller.json("/libraries")["entries"][0].clone();
    assert!(library(&ada)["path"].is_null() && library(&admin)["path"].is_string());
    let before = library(&admin)["scanned_at"].clone();
    eventually("a later scan", SOON, || {
        assert_eq!(admin.send("POST", "/libraries/videos/scan", &Value::Null).status, 202);
        (library(&admin)["scanned_at"] != before).then_some(())
    });
}

fn numbered(number: u32) -> String {
    format!("{}/{:02}/camera {number}.mp4", 2000 + number % 25, number % 12)
}

/// Rows for files that nobody has: their disk counts as one that is not mounted, so they stay.
fn filled(count: u32) -> Server {
    let setup = Setup::new();
    setup.program().ok("scan videos");
    let data = setup.program().data;
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let db = Db::open(&DataFolder::create(&data).unwrap()).await.unwrap();
        let library = db.libraries().await.unwrap().remove(0).id;
        let mut change = db.change().await.unwrap();
        for number in 0..count {
            let mut id = [7; 16];
            id[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b1).to_be_bytes());
            let file = File {
                path: numbered(number),
                size: u64::from(number % 1_000),
                modified_ns: i64::from(number / 3) * 1_000_000_000,
                identity: format!("1-{number}-1"),
                state: ItemState::Complete,
            };
            assert!(change.write(&library, &Write::Add { id: ItemId::new(id), file }, 0).await.unwrap());
        }
        change.commit().await.unwrap();
        db.close().await.unwrap();
    });
    setup.start_unscanned()
}

#[test]
fn ten_thousand_items_are_listed_as_ten_are() {
    const COUNT: u32 = 10_000;
    let server = filled(COUNT);
    let (admin, ada) =
        (server.api("eva", "--role admin"), server.api("ada", "--grant videos/2007 --grant videos/2011/03"));
    for sort in SORTS {
        let all = walked(&admin, &format!("limit=200&sort={sort}"), || {});
        let unique: BTreeSet<&String> = all.iter().collect();
        assert_eq!((all.len(), unique.len()), (10_000, 10_000), "{sort}");
    }
    let list = ada.json("/items?q=CAMERA+97&sort=newest&limit=200");
    let granted = |number: &u32| number % 25 == 7 || (number % 25 == 11 && number % 12 == 3);
    let want = (0..COUNT).filter(granted).filter(|number| numbered(*number).contains("97")).count();
    assert_eq!(list["total"], want);
    let folders = ada.json("/items?library=videos&folders=1");
    let told: BTreeMap<&str, u64> = folders["folders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|folder| (folder["name"].as_str().unwrap(), folder["items"].as_u64().unwrap()))
        .collect();
    let of = |wanted: u32| {
        (0..COUNT).filter(|number| number % 25 == wanted).filter(granted).count().try_into().unwrap()
    };
    assert_eq!(told, BTreeMap::from([("2007", of(7)), ("2011", of(11))]));
}

/// As many grants as nobody has, for databases bound how deep an expression may be.
#[test]
fn two_thousand_grants_are_one_question() {
    let server = filled(3_000);
    let grants: Vec<String> = (0..2_000).map(|number| format!("videos/{}", numbered(number))).collect();
    let mut arguments = vec!["user", "add", "ada"];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    let added = server.program.run(arguments);
    assert_eq!(added.code, Some(0), "{added:?}");
    let ada = server.api_token("ada", "");
    for sort in SORTS {
        assert_eq!(ada.json(&format!("/items?sort={sort}&limit=1"))["total"], 2_000, "{sort}");
    }
}

#[test]
fn what_is_odd_among_siblings_is_told_to_who_sees_them_all() {
    let usual = ["1.mp4", "2.mp4", "3.mp4", "4.mp4"];
    let setup = Setup::new().file("cam/short.mp4", &films::film(60, 5_000));
    let with = |setup: Setup, name: &&str| setup.file(&format!("cam/{name}"), &films::film(600, 5_000));
    let server = usual.iter().fold(setup, with).start();
    let id = server.id("cam/short.mp4");
    let all = server.api("eva", "--grant videos");
    let one = server.api("ada", "--grant videos/cam/short.mp4");
    let narrow = server.api_token("eva", &format!("--item {id}"));
    let link = server.token("eva", "");
    let folder = server.api("bob", "--grant videos/cam");
    let pages = ["/items".to_owned(), format!("/items/{id}"), format!("/items/{id}/verdict")];
    for page in &pages {
        eventually("a look at all of them", SOON, || {
            all.get(page).text().contains("siblings last 0:10:00").then_some(())
        });
        assert!(folder.get(page).text().contains("siblings"), "who sees their folder");
        for (who, why) in [(&one, "sees one of them"), (&narrow, "is narrowed to it")] {
            let told = who.get(page);
            assert_eq!(told.status, 200, "{}", told.text());
            assert!(!told.text().contains("siblings"), "who {why} learns of the others: {}", told.text());
        }
    }
    for page in &pages[1..] {
        let told = link.send(&get(format!("/api/v1{page}")));
        assert_eq!(told.status, 200, "{}", told.text());
        assert!(!told.text().contains("siblings"), "by the item's link: {}", told.text());
    }
}
