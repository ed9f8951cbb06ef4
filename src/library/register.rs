//! Rows of `libraries` for what is served.
//!
//! Grants and ids hang on the row. A name that the configuration file gives is a decision: it keeps its row when the
//! folder moves, and a folder keeps its row when it is given a name. A name that comes from the folder is an accident,
//! and two folders of one name must not inherit each other's grants.

use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;

use crate::clock::{Chance, Clock, Seconds};
use crate::config::LibraryConfig;
use crate::db::media::Library;
use crate::db::{Change, Db, DbError};

/// Why a folder has no row.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error(
        "{name:?} is the library {}, and {} would be called {name:?} as well.\n\
         If the folder was moved, say so in reelgate.toml: [library.{name}] with path = \"{}\".\n\
         If it is another folder, give it another name there: [library.OTHER] with the same path.",
        known.display(), path.display(), path.display()
    )]
    OtherPath { name: String, known: PathBuf, path: PathBuf },
    #[error(
        "{} is the library {known:?}, and would be called {name:?} now.\n\
         Name it in reelgate.toml: [library.{known}] with path = \"{}\", or another name to rename it.",
        path.display(), path.display()
    )]
    OtherName { path: PathBuf, known: String, name: String },
    #[error("{} is not UTF-8; give a path that is", .0.display())]
    Path(PathBuf),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What follows for one folder.
enum Step<'a> {
    Keep(&'a Library),
    /// The row gets the folder's name and path.
    Set(&'a Library),
    Add,
}

/// The rows of these folders, in their order. All or none are written.
pub async fn register(
    db: &Db,
    clock: &Clock,
    chance: &Chance,
    folders: &[LibraryConfig],
) -> Result<Vec<Library>, LibraryError> {
    let mut draft = db.change().await?;
    let known = draft.libraries().await?;
    let mut rows = Vec::new();
    for folder in folders {
        rows.push(write(&mut draft, folder, folders, &known, clock.seconds(), chance).await?);
    }
    draft.commit().await?;
    Ok(rows)
}

async fn write(
    draft: &mut Change,
    folder: &LibraryConfig,
    folders: &[LibraryConfig],
    known: &[Library],
    now: Seconds,
    chance: &Chance,
) -> Result<Library, LibraryError> {
    let path = folder.path.to_str().ok_or_else(|| LibraryError::Path(folder.path.clone()))?;
    let library =
        |id: String, scanned_at| Library { id, name: folder.name.clone(), path: path.to_owned(), scanned_at };
    match decide(folder, path, folders, known)? {
        Step::Keep(row) => Ok(row.clone()),
        Step::Set(row) => {
            draft.set_library(&row.id, &folder.name, path).await?;
            Ok(library(row.id.clone(), row.scanned_at))
        }
        Step::Add => {
            let id = BASE64URL_NOPAD.encode(&chance.bytes::<9>());
            draft.add_library(&id, &folder.name, path, now).await?;
            Ok(library(id, None))
        }
    }
}

fn decide<'a>(
    folder: &LibraryConfig,
    path: &str,
    folders: &[LibraryConfig],
    known: &'a [Library],
) -> Result<Step<'a>, LibraryError> {
    if let Some(row) = known.iter().find(|row| row.name == folder.name) {
        return match (row.path == path, folder.named) {
            (true, _) => Ok(Step::Keep(row)),
            (false, true) => Ok(Step::Set(row)),
            (false, false) => Err(LibraryError::OtherPath {
                name: folder.name.clone(),
                known: PathBuf::from(&row.path),
                path: folder.path.clone(),
            }),
        };
    }
    // A row whose own name is served as well is not free to be renamed.
    let is_served = |row: &Library| folders.iter().any(|other| other.name == row.name);
    match known.iter().find(|row| row.path == path && !is_served(row)) {
        Some(row) if folder.named => Ok(Step::Set(row)),
        Some(row) => Err(LibraryError::OtherName {
            path: folder.path.clone(),
            known: row.name.clone(),
            name: folder.name.clone(),
        }),
        None => Ok(Step::Add),
    }
}
