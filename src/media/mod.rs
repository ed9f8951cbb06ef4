//! The bytes of a video, for who may see them. Four calls: locate, describe, plan, respond; the last two are in `answer`.
//!
//! Before them stands the decision: who asks ([`crate::access`]) is settled before anything that depends on the
//! file, so that Range and conditions tell a stranger nothing. Who asks the same again on the same connection ([`again`])
//! is answered by the decision that stands.

mod again;
mod answer;
mod legacy;
pub mod path;
mod sidecar;
pub mod subtitles;

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::{COOKIE, RANGE};
use http::request::Parts;

use crate::access::client::Client;
use crate::access::credential::{self, Credential};
use crate::access::exchanges::Asking;
use crate::access::policy::Entrance;
use crate::access::{Named, Permit};
use crate::app::App;
use crate::body::{self, Container, Kept, Representation};
use crate::config::ZeroCopy;
use crate::error::{Error, Kind};
use crate::library::sidecar::Beside;
use crate::range::{HttpDate, Plan};
use crate::storage::{self, MediaFile, OpenError, ReadError};

use answer::Planned;
use path::{MediaPath, Part};

pub use again::{Again, Over, Question, again};
pub use legacy::serve as serve_legacy;

/// `/m/...`, `/t/...`, `/s/.../` and `/files/...`: a video, its poster or its subtitles.
pub async fn serve(app: &App, request: &Parts) -> Result<Response, Error> {
    let asked = MediaPath::parse(request.uri.path());
    let permit = admit(app, request, &asked, Entrance::Media).await?;
    let asking = Asking::of(&permit, asked.part.word(), &request.headers);
    let question = Question::of(app, &permit, request, &asked.part);
    let mut sent = match &asked.part {
        Part::Film => send(app, permit, request).await,
        Part::Poster => Box::pin(sidecar::poster(app, permit, request)).await,
        Part::Subtitles(label) => Box::pin(sidecar::subtitles(app, permit, label, request)).await,
    };
    if let (Ok(response), Some(question)) = (&mut sent, question) {
        response.extensions_mut().insert(Arc::new(question));
    }
    let Some(asking) = asking else { return sent };
    let mut response = sent.into_response();
    response.extensions_mut().insert(asking);
    Ok(response)
}

/// Who asks, and may they see what they name.
pub async fn admit(
    app: &App,
    request: &Parts,
    asked: &MediaPath,
    entrance: Entrance,
) -> Result<Permit, Error> {
    let decided = decide(app, request, asked, entrance).await;
    match &decided {
        Ok(permit) => app.metrics.decided("allow", permit.reason()),
        Err(error @ Error::NotFound) => app.metrics.decided("hide", error.reason()),
        Err(error @ Error::Unavailable(_)) => app.metrics.decided("fail", error.reason()),
        Err(error) => app.metrics.decided("refuse", error.reason()),
    }
    decided
}

async fn decide(app: &App, request: &Parts, asked: &MediaPath, entrance: Entrance) -> Result<Permit, Error> {
    let presented = credential::presented(&request.headers, request.uri.query(), asked.token.as_deref());
    let explicit = presented.map_err(|_| Error::AmbiguousCredential)?;
    if let Named::Shared(code) = &asked.named {
        let shared = credential::of_share(explicit.as_ref(), &request.headers, code, is_secure(request));
        let shared = shared.map_err(|_| Error::AmbiguousCredential)?;
        return permit(app, request, Some(shared), asked, entrance).await;
    }
    if explicit.is_none() && request.headers.contains_key(COOKIE) {
        return decide_by_cookie(app, request, asked, entrance).await;
    }
    permit(app, request, explicit, asked, entrance).await
}

