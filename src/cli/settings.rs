//! `config`.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::{Config, ConfigArgs, ServeArgs};
use crate::server::Tls;

use super::output::Output;

#[derive(Subcommand, Debug)]
pub(super) enum ConfigCommand {
    /// Check flags, environment and file, and show every setting with its origin
    Check(ServeArgs),
}

pub(super) fn run(config: &ConfigArgs, command: &ConfigCommand, output: Output) -> anyhow::Result<()> {
    let ConfigCommand::Check(serve) = command;
    let checked = Config::load(config, serve, std::env::vars_os())?;
    // Only a server needs the certificate; but who asks wants to know before it starts.
    if let Some(tls) = Tls::load(&checked)? {
        for warning in tls.warnings(Clock::system().machine()) {
            output.warning(&warning);
        }
    }
    let values: Vec<Value> = checked
        .settings()
        .map(|setting| {
            json!({
                "key": setting.key,
                "value": setting.value,
                "source": setting.source.to_string(),
                "default": setting.default,
                "area": setting.about.area.word(),
                "description": setting.about.description,
            })
        })
        .collect();
    output.list(&values, ["setting", "value", "from"], "", |value| {
        ["key", "value", "source"].map(|key| value[key].as_str().unwrap_or_default().to_owned())
    })
}
