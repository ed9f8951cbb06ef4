//! Reports of videos that do not play: what a viewer says, and what the server knows of it.
//!
//! The viewer's words are a stranger's: they are bounded, credentials in them are blanked before anything is stored, and in
//! Markdown they stand in fences.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::markdown::{block, words};
use super::redaction::kept;
use super::{Admin, AdminError};
use crate::access::Permit;
use crate::access::exchanges::Exchange;
use crate::clock::rfc3339;
use crate::db::media::Item;
use crate::db::reports::{Found, Listed, NewReport, Report};
use crate::doctor::kept::{Kept, summary};
use crate::types::ReportState;
use crate::types::program::{Brand, exactly};

/// Characters of what a viewer writes.
const LONGEST_STEPS: usize = 4_000;
const LONGEST_ERROR: usize = 1_000;
/// Of each text in what his page tells of itself.
const LONGEST_WORD: usize = 500;
/// Values in it, at any depth.
const MOST_VALUES: usize = 200;
/// The oldest go: what nobody has looked at among so many, nobody will.
const MOST_REPORTS: u32 = 1_000;

/// What a viewer says, as it came.
pub struct Said {
    pub steps: String,
    pub error: Option<String>,
    /// The state of the player, as its page sees it.
    pub player: Value,
    /// User-Agent Client Hints with high entropy (`NavigatorUAData.getHighEntropyValues`).
    pub user_agent_data: Option<Value>,
    pub user_agent: String,
}

