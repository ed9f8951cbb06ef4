//! axe-core, which finds what keeps people with a screen reader, with weak eyes or with unsteady hands from a page.
//!
//! It is no part of the repository: one version is fetched once from the npm registry, and must be the one that is known.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::engine::Browser;
use crate::process::unstarted;

const TARBALL: &str = "https://registry.npmjs.org/axe-core/-/axe-core-4.10.3.tgz";
/// The registry's own sum of the tarball, as a lock file would keep it.
const SHA512: &str =
    "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==";

pub(crate) struct Axe {
    script: String,
}

impl Axe {
    pub(crate) fn fetch() -> Result<Self> {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("axe-core-4.10.3.tgz");
        if !kept.is_file() || sum(&kept)? != SHA512 {
            run(
                Command::new("curl")
                    .args(["-fsS", "--retry", "3", "--max-time", "60", "-o"])
                    .arg(&kept)
                    .arg(TARBALL),
                "curl",
            )?;
            let sum = sum(&kept)?;
            ensure!(sum == SHA512, "{TARBALL} is not what it was: sha512 {sum}");
        }
        let script = run(Command::new("tar").arg("-xzOf").arg(&kept).arg("package/axe.min.js"), "tar")?;
        Ok(Self { script: String::from_utf8(script)? })
    }

    /// What is wrong on the page that is open: a line a rule, with the first elements. Scripts of a driver are not bound
    /// to the page's policy.
    pub(crate) fn violations(&self, browser: &mut Browser) -> Result<Vec<String>> {
        let script = format!(
            "{}\nconst done = arguments[arguments.length - 1]; \
             axe.run(document, {{ resultTypes: ['violations'], rules: {{ 'target-size': {{ enabled: true }} }} }}) \
             .then(({{ violations }}) => done(violations.map(({{ id, nodes }}) => \
                 `${{id}}: ${{nodes.length}} × ${{nodes.slice(0, 3).map((node) => `${{node.target}} (${{(node.any[0] ?? node.all[0] ?? node.none[0])?.message}})`).join(' | ')}}`)), \
             (error) => done([`${{error}}`]));",
            self.script
        );
        let found = browser.session.execute(&script, json!([]))?;
        let found = found.as_array().context("axe answers no list")?;
        Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

fn sum(path: &Path) -> Result<String> {
    Ok(BASE64.encode(&Sha512::digest(fs::read(path)?)))
}

fn run(command: &mut Command, package: &str) -> Result<Vec<u8>> {
    let output = command.output().map_err(|error| unstarted(command, package, &error))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{package}: {}: {}", output.status, complaint.trim());
    Ok(output.stdout)
}
