//! `reelgate.toml`.
//!
//! The file is walked as a tree with positions instead of being handed to serde: an error then names the line,
//! and an unknown key gets a suggestion.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Fault, Source};
use super::keys;
use super::raw::{RawConfig, RawLibrary, Typed};

/// Where a file is looked for when none is named.
pub(super) const PLACES: [&str; 2] = ["reelgate.toml", "/etc/reelgate/reelgate.toml"];

/// The settings of the file that was named, else of the first that exists, else none.
pub(super) fn read(named: Option<&Typed>, places: &[&str]) -> Result<RawConfig, ConfigError> {
    if let Some(typed) = named {
        let path = PathBuf::from(&typed.value);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| unreadable(&path, &error).at("config", typed.source.clone()))?;
        return parse(&path, &text);
    }
    for place in places {
        let path = Path::new(place);
        match std::fs::read_to_string(path) {
            Ok(text) => return parse(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(path, &error).at("config", Source::Default)),
        }
    }
    Ok(RawConfig::default())
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault::new(
        format!("{} cannot be read: {error}", path.display()),
        "give the path of a readable TOML file to --config",
    )
}

fn parse(path: &Path, text: &str) -> Result<RawConfig, ConfigError> {
    let reader = Reader { path, text };
    let document = DeTable::parse(text).map_err(|error| {
        let place = error.span().map_or(0, |span| span.start);
        Fault::new(format!("not TOML: {}", error.message()), "correct the line")
            .at("config", reader.source(place))
    })?;
    let mut raw = RawConfig { file: Some(path.to_owned()), ..RawConfig::default() };
    reader.top(document.get_ref(), &mut raw)?;
    raw.names.clone_from(&raw.libraries);
    Ok(raw)
}

struct Reader<'f> {
    path: &'f Path,
    text: &'f str,
}

type Key<'f> = Spanned<std::borrow::Cow<'f, str>>;
type Value<'f> = Spanned<DeValue<'f>>;

impl Reader<'_> {
    fn top(&self, table: &DeTable<'_>, raw: &mut RawConfig) -> Result<(), ConfigError> {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "limits" => self.limits(value, raw)?,
                "library" => self.libraries(value, raw)?,
                name => self.setting(name, key, value, raw)?,
            }
        }
        Ok(())
    }

    fn limits(&self, value: &Value<'_>, raw: &mut RawConfig) -> Result<(), ConfigError> {
        for (key, value) in self.table("limits", value)? {
            self.setting(&format!("limits.{}", key.get_ref()), key, value, raw)?;
        }
        Ok(())
    }

    fn setting(
        &self,
        name: &str,
        key: &Key<'_>,
        value: &Value<'_>,
        raw: &mut RawConfig,
    ) -> Result<(), ConfigError> {
        let Some(known) = keys::known(name) else { return Err(self.unknown(name, key, &keys::KEYS)) };
        let source = self.source(value.span().start);
        match known {
            "data" | "tls_cert" | "tls_key" | "admin_password_file" => {
                raw.set(known, self.path(known, value)?, source);
            }
            "trusted_proxies" | "embed_origins" | "cors_origins" => {
                raw.set(known, self.list(known, value)?, source);
            }
            _ => raw.set(known, self.scalar(known, value)?, source),
        }
        Ok(())
    }

    fn libraries(&self, value: &Value<'_>, raw: &mut RawConfig) -> Result<(), ConfigError> {
        for (name, value) in self.table("library", value)? {
            raw.libraries.push(self.library(name, value)?);
        }
        Ok(())
    }

    fn library(&self, name: &Key<'_>, value: &Value<'_>) -> Result<RawLibrary, ConfigError> {
        let setting = format!("library.{}", name.get_ref());
        let (mut path, mut repair) = (None, None);
        for (key, value) in self.table(&setting, value)? {
            match key.get_ref().as_ref() {
                "path" => path = Some(self.path(&setting, value)?),
                "repair" => repair = Some(self.truth(&format!("{setting}.repair"), value)?),
                other => return Err(self.unknown(&format!("{setting}.{other}"), key, &["path", "repair"])),
            }
        }
        let source = self.source(name.span().start);
        match path {
            Some(path) => Ok(RawLibrary { name: Some(name.get_ref().to_string()), path, repair, source }),
            None => Err(Fault::new("it has no path", "write path = \"/a/folder\"").at(setting, source)),
        }
    }

    fn table<'v>(&self, setting: &str, value: &'v Value<'v>) -> Result<&'v DeTable<'v>, ConfigError> {
        value.get_ref().as_table().ok_or_else(|| {
            let example = if setting == "library" { "library.NAME" } else { setting };
            self.wrong_kind(setting, value, &format!("a table, [{example}]"))
        })
    }

    /// Text, or a whole number: `headers = 64` needs no quotes.
    fn scalar(&self, setting: &str, value: &Value<'_>) -> Result<String, ConfigError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            _ => Err(self.wrong_kind(setting, value, "text in quotes")),
        }
    }

    fn truth(&self, setting: &str, value: &Value<'_>) -> Result<bool, ConfigError> {
        value.get_ref().as_bool().ok_or_else(|| self.wrong_kind(setting, value, "true or false"))
    }

    fn list(&self, setting: &str, value: &Value<'_>) -> Result<String, ConfigError> {
        let Some(array) = value.get_ref().as_array() else { return self.scalar(setting, value) };
        let texts: Result<Vec<String>, _> =
            array.iter().map(|element| self.scalar(setting, element)).collect();
        Ok(texts?.join(","))
    }

    /// A relative path starts at the file's folder, wherever the server was started.
    fn path(&self, setting: &str, value: &Value<'_>) -> Result<PathBuf, ConfigError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        match value.get_ref().as_str() {
            Some("") | None => Err(self.wrong_kind(setting, value, "a path in quotes")),
            Some(path) => Ok(folder.join(path)),
        }
    }

    fn unknown(&self, name: &str, key: &Key<'_>, known: &[&str]) -> ConfigError {
        let source = self.source(key.span().start);
        Fault::new("no setting has this name", keys::suggestion(name, known)).at(name, source)
    }

    fn wrong_kind(&self, setting: &str, value: &Value<'_>, wanted: &str) -> ConfigError {
        let problem = format!("this is of the kind {}", value.get_ref().type_str());
        Fault::new(problem, format!("write {wanted}")).at(setting, self.source(value.span().start))
    }

    fn source(&self, offset: usize) -> Source {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Source::File { path: self.path.to_owned(), line }
    }
}