/// What is known beside it. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// The version of the server.
    reelgate: String,
    item: ItemFacts,
    player: Value,
    user_agent_data: Option<Value>,
    /// The oldest first.
    exchanges: Vec<ExchangeFacts>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ItemFacts {
    id: String,
    size: u64,
    state: String,
    container: Option<String>,
    duration_ms: Option<i64>,
    video_codec: Option<String>,
    audio_codec: Option<String>,
    note: Option<String>,
    /// As `reelgate items` has it; none: nobody has looked into the file yet.
    plays: Option<String>,
    /// What becomes of it in each browser, and by which rules.
    browsers: Option<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ExchangeFacts {
    at: String,
    what: String,
    method: String,
    range: Option<String>,
    status: u16,
    content_range: Option<String>,
    sent: u64,
    outcome: String,
    first_byte_ms: Option<f64>,
}

impl From<Exchange> for ExchangeFacts {
    fn from(exchange: Exchange) -> ExchangeFacts {
        let millis = |time: std::time::Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        ExchangeFacts {
            at: rfc3339(exchange.at),
            what: exchange.what.to_owned(),
            method: exchange.method.to_owned(),
            range: exchange.range,
            status: exchange.status,
            content_range: exchange.content_range,
            sent: exchange.sent,
            outcome: exchange.outcome.to_owned(),
            first_byte_ms: exchange.first_byte.map(millis),
        }
    }
}

/// A report with everything that is known.
pub struct Shown {
    pub listed: Listed,
    pub steps: String,
    pub facts: Value,
    /// Ready to be pasted.
    pub markdown: String,
}

impl Admin {
    /// Takes up what a viewer says of an item. `repairs`: its library is served in the form that plays soonest. The id of
    /// the report.
    pub async fn report_problem(
        &self,
        permit: &Permit,
        exchanges: Vec<Exchange>,
        repairs: bool,
        said: Said,
    ) -> Result<String, AdminError> {
        let (item, now) = (permit.item(), self.clock.seconds());
        let steps = kept(&said.steps, LONGEST_STEPS);
        if steps.is_empty() {
            return Err(AdminError::Refused("The report does not say what was done.".to_owned()));
        }
        let error = said.error.map(|error| kept(&error, LONGEST_ERROR)).filter(|error| !error.is_empty());
        let browser = exactly(&said.user_agent, brands(said.user_agent_data.as_ref()));
        let found = self.db.found(item.id).await?;
        let facts = Facts {
            reelgate: env!("CARGO_PKG_VERSION").to_owned(),
            item: ItemFacts::of(item, found.as_ref(), repairs),
            player: bounded(said.player),
            user_agent_data: said.user_agent_data.map(bounded),
            exchanges: exchanges.into_iter().map(ExchangeFacts::from).collect(),
        };
        let facts = serde_json::to_string(&facts).map_err(|error| AdminError::Refused(error.to_string()))?;
        let (id, title) = (self.short_id(), format!("{}/{}", item.library, item.path));
        let user_id = permit.bearer().user_id;
        let mut change = self.db.change().await?;
        let row = NewReport {
            id: &id,
            user_id: user_id.as_deref(),
            item_id: item.id,
            title: &title,
            browser: &browser,
            error: error.as_deref(),
            steps: &steps,
            facts: &facts,
        };
        change.add_report(&row, now).await?;
        change.keep_reports(MOST_REPORTS).await?;
        change.commit().await?;
        Ok(id)
    }

    pub async fn reports(&self, state: Option<ReportState>) -> Result<Vec<Listed>, AdminError> {
        Ok(self.db.reports(state.map(ReportState::word)).await?)
    }

    pub async fn report(&self, id: &str) -> Result<Shown, AdminError> {
        let Report { listed, steps, facts } = self.db.report(id).await?.ok_or_else(|| missing(id))?;
        let read: Option<Facts> = serde_json::from_str(&facts).ok();
        let markdown = markdown(&listed, &steps, read.as_ref());
        Ok(Shown { listed, steps, facts: serde_json::from_str(&facts).unwrap_or_default(), markdown })
    }

    pub async fn set_report_state(&self, id: &str, state: ReportState) -> Result<Shown, AdminError> {
        let mut change = self.db.change().await?;
        let is_there = change.set_report_state(id, state.word()).await?;
        change.commit().await?;
        if is_there { self.report(id).await } else { Err(missing(id)) }
    }

    pub async fn delete_report(&self, id: &str) -> Result<(), AdminError> {
        let mut change = self.db.change().await?;
        let was_there = change.delete_report(id).await?;
        change.commit().await?;
        if was_there { Ok(()) } else { Err(missing(id)) }
    }
}

fn missing(id: &str) -> AdminError {
    AdminError::Missing {
        problem: format!("There is no report {id:?}."),
        cure: "It may have been deleted: ask for the list again.".to_owned(),
    }
}

impl ItemFacts {
    fn of(item: &Item, found: Option<&Found>, repairs: bool) -> ItemFacts {
        let verdict: Option<Kept> = found.and_then(|found| serde_json::from_str(&found.verdict).ok());
        let browsers = verdict.as_ref().map(|verdict| verdict.outcomes(repairs));
        ItemFacts {
            id: item.id.to_string(),
            size: item.size,
            state: found.map_or_else(|| item.state.word().to_owned(), |found| found.state.clone()),
            container: found.and_then(|found| found.container.clone()),
            duration_ms: found.and_then(|found| found.duration_ms),
            video_codec: found.and_then(|found| found.video_codec.clone()),
            audio_codec: found.and_then(|found| found.audio_codec.clone()),
            note: found.and_then(|found| found.note.clone()),
            plays: browsers.map(summary),
            browsers: browsers.and_then(|browsers| serde_json::to_value(browsers).ok()),
        }
    }
}

/// The list with whole versions, as browsers give it to a page that asks.
fn brands(hints: Option<&Value>) -> impl Iterator<Item = Brand<'_>> {
    let list = hints.and_then(|hints| hints.get("fullVersionList")?.as_array());
    list.into_iter().flatten().take(20).filter_map(|brand| {
        Some(Brand { name: brand.get("brand")?.as_str()?, version: brand.get("version")?.as_str()? })
    })
}

/// A page's JSON as it may be kept: few values, short texts, no credentials.
fn bounded(value: Value) -> Value {
    let mut room = MOST_VALUES;
    bounded_within(value, &mut room)
}

fn bounded_within(value: Value, room: &mut usize) -> Value {
    let mut fits = || {
        *room = room.saturating_sub(1);
        *room > 0
    };
    if !fits() {
        return Value::Null;
    }
    match value {
        Value::String(text) => Value::String(kept(&text, LONGEST_WORD)),
        Value::Array(values) => {
            let values = values.into_iter().take(MOST_VALUES);
            values.map(|value| bounded_within(value, room)).collect::<Vec<_>>().into()
        }
        Value::Object(fields) => {
            let fields = fields.into_iter().take(MOST_VALUES);
            let fields = fields.map(|(key, value)| (kept(&key, 100), bounded_within(value, room)));
            fields.collect::<Map<_, _>>().into()
        }
        plain => plain,
    }
}

