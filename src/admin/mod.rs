//! What people do with users, grants, tokens, shares and keys: use cases that the command line and the API share.
//!
//! Each is one change of the database, there or not there. Errors say what to do.

pub mod accounts;
pub mod catalogue;
pub mod items;
pub mod keys;
mod markdown;
pub mod positions;
mod redaction;
pub mod reports;
pub mod sessions;
pub mod setup;
pub mod shares;
pub mod tokens;
pub mod users;

use crate::access::hashing::Hashing;
use crate::clock::{Chance, Clock, Seconds};
use crate::db::media::Library;
use crate::db::{Db, DbError};
use crate::types::{Area, Misspelt};

use data_encoding::BASE32_NOPAD;

/// What a use case needs.
#[derive(Clone)]
pub struct Admin {
    pub db: Db,
    pub clock: Clock,
    pub chance: Chance,
    pub hashing: Hashing,
}

#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Misspelt(#[from] Misspelt),
    #[error(transparent)]
    Password(#[from] crate::access::password::PasswordError),
    /// Somebody or something that is not there.
    #[error("{problem}\n{cure}")]
    Missing { problem: String, cure: String },
    /// It would be there twice.
    #[error("{problem}\n{cure}")]
    Taken { problem: String, cure: String },
    /// Something else has to be done first.
    #[error("{problem}\n{cure}")]
    InTheWay { problem: String, cure: String },
    /// It is not for who asks.
    #[error("{problem}\n{cure}")]
    NotYours { problem: String, cure: String },
    /// It makes no sense together.
    #[error("{0}")]
    Refused(String),
}

/// Tokens that a viewer makes, and links for guests: those that are valid and those of the last day. A loop must not fill the
/// disk, nor have the server forget what it knows with each round.
const MOST_MADE: i64 = 10_000;
const DAY: Seconds = 24 * 60 * 60;

fn expect_room(made: i64, more: usize, what: &str) -> Result<(), AdminError> {
    if made.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)) <= MOST_MADE {
        return Ok(());
    }
    Err(AdminError::InTheWay {
        problem: format!("Nobody has more than {MOST_MADE} {what}, those of the last day included."),
        cure: "Revoke some and wait for a day, or ask an administrator; a backend signs URLs instead."
            .to_owned(),
    })
}

/// Area as rows store it: the library's id (none: every library) and the prefix.
struct Place {
    library_id: Option<String>,
    prefix: String,
}

impl Admin {
    /// For who is alone: a command.
    pub fn new(db: Db, clock: Clock, chance: Chance) -> Admin {
        Admin { db, clock, chance, hashing: Hashing::new() }
    }

    async fn place(&self, area: &Area) -> Result<Place, AdminError> {
        match area {
            Area::Everything => Ok(Place { library_id: None, prefix: String::new() }),
            Area::Below { library, prefix } => {
                let library = self.library(library).await?;
                Ok(Place { library_id: Some(library.id), prefix: prefix.as_str().to_owned() })
            }
        }
    }

    /// A library by its name, for who may know them all.
    pub async fn library(&self, name: &str) -> Result<Library, AdminError> {
        if let Some(library) = self.db.library(name).await? {
            return Ok(library);
        }
        let known = self.db.libraries().await?;
        let names: Vec<&str> = known.iter().map(|library| library.name.as_str()).collect();
        let cure = match names.as_slice() {
            [] => "No library is known yet: serve a folder first, or run `reelgate scan DIR`.".to_owned(),
            names => suggestion(name, names, "Known libraries"),
        };
        Err(AdminError::Missing { problem: format!("No library is called {name:?}."), cure })
    }

    /// A short id that people type: 60 random bits, lower-case base 32.
    fn short_id(&self) -> String {
        let text = BASE32_NOPAD.encode(&self.chance.bytes::<8>());
        text[..12].to_lowercase()
    }
}

/// The nearest name, or all of them.
fn suggestion(typed: &str, known: &[&str], heading: &str) -> String {
    let near = |name: &&&str| strsim::normalized_damerau_levenshtein(typed, name);
    let best = known.iter().max_by(|one, other| near(one).total_cmp(&near(other)));
    match best.filter(|name| near(name) >= 0.6) {
        Some(name) => format!("Did you mean {name:?}?"),
        None => format!("{heading}: {}.", known.join(", ")),
    }
}
