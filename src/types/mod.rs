//! The words of the domain that several rooms share.

pub mod extension;
pub mod order;
pub mod program;

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use unicode_normalization::UnicodeNormalization as _;

/// Names one video for ever, also after a rename. Not a credential: knowing it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId([u8; 16]);

impl ItemId {
    /// From 128 random bits.
    pub fn new(random: [u8; 16]) -> ItemId {
        ItemId(random)
    }

    /// The canonical 22 characters of base64url, nothing else: two spellings of one id would be two cache entries
    /// and two answers.
    pub fn parse(text: &str) -> Option<ItemId> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        Some(ItemId(bytes.try_into().ok()?))
    }
}

impl ItemId {
    /// Its text, in room for it.
    pub fn text(self, room: &mut [u8; 22]) -> &str {
        BASE64URL_NOPAD.encode_mut_str(&self.0, room)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; 22]))
    }
}

/// What somebody typed is not one of the words that are possible there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Misspelt {
    problem: String,
}

impl Misspelt {
    pub(crate) fn new(problem: impl Into<String>) -> Misspelt {
        Misspelt { problem: problem.into() }
    }
}

/// Enums that stand as words in the database, on the command line and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = Misspelt;

            fn from_str(text: &str) -> Result<$name, Misspelt> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err(Misspelt::new(format!("{text:?} is none of: {}", $name::WORDS.join(", ")))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::schema::{Object, Type};
                Object::builder().schema_type(Type::String).enum_values(Some($name::WORDS.iter().copied())).into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

words! {
    /// What a user may do beside watching what was granted.
    Role {
        /// Sees everything and changes everything.
        Admin = "admin",
        /// Sees what was granted.
        Viewer = "viewer",
    }
}

words! {
    /// Only active users open anything.
    UserState { Active = "active", Disabled = "disabled", Deleted = "deleted" }
}

words! {
    /// What a token is for.
    TokenKind {
        /// Watching only. May stand in a URL, so it must open nothing else.
        Media = "media",
        /// What its user may do. In a header only.
        Api = "api",
        /// A key that another application gave out, taken over as it is. Opens the legacy route only.
        Legacy = "legacy",
    }
}

words! {
    /// Whether a share opens.
    ShareState {
        Open = "open",
        /// Its time has passed.
        Over = "over",
        /// As often as it may be watched, it was.
        UsedUp = "used_up",
        Revoked = "revoked",
    }
}

words! {
    /// Whether a file is whole.
    ItemState {
        /// It is still being written.
        Recording = "recording",
        Complete = "complete",
        /// It was examined, and something is missing or wrong.
        Broken = "broken",
    }
}

words! {
    /// Whether somebody still has to look at a report.
    ReportState { Open = "open", Closed = "closed" }
}

/// A path below a library's folder up to a component's end: `2024` covers `2024/a.mp4`, not `2024b/a.mp4`.
/// The empty prefix covers the library.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Prefix(String);

impl Prefix {
    pub fn parse(text: &str) -> Result<Prefix, Misspelt> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Prefix::default());
        }
        match path.split('/').find_map(unfit_component) {
            Some(problem) => Err(Misspelt::new(format!("{text:?} {problem}"))),
            None => Ok(Prefix(path.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn covers(&self, path: &str) -> bool {
        match path.strip_prefix(self.0.as_str()) {
            Some(rest) => self.0.is_empty() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}

fn unfit_component(component: &str) -> Option<&'static str> {
    match component {
        "" => Some("has an empty part"),
        _ if component.starts_with('.') => {
            Some("has a part that begins with a dot, and such files are not served")
        }
        _ if component.contains('\0') => Some("holds a NUL"),
        _ => None,
    }
}

words! {
    /// The order of a list of items.
    Sort {
        /// By library and path.
        Path = "path",
        /// By the file's name, wherever it lies.
        Name = "name",
        /// By the time of the last change of the file, the last one first.
        Newest = "newest",
        Oldest = "oldest",
        /// Those of unknown duration come last.
        Longest = "longest",
        Largest = "largest",
    }
}

/// Part of what is served, as grants and tokens name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Every library, also those that come later. Written `/`.
    Everything,
    /// A library or a part of one. Written `LIBRARY` or `LIBRARY/PREFIX`.
    Below { library: String, prefix: Prefix },
}

impl Area {
    pub fn covers(&self, library: &str, path: &str) -> bool {
        match self {
            Area::Everything => true,
            Area::Below { library: own, prefix } => own == library && prefix.covers(path),
        }
    }
}

impl Area {
    /// Whether every file of the other one is in this one, also one that comes later.
    pub fn holds(&self, other: &Area) -> bool {
        match (self, other) {
            (Area::Everything, _) => true,
            (_, Area::Everything) => false,
            (own, Area::Below { library, prefix }) => own.covers(library, prefix.as_str()),
        }
    }

    /// Whether there can be a file in both.
    pub fn overlaps(&self, other: &Area) -> bool {
        match (self, other) {
            (Area::Everything, _) | (_, Area::Everything) => true,
            (
                Area::Below { library, prefix },
                Area::Below { library: other_library, prefix: other_prefix },
            ) => {
                let nested = prefix.covers(other_prefix.as_str()) || other_prefix.covers(prefix.as_str());
                library == other_library && nested
            }
        }
    }
}

impl FromStr for Area {
    type Err = Misspelt;

    fn from_str(text: &str) -> Result<Area, Misspelt> {
        if text == "/" {
            return Ok(Area::Everything);
        }
        let (library, prefix) = text.split_once('/').unwrap_or((text, ""));
        if library.is_empty() {
            return Err(Misspelt::new(format!(
                "{text:?} names no library: write LIBRARY, LIBRARY/PREFIX, or / for everything"
            )));
        }
        Ok(Area::Below { library: library.to_owned(), prefix: Prefix::parse(prefix)? })
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Area::Everything => f.pad("/"),
            Area::Below { library, prefix } if prefix.0.is_empty() => f.pad(library),
            Area::Below { library, prefix } => f.pad(&format!("{library}/{}", prefix.0)),
        }
    }
}

/// What a token or a signed URL is narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Not narrowed: all that its user sees.
    All,
    Item(ItemId),
    Below(Area),
}