/// The report as it is pasted into a tracker.
fn markdown(report: &Listed, steps: &str, facts: Option<&Facts>) -> String {
    let mut text = format!("# A video does not play\n\n- Video: {}\n", words(&report.title));
    line(&mut text, "Browser", Some(&report.browser));
    line(&mut text, "Reported", Some(&rfc3339(report.created_at)));
    line(&mut text, "Error", report.error.as_deref());
    text.push_str("\n## What was done\n\n");
    text.push_str(&block(steps));
    let Some(facts) = facts else { return text };
    line(&mut text, "\nreelgate", Some(&facts.reelgate));
    file(&mut text, &facts.item);
    text.push_str("\n## What the player asked and got\n\n");
    match facts.exchanges.as_slice() {
        [] => text.push_str("Nothing is known of it.\n"),
        exchanges => text.push_str(&block(&table(exchanges))),
    }
    text.push_str("\n## The player\n\n");
    text.push_str(&block(&pretty(&facts.player)));
    if let Some(hints) = &facts.user_agent_data {
        text.push_str("\n## The browser, in its own words\n\n");
        text.push_str(&block(&pretty(hints)));
    }
    text
}

fn line(text: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    // Writing to a String does not fail.
    let _ = match name.strip_prefix('\n') {
        Some(name) => writeln!(text, "\n- {name}: {}", words(value)),
        None => writeln!(text, "- {name}: {}", words(value)),
    };
}

fn file(text: &mut String, item: &ItemFacts) {
    text.push_str("\n## The file\n\n");
    let duration = item.duration_ms.map(|millis| format!("{millis} ms"));
    let codecs: Vec<&str> =
        [&item.video_codec, &item.audio_codec].into_iter().flatten().map(String::as_str).collect();
    line(text, "State", Some(&item.state));
    line(text, "Size", Some(&format!("{} bytes", item.size)));
    line(text, "Container", item.container.as_deref());
    line(text, "Duration", duration.as_deref());
    line(text, "Codecs", (!codecs.is_empty()).then(|| codecs.join(", ")).as_deref());
    line(text, "Note", item.note.as_deref());
    line(text, "Verdict", Some(item.plays.as_deref().unwrap_or("nobody has looked into it yet")));
    if let Some(browsers) = &item.browsers {
        text.push('\n');
        text.push_str(&block(&pretty(browsers)));
    }
}

/// A line each; the time of day only, for the date stands above.
fn table(exchanges: &[ExchangeFacts]) -> String {
    let none = || "-".to_owned();
    let rows = exchanges.iter().map(|one| {
        let first_byte = one.first_byte_ms.map_or_else(none, |millis| format!("{millis} ms"));
        let (range, content_range) =
            (one.range.clone().unwrap_or_else(none), one.content_range.clone().unwrap_or_else(none));
        format!(
            "{}  {} {}  {range}  ->  {}  {content_range}  {} bytes, {}, first after {first_byte}",
            one.at, one.method, one.what, one.status, one.sent, one.outcome
        )
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_page_tells_of_itself_is_bounded_and_holds_no_credential() {
        let deep = (0..400).fold(json!("rg_abc"), |value, _| json!([value]));
        let page = json!({
            "currentSrc": "/m/ID?token=secret-1",
            "rg_keyname": 1,
            "many": vec![1; 1_000],
            "long": "x".repeat(5_000),
            "deep": deep,
        });
        let text = bounded(page).to_string();
        assert!(text.len() < 3_000, "{} bytes", text.len());
        for secret in ["secret-1", "rg_keyname", "rg_abc"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    #[test]
    fn a_report_is_pasted_as_text() {
        let hostile = "```\n<img src=x onerror=alert(1)>\n# heading\n@everyone [a](javascript:1)";
        let report = Listed {
            id: "id".to_owned(),
            item_id: None,
            title: "videos/` | <b>.mp4".to_owned(),
            user: None,
            state: "open".to_owned(),
            browser: "Firefox 153.0 on Linux".to_owned(),
            error: Some(hostile.to_owned()),
            created_at: 0,
        };
        let text = markdown(&report, hostile, None);
        let mut fence = None;
        for line in text.lines() {
            let ticks = line.len() - line.trim_start_matches('`').len();
            match fence {
                Some(open) if ticks >= open && line.trim_matches('`').is_empty() => fence = None,
                None if ticks >= 3 && line.ends_with("text") => fence = Some(ticks),
                None => assert!(
                    !line.contains("<img") || (line.starts_with("- Error: ````") && line.ends_with("````")),
                    "{line}"
                ),
                Some(_) => {}
            }
        }
        assert_eq!(fence, None, "every fence is closed: {text}");
        assert!(text.contains("- Video: `` videos/` | <b>.mp4 ``"), "{text}");
    }
}
