//! `user` and `grant`.

use std::io::{self, BufRead, Write};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::access::password::Password;
use crate::admin::Admin;
use crate::admin::users::UserChange;
use crate::clock::rfc3339 as time;
use crate::config::ConfigArgs;
use crate::db::accounts::User;
use crate::types::{Area, Role, UserState};

use super::Misuse;
use super::output::{Output, is_interactive};

use super::store::{First, with_admin};

#[derive(Subcommand, Debug)]
pub(super) enum UserCommand {
    /// Add a user; without a grant it sees nothing
    Add(AddArgs),
    /// List the users
    List,
    /// Show a user, with grants and tokens
    Show { name: String },
    /// Change a user's role, or make it a machine's account
    Set {
        name: String,
        /// `admin` sees and changes everything, `viewer` sees what was granted
        #[arg(long)]
        role: Option<Role>,
        /// A system user opens nothing that a viewer can use
        #[arg(long, value_name = "true|false")]
        system: Option<bool>,
    },
    /// Set a user's password; ends the user's logins
    Passwd {
        name: String,
        /// Read it from standard input instead of asking
        #[arg(long)]
        password_stdin: bool,
    },
    /// Close every door to a user, running videos included
    Disable { name: String },
    /// Open them again
    Enable { name: String },
    /// Delete a user with all tokens and grants
    Delete {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args, Debug)]
