//! The W3C `WebDriver` protocol, as chromedriver and `WebKitWebDriver` speak it: a JSON object a command, over
//! HTTP.

use anyhow::{Context, Result, bail};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::engine::Session;
use crate::http::exchange;

pub(crate) struct WebDriver {
    /// The session's URL; every command has its own below it.
    url: String,
}

impl WebDriver {
    pub(crate) fn open(port: u16, options: &Value) -> Result<Self> {
        let mut wanted = json!({ "timeouts": { "script": 30_000, "pageLoad": 20_000 } });
        if let (Some(wanted), Some(options)) = (wanted.as_object_mut(), options.as_object()) {
            wanted.extend(options.clone());
        }
        let root = format!("http://127.0.0.1:{port}/session");
        let value = command(&root, "POST", &json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        let id = value["sessionId"].as_str().context("a session without id")?;
        Ok(Self { url: format!("{root}/{id}") })
    }

    fn post(&self, name: &str, body: &Value) -> Result<Value> {
        command(&format!("{}/{name}", self.url), "POST", body)
    }
}

impl Session for WebDriver {
    fn navigate(&mut self, url: &str) -> Result<()> {
        self.post("url", &json!({ "url": url })).map(drop)
    }

    fn execute(&mut self, script: &str, arguments: Value) -> Result<Value> {
        self.post("execute/async", &json!({ "script": script, "args": arguments }))
    }

    fn enter_frame(&mut self) -> Result<()> {
        self.post("frame", &json!({ "id": 0 })).map(drop)
    }

    fn screenshot(&mut self) -> Result<Vec<u8>> {
        let value = command(&format!("{}/screenshot", self.url), "GET", &Value::Null)?;
        let text = value.as_str().context("a screenshot that is no text")?;
        Ok(BASE64.decode(text.as_bytes())?)
    }
}

impl Drop for WebDriver {
    fn drop(&mut self) {
        // Where the driver does not answer any more, its processes are killed right after.
        let _ = command(&self.url, "DELETE", &Value::Null);
    }
}

fn command(url: &str, method: &str, body: &Value) -> Result<Value> {
    let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
    let (head, bytes) = exchange(url, method, &body).with_context(|| format!("{method} {}", name(url)))?;
    let mut answer: Value = serde_json::from_slice(&bytes)?;
    let value = answer["value"].take();
    if head.status != 200 {
        bail!("{method} {}: {}: {}", name(url), value["error"], value["message"]);
    }
    Ok(value)
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}