/// What the browser sends by itself. The first that opens the item counts; when none does, the last one's answer.
async fn decide_by_cookie(
    app: &App,
    request: &Parts,
    asked: &MediaPath,
    entrance: Entrance,
) -> Result<Permit, Error> {
    let item = match &asked.named {
        Named::Item(id) => Some(*id),
        Named::File { .. } | Named::Shared(_) | Named::Nothing => None,
    };
    let mut refused = Error::Unauthorized("none");
    for credential in credential::ambient(&request.headers, item, is_secure(request)) {
        match permit(app, request, Some(credential), asked, entrance).await {
            Err(
                error @ (Error::Unauthorized(_)
                | Error::Locked
                | Error::LinkOver
                | Error::LinkUsedUp
                | Error::NotFound),
            ) => refused = error,
            decided => return decided,
        }
    }
    Err(refused)
}

fn is_secure(request: &Parts) -> bool {
    request.extensions.get::<Client>().is_some_and(|client| client.is_secure)
}

async fn permit(
    app: &App,
    request: &Parts,
    credential: Option<Credential>,
    asked: &MediaPath,
    entrance: Entrance,
) -> Result<Permit, Error> {
    let client = request.extensions.get::<Client>().map_or(0, |client| client.fingerprint);
    let caller = app.access.caller(credential, &asked.named, entrance, client).await?;
    let permit = app.access.permit(caller, &asked.named).await?;
    // A player that goes on asks for what it does not have yet; whoever asks for all of it, or for the page, begins.
    let goes_on = request.headers.contains_key(RANGE) || asked.part != Part::Film;
    if goes_on { Ok(permit) } else { Ok(permit.in_time()?) }
}

/// The answer to somebody who may see the item.
pub async fn send(app: &App, permit: Permit, request: &Parts) -> Result<Response, Error> {
    let form = Form::asked_for(request.uri.query());
    if form != Form::Film && !permit.may_download() {
        return Err(Error::refused(
            Kind::Forbidden,
            "This link is for watching, not for saving the file.",
            "Leave ?download=1 or ?raw=1 away, or ask whoever gave you the link.",
        ));
    }
    let film = if let Some(film) = at_hand(app, &permit, form) {
        film
    } else {
        Box::pin(opened(app, &permit, form)).await?
    };
    let planned = Planned::of(app, request, &film.representation);
    let sends_bytes = matches!(planned.plan, Plan::Whole | Plan::Part(_) | Plan::Parts(_));
    let permit =
        if sends_bytes && request.method == Method::GET { app.access.begin(permit).await? } else { permit };
    answer::with(app, permit, request, &film.representation, planned).await
}

/// What was located and described before, if the item's path still leads to it and nothing about it has changed: another
/// file in its place, another length or time, and it is opened anew.
fn at_hand(app: &App, permit: &Permit, form: Form) -> Option<Arc<Kept>> {
    let item = permit.item();
    let film = app.shelf.find(item.id).filter(|_| form == Form::Film)?;
    let folder = app.folder(&item.library_id)?;
    // Somebody who wanted to write has ended its lease; perhaps there is another one by now.
    let is_good = !film.file.has_lapsed() && folder.still_leads_to(&item.path, film.file.stat());
    is_good.then_some(film)
}

async fn opened(app: &App, permit: &Permit, form: Form) -> Result<Arc<Kept>, Error> {
    let file = locate(app, permit).await?;
    describe(app, permit, file, form).await
}

/// Opens the file of an item. What is no longer there is 404, as if it had never been.
async fn locate(app: &App, permit: &Permit) -> Result<Arc<MediaFile>, Error> {
    let item = permit.item();
    let file = open(app, &item.library_id, &item.path).await?;
    let is_settled = storage::is_settled(file.stat(), since_1970(app.clock.machine()));
    Ok(match (is_settled, app.zero_copy) {
        // A file that was written to just now may be written to again in the same tick of the clock that gives it its time.
        (false, _) => Arc::new(file),
        (true, ZeroCopy::Off) => Arc::new(file.settled()),
        (true, ZeroCopy::Auto | ZeroCopy::On) => file.settled().leased(),
    })
}

