//! Posters and subtitles beside a video: whose they are, what they are, and that nothing else comes out.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::support::media::SOON;
use crate::support::{Server, Setup, eventually, files, films, get, head};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a picture";
const SRT: &[u8] = b"1\r\n00:00:01,500 --> 00:00:02,000\r\n<i>Gr\xfc\xdfe</i> & more\r\n";
const VTT: &str = "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n<i>Grüße</i> &amp; more\n";

fn setup() -> Setup {
    let setup = Setup::new().file("cam/1.mp4", &films::slow_film(9)).file("cam/1.jpg", JPEG);
    setup.file("cam/1.de.srt", SRT).file("cam/1.vtt", b"WEBVTT\n\nNOTE none\n").file("b.mp4", b"0123456789")
}

fn listed(server: &Server, path: &str) -> Value {
    let items = server.program.json("items");
    items.as_array().unwrap().iter().find(|item| item["path"] == path).unwrap().clone()
}

fn urls(item: &Value) -> Vec<String> {
    let subtitles = item["subtitles"].as_array().unwrap().iter().map(|text| &text["url"]);
    let all = std::iter::once(&item["poster"]).chain(subtitles);
    all.filter_map(|url| url.as_str().map(str::to_owned)).collect()
}

#[test]
fn posters_and_subtitles_are_listed_and_served_as_what_they_are() {
    let server = setup().start();
    let ann = server.user("ann", Some("videos"));
    let item = listed(&server, "cam/1.mp4");
    let id = item["id"].as_str().unwrap();
    let expected = ["poster/poster.jpg", "subtitles/de.vtt", "subtitles/default.vtt"];
    assert_eq!(urls(&item), expected.map(|part| format!("/m/{id}/{part}")));
    let poster = ann.send(&get(format!("/m/{id}/poster/any.name")));
    assert_eq!((poster.status, &poster.body[..]), (200, JPEG));
    assert_eq!(poster.header("content-type"), Some("image/jpeg"));
    assert_eq!(poster.header("cache-control"), Some("private, no-cache, no-transform"));
    let german = ann.send(&get(format!("/m/{id}/subtitles/de.vtt")));
    assert_eq!((german.status, german.text()), (200, VTT));
    assert_eq!(german.header("content-type"), Some("text/vtt; charset=utf-8"));
    let plain = ann.send(&get(format!("/m/{id}/subtitles/default.vtt")));
    assert_eq!((plain.status, plain.text()), (200, "WEBVTT\n\nNOTE none\n"));
    // One part behind the id is decoration, whatever it says.
    assert_eq!(ann.send(&get(format!("/m/{id}/poster"))).header("content-type"), Some("video/mp4"));
    let page = ann.send(&get(format!("/watch/{id}")));
    for words in
        [format!("poster=\"/m/{id}/poster/"), format!("<track kind=\"subtitles\" src=\"/m/{id}/subtitles/de")]
    {
        assert!(page.text().contains(&words), "no {words} in {}", page.text());
    }
    assert!(urls(&listed(&server, "b.mp4")).is_empty());
}

#[test]
fn ranges_and_conditions_hold_for_them_too() {
    let server = setup().start();
    let ann = server.user("ann", Some("videos"));
    let id = server.id("cam/1.mp4");
    for (part, bytes) in [("poster/x.jpg", JPEG), ("subtitles/de.vtt", VTT.as_bytes())] {
        let request = get(format!("/m/{id}/{part}"));
        let target = format!("/m/{id}/{part}?token={}", ann.token());
        ann.send(&request.clone().range("bytes=3-6")).assert_part(bytes, 3..7, part);
        ann.send(&request.clone().range("bytes=9999-")).assert_unsatisfiable(bytes.len(), part);
        let tag = server.lasting_tag(&target);
        assert_eq!(ann.send(&request.clone().header("If-None-Match", &tag)).status, 304, "{part}");
        let empty = server.send(&head(target.as_str()));
        assert_eq!((empty.status, empty.content_length(), empty.body.len()), (200, bytes.len(), 0), "{part}");
    }
    // Another text is another version.
    let target = format!("/m/{id}/subtitles/de.vtt?token={}", ann.token());
    let before = server.lasting_tag(&target);
    files::write(
        &server.library().join("cam/1.de.srt"),
        &[SRT, b"\r\n2\r\n0:0:5 --> 0:0:6\r\nbye\r\n"].concat(),
    );
    assert!(server.send(&get(target.as_str())).text().contains("bye"));
    assert_ne!(server.lasting_tag(&target), before);
}

