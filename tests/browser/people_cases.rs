//! The whole way of two people: one sets a server up, watches and shares; the other watches what was shared.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::engine::Engine;
use crate::house::{self, ADMIN, House, PASSWORD};
use crate::people::{Person, key};
use crate::player::Player;

/// What a share's password protects is not what the account's does.
const SHARED: &str = "only for grandpa";

/// A withdrawn right ends what is being sent within this time.
const END: Duration = Duration::from_secs(5);
/// And is no longer given to anybody new within this one, and a little for the browser.
const REFUSAL: Duration = Duration::from_secs(2);
/// The player waits for a while before its page asks the server what is wrong.
const WORDS: Duration = Duration::from_secs(30);
const SCAN: Duration = Duration::from_secs(20);

pub(crate) fn all() -> Vec<Case> {
    let case = |engine: Engine| {
        let name = format!("{}: from an empty data folder to a share that is revoked", engine.name());
        Case::new(name, move |world| walk(world, engine))
    };
    Engine::ALL.into_iter().map(case).collect()
}

fn walk(world: &World, engine: Engine) -> Result<()> {
    let folders = house::folders()?;
    let evening = folders.path().join("cinema/evening");
    fs::create_dir_all(&evening)?;
    house::long_film(world.films()?, &evening.join("A long film.mp4"))?;
    let house = House::serve(folders, &["cinema"])?;
    let mut host = Person::arrive(engine, &house)?;
    set_up(&mut host, &house)?;
    find_and_watch(&mut host)?;
    let url = share(&mut host)?;
    let mut guest = Person::arrive(engine, &house)?;
    watch_share(&mut guest, &url)?;
    // WebKitGTK has the whole film on its disk by then, so nothing runs that could end.
    let is_streaming = engine != Engine::WebKitGtk;
    if is_streaming {
        hold(&mut guest)?;
        ensure!(streams(&mut host)? > 0, "the guest's stream should run before it is ended");
    }
    revoke(&mut host)?;
    if is_streaming {
        expect_end(&mut host)?;
        expect_words(&mut guest)?;
    }
    let refused = "fetch(location.href).then(({ status }) => status === 401 || null)";
    guest.until_within(REFUSAL, "the revoked share's page as refused", refused, &Value::Null).map(drop)
}

fn set_up(host: &mut Person, house: &House) -> Result<()> {
    host.open(&house.setup)?;
    host.enter("#name", ADMIN)?;
    host.enter("#password", PASSWORD)?;
    host.enter("#again", PASSWORD)?;
    host.keys([key::ENTER])?;
    host.until(
        "the library after the setup",
        "location.pathname === '/' && !!document.querySelector('.bar')",
        &Value::Null,
    )?;
    let again = "fetch(given).then(({ status }) => status)";
    let status = host.ask(again, &json!(house.setup))?;
    ensure!(status == 404, "the setup's address opens once more: {status}");
    Ok(())
}

fn find_and_watch(host: &mut Person) -> Result<()> {
    await_list(host, "document.querySelector('.folder')?.textContent.includes('evening')")?;
    host.click("a.folder", "evening")?;
    host.click("a.film", "A long film")?;
    host.until_at("/watch/")?;
    watch(host, 30.0)
}

/// The first scan may come after the page, which says that there is nothing yet.
fn await_list(host: &mut Person, expression: &str) -> Result<()> {
    let start = Instant::now();
    while host.until_within(Duration::from_secs(1), "the folder", expression, &Value::Null).is_err() {
        ensure!(start.elapsed() < SCAN, "the library shows no folder within {SCAN:?}");
        host.open("/")?;
    }
    Ok(())
}

/// It plays, and plays on from elsewhere; the picture says so.
fn watch(person: &mut Person, elsewhere: f64) -> Result<()> {
    let mut player = Player::on(&mut person.browser);
    player.step("await", &Value::Null, "loadeddata")?;
    player.play()?;
    player.step("pause", &Value::Null, "pause")?;
    player.seek(elsewhere)?;
    player.play()
}

fn share(host: &mut Person) -> Result<String> {
    host.click("#controls button", "Share")?;
    host.enter("dialog [name=names]", "Grandpa")?;
    host.enter("dialog [name=password]", SHARED)?;
    host.click("dialog button", "Create")?;
    let url = host.until("the link", "document.querySelector('dialog .links input')?.value", &Value::Null)?;
    host.click("dialog button", "Close")?;
    Ok(url.as_str().context("a link that is no text")?.to_owned())
}

fn watch_share(guest: &mut Person, url: &str) -> Result<()> {
    // The page loads nothing before somebody wants to watch.
    const PLAY: &str = "(() => { const video = document.querySelector('video'); video.muted = true; \
        return video.play().then(() => true); })()";
    guest.open(url)?;
    let seen = guest.ask("document.documentElement.outerHTML", &Value::Null)?;
    ensure!(
        !seen.as_str().unwrap_or_default().contains("long film"),
        "the film is named before the password"
    );
    guest.enter("#password", "not the password")?;
    guest.keys([key::ENTER])?;
    guest.until("a refusal", "!!document.querySelector('[role=alert]')", &Value::Null)?;
    guest.enter("#password", SHARED)?;
    guest.keys([key::ENTER])?;
    guest.until("the shared film", "!!document.querySelector('video')", &Value::Null)?;
    guest.ask(PLAY, &Value::Null)?;
    watch(guest, 20.0)
}

/// Begins to read the film and reads no further. A player that has enough in advance may hang up for a while, as
/// Firefox's does, and then nothing would run.
fn hold(guest: &mut Person) -> Result<()> {
    const READ: &str = "(async () => { \
        window.held = (await fetch(document.querySelector('video').currentSrc)).body.getReader(); \
        return !(await window.held.read()).done; })()";
    let began = guest.ask(READ, &Value::Null)?;
    ensure!(began == true, "the shared film has no bytes");
    Ok(())
}

/// Counts the streams of shares that run, by the administrator's page.
fn streams(host: &mut Person) -> Result<usize> {
    let running = host.call("GET", "/streams", &Value::Null)?;
    let entries = running["entries"].as_array().context("no list of streams")?;
    Ok(entries.iter().filter(|stream| stream["by"] == "share").count())
}

fn revoke(host: &mut Person) -> Result<()> {
    host.open("/admin/shares")?;
    host.click("td button", "Revoke")?;
    host.click("dialog button", "Revoke")?;
    host.until(
        "the share as revoked",
        "document.querySelector('td .badge')?.textContent === 'Revoked'",
        &Value::Null,
    )?;
    Ok(())
}

fn expect_end(host: &mut Person) -> Result<()> {
    let start = Instant::now();
    while streams(host)? > 0 {
        ensure!(start.elapsed() < END, "the stream runs on {END:?} after the share is revoked");
    }
    println!(
        "      the stream ended {:.1} s after the page said that the share is revoked",
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

fn expect_words(guest: &mut Person) -> Result<()> {
    // What the browser has in advance it may still show; nothing more comes.
    let far = "(() => { const video = document.querySelector('video'); video.currentTime = video.duration - 20; return true; })()";
    guest.ask(far, &Value::Null)?;
    let words = "document.querySelector('#trouble')?.innerText || null";
    let said = guest.until_within(WORDS, "words about the end", words, &Value::Null)?;
    let said = said.as_str().unwrap_or_default();
    ensure!(said.contains("has ended") || said.contains("is over"), "the page says {said:?}");
    Ok(())
}
