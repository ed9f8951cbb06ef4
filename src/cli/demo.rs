//! `demo`: the whole thing in one command, gone when it ends.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use data_encoding::BASE32_NOPAD;
use serde_json::json;

use crate::access::password::Password;
use crate::admin::Admin;
use crate::admin::tokens::TokenWish;
use crate::clock::{Chance, Clock};
use crate::config::{Config, ConfigArgs, LogFormat, NO_ENVIRONMENT, ServeArgs};
use crate::db::media::Item;
use crate::library;
use crate::types::{Role, Scope, TokenKind};

use super::output::{Output, print};
use super::serve::{self, Prepared};
use super::store::{self, First};
use crate::telemetry;

#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080, or a free port when that is taken]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

const SAMPLE: &[u8] = include_bytes!("../../static/sample/reelgate-sample.mp4");
const SAMPLE_NAME: &str = "reelgate-sample.mp4";
const AGE: Duration = Duration::from_mins(1);
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(super) async fn run(args: &DemoArgs, output: Output) -> anyhow::Result<()> {
    let folder =
        tempfile::Builder::new().prefix("reelgate-demo-").tempdir().context("no temporary folder")?;
    let videos = folder.path().join("videos");
    fs::create_dir(&videos)?;
    write_sample(&videos.join(SAMPLE_NAME))?;
    telemetry::start(LogFormat::Text)?;
    let prepared = prepare(args, folder.path(), &videos).await?;
    let fell_back = args.listen.is_none() && prepared.address != USUAL;
    let first = async |prepared: &Prepared| {
        let made = furnish(prepared).await?;
        announce(prepared, &made, fell_back, folder.path(), output)
    };
    prepared.run(first).await
}

/// As if it had lain there: what was written just now passes for a recording that still grows.
fn write_sample(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(SAMPLE)?;
    file.set_modified(UNIX_EPOCH + Clock::system().machine().saturating_sub(AGE))
}

/// Settings of the environment and of a file in the working folder are not the demo's.
async fn prepare(args: &DemoArgs, folder: &Path, videos: &Path) -> anyhow::Result<Prepared> {
    let listener = match args.listen {
        Some(address) => serve::listen(address)?,
        None => match serve::listen(USUAL) {
            Ok(listener) => listener,
            Err(_) => serve::listen(SocketAddr::new(USUAL.ip(), 0))?,
        },
    };
    let nothing = folder.join("reelgate.toml");
    fs::write(&nothing, "")?;
    let places = ConfigArgs { data: Some(folder.join("data")), config: Some(nothing) };
    let serve = ServeArgs { dirs: vec![videos.to_owned()], ..ServeArgs::default() };
    let config = Config::load(&places, &serve, NO_ENVIRONMENT)?;
    let data = store::folder(&config.data, First::Makes)?;
    serve::prepare(config, &data, listener.into(), Clock::system(), Chance::system()).await
}

/// What the demo made, to be shown once.
struct Made {
    item: Item,
    token: String,
    password: String,
}

const USER: &str = "demo";

/// An administrator, a token, and the sample in the catalogue.
async fn furnish(prepared: &Prepared) -> anyhow::Result<Made> {
    let app = &prepared.app;
    let admin = Admin::new(app.db.clone(), app.clock.clone(), app.chance.clone());
    for known in app.db.libraries().await? {
        library::scan(&app.db, &app.clock, &app.chance, &known, false, &|_| ()).await?;
    }
    // 80 bits that can be typed.
    let password = BASE32_NOPAD.encode(&app.chance.bytes::<10>()).to_lowercase();
    let stored = Password::new(password.clone())?;
    admin.add_user(USER, Role::Admin, false, &[], Some(stored)).await?;
    let wish =
        TokenWish { user: USER, kind: TokenKind::Media, scope: Scope::All, lasts: None, name: Some(USER) };
    let (token, _) = admin.create_token(&wish).await?;
    let item = app.db.items(None).await?.into_iter().next().context("the sample was not found")?;
    Ok(Made { item, token: token.expose().to_owned(), password })
}

fn announce(
    prepared: &Prepared,
    made: &Made,
    fell_back: bool,
    folder: &Path,
    output: Output,
) -> anyhow::Result<()> {
    let Made { item, token, password } = made;
    let base = format!("http://{}", prepared.address);
    let id = item.id;
    let page = format!("{base}/watch/{id}?token={token}");
    let url = format!("{base}/m/{id}?token={token}");
    if output.is_json() {
        let login = json!({ "url": format!("{base}/login"), "name": USER, "password": password });
        let value = json!({ "url": url, "page": page, "token": token, "id": id.to_string(), "login": login });
        return print(&value.to_string());
    }
    let moved = if fell_back {
        format!("\n{USUAL} is taken, so this one listens on {}.\n", prepared.address)
    } else {
        String::new()
    };
    let warning = if prepared.address.ip().is_loopback() {
        ""
    } else {
        "\nwarning: other machines can reach this address, and token and password travel unencrypted.\n"
    };
    print(&format!(
        "reelgate demo: one video, one administrator, one token. Everything is gone when it ends (Ctrl+C).\n\
         {moved}{warning}\n\
         Watch it:\n  {page}\n\n\
         Log in:\n  {base}/login  as {USER}, with the password {password}\n\n\
         In a page of your own:\n  <video controls src=\"{url}\"></video>\n\n\
         The first two bytes (206), the last one (206), and beyond the end (416):\n  \
         curl -i -r 0-1 '{url}' -o -\n  \
         curl -i -r -1 '{url}' -o -\n  \
         curl -i -r {}- '{url}'\n\n\
         Its folder: {}",
        item.size,
        folder.display()
    ))
}
