//! The settings of the running server. They are changed where they stand, and take effect at the next start.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::config;
use crate::error::Error;
use crate::reception::{Administrator, Answer};

#[derive(Serialize, ToSchema)]
pub struct Settings {
    entries: Vec<Setting>,
    features: Vec<Feature>,
}

/// A setting as it is at present. None of them holds a secret.
#[derive(Serialize, ToSchema)]
pub struct Setting {
    /// As it is called in `reelgate.toml`.
    #[schema(example = "limits.drain_timeout")]
    key: String,
    /// `general`, `access`, `playback`, `network`, `limits`, `log` or `library`.
    area: &'static str,
    /// Empty: not set.
    value: String,
    /// `default`, `flag --listen`, `environment REELGATE_LISTEN`, or file and line.
    source: String,
    /// What it is when it is set nowhere.
    default: String,
    description: &'static str,
    /// The feature that it belongs to.
    feature: Option<&'static str>,
}

/// Something that this server does or does not.
#[derive(Serialize, ToSchema)]
pub struct Feature {
    name: &'static str,
    on: bool,
    why: String,
}

impl From<config::Setting> for Setting {
    fn from(setting: config::Setting) -> Setting {
        Setting {
            key: setting.key,
            area: setting.about.area.word(),
            value: setting.value,
            source: setting.source.to_string(),
            default: setting.default,
            description: setting.about.description,
            feature: setting.about.feature,
        }
    }
}

impl From<config::Feature> for Feature {
    fn from(feature: config::Feature) -> Feature {
        Feature { name: feature.name, on: feature.on, why: feature.why }
    }
}

/// Every setting with its value and where it comes from, and what is on because of them
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "status", operation_id = "settings",
    responses((status = 200, body = Settings), super::document::NotAdmin)
)]
pub async fn show(
    State(app): State<App>,
    Administrator(_): Administrator,
) -> Result<Answer<Settings>, Error> {
    let entries = app.config.settings().map(Setting::from).collect();
    let features = app.config.features().into_iter().map(Feature::from).collect();
    Ok(Answer::ok(Settings { entries, features }))
}
