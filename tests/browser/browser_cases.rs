//! The cases of one browser: what plays, what stops, and that a server with a known bug is noticed.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::counted::Counted;
use crate::engine::{Browser, Engine};
use crate::film::{HEIGHT, Kind, SECONDS, WIDTH};
use crate::http::exchange;
use crate::player::{Player, State};
use crate::program::Credential;
use crate::reference::{Fault, Reference};

pub(crate) fn all() -> Vec<Case> {
    Engine::ALL.into_iter().flat_map(engine_cases).collect()
}

/// Every film by one credential, every credential with the film that needs ranges most.
const PLAYED: [(Kind, Credential); 5] = [
    (Kind::MoovFirst, Credential::Query),
    (Kind::MoovLast, Credential::Query),
    (Kind::Webm, Credential::Query),
    (Kind::MoovLast, Credential::Path),
    (Kind::MoovLast, Credential::Signed),
];

fn engine_cases(engine: Engine) -> Vec<Case> {
    let case = |what: &str, run: fn(&World, Engine) -> Result<()>| {
        Case::new(format!("{}: {what}", engine.name()), move |world| run(world, engine))
    };
    let played = PLAYED.map(|(kind, credential)| {
        let name = format!("{}: {} by {}", engine.name(), kind.label(), credential.label());
        Case::new(name, move |world| watch_through(world, engine, kind, credential))
    });
    let mut cases = Vec::from(played);
    cases.push(case("the media URL opened directly plays", open_directly));
    cases.push(case("the watch page plays", open_watch_page));
    cases.push(case("a revoked token plays no more", play_revoked));
    cases.push(case("a right reference plays", play_right_reference));
    cases.push(case("a repaired film takes fewer requests to its first picture", count_requests));
    // WebKitGTK plays the first of these two, and only Chromium surely fails the second.
    if engine != Engine::WebKitGtk {
        cases.push(case("a server that names the size as the end shows no metadata", play_wrong_reference));
    }
    if engine == Engine::Chromium {
        cases.push(case("a server without ranges fails the seek", seek_without_ranges));
    }
    cases
}

fn watch_through(world: &World, engine: Engine, kind: Kind, credential: Credential) -> Result<()> {
    let url = world.program()?.media_url(kind.file_name(), credential)?;
    watch_url_through(world, engine, &url)
}

fn watch_url_through(world: &World, engine: Engine, url: &str) -> Result<()> {
    let mut browser = open_page(world, engine)?;
    let mut player = Player::on(&mut browser);
    check_metadata(&player.load(url)?)?;
    player.play()?;
    player.step("pause", &Value::Null, "pause")?;
    player.seek(f64::from(SECONDS) / 2.0)?;
    player.seek(f64::from(SECONDS) - 1.0)?;
    let end = player.step("finish", &Value::Null, "ended")?;
    ensure!((end.time - f64::from(SECONDS)).abs() < 0.3, "it ended at {} s", end.time);
    Ok(())
}

fn check_metadata(state: &State) -> Result<()> {
    let size = (state.width, state.height);
    ensure!(size == (WIDTH.into(), HEIGHT.into()), "a picture of {size:?}: {state:?}");
    let duration = state.duration.unwrap_or_default();
    ensure!((duration - f64::from(SECONDS)).abs() < 0.3, "a duration of {duration} s: {state:?}");
    Ok(())
}

fn open_page(world: &World, engine: Engine) -> Result<Browser> {
    let mut browser = engine.start()?;
    browser.session.navigate(&world.page()?.url())?;
    Ok(browser)
}

/// No script runs in what is opened directly: it is watched by its picture alone.
fn open_directly(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.media_url(Kind::MoovLast.file_name(), Credential::Query)?;
    let mut browser = engine.start()?;
    browser.session.navigate(&url)?;
    Player::on(&mut browser).await_motion()
}

fn open_watch_page(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.watch_url(Kind::MoovFirst.file_name())?;
    let mut browser = engine.start()?;
    browser.session.navigate(&url)?;
    let mut player = Player::on(&mut browser);
    check_metadata(&player.step("await", &Value::Null, "loadeddata")?)?;
    player.play()?;
    player.await_motion()
}

