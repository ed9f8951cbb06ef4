//! What this server does beyond the least: what is on, and by what.

use super::{Config, ZeroCopy};

/// Something that a server does or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// For programs; stays the same.
    pub name: &'static str,
    pub on: bool,
    /// In one sentence, and how to change it.
    pub why: String,
}

impl Config {
    /// In the order of the settings.
    pub fn features(&self) -> Vec<Feature> {
        vec![
            self.public(),
            self.https(),
            self.first_password(),
            self.legacy(),
            self.proxies(),
            self.embedding(),
            self.cors(),
            watching(),
            self.uncopied(),
        ]
    }

    fn public(&self) -> Feature {
        let why = match &self.public_url {
            Some(url) => format!("People reach this server by {url}."),
            None => "People type this server's own address; `public_url` names another.".to_owned(),
        };
        Feature { name: "public_url", on: self.public_url.is_some(), why }
    }

    fn https(&self) -> Feature {
        let why = match (&self.tls, cfg!(feature = "tls")) {
            (Some(tls), _) => format!("The certificate is {}.", tls.cert.display()),
            (None, true) => "No certificate is named; `tls_cert` and `tls_key` do.".to_owned(),
            (None, false) => "This reelgate was built without HTTPS.".to_owned(),
        };
        Feature { name: "https", on: self.tls.is_some(), why }
    }

    fn legacy(&self) -> Feature {
        let why = match &self.legacy_route {
            Some(library) => format!("`/private/files/download/` answers from {library}."),
            None => "`/private/files/download/` is off; `legacy_route` names a library for it.".to_owned(),
        };
        Feature { name: "legacy_route", on: self.legacy_route.is_some(), why }
    }

    fn proxies(&self) -> Feature {
        let why = match self.trusted_proxies.as_slice() {
            [] => "No proxy is believed; `trusted_proxies` names those that are.".to_owned(),
            proxies => format!("{} may say who asks.", listed(proxies)),
        };
        Feature { name: "trusted_proxies", on: !self.trusted_proxies.is_empty(), why }
    }

    fn first_password(&self) -> Feature {
        let why = match &self.admin_password_file {
            Some(file) => format!("The first administrator's password is read from {}.", file.display()),
            None => {
                "The first administrator is made by the setup's page, or by `admin_password_file`.".to_owned()
            }
        };
        Feature { name: "admin_password_file", on: self.admin_password_file.is_some(), why }
    }

    fn embedding(&self) -> Feature {
        let why = match self.embed_origins.as_slice() {
            [] => "No page elsewhere may frame `/embed/ID`; `embed_origins` names those that may.".to_owned(),
            origins => format!("Pages of {} may frame `/embed/ID`.", listed(origins)),
        };
        Feature { name: "embedding", on: !self.embed_origins.is_empty(), why }
    }

    fn cors(&self) -> Feature {
        let why = match self.cors_origins.as_slice() {
            [] => "No script elsewhere may read media; `cors_origins` names those whose may.".to_owned(),
            origins => format!("Scripts of {} may read media.", listed(origins)),
        };
        Feature { name: "cors", on: !self.cors_origins.is_empty(), why }
    }

    fn uncopied(&self) -> Feature {
        let why = match (self.zero_copy, self.tls.is_some()) {
            (ZeroCopy::Off, _) => "`zero_copy` is off: all files are copied.",
            (_, true) => "What is encrypted has to be copied.",
            (ZeroCopy::Auto, false) => "Long files go uncopied to clients on other machines.",
            (ZeroCopy::On, false) => "Long files go uncopied to all clients.",
        };
        let on = self.zero_copy != ZeroCopy::Off && self.tls.is_none();
        Feature { name: "zero_copy", on, why: why.to_owned() }
    }
}

fn listed<T: ToString>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

fn watching() -> Feature {
    let on = cfg!(feature = "watch");
    let why = if on {
        "The kernel tells of new and changed files."
    } else {
        "This reelgate was built without watching: scans find what is new."
    };
    Feature { name: "watching", on, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_says_whether_it_is_on_and_why() {
        let config = Config::with_defaults("/data");
        let with = Config {
            public_url: url::Url::parse("https://video.example.org").ok(),
            legacy_route: Some("videos".to_owned()),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            zero_copy: ZeroCopy::Off,
            ..config.clone()
        };
        let is_on = |config: &Config, name: &str| {
            let features = config.features();
            features.into_iter().find(|feature| feature.name == name).map(|feature| feature.on)
        };
        let cases = [
            ("public_url", false, true),
            ("https", false, false),
            ("legacy_route", false, true),
            ("trusted_proxies", false, true),
            ("zero_copy", true, false),
        ];
        for (name, bare, set) in cases {
            assert_eq!((is_on(&config, name), is_on(&with, name)), (Some(bare), Some(set)), "{name}");
        }
        assert!(with.features().iter().any(|feature| feature.why.contains("10.0.0.0/8")));
    }

    #[test]
    fn settings_name_features_that_there_are() {
        let config = Config::with_defaults("/data");
        let features: Vec<&str> = config.features().iter().map(|feature| feature.name).collect();
        for setting in config.settings() {
            assert!(setting.about.feature.is_none_or(|name| features.contains(&name)), "{}", setting.key);
        }
    }

    #[test]
    fn every_feature_has_a_setting_to_show() {
        let config = Config::with_defaults("/data");
        for feature in config.features() {
            let shows = config.settings().any(|setting| setting.about.feature == Some(feature.name));
            assert!(shows, "the page of {} would be empty", feature.name);
        }
    }
}
