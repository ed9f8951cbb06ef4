//! The data folder, the libraries, and that neither lies in the other; the file of a password.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::error::{ConfigError, Fault, Source};
use super::raw::{RawConfig, RawLibrary};
use super::{DEFAULT_DATA, LibraryConfig};

/// The data folder as an absolute path. It is made later, but what exists of it must be a folder.
pub(super) fn data(raw: &RawConfig) -> Result<PathBuf, ConfigError> {
    let typed = raw.values.get("data").map_or(Path::new(DEFAULT_DATA), |typed| Path::new(&typed.value));
    let fault = |problem: String| {
        Fault::new(problem, "give another folder with --data").at("data", raw.source("data"))
    };
    let path = resolve(typed).map_err(|error| fault(format!("{}: {error}", typed.display())))?;
    match path.metadata() {
        Ok(found) if !found.is_dir() => Err(fault(format!("{} is not a folder", path.display()))),
        _ => Ok(path),
    }
}

/// The file of the first administrator's password, which must be there to be read: a server that nobody can log in to
/// should not start as if all were well.
pub(super) fn password(raw: &RawConfig) -> Result<Option<PathBuf>, ConfigError> {
    const KEY: &str = "admin_password_file";
    let Some(typed) = raw.values.get(KEY) else { return Ok(None) };
    let readable = |path: &Path| {
        // A pipe would wait for somebody who writes.
        let is_file = path.metadata()?.is_file();
        if is_file { std::fs::File::open(path).map(drop) } else { Err(io::Error::other("it is not a file")) }
    };
    let path = std::path::absolute(&typed.value).and_then(|path| readable(&path).map(|()| path));
    let problem = match path {
        Ok(path) => return Ok(Some(path)),
        Err(error) => format!("{}: {error}", Path::new(&typed.value).display()),
    };
    let cure = "name a file that holds the password alone, and that the user that runs reelgate can read";
    Err(Fault::new(problem, cure).at(KEY, typed.source.clone()))
}

/// The part that exists without its symbolic links, and the rest as it is: the comparison with the libraries
/// below must not be led astray by a link.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    for ancestor in absolute.ancestors() {
        let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), absolute.strip_prefix(ancestor)) else {
            continue;
        };
        if rest.components().any(|component| component == Component::ParentDir) {
            return Err(io::Error::other("`..` behind a folder that does not exist"));
        }
        // Joining nothing would leave a slash behind.
        return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
    }
    Err(io::ErrorKind::NotFound.into())
}

/// The libraries, each with the place where it was typed.
pub(super) fn libraries(raw: &RawConfig, data: &Path) -> Result<Vec<(LibraryConfig, Source)>, ConfigError> {
    let mut libraries: Vec<(LibraryConfig, Source)> = Vec::new();
    for typed in &raw.libraries {
        let library =
            library(typed, &raw.names).map_err(|fault| fault.at(setting(typed), typed.source.clone()))?;
        let others = libraries.iter().map(|(other, _)| other);
        unique(&library, others)
            .and_then(|()| apart(&library, data))
            .map_err(|fault| fault.at(setting(typed), typed.source.clone()))?;
        libraries.push((library, typed.source.clone()));
    }
    Ok(libraries)
}

/// Where the file says of a library whether it is repaired.
pub(super) fn repair_source(raw: &RawConfig, library: &LibraryConfig) -> Option<Source> {
    let same = |typed: &&RawLibrary| typed.path.canonicalize().is_ok_and(|real| real == library.path);
    raw.names.iter().filter(same).find(|typed| typed.repair.is_some()).map(|typed| typed.source.clone())
}

fn setting(typed: &RawLibrary) -> String {
    match &typed.name {
        Some(name) => format!("library.{name}"),
        None => format!("library {}", typed.path.display()),
    }
}