#[test]
fn who_may_not_see_the_video_sees_nothing_beside_it() {
    let server = setup().start();
    let id = server.id("cam/1.mp4");
    let ann = server.user("ann", Some("videos"));
    let bob = server.user("bob", None);
    let cam = server.user("cam", Some("videos/cam"));
    let narrow = server.token("ann", &format!("--item {id}"));
    let other = server.token("ann", &format!("--item {}", server.id("b.mp4")));
    let api = server.token("ann", "--kind api");
    server.program.ok("key create");
    for part in ["poster/x.jpg", "subtitles/de.vtt", "subtitles/default.vtt"] {
        let request = get(format!("/m/{id}/{part}"));
        let none = get(format!("/m/AAAAAAAAAAAAAAAAAAAAAA/{part}"));
        for (caller, who) in
            [(&ann, "granted all"), (&cam, "granted the folder"), (&narrow, "a token for it")]
        {
            assert_eq!(caller.send(&request).status, 200, "{who}: {part}");
            let path = get(format!("/t/{}/m/{id}/{part}", caller.token()));
            assert_eq!(server.send(&path).status, 200, "{who}, in the path: {part}");
        }
        for (caller, who) in [(&bob, "granted nothing"), (&other, "a token for another")] {
            assert_eq!(caller.send(&request).status, 404, "{who}: {part}");
            assert_eq!(caller.send(&request).blind_face(), caller.send(&none).blind_face(), "{who}: {part}");
        }
        assert_eq!(server.send(&request).status, 401, "nobody: {part}");
        assert_eq!(api.send(&request).status, 401, "an api token in a URL: {part}");
        let signed = server.program.sign(&format!("/m/{id}"), "1h");
        let signed = signed.replace(&id, &format!("{id}/{part}"));
        assert_eq!(server.send(&get(signed)).status, 200, "signed for the item: {part}");
    }
    server.program.ok(&format!("token revoke {}", narrow.token_id()));
    let request = get(format!("/m/{id}/poster/x.jpg"));
    narrow.refuses("the revocation", SOON, &request, 401);
}

#[test]
fn only_what_lies_beside_the_video_and_is_what_it_claims_comes_out() {
    let setup = setup().file("secret.srt", SRT).file("b.png", b"<svg onload=alert(1)>");
    let setup = setup.file("b.srt", b"root:x:0:0").file("b.en.vtt", b"<script>").file("b.de.srt", SRT);
    let setup = setup.file("b.de.mp4", b"0123456789").file("b.fr.srt", &vec![b' '; (4 << 20) + 1]);
    files::write(&setup.folder().join("outside.srt"), SRT);
    symlink(setup.folder().join("outside.srt"), setup.library().join("b.it.srt")).unwrap();
    let server = setup.start();
    let ann = server.user("ann", Some("videos"));
    let id = server.id("b.mp4");
    let nothing = ann.send(&get("/m/AAAAAAAAAAAAAAAAAAAAAA")).blind_face();
    let parts = [
        ("poster/b.png", "no picture"),
        ("subtitles/default.vtt", "no subtitles"),
        ("subtitles/en.vtt", "likewise"),
        ("subtitles/de.vtt", "they are another video's"),
        ("subtitles/fr.vtt", "too long"),
        ("subtitles/it.vtt", "a link"),
        ("subtitles/es.vtt", "not there"),
        ("subtitles/../secret.vtt", "a way out"),
        ("subtitles/..%2fsecret.vtt", "likewise"),
        ("subtitles/%2e%2e%2f%2e%2e%2foutside.vtt", "likewise"),
        ("subtitles/de.srt", "the file itself"),
    ];
    for (part, why) in parts {
        assert_eq!(ann.send(&get(format!("/m/{id}/{part}"))).blind_face(), nothing, "{why}: {part}");
    }
    for path in ["secret.srt", "cam/1.jpg", "b.de.srt"] {
        assert_eq!(ann.send(&get(format!("/files/videos/{path}"))).status, 404, "{path} is no video");
    }
    let german = ann.send(&get(format!("/m/{}/subtitles/default.vtt", server.id("b.de.mp4"))));
    assert_eq!((german.status, german.text()), (200, VTT), "to its own video it belongs");
}

#[test]
fn a_picture_that_comes_or_goes_is_noticed() {
    let server = Setup::new().file("a.mp4", &films::slow_film(9)).start();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}/poster/x", server.id("a.mp4")));
    assert_eq!(ann.send(&request).status, 404);
    let path = server.library().join("a.jpg");
    fs::write(&path, JPEG).unwrap();
    ann.becomes("the picture", SOON, &request, 200);
    fs::remove_file(&path).unwrap();
    assert_eq!(ann.send(&request).status, 404, "at once: there is nothing to read");
    eventually("its end in the list", SOON, || listed(&server, "a.mp4")["poster"].is_null().then_some(()));
}
