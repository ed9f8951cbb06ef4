//! Calls of the API: JSON in, JSON out.

use serde_json::Value;

use super::http::{Connection, Request};
use super::server::Server;

/// What a call gave.
#[derive(Debug)]
pub struct Called {
    pub status: u16,
    /// Null: no body.
    pub body: Value,
}

impl Called {
    /// The one entry of a list that fits.
    #[track_caller]
    pub fn entry(&self, key: &str, value: &str) -> &Value {
        let entries = self.body["entries"].as_array().unwrap_or_else(|| panic!("no list: {self:?}"));
        let found = entries.iter().find(|entry| entry[key] == value);
        found.unwrap_or_else(|| panic!("no {key} {value}: {entries:?}"))
    }

    pub fn text(&self, key: &str) -> &str {
        self.body[key].as_str().unwrap_or_else(|| panic!("no {key}: {self:?}"))
    }
}

impl Server {
    /// A request of the API with a body, or without one when it is null.
    pub fn call(&self, request: Request, body: &Value) -> Called {
        let mut connection = Connection::open(self.address);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let method = request.method.clone();
        let mut asked = request.header("Connection", "close");
        if !body.is_null() {
            let length = text.len().to_string();
            asked = asked.header("Content-Type", "application/json").header("Content-Length", length);
        }
        connection.write_raw(format!("{}{text}", asked.text(self.address)).as_bytes());
        let response = connection.response(&method);
        let body = if response.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
        };
        Called { status: response.status, body }
    }

    /// A new administrator's api token.
    pub fn administrator(&self) -> String {
        self.program.ok("user add root --role admin");
        self.token("root", "--kind api").token().to_owned()
    }
}
