//! A video in a browser: what its element tells, and what its picture shows.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock;
use crate::engine::Browser;

const SCRIPT: &str = include_str!("player.js");

/// How far the picture may be from where the element says that it is, in seconds.
const TOLERANCE: f64 = 0.15;

/// How long a picture is waited for.
const PATIENCE: Duration = Duration::from_secs(12);

/// The element's state when a step ended, and the event that ended it.
#[derive(Debug, Deserialize)]
pub(crate) struct State {
    pub(crate) event: String,
    pub(crate) time: f64,
    /// Nothing stands for one that is not known or has no end.
    pub(crate) duration: Option<f64>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) error: u32,
}

pub(crate) struct Player<'a> {
    browser: &'a mut Browser,
}

impl<'a> Player<'a> {
    /// The video on a page that is shown already.
    pub(crate) fn on(browser: &'a mut Browser) -> Self {
        Self { browser }
    }

    /// One step of `player.js`, however it ends.
    pub(crate) fn try_step(&mut self, name: &str, argument: &Value) -> Result<State> {
        let script = format!(
            "const done = arguments[arguments.length - 1];\n{SCRIPT}\n\
             perform(arguments[0], arguments[1]).then(done, (error) => done({{ event: `${{error}}` }}));"
        );
        let value = self.browser.session.execute(&script, json!([name, argument]))?;
        serde_json::from_value(value.clone()).with_context(|| format!("{name}: {value}"))
    }

    /// A step that has to end with the event that it waits for.
    pub(crate) fn step(&mut self, name: &str, argument: &Value, event: &str) -> Result<State> {
        let state = self.try_step(name, argument)?;
        ensure!(state.event == event, "{name} ended with {} in place of {event}: {state:?}", state.event);
        Ok(state)
    }

    pub(crate) fn load(&mut self, url: &str) -> Result<State> {
        self.step("load", &json!(url), "loadeddata")
    }

    /// Plays until half a second more is told and shown.
    pub(crate) fn play(&mut self) -> Result<()> {
        let state = self.step("play", &Value::Null, "timeupdate")?;
        self.await_picture(&format!("after {:.2} s", state.time), |shown| shown >= state.time - TOLERANCE)
    }

    /// Seeks; the picture has to come to be that of the element's time.
    pub(crate) fn seek(&mut self, time: f64) -> Result<()> {
        let state = self.step("seek", &json!(time), "seeked")?;
        ensure!((state.time - time).abs() < TOLERANCE, "a seek to {time} s led to {} s", state.time);
        self.await_picture(&format!("of {time} s"), |shown| (shown - time).abs() < TOLERANCE)
    }

    /// For a page whose element may not be asked: the picture has to move on by half a second.
    pub(crate) fn await_motion(&mut self) -> Result<()> {
        let mut first = None;
        self.await_picture("that moves on", |shown| shown >= *first.get_or_insert(shown) + 0.5)
    }

    /// Looks again and again: a browser shows a frame some time after it has told of it.
    fn await_picture(&mut self, what: &str, mut fits: impl FnMut(f64) -> bool) -> Result<()> {
        let start = Instant::now();
        let (mut last, mut screenshot) = (None, Vec::new());
        while start.elapsed() < PATIENCE {
            screenshot = self.browser.session.screenshot()?;
            let shown = clock::read(&screenshot)?;
            if shown.is_some_and(&mut fits) {
                return Ok(());
            }
            last = shown.or(last);
        }
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-picture.png");
        fs::write(&kept, screenshot)?;
        let kept = kept.display();
        match last {
            Some(shown) => bail!("no picture {what} came, the last was of {shown:.2} s, see {kept}"),
            None => bail!("no picture {what} came, no clock was to be seen, see {kept}"),
        }
    }
}