/// It is tried with a film that the browser has nothing of: Firefox shows what it holds without asking again.
fn play_revoked(world: &World, engine: Engine) -> Result<()> {
    let program = world.program()?;
    let token = program.create_token()?;
    let [seen, url] =
        [Kind::MoovFirst, Kind::MoovLast].map(|kind| program.url_with(kind.file_name(), &token));
    let (seen, url) = (seen?, url?);
    let mut browser = open_page(world, engine)?;
    check_metadata(&Player::on(&mut browser).load(&seen)?)?;
    ensure!(exchange(&url, "HEAD", b"")?.0.status == 200, "the token should let watch before it is revoked");
    program.revoke(&token)?;
    await_refusal(&url)?;
    browser.session.navigate(&world.page()?.url())?;
    let state = Player::on(&mut browser).try_step("load", &json!(url))?;
    // 4 is MEDIA_ERR_SRC_NOT_SUPPORTED, which is what a 401 comes to.
    ensure!(state.event == "error" && state.error == 4, "it should be refused: {state:?}");
    Ok(())
}

/// A running server sees a revocation within one second; how soon, it does not tell.
fn await_refusal(url: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let (head, _) = exchange(url, "HEAD", b"")?;
        if head.status == 401 {
            return Ok(());
        }
        ensure!(
            start.elapsed() < Duration::from_secs(2),
            "status {} two seconds after the revocation",
            head.status
        );
        thread::sleep(Duration::from_millis(50));
    }
}

fn play_right_reference(world: &World, engine: Engine) -> Result<()> {
    let reference = Reference::serve(world.film(Kind::MoovLast)?, Fault::None)?;
    watch_url_through(world, engine, &reference.url())
}

/// It plays from the beginning, so it shows that the seek's own check can fail.
fn seek_without_ranges(world: &World, engine: Engine) -> Result<()> {
    let reference = Reference::serve(world.film(Kind::MoovFirst)?, Fault::WholeOnlyDenied)?;
    match watch_url_through(world, engine, &reference.url()) {
        Ok(()) => bail!("the seek passes"),
        Err(error) => {
            let text = format!("{error:#}");
            ensure!(text.contains("a seek to 30 s led to 0 s"), "it fails otherwise: {text}");
            Ok(())
        }
    }
}

fn play_wrong_reference(world: &World, engine: Engine) -> Result<()> {
    let reference = Reference::serve(world.film(Kind::MoovLast)?, Fault::SizeAsEndAndShort)?;
    let mut browser = open_page(world, engine)?;
    let state = Player::on(&mut browser).try_step("load", &json!(reference.url()))?;
    ensure!(state.event == "error" || state.event == "timeout", "it was played: {state:?}");
    ensure!(state.width == 0 && state.duration.is_none(), "metadata came: {state:?}");
    Ok(())
}

/// The same film as it lies on the disk, with its index at the end, and as it is served.
fn count_requests(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.media_url(Kind::MoovLast.file_name(), Credential::Query)?;
    let raw = first_picture(world, engine, &format!("{url}&raw=1"))?;
    let repaired = first_picture(world, engine, &url)?;
    println!(
        "      requests to the first picture: raw {} {raw:?}, repaired {} {repaired:?}",
        raw.len(),
        repaired.len()
    );
    ensure!(repaired.len() < raw.len(), "{repaired:?} are not fewer than {raw:?}");
    Ok(())
}

/// The ranges that a new browser asks for until it has the first picture. Then it has to play.
fn first_picture(world: &World, engine: Engine, url: &str) -> Result<Vec<String>> {
    let counted = Counted::before(url)?;
    let mut browser = open_page(world, engine)?;
    let mut player = Player::on(&mut browser);
    check_metadata(&player.load(&counted.url())?)?;
    let asked = counted.asked();
    player.play()?;
    player.step("pause", &Value::Null, "pause")?;
    player.seek(f64::from(SECONDS) / 2.0)?;
    Ok(asked)
}
