//! Marionette, the protocol that Firefox itself speaks: `LENGTH:JSON`, a command is `[0, id, name, parameters]` and
//! its answer `[1, id, error, result]`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::engine::Session;

pub(crate) struct Marionette {
    stream: BufReader<TcpStream>,
    last: u64,
}

impl Marionette {
    pub(crate) fn open(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        stream.set_nodelay(true)?;
        let mut marionette = Self { stream: BufReader::new(stream), last: 0 };
        let greeting = marionette.receive().context("Firefox does not greet")?;
        ensure!(greeting["marionetteProtocol"] == 3, "an unknown protocol: {greeting}");
        marionette.command("WebDriver:NewSession", &json!({}))?;
        marionette.command("WebDriver:SetTimeouts", &json!({ "script": 30_000, "pageLoad": 20_000 }))?;
        Ok(marionette)
    }

    fn command(&mut self, name: &str, parameters: &Value) -> Result<Value> {
        self.last += 1;
        let text = json!([0, self.last, name, parameters]).to_string();
        self.stream.get_mut().write_all(format!("{}:{text}", text.len()).as_bytes())?;
        let mut answer = self.receive().with_context(|| name.to_owned())?;
        ensure!(answer[1] == self.last, "{name}: the answer to another command came: {answer}");
        if !answer[2].is_null() {
            bail!("{name}: {}: {}", answer[2]["error"], answer[2]["message"]);
        }
        Ok(answer[3].take())
    }

    fn receive(&mut self) -> Result<Value> {
        let mut length = Vec::new();
        (&mut self.stream).take(12).read_until(b':', &mut length)?;
        let length =
            str::from_utf8(&length)?.trim_end_matches(':').parse().context("a message without length")?;
        let mut text = vec![0; length];
        self.stream.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Session for Marionette {
    fn navigate(&mut self, url: &str) -> Result<()> {
        self.command("WebDriver:Navigate", &json!({ "url": url })).map(drop)
    }

    fn execute(&mut self, script: &str, arguments: Value) -> Result<Value> {
        let parameters = json!({ "script": script, "args": arguments });
        Ok(self.command("WebDriver:ExecuteAsyncScript", &parameters)?["value"].take())
    }

    fn enter_frame(&mut self) -> Result<()> {
        self.command("WebDriver:SwitchToFrame", &json!({ "id": 0 })).map(drop)
    }

    fn screenshot(&mut self) -> Result<Vec<u8>> {
        let answer = self.command("WebDriver:TakeScreenshot", &json!({ "full": false }))?;
        let text = answer["value"].as_str().context("a screenshot that is no text")?;
        Ok(BASE64.decode(text.as_bytes())?)
    }
}
