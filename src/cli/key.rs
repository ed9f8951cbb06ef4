//! `key`, `sign` and `verify`.

use std::time::Duration;

use clap::{Args, Subcommand};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::keys::Verdict;
use crate::clock::rfc3339 as time;
use crate::config::{Config, ConfigArgs};
use crate::db::keys::SigningKey;

use super::output::{Output, optional_time};

use super::store::{First, with_admin};

#[derive(Subcommand, Debug)]
pub(super) enum KeyCommand {
    /// Make a signing key; its secret is shown once
    Create,
    /// List the keys
    List,
    /// Make a new key and let the old ones go after a while
    Rotate {
        /// How long signatures of the old keys are still good
        #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = humantime::parse_duration)]
        keep: Duration,
    },
}

#[derive(Args, Debug)]
pub(super) struct SignArgs {
    /// /m/ID, /watch/ID, /embed/ID, /files/LIBRARY/PATH, or a folder with a slash at its end
    path: String,
    /// How long the URL is good
    #[arg(long = "for", value_name = "DURATION", value_parser = crate::clock::parse_span)]
    lasts: Duration,
    /// The key to sign with [default: the newest]
    #[arg(long, value_name = "KID")]
    key: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    /// A URL, or its path and query
    url: String,
}

pub(super) async fn run(config: &ConfigArgs, command: KeyCommand, output: Output) -> anyhow::Result<()> {
    let first = if matches!(command, KeyCommand::Create) { First::Makes } else { First::Needs };
    with_admin(config, first, async |admin| match command {
        KeyCommand::Create => {
            let key = admin.create_key().await?;
            show(&key, 0, output)
        }
        KeyCommand::Rotate { keep } => {
            let (key, retired) = admin.rotate_keys(keep).await?;
            show(&key, retired, output)
        }
        KeyCommand::List => list(admin, output).await,
    })
    .await
}

fn show(key: &SigningKey, retired: u64, output: Output) -> anyhow::Result<()> {
    let secret = BASE64URL_NOPAD.encode(&key.secret);
    let value =
        json!({ "id": key.id, "token": secret, "created_at": time(key.created_at), "retired": retired });
    output.show(&value, || {
        let others = if retired > 0 {
            format!("\n{retired} older keys have an end now: reelgate key list")
        } else {
            String::new()
        };
        format!("{secret}\n\nShown only now. Key {}: reelgate sign /m/ID --for 6h{others}", key.id)
    })
}

async fn list(admin: &Admin, output: Output) -> anyhow::Result<()> {
    let keys = admin.keys().await?;
    let values: Vec<Value> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id,
                "created_at": time(key.created_at),
                "retires_at": key.retires_at.map(time),
            })
        })
        .collect();
    output.list(&values, ["id", "since", "until"], "No keys: `reelgate key create` makes one.", |value| {
        [
            value["id"].as_str().unwrap_or_default().to_owned(),
            value["created_at"].as_str().unwrap_or_default().to_owned(),
            value["retires_at"].as_str().unwrap_or("rotated").to_owned(),
        ]
    })
}

pub(super) async fn sign(config: &ConfigArgs, args: &SignArgs, output: Output) -> anyhow::Result<()> {
    let base = Config::public_url(config, std::env::vars_os())?;
    with_admin(config, First::Needs, async |admin| {
        let (path, expires_at) = admin.sign(&args.path, args.lasts, args.key.as_deref()).await?;
        let url = base
            .as_ref()
            .map_or(path.clone(), |base| format!("{}{path}", base.as_str().trim_end_matches('/')));
        output.show(&json!({ "url": url, "expires_at": time(expires_at) }), || {
            let folder = "\n\nThe part behind the ? is good for every file below this folder.";
            format!("{url}{}", if args.path.ends_with('/') { folder } else { "" })
        })
    })
    .await
}

pub(super) async fn verify(config: &ConfigArgs, args: &VerifyArgs, output: Output) -> anyhow::Result<()> {
    with_admin(config, First::Needs, async |admin| {
        let (verdict, end, why) = match admin.verify(&args.url).await? {
            Verdict::Good { expires_at } => ("good", Some(expires_at), None),
            Verdict::Over { expires_at } => ("over", Some(expires_at), None),
            Verdict::Bad(why) => ("bad", None, Some(why)),
        };
        let value = json!({ "verdict": verdict, "expires_at": end.map(time), "reason": why });
        output.show(&value, || match why {
            Some(why) => format!("bad: {why}"),
            None => format!("{verdict}, until {}", optional_time(end, "")),
        })?;
        if verdict == "good" { Ok(()) } else { anyhow::bail!("the URL opens nothing") }
    })
    .await
}
