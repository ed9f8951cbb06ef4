//! The description of the API: everything that is there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use reelgate::router::{Openness, ROUTES};

use crate::support::program::{bare, ran};
use crate::support::{Request, Server, get};

const PREFIX: &str = "/api/v1/";

fn document(server: &Server) -> Value {
    let answer = server.send(&get("/api/v1/openapi.json"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

/// Path, method, operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let each = paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    each.collect()
}

/// What a route's path answers to, by its own word.
fn methods(server: &Server, pattern: &str) -> BTreeSet<String> {
    let path = pattern.replace(['{', '}'], "");
    let refused = server.send(&Request::new("TRACE", path));
    assert_eq!(refused.status, 405, "{pattern}");
    let allow = refused.header("allow").unwrap().to_lowercase();
    // Whoever has GET has HEAD (RFC 9110 §9.3.2).
    allow.split(',').filter(|method| *method != "head").map(str::to_owned).collect()
}

#[test]
fn the_description_and_the_routes_have_the_same_endpoints() {
    let server = Server::with(&[]);
    let document = document(&server);
    let mut described: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        described.entry(path).or_default().insert(method.to_owned());
    }
    let routes = ROUTES.iter().filter(|route| route.pattern.starts_with(PREFIX));
    let there: BTreeMap<&str, BTreeSet<String>> =
        routes.map(|route| (route.pattern, methods(&server, route.pattern))).collect();
    assert!(there.len() > 5, "{there:?}");
    assert_eq!(described, there, "left: described, right: there");
}

#[test]
fn every_operation_says_what_it_answers_and_to_whom() {
    let server = Server::with(&[]);
    let document = document(&server);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let line = format!("{method} {path}");
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{line}: {name} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{line}");
        let route = ROUTES.iter().find(|route| route.pattern == path).unwrap();
        let empty = serde_json::json!({});
        let is_open = operation["security"].as_array().is_some_and(|ways| ways.contains(&empty));
        assert_eq!(is_open, route.openness == Openness::Public, "{line}: security(()) is for public routes");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{line}");
        for (status, response) in responses {
            assert!(status.parse::<u16>().is_ok(), "{line}: {status} is not one status; name each");
            assert!(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{line}: {status}"
            );
            if status.starts_with(['4', '5']) {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{line}: {status}");
            }
        }
        assert!(is_open || responses.contains_key("401"), "{line}");
        assert_eq!(responses.contains_key("415"), operation.get("requestBody").is_some(), "{line}");
    }
}

#[test]
fn the_command_prints_what_the_server_serves() {
    let server = Server::with(&[]);
    let printed = ran(bare().arg("openapi").output().unwrap());
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), document(&server));
}
