//! What is being sent at the moment, and an end to it.

use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Entries;
use crate::access::streams::Running;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Error, Kind};
use crate::reception::{Administrator, Answer, Done};

/// A response with media that is being sent.
#[derive(Serialize, ToSchema)]
pub struct Stream {
    /// The request's id, which stands in its line of the log as well.
    id: String,
    item: StreamItem,
    /// By what it was let in: `user` (a login), `token`, `link` or `share`.
    #[schema(example = "token")]
    by: &'static str,
    /// The user's name; of a link its key.
    who: String,
    /// The id of the token or of the key, by which it can be withdrawn.
    credential: Option<String>,
    /// /24 or /48, never an address.
    network: String,
    #[schema(example = "Firefox 153 on Linux")]
    program: String,
    /// RFC 3339, UTC.
    since: String,
    /// The first byte of the item that is sent.
    from: u64,
    /// Bytes that were handed to the network.
    sent: u64,
    /// Bytes of the whole item.
    size: u64,
}

#[derive(Serialize, ToSchema)]
pub struct StreamItem {
    id: String,
    /// The file's name.
    name: String,
    library: String,
}

impl Stream {
    fn of(running: Running) -> Stream {
        let name = running.item.path.rsplit('/').next().unwrap_or_default().to_owned();
        Stream {
            id: running.id.to_string(),
            item: StreamItem { id: running.item.id.to_string(), name, library: running.item.library },
            by: running.bearer.by,
            who: running.bearer.who,
            credential: running.bearer.credential,
            network: running.network.to_string(),
            program: running.program,
            since: rfc3339(running.since),
            from: running.from,
            sent: running.sent,
            size: running.size,
        }
    }
}

/// What is being sent, to whom, and how far it is
#[utoipa::path(
    get, path = "/api/v1/streams", tag = "status",
    responses((status = 200, body = Entries<Stream>), super::document::NotAdmin)
)]
pub async fn list(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Answer<Entries<Stream>>, Error> {
    Ok(Answer::ok(Entries { entries: app.access.running().into_iter().map(Stream::of).collect() }))
}

/// End a stream now
///
/// Its connection is reset. Whoever still has the right may ask again: withdraw the token or the grant to end it for good.
#[utoipa::path(
    delete, path = "/api/v1/streams/{id}", tag = "status",
    params(("id" = String, Path, description = "The stream's id")),
    responses((status = 204), (status = 404, description = "No stream has this id."), super::document::NotAdmin)
)]
pub async fn cut(
    State(app): State<App>,
    Administrator(_): Administrator,
    Path(id): Path<String>,
) -> Result<Done, Error> {
    if app.access.cut(&id) {
        return Ok(Done);
    }
    let detail = "No stream of this id is running.";
    Err(Error::refused(Kind::Missing, detail, "It may have ended by itself: ask for the list again."))
}
