//! Videos that do not play: viewers report them, administrators look into it.

use axum::extract::{FromRequest as _, Path, Request, State};
use http::header::{COOKIE, USER_AGENT};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Entries;
use crate::access::client::Client;
use crate::access::credential;
use crate::access::policy::Entrance;
use crate::access::{Named, Permit};
use crate::admin::reports::{Said, Shown};
use crate::app::App;
use crate::clock::rfc3339;
use crate::db::reports::Listed;
use crate::error::{Error, Kind};
use crate::media::admit;
use crate::media::path::{MediaPath, Part};
use crate::reception::{Administrator, Answer, Done, Json, Query, admin, expect_own_page};
use crate::types::{ItemId, ReportState};

/// What a viewer says.
#[derive(Deserialize, ToSchema)]
pub struct NewReport {
    /// The item's id.
    item: String,
    /// What was done and what happened, in the viewer's words; at most 4,000 characters.
    steps: String,
    /// The player's error; at most 1,000 characters.
    error: Option<String>,
    /// The state of the player: any JSON, of which 200 values are kept.
    #[serde(default)]
    #[schema(value_type = Object)]
    player: Value,
    /// What `navigator.userAgentData.getHighEntropyValues()` gave.
    #[schema(value_type = Option<Object>)]
    user_agent_data: Option<Value>,
}

/// A report that was taken up.
#[derive(Serialize, ToSchema)]
pub struct Made {
    id: String,
}

/// A report in a list.
#[derive(Serialize, ToSchema)]
pub struct ReportEntry {
    id: String,
    /// The item's id; null when it is gone.
    item: Option<String>,
    /// Library and path at that time.
    title: String,
    /// The user's name; null: a link's viewer, or a user who is gone.
    user: Option<String>,
    /// `open` or `closed`.
    state: String,
    /// Name, exact version and system.
    #[schema(example = "Chrome 156.0.7342.101 on Windows")]
    browser: String,
    error: Option<String>,
    /// RFC 3339, UTC.
    created_at: String,
}

/// The whole report.
#[derive(Serialize, ToSchema)]
pub struct FullReport {
    #[serde(flatten)]
    entry: ReportEntry,
    /// In the viewer's words, credentials blanked.
    steps: String,
    /// The player, the requests and their answers, and what is known of the file.
    #[schema(value_type = Object)]
    facts: Value,
    /// All of it, ready to be pasted into a tracker.
    markdown: String,
}

#[derive(Deserialize, ToSchema)]
pub struct ReportChange {
    /// `open` or `closed`.
    state: String,
}

#[derive(Deserialize, IntoParams)]
pub struct Which {
    /// `open` or `closed`; both without it.
    state: Option<String>,
}

impl From<Listed> for ReportEntry {
    fn from(listed: Listed) -> ReportEntry {
        ReportEntry {
            id: listed.id,
            item: listed.item_id,
            title: listed.title,
            user: listed.user,
            state: listed.state,
            browser: listed.browser,
            error: listed.error,
            created_at: rfc3339(listed.created_at),
        }
    }
}

impl From<Shown> for FullReport {
    fn from(shown: Shown) -> FullReport {
        let Shown { listed, steps, facts, markdown } = shown;
        FullReport { entry: listed.into(), steps, facts, markdown }
    }
}

/// Report a video that does not play
///
/// By a login, or by whatever lets somebody watch the item. The server adds the browser, what it knows of the file, and
/// what this viewer's player has asked and got; credentials in the texts are blanked. At most 20 an hour from one client.
#[utoipa::path(
    post, path = "/api/v1/reports", tag = "reports", request_body = NewReport,
    responses((status = 201, body = Made), (status = 403, description = "By a cookie, and not from a page of this server."),
        (status = 404, description = "The item is not there, or not for the caller."),
        (status = 410, description = "A link whose time is over."),
        (status = 422, description = "A text is too long."))
)]
pub async fn create(State(app): State<App>, request: Request) -> Result<Answer<Made>, Error> {
    let (head, body) = request.into_parts();
    expect_some_credential(&app, &head)?;
    let Json(said) = Json::<NewReport>::from_request(Request::from_parts(head.clone(), body), &app).await?;
    let permit = permit(&app, &head, &said.item).await?;
    let client = head.extensions.get::<Client>().ok_or(Error::Unauthorized("no_connection"))?;
    let taken = app.reports.take(client.address);
    taken.map_err(|wait| Error::too_many("There were many reports from here within an hour.", wait))?;
    let exchanges = app.access.exchanges(&permit);
    let repairs = app.repairs(&permit.item().library_id);
    let user_agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let NewReport { steps, error, player, user_agent_data, .. } = said;
    let said = Said { steps, error, player, user_agent_data, user_agent: user_agent.to_owned() };
    let id = admin(&app).report_problem(&permit, exchanges, repairs, said).await?;
    Ok(Answer::created(Made { id }))
}

/// Before the body is read, which names the item: somebody who shows nothing at all is not listened to. A cookie counts
/// from an own page only.
fn expect_some_credential(app: &App, head: &Parts) -> Result<(), Error> {
    let presented = credential::presented(&head.headers, head.uri.query(), None);
    match presented.map_err(|_| Error::AmbiguousCredential)? {
        Some(_) => Ok(()),
        None if head.headers.contains_key(COOKIE) => expect_own_page(app, head),
        None => Err(Error::Unauthorized("none")),
    }
}

async fn permit(app: &App, head: &Parts, item: &str) -> Result<Permit, Error> {
    let named = ItemId::parse(item).map_or(Named::Nothing, Named::Item);
    admit(app, head, &MediaPath { token: None, named, part: Part::Film }, Entrance::Media).await
}

/// What was reported, the latest first
#[utoipa::path(
    get, path = "/api/v1/reports", tag = "reports", params(Which),
    responses((status = 200, body = Entries<ReportEntry>), super::document::NotAdmin)
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
    Query(which): Query<Which>,
) -> Result<Answer<Entries<ReportEntry>>, Error> {
    let state = which.state.as_deref().map(state).transpose()?;
    let reports = admin(&app).reports(state).await?;
    Ok(Answer::ok(Entries { entries: reports.into_iter().map(ReportEntry::from).collect() }))
}

/// One report with everything that is known
#[utoipa::path(
    get, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = String, Path)),
    responses((status = 200, body = FullReport), (status = 404, description = "No report has this id."), super::document::NotAdmin)
)]
pub async fn show(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Answer<FullReport>, Error> {
    Ok(Answer::ok(admin(&app).report(&id).await?.into()))
}

/// Close a report, or open it again
#[utoipa::path(
    patch, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = String, Path)),
    request_body = ReportChange,
    responses((status = 200, body = FullReport), (status = 404, description = "No report has this id."), (status = 422, description = "There is no such state."), super::document::NotAdmin)
)]
pub async fn change(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
    Json(change): Json<ReportChange>,
) -> Result<Answer<FullReport>, Error> {
    let state = state(&change.state)?;
    Ok(Answer::ok(admin(&app).set_report_state(&id, state).await?.into()))
}

/// Delete a report
#[utoipa::path(
    delete, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = String, Path)),
    responses((status = 204), (status = 404, description = "No report has this id."), super::document::NotAdmin)
)]
pub async fn delete(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Done, Error> {
    admin(&app).delete_report(&id).await?;
    Ok(Done)
}

fn state(text: &str) -> Result<ReportState, Error> {
    text.parse().map_err(|_| {
        Error::refused(Kind::Unfit, "There is no such state.", "A report is `open` or `closed`.")
    })
}