impl Scope {
    pub fn covers(&self, id: ItemId, library: &str, path: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Item(own) => *own == id,
            Scope::Below(area) => area.covers(library, path),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::All => f.pad("all"),
            Scope::Item(id) => write!(f, "item {id}"),
            Scope::Below(area) => area.fmt(f),
        }
    }
}

/// What shall become of a value that may be missing. As in a merge patch (RFC 7396): what is left out stays, null removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Patch<T> {
    #[default]
    Keep,
    Set(Option<T>),
}

impl<T> Patch<T> {
    pub fn is_set(&self) -> bool {
        matches!(self, Patch::Set(_))
    }

    /// The new value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Patch::Keep => None,
            Patch::Set(value) => value.as_ref(),
        }
    }

    pub fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        match self {
            Patch::Keep => Ok(Patch::Keep),
            Patch::Set(value) => value.map(change).transpose().map(Patch::Set),
        }
    }
}

impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(value: D) -> Result<Patch<T>, D::Error> {
        Option::deserialize(value).map(Patch::Set)
    }
}

/// A user's name as it is compared: nobody should have to remember capitals.
pub fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// Text as a search compares it: without capitals (to capitals and back, so that `ß` finds `SS` and `ς` finds `Σ`),
/// and accents in one form, for Apple's systems write them apart (Unicode NFC).
pub fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// Folder and name of a path: `2024` and `a.mp4` of `2024/a.mp4`. At the top the folder is empty.
pub fn split_path(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A name fits into a table, a URL and a shell without quotes.
pub fn check_user_name(name: &str) -> Result<(), Misspelt> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    match name {
        "" => Err(Misspelt::new("a user needs a name")),
        _ if name.chars().count() > 64 => Err(Misspelt::new("a name has at most 64 characters")),
        _ if !name.chars().all(fits) => {
            Err(Misspelt::new(format!("{name:?} has other characters than letters, digits and . _ - @ +")))
        }
        _ => Ok(()),
    }
}

