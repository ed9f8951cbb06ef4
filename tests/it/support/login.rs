//! People with passwords.

use serde_json::json;

use super::http::{Request, Response};
use super::server::Server;

pub const PASSWORD: &str = "correct horse battery";

impl Server {
    /// A new user with [`PASSWORD`] and these flags of `user add`.
    pub fn person(&self, name: &str, flags: &str) {
        let line = format!("user add {name} --password-stdin {flags}");
        let ran = self.program.run_with_input(line.trim_end().split(' '), &format!("{PASSWORD}\n"));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

/// As a program logs in.
pub fn login(name: &str, password: &str) -> Request {
    Request::new("POST", "/api/v1/session").json(&json!({ "name": name, "password": password }))
}

/// The cookie of a person who has just logged in.
pub fn log_in(server: &Server, name: &str) -> String {
    cookie(&server.send(&login(name, PASSWORD)))
}

/// `name=value`, as a browser sends it back.
#[track_caller]
pub fn cookie(answer: &Response) -> String {
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    set.split(';').next().unwrap().to_owned()
}
