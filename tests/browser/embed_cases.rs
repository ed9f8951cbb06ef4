//! Pages of other origins, one that the settings name and one that they do not: what each may show and read.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::engine::{Browser, Engine};
use crate::film::Kind;
use crate::page::Page;
use crate::player::Player;
use crate::program::Credential;

/// The film of these cases.
const FILM: Kind = Kind::MoovFirst;

pub(crate) fn all() -> Vec<Case> {
    Engine::ALL.into_iter().flat_map(engine_cases).collect()
}

fn engine_cases(engine: Engine) -> Vec<Case> {
    let case = |what: &str, run: fn(&World, Engine) -> Result<()>| {
        Case::new(format!("{}: {what}", engine.name()), move |world| run(world, engine))
    };
    vec![
        case("a page that is named plays the embed page in a frame", play_in_a_frame),
        case("a page that is not named gets no embed page in a frame", be_refused_a_frame),
        case("a page that is named reads pictures, and only with crossorigin", read_pictures),
        case("a page that is not named shows the film and reads no picture", read_no_pictures),
        case("a script of a page that is named sends a token and reads what is answered", read_answers),
    ]
}

fn open(engine: Engine, page: &Page) -> Result<Browser> {
    let mut browser = engine.start()?;
    browser.session.navigate(&page.url())?;
    Ok(browser)
}

/// The embed page in the video's place, as soon as it has come, or what came in its place.
fn frame(browser: &mut Browser, url: &str) -> Result<()> {
    let script = "const [url, done] = arguments; const frame = document.createElement('iframe'); \
                  frame.width = 640; frame.height = 360; frame.style.border = 0; frame.src = url; \
                  frame.addEventListener('load', () => done(null)); setTimeout(() => done(null), 5000); \
                  document.querySelector('video').replaceWith(frame);";
    browser.session.execute(script, json!([url]))?;
    browser.session.enter_frame()
}

fn play_in_a_frame(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.embed_url(FILM.file_name())?;
    let mut browser = open(engine, world.page()?)?;
    frame(&mut browser, &url)?;
    let mut player = Player::on(&mut browser);
    player.step("await", &Value::Null, "loadeddata")?;
    player.play()?;
    player.await_motion()
}

fn be_refused_a_frame(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.embed_url(FILM.file_name())?;
    let stranger = Page::serve()?;
    let mut browser = open(engine, &stranger)?;
    frame(&mut browser, &url)?;
    let script = "arguments[0](document.querySelector('video') !== null)";
    let shown = browser.session.execute(script, json!([]))?;
    ensure!(shown == json!(false), "the player is in the frame: {shown}");
    Ok(())
}

fn read_pictures(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.media_url(FILM.file_name(), Credential::Path)?;
    let mut browser = open(engine, world.page()?)?;
    let mut player = Player::on(&mut browser);
    player.step("borrow", &json!(url), "loadeddata")?;
    player.step("read", &Value::Null, "read")?;
    player.play()?;
    browser.session.navigate(&world.page()?.url())?;
    let mut player = Player::on(&mut browser);
    player.load(&url)?;
    player.step("read", &Value::Null, "SecurityError").map(drop)
}

fn read_no_pictures(world: &World, engine: Engine) -> Result<()> {
    let url = world.program()?.media_url(FILM.file_name(), Credential::Path)?;
    let stranger = Page::serve()?;
    let mut browser = open(engine, &stranger)?;
    let mut player = Player::on(&mut browser);
    player.load(&url)?;
    player.step("read", &Value::Null, "SecurityError")?;
    browser.session.navigate(&stranger.url())?;
    let state = Player::on(&mut browser).try_step("borrow", &json!(url))?;
    ensure!(state.event == "error" && state.error == 4, "with crossorigin it should be refused: {state:?}");
    Ok(())
}

/// A token in a header is asked about beforehand; the answer, and the one without a token, can be read.
fn read_answers(world: &World, engine: Engine) -> Result<()> {
    let (url, token) = world.program()?.bare_url(FILM.file_name())?;
    let mut browser = open(engine, world.page()?)?;
    let script = "const [url, token, done] = arguments; (async () => { \
                  const bare = await fetch(url); \
                  const headers = { Authorization: `Bearer ${token}`, Range: 'bytes=0-1', 'If-None-Match': '\"x\"' }; \
                  const part = await fetch(url, { headers }); \
                  return [bare.status, part.status, part.headers.get('Content-Range'), (await part.arrayBuffer()).byteLength]; \
                  })().then(done, (error) => done([`${error}`]));";
    let read = browser.session.execute(script, json!([url, token]))?;
    let size = world.film(FILM)?.bytes.len();
    ensure!(read == json!([401, 206, format!("bytes 0-1/{size}"), 2]), "a script reads {read}");
    Ok(())
}
