//! `token`.

use std::io::{self, BufRead};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::admin::tokens::{Made, TokenWish};
use crate::clock::rfc3339 as time;
use crate::config::ConfigArgs;
use crate::types::{Area, ItemId, Scope, TokenKind};

use super::output::{Output, minute, optional_time};

use super::store::{First, with_admin};

#[derive(Subcommand, Debug)]
pub(super) enum TokenCommand {
    /// Make a token for a user; it is shown once
    Create(CreateArgs),
    /// List the tokens, of one user or of all
    List { user: Option<String> },
    /// End a token, running videos included
    Revoke { id: String },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Watching only; may stand in a URL
    Media,
    /// All that its user may do; in the Authorization header only
    Api,
}

#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    user: String,
    #[arg(long, value_enum, default_value = "media")]
    kind: Kind,
    /// Narrow it to one video
    // One id in 64 begins with a hyphen.
    #[arg(long, value_name = "ID", conflicts_with = "path", value_parser = item_id, allow_hyphen_values = true)]
    item: Option<ItemId>,
    /// Narrow it to what lies below a path
    #[arg(long, value_name = "LIBRARY/PREFIX", value_parser = super::account::area)]
    path: Option<Area>,
    /// How long it lasts, such as 2h or 7d [default: until it is revoked]
    #[arg(long = "for", value_name = "DURATION", value_parser = crate::clock::parse_span)]
    lasts: Option<Duration>,
    /// What you call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Take over an existing key of another application, read from standard input; it opens the drop-in route only
    #[arg(long, conflicts_with = "kind")]
    import_stdin: bool,
}

fn item_id(text: &str) -> Result<ItemId, String> {
    ItemId::parse(text)
        .ok_or_else(|| "an id has 22 characters of A-Z a-z 0-9 - _; `reelgate items` lists them".to_owned())
}

pub(super) async fn run(config: &ConfigArgs, command: TokenCommand, output: Output) -> anyhow::Result<()> {
    with_admin(config, First::Needs, async |admin| match command {
        TokenCommand::Create(args) => create(admin, args, output).await,
        TokenCommand::List { user } => list(admin, user.as_deref(), output).await,
        TokenCommand::Revoke { id } => {
            admin.revoke_token(&id).await?;
            output.show(&json!({ "id": id, "revoked": true }), || format!("{id} is revoked."))
        }
    })
    .await
}

async fn create(admin: &Admin, args: CreateArgs, output: Output) -> anyhow::Result<()> {
    let scope = match (args.item, args.path) {
        (Some(item), _) => Scope::Item(item),
        (None, Some(area)) => Scope::Below(area),
        (None, None) => Scope::All,
    };
    let kind = match (args.import_stdin, args.kind) {
        (true, _) => TokenKind::Legacy,
        (false, Kind::Media) => TokenKind::Media,
        (false, Kind::Api) => TokenKind::Api,
    };
    let wish = TokenWish { user: &args.user, kind, scope, lasts: args.lasts, name: args.name.as_deref() };
    if args.import_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        let made = admin.import_token(&wish, line.trim_end_matches(['\r', '\n'])).await?;
        return output.show(&described(&made, &wish), || {
            format!("The key was taken over as {}. It opens /private/files/download/ only.", made.id)
        });
    }
    let (token, made) = admin.create_token(&wish).await?;
    let remark = admin.why_nothing_opens(wish.user).await?;
    let mut value = described(&made, &wish);
    value["token"] = json!(token.expose());
    value["warning"] = json!(remark);
    output.show(&value, || {
        let until = optional_time(made.expires_at, "it is revoked");
        let usage = match kind {
            TokenKind::Api => "Send it as: Authorization: Bearer TOKEN",
            _ => "Use it as: /m/ID?token=TOKEN or /t/TOKEN/m/ID (`reelgate items` lists the ids)",
        };
        format!(
            "{}\n\nShown only now. {kind} token {} of {}, good until {until}.\n{usage}\nEnd it with: reelgate token revoke {}{}",
            token.expose(),
            made.id,
            wish.user,
            made.id,
            remark.as_deref().map(|remark| format!("\nIt opens nothing yet: {remark}")).unwrap_or_default()
        )
    })
}

fn described(made: &Made, wish: &TokenWish<'_>) -> Value {
    json!({
        "id": made.id,
        "user": wish.user,
        "kind": wish.kind.word(),
        "scope": wish.scope.to_string(),
        "name": wish.name,
        "expires_at": made.expires_at.map(time),
    })
}

async fn list(admin: &Admin, user: Option<&str>, output: Output) -> anyhow::Result<()> {
    let tokens = admin.tokens(user).await?;
    let values: Vec<Value> = tokens
        .iter()
        .map(|token| {
            json!({
                "id": token.id,
                "user": token.user,
                "kind": token.kind.word(),
                "scope": token.scope.to_string(),
                "name": token.name,
                "created_at": time(token.created_at),
                "expires_at": token.expires_at.map(time),
                "used_at": token.used_at.map(time),
            })
        })
        .collect();
    let text = |value: &Value, key: &str, none: &str| value[key].as_str().unwrap_or(none).to_owned();
    output.list(
        &values,
        ["id", "user", "kind", "ends (utc)", "last used", "name", "opens"],
        "No tokens: `reelgate token create USER` makes one.",
        |value| {
            [
                text(value, "id", ""),
                text(value, "user", ""),
                text(value, "kind", ""),
                minute(&text(value, "expires_at", "never")),
                minute(&text(value, "used_at", "never")),
                text(value, "name", ""),
                text(value, "scope", ""),
            ]
        },
    )
}