/// What people call a token. Nothing in it moves a terminal's cursor.
pub fn check_label(label: &str) -> Result<(), Misspelt> {
    match label {
        _ if label.chars().count() > 100 => {
            Err(Misspelt::new("what it is called has at most 100 characters"))
        }
        _ if label.chars().any(char::is_control) => {
            Err(Misspelt::new("what it is called has no control characters"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = ItemId::new([0xfb; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(ItemId::parse(&text), Some(id));
        let cases = [
            ("", "nothing"),
            ("-_v7-_v7-_v7-_v7-_v7", "15 bytes"),
            ("-_v7-_v7-_v7-_v7-_v7-_v7", "18 bytes"),
            ("-_v7-_v7-_v7-_v7-_v7-x", "bits behind the last byte"),
            ("-_v7-_v7-_v7-_v7-_v7-w==", "padding"),
            ("+/v7+/v7+/v7+/v7+/v7+w", "the other alphabet"),
            ("-_v7-_v7-_v7-_v7-_v7 w", "white space"),
        ];
        for (text, why) in cases {
            assert_eq!(ItemId::parse(text), None, "{why}: {text}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_component() {
        let cases = [
            ("", "a.mp4", true, "the whole library"),
            ("2024", "2024/a.mp4", true, "inside"),
            ("2024/", "2024/a.mp4", true, "a slash at the end changes nothing"),
            ("2024", "2024b/a.mp4", false, "a longer name"),
            ("2024", "2024", true, "the file itself"),
            ("2024/a.mp4", "2024/a.mp4", true, "one file"),
            ("2024/a.mp4", "2024/a.mp4x", false, "a longer file name"),
            ("2024/x", "2024", false, "the parent"),
            ("a", "A/b.mp4", false, "file names know capitals"),
        ];
        for (prefix, path, want, why) in cases {
            assert_eq!(Prefix::parse(prefix).unwrap().covers(path), want, "{why}: {prefix} {path}");
        }
    }

    #[test]
    fn areas_read_as_they_are_written() {
        let cases = [
            ("/", Some("/"), "everything"),
            ("videos", Some("videos"), "a library"),
            ("videos/", Some("videos"), "a library"),
            ("videos/2024/march", Some("videos/2024/march"), "a part"),
            ("", None, "nothing"),
            ("/videos", None, "no library before the slash"),
            ("videos//a", None, "an empty part"),
            ("videos/../other", None, "a way out"),
            ("videos/.hidden", None, "never served"),
        ];
        for (text, want, why) in cases {
            assert_eq!(
                text.parse::<Area>().ok().map(|area| area.to_string()).as_deref(),
                want,
                "{why}: {text}"
            );
        }
    }

    #[test]
    fn areas_overlap_when_one_holds_the_other() {
        let cases = [
            ("/", "videos/a", true, "everything"),
            ("videos", "videos/a", true, "above"),
            ("videos/a", "videos", true, "below"),
            ("videos/a", "videos/b", false, "beside"),
            ("videos", "others", false, "another library"),
        ];
        for (one, other, want, why) in cases {
            let (one, other): (Area, Area) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.overlaps(&other), want, "{why}: {one} {other}");
        }
    }

    #[test]
    fn an_area_holds_what_lies_below_it() {
        let cases = [
            ("/", "/", true, "everything"),
            ("/", "videos", true, "a part of everything"),
            ("videos", "/", false, "everything is more"),
            ("videos", "videos/a", true, "below"),
            ("videos/a", "videos/a", true, "the same"),
            ("videos/a", "videos", false, "above"),
            ("videos/a", "videos/ab", false, "a longer name"),
            ("videos", "others", false, "another library"),
        ];
        for (one, other, want, why) in cases {
            let (one, other): (Area, Area) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.holds(&other), want, "{why}: {one} {other}");
        }
    }

    #[test]
    fn labels_are_short_and_move_no_cursor() {
        let long = "x".repeat(101);
        let cases = [
            ("", true, "nothing"),
            ("Ada's television, 2nd floor", true, "as people write"),
            (&long[..100], true, "the longest"),
            (&long, false, "one more"),
            ("a\u{1b}[2Jb", false, "it would clear the screen"),
            ("a\nb", false, "a second line"),
        ];
        for (label, want, why) in cases {
            assert_eq!(check_label(label).is_ok(), want, "{why}");
        }
    }

    #[test]
    fn a_search_knows_no_capitals_in_any_script() {
        let cases = [
            ("Holiday", "hOLIDAY", "ASCII"),
            ("ÄRGER", "ärger", "umlauts"),
            ("Straße", "STRASSE", "one letter becomes two"),
            ("ΟΔΟΣ", "οδος", "a letter with two small forms"),
            ("МОСКВА", "москва", "Cyrillic"),
            ("e\u{301}te\u{301}", "ÉTÉ", "accents apart, as Apple's systems write them"),
            ("🎬 שלום", "🎬 שלום", "scripts without capitals"),
        ];
        for (one, other, why) in cases {
            assert_eq!(folded(one), folded(other), "{why}");
        }
        assert_ne!(folded("a"), folded("b"));
    }

    #[test]
    fn words_come_back() {
        for word in Role::WORDS {
            assert_eq!(word.parse::<Role>().unwrap().word(), *word);
        }
        let error = "root".parse::<Role>().unwrap_err().to_string();
        assert_eq!(error, "\"root\" is none of: admin, viewer");
    }
}
