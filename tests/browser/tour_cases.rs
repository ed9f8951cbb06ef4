//! What the tour of all pages must find nothing of, and that it would find it.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::film::Kind;
use crate::house::{self, ADMIN, House, log_in};
use crate::people::Person;
use crate::tour::{Findings, Guide, Stop};

pub(crate) fn all() -> Vec<Case> {
    let none = |what: &str, found: fn(&Findings) -> &[String]| {
        Case::new(format!("chromium: {what}"), move |world| expect_none(found(world.tour()?)))
    };
    vec![
        none("axe finds nothing on any page, dark or light", |tour| &tour.axe),
        none("no page is wider than a phone", |tour| &tour.wide),
        none("no page asks another server, breaks its policy or notes an error", |tour| &tour.strays),
        Case::new("chromium: a page with faults is noticed".to_owned(), notice_faults),
    ]
}

fn expect_none(found: &[String]) -> Result<()> {
    ensure!(found.is_empty(), "{} found:\n        {}", found.len(), found.join("\n        "));
    Ok(())
}

/// A picture without words, faint text, small targets, a wide box, a request that the policy forbids, one elsewhere.
fn notice_faults(world: &World) -> Result<()> {
    const SPOIL: &str = "(async () => { \
        const add = (tag, more, style) => { \
            const one = Object.assign(document.createElement(tag), more); \
            one.style.cssText = style; document.body.append(one); }; \
        add('img', { src: '/assets/icon.svg' }, ''); \
        add('p', { textContent: 'faint words' }, 'color: #777; background: #888'); \
        add('p', { textContent: 'wide' }, 'width: 500px'); \
        for (const textContent of ['x', 'y']) \
            add('button', { textContent }, 'width: 8px; min-height: 8px; height: 8px; padding: 0'); \
        await fetch('http://localhost:9/').catch(() => null); return true; })()";
    let folders = house::folders()?;
    fs::create_dir(folders.path().join("cinema"))?;
    let house = House::serve(folders, &["cinema"])?;
    let mut guide = Guide::meet(&house)?;
    guide.visit(&[Stop::new("login-again", "/login", "#name")])?;
    ensure!(
        guide.findings.axe.is_empty() && guide.findings.wide.is_empty(),
        "it has faults before it is spoilt"
    );
    guide.person.ask(SPOIL, &Value::Null)?;
    guide.check("spoilt", "dark")?;
    for rule in ["image-alt", "color-contrast", "target-size"] {
        let is_found = guide.findings.axe.iter().any(|line| line.contains(rule));
        ensure!(is_found, "axe finds no {rule}: {:?}", guide.findings.axe);
    }
    guide.measure("spoilt")?;
    ensure!(!guide.findings.wide.is_empty(), "the wide box is not noticed");
    let strays = guide.strays(false)?.join("; ");
    ensure!(strays.contains("Content Security Policy"), "what the policy forbids is not noticed: {strays}");
    guide.person.open(&world.page()?.url())?;
    let strays = guide.strays(false)?.join("; ");
    ensure!(strays.contains(&world.page()?.origin()), "a request elsewhere is not noticed: {strays}");
    Ok(())
}

/// Walked once for all cases.
pub(crate) fn walk(world: &World) -> Result<Findings> {
    let folders = house::folders()?;
    fill(world, &folders)?;
    let house = House::serve(folders, &["cinema", "family"])?;
    let mut guide = Guide::meet(&house)?;
    guide.visit(&[Stop::new("setup", house.setup.clone(), "#again")])?;
    house.set_up(&mut guide.person)?;
    let known = furnish(&mut guide.person)?;
    guide.person.call("DELETE", "/session", &Value::Null)?;
    guide.visit(&strangers(&known))?;
    log_in(&mut guide.person)?;
    // What went on between the stops is nobody's page.
    guide.strays(true)?;
    guide.visit(&viewers(&known))?;
    guide.visit(&administrators(&known))?;
    ensure!(guide.findings.looked_at > 40, "the tour has only {} stops", guide.findings.looked_at);
    Ok(guide.findings)
}

