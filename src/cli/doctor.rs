//! `doctor`: what it is given decides what it looks at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use url::Url;

use crate::clock::Clock;
use crate::config::{Config, ConfigArgs, ServeArgs};
use crate::db::media::Item;
use crate::doctor::prober::{Bearer, Prober};
use crate::doctor::rules::Layer;
use crate::doctor::{HttpFacts, PathFacts, ServedBy, install, reader, verdict};
use crate::probe::{self, Examined};
use crate::types::ItemId;

use super::Misuse;
use super::doctor_report::{self as report, Report};
use super::output::Output;
use super::store::{First, with_admin};

#[derive(Args, Debug)]
#[command(after_help = "\
It asks for at most a MiB of the film, and shows no credential. Exit status: 0 it plays and seeks
in all three browsers as far as that is known, 1 it does not, 2 misused.
Examples:
  reelgate doctor                          is this installation well?
  reelgate doctor film.mp4                 the file, and what reelgate repairs while it serves it
  reelgate doctor https://host/film.mp4    the file, and any server's answers
  reelgate doctor URL --public URL         likewise, and what a proxy between the two changes
  reelgate doctor ID                       an item: the file, the server, and its public URL")]
pub(super) struct DoctorArgs {
    /// A file, a URL or the id of an item [default: this installation]
    #[arg(value_name = "FILE|URL|ID")]
    subject: Option<String>,
    /// The same video by its public address: what does the path change?
    #[arg(long, value_name = "URL")]
    public: Option<String>,
    /// The page that shows it, such as `https://www.example.org`
    #[arg(long, value_name = "ORIGIN")]
    page_origin: Option<String>,
    /// Send the token in this file as `Authorization: Bearer`; - is standard input
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,
}

pub(super) async fn run(config: &ConfigArgs, args: &DoctorArgs, output: Output) -> anyhow::Result<()> {
    let Some(subject) = &args.subject else { return installation(config, args, output).await };
    let prober = Prober {
        page: args.page_origin.as_deref().map(web_address).transpose()?,
        bearer: args.bearer_file.as_deref().map(bearer).transpose()?,
        ..Prober::default()
    };
    let public = args.public.as_deref().map(web_address).transpose()?;
    let examined = match subject_of(subject) {
        Subject::Address(url) => by_address(&prober, &url, public.as_ref()).await,
        Subject::File(path) if public.is_none() => file(config, &prober, &path).await?,
        Subject::Item(id) if public.is_none() => {
            item(config, &prober, &found_item(config, id).await?).await?
        }
        _ => return Err(misuse("--public goes with a URL: what is to be compared with it?")),
    };
    report::show(&examined, output)
}

enum Subject {
    Address(Url),
    File(PathBuf),
    Item(ItemId),
}

/// A file of an id's name is a file.
fn subject_of(text: &str) -> Subject {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    match (url, ItemId::parse(text)) {
        (Some(url), _) => Subject::Address(url),
        (None, Some(id)) if !Path::new(text).exists() => Subject::Item(id),
        _ => Subject::File(PathBuf::from(text)),
    }
}

fn misuse(text: impl Into<String>) -> anyhow::Error {
    Misuse(text.into()).into()
}

fn web_address(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // What was typed may hold a token, so it is not repeated.
    url.ok_or_else(|| misuse("--public and --page-origin take a URL that begins with http:// or https://"))
}

fn bearer(path: &Path) -> anyhow::Result<Bearer> {
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
    Bearer::new(&text).ok_or_else(|| misuse(format!("{} holds no token", path.display())))
}

async fn installation(config: &ConfigArgs, args: &DoctorArgs, output: Output) -> anyhow::Result<()> {
    if args.public.is_some() || args.page_origin.is_some() || args.bearer_file.is_some() {
        return Err(misuse("name a URL: reelgate doctor URL --public URL"));
    }
    let config = Config::load(config, &ServeArgs::default(), std::env::vars_os())?;
    report::installation(&install::examine(&config, &Clock::system()).await, output)
}

/// Any server. The public address, if there is one, is what viewers meet, so the verdict counts it as well.
async fn by_address(prober: &Prober, url: &Url, public: Option<&Url>) -> Report {
    let direct = prober.examine(url).await;
    let facts = reader::over_http(prober, &direct).await;
    let mut findings = facts.iter().flat_map(|file| verdict::of_file(file, ServedBy::Anybody)).collect();
    let (direct, public) = compare(prober, direct, public, &mut findings).await;
    Report::new(facts, findings).with_answers(direct, public)
}

async fn compare(
    prober: &Prober,
    direct: HttpFacts,
    public: Option<&Url>,
    findings: &mut Vec<verdict::Finding>,
) -> (HttpFacts, Option<HttpFacts>) {
    let Some(url) = public else {
        findings.extend(verdict::of_http(&direct, Layer::Http));
        return (direct, None);
    };
    let path = PathFacts { direct, public: prober.examine(url).await };
    findings.extend(verdict::of_path(&path));
    (path.direct, Some(path.public))
}

