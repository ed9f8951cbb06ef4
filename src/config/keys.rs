//! The names of the settings.

/// Every key of the file, in the order of the documentation. `REELGATE_` and the key in capitals, `_` for `.`,
/// is its variable.
pub(super) const KEYS: [&str; 23] = [
    "listen",
    "data",
    "public_url",
    "tls_cert",
    "tls_key",
    "admin_password_file",
    "legacy_route",
    "trusted_proxies",
    "embed_origins",
    "cors_origins",
    "scan_interval",
    "zero_copy",
    "log_format",
    "limits.head_bytes",
    "limits.headers",
    "limits.uri_bytes",
    "limits.head_timeout",
    "limits.idle_timeout",
    "limits.stream_timeout",
    "limits.max_connections",
    "limits.drain_timeout",
    "limits.cold_reads",
    "limits.open_timeout",
];

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
