//! One item: what it is, and what lies next to it.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::Problem;
use crate::access::policy::Rights;
use crate::admin::items::Entry;
use crate::app::App;
use crate::clock::rfc3339;
use crate::db::catalogue::Neighbour;
use crate::doctor::kept;
use crate::error::Error;
use crate::library::sidecar;
use crate::reception::{Answer, ItemViewer, admin};
use crate::types::split_path;

/// A video.
#[derive(Serialize, ToSchema)]
pub struct Item {
    id: String,
    /// Null for who has only this item's link: where it lies is not for them.
    library: Option<String>,
    /// Below the library's folder. Null likewise.
    path: Option<String>,
    /// The last part of the path.
    #[schema(example = "beach.mp4")]
    name: String,
    /// The path without its last part; empty at the top of the library. Null likewise.
    folder: Option<String>,
    /// In bytes.
    size: u64,
    /// `recording`, `complete` or `broken`.
    #[schema(example = "complete")]
    state: &'static str,
    /// What becomes of it in browsers, in a few words; null until a scan has looked into it.
    #[schema(example = "plays")]
    plays: Option<String>,
    /// Null where the file does not say.
    duration_ms: Option<u64>,
    width: Option<u32>,
    height: Option<u32>,
    #[schema(example = "mp4")]
    container: Option<String>,
    /// As RFC 6381 names it.
    #[schema(example = "avc1.640028")]
    video_codec: Option<String>,
    #[schema(example = "mp4a.40.2")]
    audio_codec: Option<String>,
    /// What is wrong with it and what helps.
    note: Option<String>,
    /// The file's last change (RFC 3339).
    modified_at: String,
    /// On this server; needs the item's credential, as the video does.
    poster: Option<String>,
    subtitles: Vec<Subtitles>,
}

/// A text track that lies beside a video.
#[derive(Serialize, ToSchema)]
pub struct Subtitles {
    /// A language as the file's name has it, or `default`.
    label: String,
    /// WebVTT, on this server.
    url: String,
}

/// An item with what lies next to it.
#[derive(Serialize, ToSchema)]
pub struct ItemDetails {
    #[serde(flatten)]
    item: Item,
    /// The next one in its folder that the caller sees.
    next: Option<Beside>,
    previous: Option<Beside>,
    /// Where the caller stopped, from the beginning; null for who has no account, and before.
    position_ms: Option<u64>,
}

/// Another item of the same folder.
#[derive(Serialize, ToSchema)]
pub struct Beside {
    id: String,
    name: String,
}

impl Item {
    /// For somebody with these rights.
    pub fn of(app: &App, entry: &Entry, rights: &Rights) -> Item {
        let (item, found) = (&entry.listed.item, entry.listed.findings.as_ref());
        let verdict = entry.verdict.as_ref();
        let outcomes = verdict.map(|verdict| verdict.outcomes(app.repairs(&item.library_id)));
        let (folder, name) = split_path(&item.path);
        let subtitles = entry.beside.subtitles.iter().map(|text| Subtitles {
            label: text.label.clone(),
            url: sidecar::subtitles_url(item.id, &text.label),
        });
        Item {
            id: item.id.to_string(),
            library: Some(item.library.clone()),
            path: Some(item.path.clone()),
            name: name.to_owned(),
            folder: Some(folder.to_owned()),
            size: item.size,
            state: entry.listed.state().word(),
            plays: outcomes.map(kept::summary),
            duration_ms: found.and_then(|found| found.duration_ms),
            width: found.and_then(|found| found.width),
            height: found.and_then(|found| found.height),
            container: found.and_then(|found| found.container.clone()),
            video_codec: found.and_then(|found| found.video_codec.clone()),
            audio_codec: found.and_then(|found| found.audio_codec.clone()),
            note: entry.note_for(rights),
            modified_at: rfc3339(item.modified_ns.div_euclid(1_000_000_000)),
            poster: entry.beside.poster.as_ref().map(|path| sidecar::poster_url(item.id, path)),
            subtitles: subtitles.collect(),
        }
    }

    /// For who has a link to this item and to nothing else.
    fn without_its_place(self) -> Item {
        Item { library: None, path: None, folder: None, ..self }
    }
}

impl From<Neighbour> for Beside {
    fn from(neighbour: Neighbour) -> Beside {
        Beside { id: neighbour.id.to_string(), name: split_path(&neighbour.path).1.to_owned() }
    }
}

/// One video
///
/// Also for who has a credential of it: `?token=`, a signed URL's parameters, a visit's cookie.
#[utoipa::path(
    get, path = "/api/v1/items/{id}", tag = "items",
    params(("id" = String, Path, description = "The item's id")),
    security(("session" = []), ("api_token" = []), ("item" = [])),
    responses(
        (status = 200, body = ItemDetails),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "More than one credential"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not there, or not for the caller"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "A link whose time is over"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, viewer: ItemViewer) -> Result<Answer<ItemDetails>, Error> {
    let admin = admin(&app);
    let id = viewer.permit.item().id;
    let entry = admin.entry(id).await?.ok_or(Error::NotFound)?;
    let item = Item::of(&app, &entry, &viewer.rights());
    let Some(owner) = viewer.owner() else {
        let item = item.without_its_place();
        return Ok(Answer::ok(ItemDetails { item, next: None, previous: None, position_ms: None }));
    };
    let [previous, next] = admin.neighbours(&owner.rights, &entry.listed.item).await?;
    Ok(Answer::ok(ItemDetails {
        item,
        next: next.map(Beside::from),
        previous: previous.map(Beside::from),
        position_ms: app.db.position(&owner.user_id, id).await.map_err(Error::unavailable)?,
    }))
}
