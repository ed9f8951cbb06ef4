//! What a server does at its start when nobody can log in and administer: it shows a way in, or takes the password of a
//! file. There is no default password.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

use crate::access::password::{LENGTHS, Password};
use crate::app::App;
use crate::config::Config;
use crate::reception;

/// Who is made by the file.
const NAME: &str = "admin";

/// The code for `/setup`; none: somebody can administer.
pub(super) async fn way_in(config: &Config, app: &App) -> anyhow::Result<Option<String>> {
    if let Some(file) = &config.admin_password_file {
        warn_of(file);
    }
    let admin = reception::admin(app);
    if !admin.needs_first_admin().await? {
        return Ok(None);
    }
    let Some(file) = &config.admin_password_file else {
        return Ok(Some(app.setup.open(app.chance.bytes(), app.clock.seconds())));
    };
    let named = || format!("admin_password_file {}", file.display());
    admin.make_first_admin(NAME, read(file).with_context(named)?).await.with_context(named)?;
    tracing::info!(name = NAME, "the first administrator has the password of the file");
    Ok(None)
}

/// The file's text without the end of its line, as editors and `echo` write one.
fn read(file: &Path) -> anyhow::Result<Password> {
    let most = u64::try_from(LENGTHS.end().saturating_add(2)).unwrap_or(u64::MAX);
    let mut text = String::new();
    fs::File::open(file)?.take(most).read_to_string(&mut text)?;
    Ok(Password::new(text.trim_end_matches(['\r', '\n']).to_owned())?)
}

fn warn_of(file: &Path) {
    let is_open = fs::metadata(file).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    if is_open {
        let file = file.display();
        tracing::warn!("every user of this machine can read the password in {file}: chmod 600 {file}");
    }
}