/// A file of the catalogue.
async fn open(app: &App, library_id: &str, path: &str) -> Result<MediaFile, Error> {
    let folder = app.folder(library_id).ok_or(Error::NotFound)?;
    match folder.open_file(path).await {
        Ok(file) => Ok(file),
        Err(OpenError::Gone(_)) => Err(Error::NotFound),
        Err(error) => Err(Error::unavailable(error)),
    }
}

/// Everything that the response's head says of the file, from its one descriptor.
async fn describe(app: &App, permit: &Permit, file: Arc<MediaFile>, form: Form) -> Result<Arc<Kept>, Error> {
    let item = permit.item();
    let beginning = file.beginning().await.map_err(unreadable)?;
    let container = Container::of(&beginning);
    // Whether the file is fresh is a question to the clock that gave it its times.
    let machine = since_1970(app.clock.machine());
    let is_settled = storage::is_settled(file.stat(), machine);
    let film = if form == Form::Film && container.is_iso_media() && app.repairs(&item.library_id) {
        app.films.of(&file, storage::is_lasting(file.stat(), machine)).await.map_err(unreadable)?
    } else {
        Arc::default()
    };
    let nonce = u64::from_be_bytes(app.chance.bytes());
    let etag = storage::validator(&app.tag_secret, file.stat(), film.changes(), machine, nonce);
    let modified = storage::last_modified(file.stat(), now(app));
    let is_shown = container.is_shown() && form != Form::Download;
    let disposition = body::disposition(file_name(&item.path), is_shown);
    let content_type = film.content_type.unwrap_or(container.content_type());
    let segments = film.segments(&file, &beginning);
    let representation = Representation::new(segments, etag, modified, content_type, disposition);
    let kept = Arc::new(Kept { file, representation });
    if form == Form::Film && is_settled && kept.file.is_local() {
        app.shelf.keep(item.id, Arc::clone(&kept));
    }
    Ok(kept)
}

/// In which form somebody wants a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it plays soonest.
    Film,
    /// `?raw=1`: byte for byte as it lies on the disk.
    Raw,
    /// `?download=1`: the same, to be saved.
    Download,
}

impl Form {
    fn asked_for(query: Option<&str>) -> Form {
        let mut form = Form::Film;
        for pair in query.unwrap_or_default().split('&') {
            match pair {
                "download=1" => return Form::Download,
                "raw=1" => form = Form::Raw,
                _ => {}
            }
        }
        form
    }
}

fn unreadable(error: ReadError) -> Error {
    Error::unavailable(error)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn now(app: &App) -> HttpDate {
    HttpDate::from_unix(app.clock.now().as_secs())
}

fn since_1970(now: std::time::Duration) -> (i64, u32) {
    (crate::clock::seconds(now), now.subsec_nanos())
}

/// What a page needs to know of an item whose bytes its viewer may see.
pub struct Shown {
    pub id: crate::types::ItemId,
    pub name: String,
    pub beside: Beside,
    /// The file may be saved.
    pub download: bool,
}

/// The item of a page below `/watch/`, for who may see it.
pub async fn shown(app: &App, request: &Parts, id: &str) -> Result<Shown, Error> {
    let named = crate::types::ItemId::parse(id).map_or(Named::Nothing, Named::Item);
    shown_as(app, request, named).await
}

/// The item that is named so, for who may see it.
pub async fn shown_as(app: &App, request: &Parts, named: Named) -> Result<Shown, Error> {
    let permit =
        admit(app, request, &MediaPath { token: None, named, part: Part::Film }, Entrance::Media).await?;
    let item = permit.item();
    // A page without a picture is better than none.
    let beside = sidecar::around(app, item).await.unwrap_or_default();
    let download = permit.may_download();
    Ok(Shown { id: item.id, name: file_name(&item.path).to_owned(), beside, download })
}