fn fill(world: &World, folders: &tempfile::TempDir) -> Result<()> {
    let (cinema, family) = (folders.path().join("cinema"), folders.path().join("family"));
    fs::create_dir_all(cinema.join("2024/Summer"))?;
    fs::create_dir(&family)?;
    let film = cinema.join("2024/A film of the lake.mp4");
    fs::copy(world.films()?.library().join(Kind::MoovFirst.file_name()), &film)?;
    fs::write(
        film.with_extension("en.vtt"),
        "WEBVTT\n\n00:00.000 --> 00:20.000\nThe lake in the morning.\n",
    )?;
    let tiny = cinema.join("2024/Summer/Before it.mp4");
    house::tiny_film(&tiny)?;
    house::hostile_films(&family, &tiny)?;
    for name in [
        "2024/Before the film.mp4",
        "2024/Not the film.mp4",
        "Something with a very long name that goes on and on, so that no line is wide enough for it.mp4",
    ] {
        fs::copy(&tiny, cinema.join(name))?;
    }
    Ok(fs::write(cinema.join("2024/Broken.mp4"), b"this is no film, whatever its name says")?)
}

/// What the stops need to know.
struct Known {
    film: String,
    broken: String,
    long: String,
    share: String,
    locked: String,
    embed: String,
    report: String,
}

/// Everything that lists show, by the API.
fn furnish(person: &mut Person) -> Result<Known> {
    let film = await_item(person, "A film of the lake.mp4")?;
    let broken = await_item(person, "Broken.mp4")?;
    let long = await_item(person, &house::longest_name())?;
    let other = await_item(person, "<img src=x onerror=window.hit=1>.mp4")?;
    let mut link = |wish: Value| -> Result<String> {
        let made = person.call("POST", "/shares", &wish)?;
        Ok(made["entries"][0]["url"].as_str().context("a share without URL")?.to_owned())
    };
    let share = link(json!({ "item": film, "names": ["Grandpa"], "lasts": "7d", "download": true }))?;
    let locked = link(json!({ "item": film, "names": ["Ada's friends"], "password": "only for friends" }))?;
    link(json!({ "item": other, "names": ["<b>Bob</b>"], "plays": 3 }))?;
    person.call(
        "POST",
        "/users",
        &json!({ "name": "bob", "areas": ["cinema/2024"], "password": "another battery" }),
    )?;
    person.call(
        "POST",
        "/users",
        &json!({ "name": "a.very.long.name.that.hardly.fits@example.org", "areas": [] }),
    )?;
    person.call("POST", "/tokens", &json!({ "kind": "media", "name": "The television", "lasts": "30d" }))?;
    person.call("POST", "/tokens", &json!({ "user": "bob", "kind": "api", "path": "cinema/2024" }))?;
    let unbroken = "a.name.without.a.space.that.is.wider.than.any.phone";
    let token =
        person.call("POST", "/tokens", &json!({ "kind": "media", "name": unbroken, "item": film }))?;
    let token = token["token"].as_str().context("no token")?.to_owned();
    let report = json!({ "item": film, "steps": "I pressed play.", "error": "decode (3)", "player": { "current_time": 3 } });
    let report = person.call("POST", "/reports", &report)?["id"].as_str().context("no report")?.to_owned();
    Ok(Known { embed: format!("/embed/{film}?token={token}"), film, broken, long, share, locked, report })
}

fn await_item(person: &mut Person, name: &str) -> Result<String> {
    let find = "fetch('/api/v1/items?limit=200').then((answer) => answer.json()) \
                .then(({ entries }) => entries.find(({ name, state }) => name === given && state !== 'new')?.id)";
    let id = person.until(name, find, &json!(name))?;
    match id.as_str() {
        Some(id) => Ok(id.to_owned()),
        None => bail!("{name} has the id {id}"),
    }
}

fn strangers(known: &Known) -> Vec<Stop> {
    vec![
        Stop::new("login", "/login?next=%2Fshares", "#name"),
        Stop::new("login-refused", "/login", "[role=alert]").keys("nobody\u{e004}whatever\u{e007}").refused(),
        Stop::new("error-not-found", "/nothing/here", ".aside").refused(),
        Stop::new("error-link-over", "/s/AAAAAAAAAAAAAAAAAAAAAA", ".aside").refused(),
        Stop::new("share", known.share.clone(), "#controls button"),
        Stop::new("share-verdict", known.share.clone(), "dialog[open]").press(&[("#controls button", "Why")]),
        Stop::new("share-report", known.share.clone(), "dialog[open]")
            .press(&[("#controls button", "Report")]),
        Stop::new("share-password", known.locked.clone(), "#password"),
        Stop::new("embed", known.embed.clone(), "video"),
    ]
}

