//! A person at a browser: looks at pages of the program, clicks, types, and waits until something is to be seen.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::engine::{Browser, Engine};
use crate::house::House;

/// How long something on a page is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Keys that are no letters, as `WebDriver` writes them (§17.4.2).
pub(crate) mod key {
    pub(crate) const TAB: char = '\u{e004}';
    pub(crate) const ENTER: char = '\u{e007}';
    pub(crate) const ESCAPE: char = '\u{e00c}';
    pub(crate) const END: char = '\u{e010}';
    pub(crate) const RIGHT: char = '\u{e014}';
}

pub(crate) struct Person {
    pub(crate) browser: Browser,
    origin: String,
}

impl Person {
    /// With a browser that has never been anywhere.
    pub(crate) fn arrive(engine: Engine, house: &House) -> Result<Self> {
        Ok(Self { browser: engine.start()?, origin: house.url.clone() })
    }

    /// A path of the program, or a whole URL.
    pub(crate) fn open(&mut self, place: &str) -> Result<()> {
        let url = if place.starts_with('/') { format!("{}{place}", self.origin) } else { place.to_owned() };
        self.browser.session.navigate(&url).with_context(|| format!("opening {place}"))
    }

    /// What an expression of JavaScript comes to in the page; `given` is its argument.
    pub(crate) fn ask(&mut self, expression: &str, given: &Value) -> Result<Value> {
        let script = format!(
            "const [given, done] = arguments; (async () => ({expression}))()\
             .then((value) => done({{ value: value ?? null }}), (error) => done({{ error: `${{error}}` }}));"
        );
        let mut answer = self.browser.session.execute(&script, json!([given]))?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{error} in {expression}");
        }
        Ok(answer["value"].take())
    }

    /// Asks again and again until the answer is neither false nor nothing. Pages may come and go meanwhile.
    pub(crate) fn until(&mut self, what: &str, expression: &str, given: &Value) -> Result<Value> {
        self.until_within(PATIENCE, what, expression, given)
    }

    pub(crate) fn until_within(
        &mut self,
        limit: Duration,
        what: &str,
        expression: &str,
        given: &Value,
    ) -> Result<Value> {
        let start = Instant::now();
        loop {
            let last = self.ask(expression, given);
            match last {
                Ok(Value::Null | Value::Bool(false)) | Err(_) if start.elapsed() < limit => {
                    thread::sleep(Duration::from_millis(25));
                }
                Ok(Value::Null | Value::Bool(false)) => {
                    bail!("not within {limit:?}: {what}; {}", self.place())
                }
                answer => return answer.with_context(|| what.to_owned()),
            }
        }
    }

    /// For a message: the address and what the page says.
    fn place(&mut self) -> String {
        let seen = self.ask("[location.pathname, document.body.innerText.slice(0, 600)]", &Value::Null);
        seen.map_or_else(|error| format!("{error:#}"), |seen| seen.to_string())
    }

    pub(crate) fn until_at(&mut self, path: &str) -> Result<()> {
        let arrived = "document.readyState === 'complete' && location.pathname.startsWith(given)";
        self.until(&format!("the page {path}"), arrived, &json!(path)).map(drop)
    }

    /// Clicks into the middle of the first element that fits and has these words; "" fits all.
    pub(crate) fn click(&mut self, selector: &str, words: &str) -> Result<()> {
        const MIDDLE: &str = "(() => { \
            const all = [...document.querySelectorAll(given[0])]; \
            const fits = (one) => !given[1] || [one.textContent, one.ariaLabel].some((text) => (text || '').includes(given[1])); \
            const one = all.find((one) => fits(one) && one.checkVisibility()); \
            if (!one) return null; \
            one.scrollIntoView({ block: 'center', behavior: 'instant' }); \
            const { x, y, width, height } = one.getBoundingClientRect(); \
            const [across, down] = [Math.round(x + width / 2), Math.round(y + height / 2)]; \
            const hit = document.elementFromPoint(across, down); \
            return hit && (one.contains(hit) || hit.contains(one)) ? [across, down] : null; })()";
        let place = self.until(&format!("{selector} “{words}”"), MIDDLE, &json!([selector, words]))?;
        let (x, y) = (&place[0], &place[1]);
        self.browser.session.act(json!([{
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [
                { "type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": "viewport" },
                { "type": "pointerDown", "button": 0 },
                { "type": "pointerUp", "button": 0 },
            ],
        }]))
    }

    /// Each key goes down and up again; what has the focus gets it.
    pub(crate) fn keys(&mut self, keys: impl IntoIterator<Item = char>) -> Result<()> {
        let strokes = keys.into_iter().flat_map(|key| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        });
        let strokes = strokes.collect::<Vec<_>>();
        self.browser.session.act(json!([{ "type": "key", "id": "keyboard", "actions": strokes }]))
    }

    /// Into a field, which is clicked first.
    pub(crate) fn enter(&mut self, selector: &str, text: &str) -> Result<()> {
        self.click(selector, "")?;
        self.keys(text.chars())
    }

    /// Presses Tab until the focus is on what fits; everything on the way has to show its focus. A video's own buttons are
    /// the browser's, and so is what they show.
    pub(crate) fn tab_to(&mut self, selector: &str, words: &str) -> Result<()> {
        const FOCUS: &str = "(() => { \
            const one = document.activeElement; const style = getComputedStyle(one); \
            const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; \
            const { width, height, bottom, top } = one.getBoundingClientRect(); \
            return { is: one.matches(given[0]) && (!given[1] || one.textContent.includes(given[1]) || one.value === given[1]), \
                shown: ['body', 'video'].includes(one.localName) || (outlined && width > 0 && height > 0 && bottom > 0 && top < innerHeight), \
                what: one.outerHTML.slice(0, 160) }; })()";
        for _ in 0..60 {
            self.keys([key::TAB])?;
            let focus = self.ask(FOCUS, &json!([selector, words]))?;
            ensure!(focus["shown"] == true, "the focus is not to be seen on {}", focus["what"]);
            if focus["is"] == true {
                return Ok(());
            }
        }
        bail!("60 tabs do not lead to {selector} “{words}”; {}", self.place())
    }

    /// A call of the API by the page's own login.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        const CALL: &str = "(async () => { \
            const [method, path, body] = given; \
            const options = { method, headers: { accept: 'application/json' } }; \
            if (body !== null) { options.headers['content-type'] = 'application/json'; options.body = JSON.stringify(body); } \
            const answer = await fetch(`/api/v1${path}`, options); \
            const text = await answer.text(); \
            return { status: answer.status, body: text ? JSON.parse(text) : null }; })()";
        let mut answer = self.ask(CALL, &json!([method, path, body]))?;
        let status = answer["status"].as_u64().unwrap_or_default();
        ensure!((200..300).contains(&status), "{method} {path}: {answer}");
        Ok(answer["body"].take())
    }
}
