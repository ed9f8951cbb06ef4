//! What the heads say.

use axum::Router;
use axum::routing::get;
use http::{Request, StatusCode, header};
use tower::ServiceExt;

use super::*;

const ALWAYS: [(&str, &str); 5] = [
    ("cache-control", "private, no-cache, no-transform"),
    ("cdn-cache-control", "no-store"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("etag", "\"v1\""),
    ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
];

const MEDIA: [(&str, &str); 4] = [
    ("accept-ranges", "bytes"),
    ("content-disposition", "inline"),
    (
        "content-security-policy",
        "default-src 'none'; media-src 'self'; base-uri 'none'; form-action 'none'; \
         sandbox allow-same-origin allow-scripts",
    ),
    ("x-accel-buffering", "no"),
];

/// Every header of a response, sorted, and nothing but these.
fn listed(response: &Response<Body>) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let mut lines: Vec<_> =
        response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    lines.sort();
    lines
}

fn wanted(sets: &[&[(&str, &str)]]) -> Vec<(String, String)> {
    let mut lines: Vec<_> =
        sets.concat().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    lines.sort();
    lines
}

#[test]
fn each_plan_has_its_head_and_nothing_more() {
    let shelf = Shelf::new(Disk::Near, &[7; 100]);
    let film = film(shelf.open());
    let multipart = format!("multipart/byteranges; boundary={}", "07".repeat(18));
    let parts = vec![range(0, 1, 100), range(50, 60, 100)];
    let parts_len = crate::range::Multipart::new(&Boundary::from_random([7; 18]), "video/mp4", &parts, 100)
        .content_length()
        .to_string();
    let kind = ("content-type", "video/mp4");
    let cases = [
        (Plan::NotModified, 304, wanted(&[&ALWAYS]), "RFC 9110 §15.4.5"),
        (Plan::PreconditionFailed, 412, wanted(&[&ALWAYS, &[("content-length", "0")]]), "§15.5.13"),
        (
            Plan::Unsatisfiable,
            416,
            wanted(&[
                &ALWAYS,
                &[("accept-ranges", "bytes"), ("content-length", "0"), ("content-range", "bytes */100")],
            ]),
            "§15.5.17",
        ),
        (Plan::Whole, 200, wanted(&[&ALWAYS, &MEDIA, &[kind, ("content-length", "100")]]), "§15.3.1"),
        (
            Plan::Part(range(0, 2, 100)),
            206,
            wanted(&[&ALWAYS, &MEDIA, &[kind, ("content-length", "2"), ("content-range", "bytes 0-1/100")]]),
            "§15.3.7.1",
        ),
        (
            Plan::Parts(parts),
            206,
            wanted(&[&ALWAYS, &MEDIA, &[("content-type", &multipart), ("content-length", &parts_len)]]),
            "§15.3.7.2: no Content-Range of its own",
        ),
    ];
    for (plan, status, want, why) in cases {
        let response = answer(&film, plan.clone(), &Method::GET);
        assert_eq!((response.status().as_u16(), listed(&response)), (status, want), "{plan:?}: {why}");
    }
}

#[test]
fn head_is_get_without_the_bytes() {
    let shelf = Shelf::new(Disk::Near, &[7; 100]);
    let film = film(shelf.open());
    for plan in [Plan::Whole, Plan::NotModified, Plan::PreconditionFailed] {
        let get = answer(&film, plan.clone(), &Method::GET);
        let head = answer(&film, plan.clone(), &Method::HEAD);
        assert_eq!((listed(&get), get.status()), (listed(&head), head.status()), "{plan:?}");
        assert!(head.extensions().get::<Pieces>().is_none(), "{plan:?}");
    }
}

#[test]
fn a_representation_without_a_date_has_no_last_modified() {
    let shelf = Shelf::new(Disk::Near, &[7; 100]);
    let (film, _) = mosaic(&shelf.open());
    let response = answer(&film, Plan::Whole, &Method::GET);
    assert_eq!(response.headers().get(header::LAST_MODIFIED), None);
}

#[tokio::test]
async fn an_empty_file_is_a_200_of_no_bytes() {
    let shelf = Shelf::new(Disk::Near, &[]);
    let response = answer(&film(shelf.open()), Plan::Whole, &Method::GET);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-length"], "0");
    assert_eq!(all(response).await, b"");
}

/// What axum's router does to a response on its way, and what is made good again.
#[tokio::test]
async fn lengths_survive_the_router() {
    let shelf = Shelf::new(Disk::Near, &[7; 100]);
    let film = film(shelf.open());
    let cases = [
        (Method::GET, Plan::Whole, Some("100"), 100, "the length of the pieces"),
        (Method::HEAD, Plan::Whole, Some("100"), 0, "RFC 9110 §9.3.2: the length of a GET"),
        (Method::GET, Plan::NotModified, None, 0, "§8.6: 0 would be the length of the representation"),
        (Method::HEAD, Plan::NotModified, None, 0, "§8.6"),
        (Method::GET, Plan::Unsatisfiable, Some("0"), 0, "an empty body"),
    ];
    for (method, plan, len, sent, why) in cases {
        let (film, sends) = (film.clone(), plan.clone());
        let route = get(|method: Method| async move { answer(&film, sends, &method) });
        let request = Request::builder().method(method).uri("/").body(Body::empty()).unwrap();
        let response = copying(Router::new().route("/", route).oneshot(request).await.unwrap());
        let got = response.headers().get(header::CONTENT_LENGTH).map(|value| value.to_str().unwrap());
        assert_eq!(got, len, "{plan:?}: {why}");
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(sent), "{plan:?}: {why}");
    }
}
