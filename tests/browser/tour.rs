//! A tour of all pages and dialogs in Chromium, each looked at in dark and light, on a desk and on a phone.
//!
//! It is walked once; the cases each ask for one kind of what it found. Its pictures lie in `target/test-screens/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::axe::Axe;
use crate::engine::Engine;
use crate::house::House;
use crate::people::Person;

/// The smallest phone that is looked after, in CSS pixels.
const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1280, 800);

/// A page, and what is pressed there until it shows what the stop is about.
pub(crate) struct Stop {
    pub(crate) name: &'static str,
    pub(crate) place: String,
    /// Selectors and the words of what is pressed, one after another.
    pub(crate) presses: &'static [(&'static str, &'static str)],
    /// What is typed then; the page's own focus says where.
    pub(crate) keys: &'static str,
    /// Something fits this when the stop is reached.
    pub(crate) sign: &'static str,
    /// The page's own status is an error, which the console notes.
    pub(crate) is_refused: bool,
}

impl Stop {
    pub(crate) fn new(name: &'static str, place: impl Into<String>, sign: &'static str) -> Self {
        Self { name, place: place.into(), presses: &[], keys: "", sign, is_refused: false }
    }

    pub(crate) fn press(self, presses: &'static [(&'static str, &'static str)]) -> Self {
        Self { presses, ..self }
    }

    pub(crate) fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }

    pub(crate) fn refused(self) -> Self {
        Self { is_refused: true, ..self }
    }
}

/// What was found, a line each.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) axe: Vec<String>,
    pub(crate) wide: Vec<String>,
    pub(crate) strays: Vec<String>,
    pub(crate) looked_at: usize,
}

pub(crate) struct Guide {
    pub(crate) person: Person,
    origin: String,
    axe: Axe,
    screens: PathBuf,
    pub(crate) findings: Findings,
}

impl Guide {
    pub(crate) fn meet(house: &House) -> Result<Self> {
        // The folder of temporary files lies in the target folder.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("a target folder")?;
        let screens = target.join("test-screens");
        fs::create_dir_all(&screens)?;
        let mut person = Person::arrive(Engine::Chromium, house)?;
        // The browser's own first page asks for much.
        person.open("/healthz")?;
        person.browser.session.noted("performance")?;
        Ok(Self {
            person,
            origin: house.url.clone(),
            axe: Axe::fetch()?,
            screens,
            findings: Findings::default(),
        })
    }

    pub(crate) fn visit(&mut self, stops: &[Stop]) -> Result<()> {
        for stop in stops {
            self.stop(stop).with_context(|| format!("at the stop “{}”", stop.name))?;
        }
        Ok(())
    }

    fn stop(&mut self, stop: &Stop) -> Result<()> {
        self.dress("dark", DESK)?;
        self.person.open(&stop.place)?;
        for (selector, words) in stop.presses {
            self.person.click(selector, words)?;
        }
        self.person.keys(stop.keys.chars())?;
        let settled = "document.readyState === 'complete' && !!document.querySelector(given) \
                       && !document.querySelector('[aria-busy=true], .waiting, .notice')";
        self.person.until(stop.sign, settled, &json!(stop.sign))?;
        self.check(stop.name, "dark")?;
        self.picture(stop.name, "desk-dark", DESK)?;
        self.dress("light", DESK)?;
        self.picture(stop.name, "desk-light", DESK)?;
        self.dress("light", PHONE)?;
        self.check(stop.name, "light, on a phone")?;
        self.measure(stop.name)?;
        self.picture(stop.name, "phone-light", PHONE)?;
        self.dress("dark", PHONE)?;
        self.picture(stop.name, "phone-dark", PHONE)?;
        let strays = self.strays(stop.is_refused)?;
        self.findings.strays.extend(strays.into_iter().map(|stray| format!("{}: {stray}", stop.name)));
        self.findings.looked_at += 1;
        Ok(())
    }

    fn dress(&mut self, scheme: &str, (width, height): (u32, u32)) -> Result<()> {
        let is_phone = (width, height) == PHONE;
        let session = &mut self.person.browser.session;
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        session.own("Emulation.setEmulatedMedia", json!({ "features": features }))?;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone });
        session.own("Emulation.setDeviceMetricsOverride", metrics)?;
        let drawn =
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.person.ask(drawn, &Value::Null).map(drop)
    }

    pub(crate) fn check(&mut self, name: &str, how: &str) -> Result<()> {
        let found = self.axe.violations(&mut self.person.browser)?;
        self.findings.axe.extend(found.into_iter().map(|line| format!("{name}, {how}: {line}")));
        Ok(())
    }

    /// Whether anything is wider than the phone, dialogs included.
    pub(crate) fn measure(&mut self, name: &str) -> Result<()> {
        const WIDE: &str = "(() => { \
            const boxes = [document.documentElement, ...document.querySelectorAll('dialog[open]')]; \
            const wide = boxes.filter((box) => box.scrollWidth > Math.min(box.clientWidth, given)); \
            if (!wide.length) return null; \
            const out = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > given + 1); \
            return `${wide.map((box) => `${box.tagName} ${box.scrollWidth}`)}, first ${out[0]?.outerHTML.slice(0, 120)}`; })()";
        let found = self.person.ask(WIDE, &json!(PHONE.0))?;
        self.findings.wide.extend(found.as_str().map(|found| format!("{name}: {found}")));
        Ok(())
    }

    /// The whole page, up to five screens of it.
    fn picture(&mut self, name: &str, dress: &str, (width, height): (u32, u32)) -> Result<()> {
        let tall = "document.querySelector('dialog[open]') ? null : document.documentElement.scrollHeight";
        let tall = self.person.ask(tall, &Value::Null)?.as_u64();
        let mut wish = json!({ "format": "png" });
        // A dialog stands on the screen, wherever the page behind it is.
        if let Some(tall) = tall {
            let tall = tall.clamp(height.into(), u64::from(height) * 5);
            wish["captureBeyondViewport"] = json!(true);
            wish["clip"] = json!({ "x": 0, "y": 0, "width": width, "height": tall, "scale": 1 });
        }
        let answer = self.person.browser.session.own("Page.captureScreenshot", wish)?;
        let png = BASE64.decode(answer["data"].as_str().context("no picture")?.as_bytes())?;
        Ok(fs::write(self.screens.join(format!("{name}-{dress}.png")), png)?)
    }

    /// Requests to other places, and everything that the console notes: errors, and what the policy has forbidden.
    pub(crate) fn strays(&mut self, is_refused: bool) -> Result<Vec<String>> {
        let session = &mut self.person.browser.session;
        let mut strays = Vec::new();
        for note in session.noted("performance")? {
            let event: Value = serde_json::from_str(note["message"].as_str().unwrap_or("null"))?;
            let event = &event["message"];
            let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
            let is_own = url.strip_prefix(&self.origin).is_some_and(|rest| rest.starts_with('/'));
            if event["method"] == "Network.requestWillBeSent" && !is_own && !url.starts_with("data:") {
                strays.push(format!("a request to {url}"));
            }
        }
        for note in session.noted("browser")? {
            // Advice about forms comes at the lowest level.
            let is_own = note["level"] == "DEBUG" || (is_refused && note["source"] == "network");
            if !is_own {
                strays.push(format!("{} of {}: {}", note["level"], note["source"], note["message"]));
            }
        }
        Ok(strays)
    }
}
