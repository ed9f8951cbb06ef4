//! What becomes of an item in browsers, and why.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::Problem;
use crate::access::Permit;
use crate::app::App;
use crate::db::media::Item;
use crate::doctor::rules::{self, Effect};
use crate::doctor::verdict::{self, Finding, Outcome};
use crate::doctor::{ServedBy, Verdict, kept};
use crate::error::Error;
use crate::reception::{Answer, ItemViewer, admin};
use crate::types::ItemState;

/// What becomes of a video in each browser.
#[derive(Serialize, ToSchema)]
pub struct ItemVerdict {
    /// The worst of it in a few words; null until a scan has looked into the file.
    #[schema(example = "after repair")]
    plays: Option<String>,
    /// `safari`, `chrome` and `firefox`, each with an effect: `plays`, `repaired` (by this server, on the way), `degraded`,
    /// `unknown`, `no-seek` or `fails`.
    #[schema(value_type = BTreeMap<String, String>)]
    browsers: BTreeMap<&'static str, Effect>,
    /// What is wrong with the file and what helps.
    note: Option<String>,
    /// What was seen in the file that matters to browsers, the worst first.
    rules: Vec<Reason>,
}

/// A rule of `reelgate doctor` that holds.
#[derive(Serialize, ToSchema)]
pub struct Reason {
    #[schema(example = "index-at-end")]
    id: String,
    /// Its effect where it is worst: one of those of `browsers`.
    #[schema(value_type = String)]
    severity: Effect,
    /// Why that is so.
    said: String,
    /// What was seen in this file; null when it cannot be read now.
    seen: Option<String>,
    /// What to do about it; null when nothing is to be done, or the file cannot be read now.
    cure: Option<String>,
}

impl From<Finding> for Reason {
    fn from(finding: Finding) -> Reason {
        Reason {
            id: finding.rule.to_owned(),
            severity: finding.effect.worst(),
            said: finding.reason.to_owned(),
            seen: Some(finding.seen),
            cure: finding.cure,
        }
    }
}

/// Does it play, and if not, why
///
/// By the file as it is now, else by what a scan has found. Also for who has a credential of the item.
#[utoipa::path(
    get, path = "/api/v1/items/{id}/verdict", tag = "items", operation_id = "verdict",
    params(("id" = String, Path, description = "The item's id")),
    security(("session" = []), ("api_token" = []), ("item" = [])),
    responses(
        (status = 200, body = ItemVerdict),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "More than one credential"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not there, or not for the caller"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "A link whose time is over"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, viewer: ItemViewer) -> Result<Answer<ItemVerdict>, Error> {
    let item = viewer.permit.item();
    let entry = admin(&app).entry(item.id).await?.ok_or(Error::NotFound)?;
    let note = entry.note_for(&viewer.rights());
    if let Some(Verdict { browsers, findings }) = judged_now(&app, &viewer.permit).await {
        let rules = findings.into_iter().map(Reason::from).collect();
        return Ok(Answer::ok(told(Some(&browsers), note, rules)));
    }
    let outcomes = entry.verdict.as_ref().map(|verdict| verdict.outcomes(app.repairs(&item.library_id)));
    let rules = outcomes.map(remembered).unwrap_or_default();
    Ok(Answer::ok(told(outcomes, note, rules)))
}

/// The same that `reelgate doctor` says of the file. None: it cannot be read now.
async fn judged_now(app: &App, permit: &Permit) -> Option<Verdict> {
    let Item { library_id, path, state, .. } = permit.item();
    let file = app.folder(library_id)?.open_file(path).await.ok()?;
    let examined = app.examinations.of(file).await?;
    let by = if app.repairs(library_id) { ServedBy::Reelgate } else { ServedBy::Anybody };
    let findings = if *state == ItemState::Recording {
        verdict::of_file(&examined.as_ref().clone().while_growing(), by)
    } else {
        verdict::of_file(&examined, by)
    };
    Some(Verdict::of(findings))
}

/// The rules that a scan has noted, each with its worst effect.
fn remembered(outcomes: &[Outcome]) -> Vec<Reason> {
    let mut effects: BTreeMap<&str, Effect> = BTreeMap::new();
    for outcome in outcomes {
        for rule in &outcome.because {
            let worst = effects.entry(rule).or_insert(outcome.effect);
            *worst = outcome.effect.max(*worst);
        }
    }
    let known = rules::file().filter_map(|rule| {
        let severity = *effects.get(rule.id)?;
        let (id, said) = (rule.id.to_owned(), rule.reason.to_owned());
        Some(Reason { id, severity, said, seen: None, cure: None })
    });
    let mut all: Vec<Reason> = known.collect();
    all.sort_by_key(|reason| std::cmp::Reverse(reason.severity));
    all
}

fn told(outcomes: Option<&[Outcome]>, note: Option<String>, rules: Vec<Reason>) -> ItemVerdict {
    let browsers = outcomes.into_iter().flatten().map(|outcome| (outcome.browser.word(), outcome.effect));
    ItemVerdict { plays: outcomes.map(kept::summary), browsers: browsers.collect(), note, rules }
}
