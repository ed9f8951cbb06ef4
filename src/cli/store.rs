//! The data folder, as commands open it.

use std::path::Path;

use crate::admin::Admin;
use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigArgs};
use crate::db::Db;
use crate::db::folder::DataFolder;

/// Whether a command may be the first that ever runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// It makes the data folder when there is none.
    Makes,
    /// There must be one: an empty list of tokens, because of a mistyped --data, would look like an answer.
    Needs,
}

/// Opens the data folder for one use case and closes it in order.
pub(super) async fn with_admin<T>(
    config: &ConfigArgs,
    first: First,
    work: impl AsyncFnOnce(&Admin) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = folder(&Config::data_folder(config, std::env::vars_os())?, first)?;
    let db = Db::open(&folder).await?;
    let admin = Admin::new(db.clone(), Clock::system(), Chance::system());
    admin.clock.not_before(db.latest_time().await?);
    let done = work(&admin).await;
    db.close().await?;
    done
}

pub(super) fn folder(path: &Path, first: First) -> anyhow::Result<DataFolder> {
    let folder = match first {
        First::Makes => DataFolder::create(path)?,
        First::Needs => DataFolder::existing(path)?,
    };
    if folder.is_open_to_others() {
        let path = path.display();
        eprintln!("warning: other users of this machine can look into {path}: chmod 700 {path}");
    }
    Ok(folder)
}
