//! The settings: their names, and what is said of them wherever they are listed.

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    General,
    Access,
    Playback,
    Network,
    Limits,
    Log,
    Library,
}

impl Area {
    pub fn word(self) -> &'static str {
        match self {
            Area::General => "general",
            Area::Access => "access",
            Area::Playback => "playback",
            Area::Network => "network",
            Area::Limits => "limits",
            Area::Log => "log",
            Area::Library => "library",
        }
    }
}

/// What people are told of a setting.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub key: &'static str,
    pub area: Area,
    /// One sentence.
    pub description: &'static str,
    /// The feature that it turns on or shapes, by the name in [`super::features`].
    pub feature: Option<&'static str>,
}

const fn about(key: &'static str, area: Area, description: &'static str) -> About {
    About { key, area, description, feature: None }
}

impl About {
    const fn of(self, feature: &'static str) -> About {
        About { feature: Some(feature), ..self }
    }
}

/// Every key of the file, in the order of the documentation. `REELGATE_` and the key in capitals, `_` for `.`,
/// is its variable.
pub(super) const SETTINGS: &[About] = {
    use Area::{Access, General, Limits, Log, Network, Playback};
    &[
        about("listen", General, "Address and port to listen on."),
        about("data", General, "Folder of the database, the keys and the cache."),
        about("public_url", Network, "What people type to reach this server, when a proxy stands before it.")
            .of("public_url"),
        about("tls_cert", Network, "Certificate for HTTPS, its chain behind it in the same file (PEM).")
            .of("https"),
        about("tls_key", Network, "The certificate's private key (PEM).").of("https"),
        about("admin_password_file", Access, "File with the password of the first administrator, `admin`.")
            .of("admin_password_file"),
        about("legacy_route", Access, "The library behind `/private/files/download/`.").of("legacy_route"),
        about("trusted_proxies", Network, "Addresses and networks whose `X-Forwarded-*` headers count.")
            .of("trusted_proxies"),
        about("embed_origins", Access, "Pages elsewhere that may frame `/embed/ID`.").of("embedding"),
        about("cors_origins", Access, "Pages elsewhere whose scripts may read media (CORS).").of("cors"),
        about("scan_interval", General, "Time between two full scans; watching finds most changes earlier.")
            .of("watching"),
        about("zero_copy", Playback, "When the kernel sends files without copying: `auto`, `on` or `off`.")
            .of("zero_copy"),
        about("log_format", Log, "Form of the log's lines: `json` or `text`."),
        about("limits.head_bytes", Limits, "Longest head of a request."),
        about("limits.headers", Limits, "Most header lines of a request."),
        about("limits.uri_bytes", Limits, "Longest address in a request."),
        about("limits.head_timeout", Limits, "From the first byte of a request's head to its last."),
        about("limits.idle_timeout", Limits, "How long a connection is kept open between two requests."),
        about("limits.stream_timeout", Limits, "How long a reader may take nothing of what is sent."),
        about("limits.max_connections", Limits, "Connections at the same time."),
        about("limits.drain_timeout", Limits, "What running videos get after SIGTERM."),
        about("limits.cold_reads", Limits, "Reads that wait for one library's disk at the same time."),
        about("limits.open_timeout", Limits, "How long opening a file may take."),
    ]
};

/// Of each folder that is served.
pub(super) const LIBRARY: About = about("library", Area::Library, "A folder that is served.");
pub(super) const REPAIR: About = about(
    "library",
    Area::Library,
    "Films are sent in the form that plays soonest; `false`: as they lie on the disk.",
);

pub(super) const KEYS: [&str; SETTINGS.len()] = {
    let mut keys = [""; SETTINGS.len()];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = SETTINGS[index].key;
        index += 1;
    }
    keys
};

/// The static spelling of a key that exists.
pub(super) fn known(key: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|known| *known == key)
}

pub(super) fn variable(key: &str) -> String {
    format!("REELGATE_{}", key.to_uppercase().replace('.', "_"))
}

/// "did you mean `listen`?", or the whole list when nothing comes near.
pub(super) fn suggestion<S: AsRef<str>>(typed: &str, known: &[S]) -> String {
    match nearest(typed, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known are: {}", known.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")),
    }
}

fn nearest<'k, S: AsRef<str>>(typed: &str, known: &'k [S]) -> Option<&'k str> {
    let typed = typed.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|name| (closeness(&typed, &name.as_ref().to_lowercase()), name.as_ref()))
        .filter(|(closeness, _)| *closeness >= 0.6)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// A key in the wrong table is near as well, so its last part counts alone.
fn closeness(typed: &str, known: &str) -> f64 {
    let (typed_leaf, known_leaf) = (leaf(typed), leaf(known));
    let whole = strsim::normalized_damerau_levenshtein(typed, known);
    whole.max(0.95 * strsim::normalized_damerau_levenshtein(typed_leaf, known_leaf))
}

fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_its_key() {
        let cases = [
            ("lisen", Some("listen"), "a letter lost"),
            ("public-url", Some("public_url"), "the flag's spelling"),
            ("head_timeout", Some("limits.head_timeout"), "the wrong table"),
            ("limits.listen", Some("listen"), "the wrong table, the other way"),
            ("limits.max_conections", Some("limits.max_connections"), "a double letter"),
            ("LISTEN", Some("listen"), "capitals"),
            ("colour", None, "nothing near"),
        ];
        for (typed, want, why) in cases {
            assert_eq!(nearest(typed, &KEYS), want, "{why}: {typed}");
        }
    }

    #[test]
    fn variables_are_named_after_keys() {
        assert_eq!(variable("listen"), "REELGATE_LISTEN");
        assert_eq!(variable("limits.head_timeout"), "REELGATE_LIMITS_HEAD_TIMEOUT");
    }
}