fn library(typed: &RawLibrary, names: &[RawLibrary]) -> Result<LibraryConfig, Fault> {
    let path = existing_folder(&typed.path)?;
    let configured = typed.name.clone().or_else(|| configured_name(&path, names));
    let named = configured.is_some();
    let name = configured.map_or_else(|| folder_name(&typed.path, &path), Ok)?;
    if let Some(problem) = unfit(&name) {
        return Err(Fault::new(format!("the name {name:?} {problem}"), GIVE_A_NAME));
    }
    // As with the name: what the file says of a folder holds also when it was given as an argument.
    let same = |other: &&RawLibrary| other.path.canonicalize().is_ok_and(|real| real == path);
    let repair = typed.repair.or_else(|| names.iter().find(same)?.repair).unwrap_or(true);
    Ok(LibraryConfig { name, path, named, repair })
}

const GIVE_A_NAME: &str = "give the folder a name in reelgate.toml: [library.NAME] with path = \"...\"";

fn existing_folder(path: &Path) -> Result<PathBuf, Fault> {
    // Listing it is the one proof that a scan can.
    let real = path.canonicalize().and_then(|real| std::fs::read_dir(&real).map(|_| real));
    real.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Fault::new(
            format!("{} does not exist", path.display()),
            "make the folder, mount it, or correct the path",
        ),
        io::ErrorKind::NotADirectory => {
            Fault::new(format!("{} is not a folder", path.display()), "give the folder that holds the file")
        }
        _ => Fault::new(
            format!("{} cannot be read: {error}", path.display()),
            "let the user that runs reelgate read the folder",
        ),
    })
}

/// Grants hang on the name, so a folder keeps the name of the file also when it was given as an argument.
fn configured_name(path: &Path, names: &[RawLibrary]) -> Option<String> {
    let same = |library: &&RawLibrary| library.path.canonicalize().is_ok_and(|real| real == path);
    names.iter().find(same).and_then(|library| library.name.clone())
}

/// The last name as it was typed, so that a link may stand for a folder; `.` and `..` have none but their real
/// one.
fn folder_name(typed: &Path, real: &Path) -> Result<String, Fault> {
    let name = typed.file_name().or_else(|| real.file_name());
    let name = name.ok_or_else(|| Fault::new(format!("{} has no name", real.display()), GIVE_A_NAME))?;
    let text =
        name.to_str().ok_or_else(|| Fault::new(format!("the name {name:?} is not UTF-8"), GIVE_A_NAME))?;
    Ok(text.to_owned())
}

/// A library's name is one segment of a URL, a word of the command line and a line of a table.
fn unfit(name: &str) -> Option<&'static str> {
    let problems = [
        (name.is_empty(), "is empty"),
        (name.len() > 255, "is longer than 255 bytes"),
        (name.starts_with('.'), "begins with a dot"),
        (name.contains(['/', '\\']), "contains a slash"),
        (name.chars().any(char::is_control), "contains a control character"),
        (name.trim() != name, "begins or ends with a space"),
    ];
    problems.into_iter().find(|(found, _)| *found).map(|(_, problem)| problem)
}

fn unique<'l>(
    library: &LibraryConfig,
    mut others: impl Iterator<Item = &'l LibraryConfig>,
) -> Result<(), Fault> {
    match others.find(|other| other.name == library.name) {
        Some(other) => Err(Fault::new(
            format!("{} is called {:?} as well", other.path.display(), other.name),
            GIVE_A_NAME,
        )),
        None => Ok(()),
    }
}

/// A database inside a library would be one file among those that are served.
fn apart(library: &LibraryConfig, data: &Path) -> Result<(), Fault> {
    let (path, cure) = (library.path.display(), "put the data elsewhere, for example --data ~/reelgate-data");
    if data.starts_with(&library.path) {
        return Err(Fault::new(format!("the data folder {} lies inside {path}", data.display()), cure));
    }
    if library.path.starts_with(data) {
        return Err(Fault::new(format!("{path} lies inside the data folder {}", data.display()), cure));
    }
    Ok(())
}