/// A file by itself; one of a library's also by the server, where the configuration names a public address.
async fn file(config: &ConfigArgs, prober: &Prober, path: &Path) -> anyhow::Result<Report> {
    if Config::public_url(config, std::env::vars_os())?.is_some()
        && let Some(found) = item_of(config, path).await
    {
        return item(config, prober, &found).await;
    }
    let facts = on_disk(path).await?;
    let unrepaired = Config::unrepaired(config, std::env::vars_os())?;
    let real = std::fs::canonicalize(path)?;
    let lies_in = |folder: &Path| std::fs::canonicalize(folder).is_ok_and(|folder| real.starts_with(folder));
    let by = served_by(unrepaired.iter().any(|(_, folder)| lies_in(folder)));
    let findings = verdict::of_file(&facts, by);
    Ok(Report::new(Some(facts), findings).of_file(path, by))
}

fn served_by(is_unrepaired: bool) -> ServedBy {
    if is_unrepaired { ServedBy::Anybody } else { ServedBy::Reelgate }
}

async fn on_disk(path: &Path) -> anyhow::Result<Examined> {
    let (owned, now) = (path.to_owned(), Clock::system().machine());
    let examined = tokio::task::spawn_blocking(move || probe::on_disk(&owned, now)).await?;
    examined.with_context(|| format!("{} cannot be read", path.display()))
}

/// An item and where its file lies.
struct Found {
    item: Item,
    file: PathBuf,
}

async fn items(config: &ConfigArgs) -> anyhow::Result<Vec<Found>> {
    with_admin(config, First::Needs, async |admin| {
        let libraries = admin.db.libraries().await?;
        let items = admin.items(None).await?.into_iter().filter_map(|entry| {
            let item = entry.listed.item;
            let library = libraries.iter().find(|library| library.id == item.library_id)?;
            Some(Found { file: Path::new(&library.path).join(&item.path), item })
        });
        Ok(items.collect())
    })
    .await
}

async fn found_item(config: &ConfigArgs, id: ItemId) -> anyhow::Result<Found> {
    let found = items(config).await?.into_iter().find(|found| found.item.id == id);
    found.with_context(|| format!("No video has the id {id}.\n`reelgate items` lists them."))
}

async fn item_of(config: &ConfigArgs, path: &Path) -> Option<Found> {
    let path = std::fs::canonicalize(path).ok()?;
    items(config).await.ok()?.into_iter().find(|found| found.file == path)
}

/// Long enough for the questions.
const VISIT: Duration = Duration::from_mins(10);

/// The file, the server on this machine, and the public address.
async fn item(config: &ConfigArgs, prober: &Prober, found: &Found) -> anyhow::Result<Report> {
    let facts = on_disk(&found.file).await?;
    let unrepaired = Config::unrepaired(config, std::env::vars_os())?;
    let by = served_by(unrepaired.iter().any(|(name, _)| *name == found.item.library));
    let mut findings = verdict::of_file(&facts, by);
    let route = format!("/m/{}", found.item.id);
    let signed =
        with_admin(config, First::Needs, async |admin| Ok(admin.sign(&route, VISIT, None).await?)).await;
    let (path, _) = signed.context("the server is asked by a signed URL")?;
    let listen = Config::listen(config, &ServeArgs::default(), std::env::vars_os())?;
    let local = Url::parse(&format!("http://{}{path}", on_this_machine(listen)))?;
    let public = Config::public_url(config, std::env::vars_os())?;
    let public = public.map(|base| base.join(&path)).transpose()?;
    let direct = prober.examine(&local).await;
    let (direct, public) = compare(prober, direct, public.as_ref(), &mut findings).await;
    Ok(Report::new(Some(facts), findings).of_file(&found.file, by).with_answers(direct, public))
}

/// An address that listens everywhere is reached by the loopback.
fn on_this_machine(mut address: std::net::SocketAddr) -> std::net::SocketAddr {
    match address.ip() {
        std::net::IpAddr::V4(ip) if ip.is_unspecified() => {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        std::net::IpAddr::V6(ip) if ip.is_unspecified() => {
            address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
        }
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_url_an_item_or_a_file() {
        let kind = |text| match subject_of(text) {
            Subject::Address(_) => "url",
            Subject::Item(_) => "item",
            Subject::File(_) => "file",
        };
        let cases = [
            ("https://host/a.mp4", "url"),
            ("http://127.0.0.1:8080/m/ID?token=T", "url"),
            ("AAAAAAAAAAAAAAAAAAAAAA", "item"),
            ("AAAAAAAAAAAAAAAAAAAAAA.mp4", "file"),
            ("videos/film.mp4", "file"),
            ("ftp://host/a.mp4", "file"),
            ("c:film.mp4", "file"),
        ];
        for (text, want) in cases {
            assert_eq!(kind(text), want, "{text}");
        }
    }
}