fn viewers(known: &Known) -> Vec<Stop> {
    let watch = format!("/watch/{}", known.film);
    let controls =
        |name: &'static str, presses: &'static [(&'static str, &'static str)], sign: &'static str| {
            Stop::new(name, watch.clone(), sign).press(presses)
        };
    vec![
        Stop::new("library", "/", ".film"),
        Stop::new("library-folder", "/?library=cinema&below=2024", ".film"),
        Stop::new("library-hostile", "/?library=family", ".film"),
        Stop::new("library-search", "/?q=film", ".film"),
        Stop::new("library-nothing-found", "/?q=whatever+it+is", ".empty"),
        Stop::new("watch", watch.clone(), "#neighbours a"),
        Stop::new("watch-long-name", format!("/watch/{}", known.long), "#controls button"),
        Stop::new("watch-verdict-broken", format!("/watch/{}", known.broken), "dialog[open]")
            .press(&[(".trouble button", "Why")]),
        Stop::new("watch-broken", format!("/watch/{}", known.broken), ".trouble"),
        controls("watch-share", &[("#controls button", "Share")], "dialog[open]"),
        controls(
            "watch-share-made",
            &[("#controls button", "Share"), ("dialog button", "Create")],
            "dialog[open] .links",
        ),
        controls("watch-keys", &[("#controls button", "Keys")], "dialog[open]"),
        controls("watch-verdict", &[("#controls button", "Why")], "dialog[open]"),
        controls("watch-report", &[("#controls button", "Report")], "dialog[open]"),
        Stop::new("shares", "/shares", "td"),
        Stop::new("shares-edit", "/shares", "dialog[open]").press(&[("td button", "Edit")]),
        Stop::new("shares-revoke", "/shares", "dialog[open]").press(&[("td button", "Revoke")]),
        Stop::new("profile", "/profile", "#tokens td"),
        Stop::new("profile-password", "/profile", "dialog[open]").press(&[("#password button", "")]),
        Stop::new("profile-token", "/profile", "dialog[open]").press(&[("#tokens .content > button", "")]),
        Stop::new("profile-revoke", "/profile", "dialog[open]").press(&[("#tokens td button", "")]),
    ]
}

fn administrators(known: &Known) -> Vec<Stop> {
    vec![
        Stop::new("admin", "/admin", ".checks"),
        Stop::new("admin-streams", "/admin/streams", "#content > *"),
        Stop::new("admin-users", "/admin/users", "td"),
        Stop::new("admin-users-new", "/admin/users", "dialog[open]")
            .press(&[("#content button", "New user")]),
        Stop::new("admin-user", "/admin/users/bob", "#content form button"),
        Stop::new("admin-user-myself", format!("/admin/users/{ADMIN}"), "#content form button"),
        Stop::new("admin-user-password", "/admin/users/bob", "dialog[open]")
            .press(&[("#content button", "Set a")]),
        Stop::new("admin-user-disable", "/admin/users/bob", "dialog[open]")
            .press(&[("#content button", "Disable")]),
        Stop::new("admin-user-delete", "/admin/users/bob", "dialog[open]")
            .press(&[("#content button", "Delete")]),
        Stop::new("admin-user-withdraw", "/admin/users/bob", "dialog[open]")
            .press(&[("td button", "Withdraw")]),
        Stop::new("admin-tokens", "/admin/tokens", "td"),
        Stop::new("admin-tokens-new", "/admin/tokens", "dialog[open]")
            .press(&[("#content button", "New token")]),
        Stop::new("admin-tokens-made", "/admin/tokens", "dialog[open] .copyable textarea")
            .keys("TV\u{e007}")
            .press(&[("#content button", "New token"), ("dialog [name=name]", "")]),
        Stop::new("admin-shares", "/admin/shares", "td"),
        Stop::new("admin-shares-revoke", "/admin/shares", "dialog[open]").press(&[("td button", "Revoke")]),
        Stop::new("admin-reports", "/admin/reports", "td"),
        Stop::new("admin-report", format!("/admin/reports/{}", known.report), "pre"),
        Stop::new("admin-report-delete", format!("/admin/reports/{}", known.report), "dialog[open]")
            .press(&[("#content button", "Delete")]),
        Stop::new("admin-settings", "/admin/settings", "td"),
        Stop::new("admin-settings-feature", "/admin/settings/watching", "td"),
        Stop::new("error-not-found-inside", "/admin/nothing", ".aside").refused(),
    ]
}
