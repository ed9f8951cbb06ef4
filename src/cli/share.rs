//! `share`.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::access::share::ShareCode;
use crate::admin::Admin;
use crate::admin::shares::ShareWish;
use crate::clock::{Seconds, rfc3339 as time};
use crate::config::ConfigArgs;
use crate::db::shares::Share;

use super::account::password;
use super::base::Base;
use super::output::{Output, minute, optional_time};
use super::store::{First, with_admin};

#[derive(Subcommand, Debug)]
pub(super) enum ShareCommand {
    /// Make a link to one video, for somebody without an account; it is shown once
    Create(CreateArgs),
    /// List the links
    List,
    /// End a link, running videos included
    Revoke {
        /// Its id, its code or its address
        #[arg(value_name = "CODE|ID")]
        link: String,
    },
}

#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// The video
    #[arg(value_name = "LIBRARY/PATH")]
    video: String,
    /// How long it lasts, such as 2h or 7d [default: until it is revoked]
    #[arg(long = "for", value_name = "DURATION", value_parser = crate::clock::parse_span)]
    lasts: Option<Duration>,
    /// How often it may be watched; a play is a viewing, however often its player asks [default: as often as they like]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    plays: Option<i64>,
    /// Have it ask for a password, read from standard input
    #[arg(long)]
    password_stdin: bool,
    /// For whom: a link for each name (may be repeated)
    #[arg(long = "name", value_name = "TEXT")]
    names: Vec<String>,
    /// Let them save the file as well
    #[arg(long)]
    download: bool,
    /// The user on whose word it stands: what the user may no longer see, it no longer shows [default: the first
    /// administrator]
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
}

pub(super) async fn run(config: &ConfigArgs, command: ShareCommand, output: Output) -> anyhow::Result<()> {
    with_admin(config, First::Needs, async |admin| match command {
        ShareCommand::Create(args) => create(admin, args, Base::find(config)?, output).await,
        ShareCommand::List => list(admin, output).await,
        ShareCommand::Revoke { link } => {
            let id = admin.revoke_share(&link).await?.id;
            output.show(&json!({ "id": id, "revoked": true }), || format!("{id} is revoked."))
        }
    })
    .await
}

async fn create(admin: &Admin, args: CreateArgs, base: Base, output: Output) -> anyhow::Result<()> {
    let item = admin.item_at(&args.video).await?;
    let owner = admin.share_owner(args.owner.as_deref(), &item).await?;
    let password = if args.password_stdin { Some(password(true)?) } else { None };
    let made = admin
        .create_shares(ShareWish {
            owner_id: &owner.id,
            by_admin: true,
            item: item.id,
            names: &args.names,
            lasts: args.lasts,
            plays: args.plays,
            password,
            download: args.download,
        })
        .await?;
    base.warn_of_guess(output);
    let now = admin.clock.seconds();
    let url = |code: &ShareCode| format!("{}/s/{}", base.url, code.expose());
    let value = |(code, share): &(ShareCode, Share)| {
        let mut value = described(share, now);
        value["url"] = json!(url(code));
        value
    };
    let mut values: Vec<Value> = made.iter().map(value).collect();
    // One link is one object; several are a list.
    let value = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
    output.show(&value, || {
        let line = |(code, share): &(ShareCode, Share)| {
            let name = share.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
            format!("{name}{}  (id {})", url(code), share.id)
        };
        let until = optional_time(made.first().and_then(|(_, share)| share.expires_at), "revoked");
        format!(
            "{}\n\nShown only now. Good until {until}, while {} may see the video.\n\
             Whoever watches can record the screen; nothing on a server prevents that.\n\
             End it with: reelgate share revoke ID",
            made.iter().map(line).collect::<Vec<_>>().join("\n"),
            owner.name
        )
    })
}

fn described(share: &Share, now: Seconds) -> Value {
    json!({
        "id": share.id,
        "item": { "id": share.item.to_string(), "name": share.item_name() },
        "video": format!("{}/{}", share.library, share.path),
        "owner": share.owner,
        "name": share.name,
        "password": share.has_password,
        "download": share.download,
        "plays": share.plays,
        "plays_limit": share.plays_limit,
        "expires_at": share.expires_at.map(time),
        "created_at": time(share.created_at),
        "used_at": share.used_at.map(time),
        "revoked_at": share.revoked_at.map(time),
        "state": share.state(now).word(),
    })
}

async fn list(admin: &Admin, output: Output) -> anyhow::Result<()> {
    let now = admin.clock.seconds();
    let shares = admin.shares(None, None).await?;
    let values: Vec<Value> = shares.iter().map(|share| described(share, now)).collect();
    let text = |value: &Value, key: &str, none: &str| value[key].as_str().unwrap_or(none).to_owned();
    output.list(
        &values,
        ["id", "for", "by", "state", "watched", "ends (utc)", "video"],
        "No shares: `reelgate share create LIBRARY/PATH` makes one.",
        |value| {
            [
                text(value, "id", ""),
                text(value, "name", "anybody"),
                text(value, "owner", ""),
                text(value, "state", "").replace('_', " "),
                watched(value),
                minute(&text(value, "expires_at", "never")),
                text(value, "video", ""),
            ]
        },
    )
}

/// `2 of 3`
fn watched(value: &Value) -> String {
    let plays = value["plays"].as_i64().unwrap_or_default();
    match value["plays_limit"].as_i64() {
        Some(limit) => format!("{plays} of {limit}"),
        None if plays == 0 => "never".to_owned(),
        None if plays == 1 => "once".to_owned(),
        None => format!("{plays} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_how_often() {
        let cases = [
            (json!({ "plays": 0, "plays_limit": null }), "never"),
            (json!({ "plays": 1, "plays_limit": null }), "once"),
            (json!({ "plays": 7, "plays_limit": null }), "7 times"),
            (json!({ "plays": 2, "plays_limit": 3 }), "2 of 3"),
        ];
        for (value, want) in cases {
            assert_eq!(watched(&value), want);
        }
    }
}