pub(super) struct AddArgs {
    name: String,
    /// `admin` sees and changes everything, `viewer` sees what is granted
    #[arg(long, default_value = "viewer")]
    role: Role,
    /// What the user may watch: LIBRARY, LIBRARY/PREFIX, or / for everything (may be repeated)
    #[arg(long = "grant", value_name = "LIBRARY[/PREFIX]", value_parser = area)]
    grants: Vec<Area>,
    /// A machine's account, which opens nothing that a viewer can use
    #[arg(long)]
    system: bool,
    /// Ask for a password; tokens need none
    #[arg(long, conflicts_with = "password_stdin")]
    password: bool,
    /// Read a password from standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Subcommand, Debug)]
#[command(after_help = GRANT_EXAMPLES)]
pub(super) enum GrantCommand {
    /// Let a user watch a library, or a part of it
    #[command(after_help = GRANT_EXAMPLES)]
    Add {
        /// The user's name, as `reelgate user list` has it
        user: String,
        /// LIBRARY, LIBRARY/PREFIX, or / for everything
        #[arg(value_parser = area)]
        area: Area,
    },
    /// Withdraw it
    Remove {
        /// The user's name
        user: String,
        /// As it was granted: see `reelgate grant list`
        #[arg(value_parser = area)]
        area: Area,
    },
    /// List what is granted
    List {
        /// To this user only
        user: Option<String>,
    },
}

const GRANT_EXAMPLES: &str = "\
Examples:
  reelgate grant add ada videos           all of the library `videos`, also what comes later
  reelgate grant add ada videos/2024      only its folder 2024
  reelgate grant remove ada videos
  reelgate grant list";

/// clap says what was typed, so the reason need not.
pub(super) fn area(text: &str) -> Result<Area, String> {
    let area = text.parse::<Area>();
    area.map_err(|error| {
        let reason = error.to_string();
        reason.strip_prefix(&format!("{text:?} ")).map_or(reason.clone(), str::to_owned)
    })
}

pub(super) async fn user(config: &ConfigArgs, command: UserCommand, output: Output) -> anyhow::Result<()> {
    match command {
        UserCommand::Add(args) => {
            with_admin(config, First::Makes, async |admin| add(admin, args, output).await).await
        }
        UserCommand::List => with_admin(config, First::Needs, async |admin| list(admin, output).await).await,
        UserCommand::Show { name } => {
            with_admin(config, First::Needs, async |admin| show(admin, &name, output).await).await
        }
        UserCommand::Set { role: None, system: None, .. } => {
            Err(Misuse("nothing to change: give --role or --system".to_owned()).into())
        }
        UserCommand::Set { name, role, system } => {
            change(config, &name, UserChange { role, system, state: None }, output).await
        }
        UserCommand::Passwd { name, password_stdin } => {
            with_admin(config, First::Needs, async |admin| {
                admin.user(&name).await?;
                let user = admin.set_password(&name, password(password_stdin)?, None).await?;
                output.show(&described(&user), || {
                    format!("{} has a new password and is logged in nowhere.", user.name)
                })
            })
            .await
        }
        UserCommand::Disable { name } => {
            change(
                config,
                &name,
                UserChange { state: Some(UserState::Disabled), ..UserChange::default() },
                output,
            )
            .await
        }
        UserCommand::Enable { name } => {
            change(
                config,
                &name,
                UserChange { state: Some(UserState::Active), ..UserChange::default() },
                output,
            )
            .await
        }
        UserCommand::Delete { name, yes } => {
            with_admin(config, First::Needs, async |admin| delete(admin, &name, yes, output).await).await
        }
    }
}

async fn add(admin: &Admin, args: AddArgs, output: Output) -> anyhow::Result<()> {
    let password =
        if args.password || args.password_stdin { Some(password(args.password_stdin)?) } else { None };
    let user = admin.add_user(&args.name, args.role, args.system, &args.grants, password).await?;
    output.show(&described(&user), || {
        let sees = match (user.role, args.grants.as_slice()) {
            (Role::Admin, _) => "sees everything".to_owned(),
            (_, []) => format!("sees nothing yet: reelgate grant add {} LIBRARY", user.name),
            (_, areas) => {
                format!("sees {}", areas.iter().map(Area::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        format!("{} {} {sees}.\nNext: reelgate token create {}", user.role, user.name, user.name)
    })
}

async fn list(admin: &Admin, output: Output) -> anyhow::Result<()> {
    let values: Vec<Value> = admin.users().await?.iter().map(described).collect();
    let none = "No users yet: `reelgate user add NAME --grant LIBRARY` makes one.";
    output.list(&values, ["name", "role", "state", "added", "logs in"], none, |value| {
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let logs_in = match (value["system"] == true, value["password"] == true) {
            (true, _) => "never, it is a machine's",
            (false, true) => "with a password",
            (false, false) => "not yet, tokens only",
        };
        [text("name"), text("role"), text("state"), text("created_at"), logs_in.to_owned()]
    })
}

async fn show(admin: &Admin, name: &str, output: Output) -> anyhow::Result<()> {
    let user = admin.user(name).await?;
    let grants = admin.grants(Some(name)).await?;
    let tokens = admin.tokens(Some(name)).await?;
    let areas: Vec<String> = grants.iter().map(|grant| grant.area.to_string()).collect();
    let mut value = described(&user);
    value["grants"] = json!(areas);
    value["tokens"] = json!(tokens.len());
    output.show(&value, || {
        let sees = match (user.role, areas.as_slice()) {
            (Role::Admin, _) => "everything".to_owned(),
            (_, []) => "nothing".to_owned(),
            (_, areas) => areas.join(", "),
        };
        let lines = [
            ("name", user.name.clone()),
            ("role", user.role.to_string()),
            ("state", user.state.to_string()),
            ("system", if user.system { "yes" } else { "no" }.to_owned()),
            ("password", if user.has_password { "set" } else { "none" }.to_owned()),
            ("since", time(user.created_at)),
            ("sees", sees),
            ("tokens", tokens.len().to_string()),
        ];
        lines.map(|(key, value)| format!("{key:<10}{value}")).join("\n")
    })
}

async fn change(config: &ConfigArgs, name: &str, wanted: UserChange, output: Output) -> anyhow::Result<()> {
    with_admin(config, First::Needs, async |admin| {
        let user = admin.change_user(name, wanted).await?;
        output.show(&described(&user), || {
            let machine = if user.system { ", system" } else { "" };
            format!("{}: {}, {}{machine}.", user.name, user.role, user.state)
        })
    })
    .await
}

async fn delete(admin: &Admin, name: &str, yes: bool, output: Output) -> anyhow::Result<()> {
    let user = admin.user(name).await?;
    let tokens = admin.tokens(Some(name)).await?.len();
    if !yes && is_interactive() {
        eprint!("Delete {} with {tokens} tokens and all grants? [y/N] ", user.name);
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if !answer.trim().eq_ignore_ascii_case("y") {
            anyhow::bail!("nothing was deleted");
        }
    }
    let wanted = UserChange { state: Some(UserState::Deleted), ..UserChange::default() };
    let user = admin.change_user(name, wanted).await?;
    output.show(&described(&user), || format!("{} is deleted.", user.name))
}

fn described(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "role": user.role.word(),
        "state": user.state.word(),
        "system": user.system,
        "password": user.has_password,
        "created_at": time(user.created_at),
    })
}

/// From standard input, or asked for twice without showing it.
pub(super) fn password(from_stdin: bool) -> anyhow::Result<Password> {
    if from_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        return Ok(Password::new(line.trim_end_matches(['\r', '\n']).to_owned())?);
    }
    if !is_interactive() {
        return Err(Misuse(
            "nobody is there to be asked: give the password with --password-stdin".to_owned(),
        )
        .into());
    }
    let first = rpassword::prompt_password("Password: ")?;
    let password = Password::new(first.clone())?;
    if rpassword::prompt_password("Again: ")? != first {
        anyhow::bail!("the two are not equal; nothing was changed");
    }
    Ok(password)
}

pub(super) async fn grant(config: &ConfigArgs, command: GrantCommand, output: Output) -> anyhow::Result<()> {
    with_admin(config, First::Needs, async |admin| match command {
        GrantCommand::Add { user, area } => {
            let fresh = admin.grant(&user, &area).await?;
            let value = json!({ "user": user, "area": area.to_string(), "added": fresh });
            let before = if fresh { "" } else { " already" };
            output.show(&value, || format!("{user} may watch {area}{before}."))
        }
        GrantCommand::Remove { user, area } => {
            admin.withdraw(&user, &area).await?;
            let still = admin.still_granted(&user, &area).await?;
            let still: Vec<String> = still.iter().map(Area::to_string).collect();
            let value = json!({ "user": user, "area": area.to_string(), "removed": true, "still": still });
            output.show(&value, || match still.as_slice() {
                [] => format!("{user} may no longer watch {area}."),
                still => format!("The grant is withdrawn. {user} may still watch: {}.", still.join(", ")),
            })
        }
        GrantCommand::List { user } => {
            let grants = admin.grants(user.as_deref()).await?;
            let values: Vec<Value> = grants
                .iter()
                .map(|grant| {
                    json!({
                        "user": grant.user,
                        "area": grant.area.to_string(),
                        "created_at": time(grant.created_at),
                    })
                })
                .collect();
            output.list(&values, ["user", "may watch", "since"], "Nothing is granted.", |value| {
                ["user", "area", "created_at"].map(|key| value[key].as_str().unwrap_or_default().to_owned())
            })
        }
    })
    .await
}
