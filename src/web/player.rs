//! The browser's own player: what its element is told.

use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::error::Error;
use crate::library::sidecar;
use crate::media;
use crate::types::extension::title;

/// Addresses for a `<video>`, each with the credential that the page was given.
pub(super) struct Player {
    pub(super) title: String,
    pub(super) source: String,
    pub(super) poster: Option<String>,
    pub(super) subtitles: Vec<Subtitles>,
}

/// A `<track>`.
pub(super) struct Subtitles {
    pub(super) label: String,
    pub(super) source: String,
}

impl Player {
    /// Of the item that a page's path names behind `prefix`, for who may see it.
    pub(super) async fn of(app: &App, request: &Parts, prefix: &str) -> Result<Player, Error> {
        let id = request.uri.path().strip_prefix(prefix).unwrap_or_default();
        let shown = media::shown(app, request, id).await?;
        let name = utf8_percent_encode(&shown.name, NON_ALPHANUMERIC);
        let query = request.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let source = format!("/m/{}/{name}{query}", shown.id);
        let poster =
            shown.beside.poster.map(|path| format!("{}{query}", sidecar::poster_url(shown.id, &path)));
        let subtitles = shown.beside.subtitles.into_iter().map(|text| {
            let source = format!("{}{query}", sidecar::subtitles_url(shown.id, &text.label));
            Subtitles { label: text.label, source }
        });
        Ok(Player { source, poster, subtitles: subtitles.collect(), title: title(&shown.name).to_owned() })
    }
}
