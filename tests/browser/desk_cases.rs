//! In Chromium: by the keyboard alone, with names that are meant to break pages, and with ten thousand films.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::engine::Engine;
use crate::film::Kind;
use crate::house::{self, ADMIN, House, PASSWORD};
use crate::http::exchange;
use crate::people::{Person, key};
use crate::process::unstarted;

const MANY: usize = 10_000;

/// A film has about twelve elements; a screen and what is near it hold a few hundred films.
const MOST_ELEMENTS: u64 = 8_000;

pub(crate) fn all() -> Vec<Case> {
    let case = |what: &str, run: fn(&World) -> Result<()>| Case::new(format!("chromium: {what}"), run);
    vec![
        case("a film is found and played by the keyboard alone", use_keys),
        case("file names are shown as they are and never run", show_names),
        case("ten thousand films scroll, are searched, and Back finds the place", scroll_far),
        case("what the buttons copy opens one film and ends", copy),
    ]
}

/// A house with one folder, and an administrator who is logged in.
pub(crate) fn at_home(fill: impl FnOnce(&std::path::Path) -> Result<()>) -> Result<(House, Person)> {
    let folders = house::folders()?;
    let cinema = folders.path().join("cinema");
    fs::create_dir(&cinema)?;
    fill(&cinema)?;
    let house = House::serve(folders, &["cinema"])?;
    let mut person = Person::arrive(Engine::Chromium, &house)?;
    house.set_up(&mut person)?;
    Ok((house, person))
}

/// The films that the program knows, as soon as they are so many.
pub(crate) fn await_items(person: &mut Person, count: usize) -> Result<Vec<Value>> {
    let start = Instant::now();
    loop {
        let list = person.call("GET", "/items?limit=200", &Value::Null)?;
        let total = list["total"].as_u64().and_then(|total| usize::try_from(total).ok());
        if total.is_some_and(|total| total >= count) {
            return Ok(list["entries"].as_array().context("no list of items")?.clone());
        }
        ensure!(
            start.elapsed() < Duration::from_mins(1),
            "{total:?} of {count} films are known after a minute"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn use_keys(world: &World) -> Result<()> {
    let film = world.films()?.library().join(Kind::MoovFirst.file_name());
    let (_house, mut person) = at_home(|cinema| {
        fs::copy(&film, cinema.join("The right one.mp4"))?;
        fs::copy(&film, cinema.join("Another.mp4")).map(drop).map_err(Into::into)
    })?;
    await_items(&mut person, 2)?;
    person.call("DELETE", "/session", &Value::Null)?;
    person.open("/")?;
    person.until_at("/login")?;
    person.keys(ADMIN.chars().chain([key::TAB]).chain(PASSWORD.chars()).chain([key::ENTER]))?;
    person.until("the library", "document.querySelectorAll('.film').length === 2", &Value::Null)?;
    person.keys("/right".chars())?;
    person.until("one film", "document.querySelectorAll('.film').length === 1", &Value::Null)?;
    person.tab_to(".film", "The right one")?;
    person.keys([key::ENTER])?;
    person.until_at("/watch/")?;
    play_by_keys(&mut person)?;
    open_dialog_by_keys(&mut person)
}

fn play_by_keys(person: &mut Person) -> Result<()> {
    person.until(
        "the film",
        "document.querySelector('video').readyState >= 2 && !!document.querySelector('#controls button')",
        &Value::Null,
    )?;
    person.keys(['k'])?;
    person.until(
        "that it plays",
        "(({ paused, currentTime }) => !paused && currentTime > 0.3)(document.querySelector('video'))",
        &Value::Null,
    )?;
    person.keys(['k'])?;
    person.until("that it pauses", "document.querySelector('video').paused", &Value::Null)?;
    person.keys(['5'])?;
    let at = "(({ currentTime, seeking }) => !seeking && Math.abs(currentTime - given) < 0.5)(document.querySelector('video'))";
    person.until("the middle", at, &json!(30.0))?;
    person.keys([key::RIGHT])?;
    person.until("five seconds on", at, &json!(35.0)).map(drop)
}

/// Escape closes it, and the focus is where it was.
fn open_dialog_by_keys(person: &mut Person) -> Result<()> {
    person.tab_to("#controls button", "Share")?;
    person.keys([key::ENTER])?;
    person.until("the dialog", "!!document.querySelector('dialog[open]')", &Value::Null)?;
    for _ in 0..12 {
        person.keys([key::TAB])?;
        let inside = person.ask(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')",
            &Value::Null,
        )?;
        ensure!(inside == true, "the focus leaves the open dialog");
    }
    person.keys([key::ESCAPE])?;
    person.until("no dialog", "!document.querySelector('dialog')", &Value::Null)?;
    let back = person.ask("document.activeElement.textContent", &Value::Null)?;
    ensure!(back == "Share", "the focus is on {back} in place of the button");
    Ok(())
}

fn show_names(_: &World) -> Result<()> {
    let mut names = Vec::new();
    let (_house, mut person) = at_home(|cinema| {
        let film = cinema.join("plain.mp4");
        house::tiny_film(&film)?;
        names = house::hostile_films(cinema, &film)?;
        Ok(())
    })?;
    let items = await_items(&mut person, names.len() + 2)?;
    person.open("/")?;
    let titles = "(() => { const all = [...document.querySelectorAll('.film')].map(({ title }) => title); \
                  return all.length > given && all; })()";
    let shown = person.until("the films", titles, &json!(names.len()))?;
    for name in &names {
        ensure!(
            shown.as_array().is_some_and(|all| all.contains(&json!(name))),
            "{name:?} is not among {shown}"
        );
    }
    expect_harmless(&mut person)?;
    for item in items.iter().filter(|item| names.iter().any(|name| item["name"] == *name)) {
        let (id, name) = (item["id"].as_str().unwrap_or_default(), item["name"].as_str().unwrap_or_default());
        person.open(&format!("/watch/{id}"))?;
        let title = person.ask("document.querySelector('h1').textContent", &Value::Null)?;
        ensure!(title == name.trim_end_matches(".mp4"), "{name:?} is shown as {title}");
        person
            .until("its picture", "document.querySelector('video').readyState >= 2", &Value::Null)
            .with_context(|| format!("{name:?} does not play"))?;
        share_it(&mut person, id, name)?;
        expect_harmless(&mut person).with_context(|| name.to_owned())?;
    }
    for page in ["/shares", "/admin/shares", "/admin/streams", "/profile"] {
        person.open(page)?;
        person.until(page, "!document.querySelector('[aria-busy=true]')", &Value::Null)?;
        expect_harmless(&mut person).context(page)?;
    }
    Ok(())
}

fn share_it(person: &mut Person, id: &str, name: &str) -> Result<()> {
    let wish = json!({ "item": id, "names": [name.trim().chars().filter(|c| !c.is_control()).take(60).collect::<String>()] });
    person.call("POST", "/shares", &wish).map(drop)
}

/// The policy of pages would keep a handler from running, so that none may even stand there.
fn expect_harmless(person: &mut Person) -> Result<()> {
    const FOREIGN: &str = "[typeof window.hit, document.querySelectorAll('[onerror], [onload], [onclick], [onmouseover], script:not([src]), main b, img[src=x]').length]";
    let found = person.ask(FOREIGN, &Value::Null)?;
    ensure!(found == json!(["undefined", 0]), "a name became part of the page: {found}");
    Ok(())
}

fn scroll_far(_: &World) -> Result<()> {
    let (_house, mut person) = at_home(|cinema| {
        let film = cinema.join("film 00000.mp4");
        house::tiny_film(&film)?;
        let bytes = fs::read(&film)?;
        for number in 1..MANY {
            // No two are the same file.
            let end = [&bytes[..], &[0, 0, 0, 16], b"free", format!("{number:08}").as_bytes()].concat();
            fs::write(cinema.join(format!("film {number:05}.mp4")), end)?;
        }
        Ok(())
    })?;
    await_items(&mut person, MANY)?;
    let start = Instant::now();
    person.open("/")?;
    person.until("the first films", "document.querySelectorAll('.film').length >= 60", &Value::Null)?;
    println!("      ten thousand films open in {:.1} s", start.elapsed().as_secs_f32());
    scroll_to_end(&mut person)?;
    go_and_come_back(&mut person)?;
    person.keys("/09876".chars())?;
    let found = "[...document.querySelectorAll('.film .title')].map((title) => title.textContent).join() === 'film 09876'";
    person.until("the one film", found, &Value::Null).map(drop)
}

fn scroll_to_end(person: &mut Person) -> Result<()> {
    let start = Instant::now();
    let mut most = 0;
    loop {
        let state = person.ask(
            "[document.querySelectorAll('*').length, [...document.querySelectorAll('.film')].at(-1)?.title]",
            &Value::Null,
        )?;
        most = most.max(state[0].as_u64().unwrap_or_default());
        ensure!(most <= MOST_ELEMENTS, "the page holds {most} elements on the way");
        if state[1] == format!("film {:05}.mp4", MANY - 1) {
            break;
        }
        ensure!(start.elapsed() < Duration::from_mins(1), "the end is not reached in a minute: {state}");
        person.keys([key::END])?;
    }
    println!("      the end is reached in {:.1} s, {most} elements at most", start.elapsed().as_secs_f32());
    Ok(())
}

/// From the last film that is on the screen to its page, and back to where it stood.
fn go_and_come_back(person: &mut Person) -> Result<()> {
    // A list that still moves is not clicked into.
    const SEEN: &str = "new Promise((done) => { const was = scrollY; setTimeout(() => { const seen = [...document.querySelectorAll('.film')].filter((one) => { \
        const { top, bottom } = one.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; }); \
        done(seen.length && scrollY > 0 && was === scrollY ? [seen.at(-1).title, Math.round(scrollY)] : null); }, 500); })";
    let before = person.until("films at the end", SEEN, &Value::Null)?;
    let title = before[0].as_str().unwrap_or_default().trim_end_matches(".mp4").to_owned();
    person.click("a.film", &title).or_else(|_| person.click(&format!("a.film[title='{title}.mp4']"), ""))?;
    person.until_at("/watch/")?;
    // A new list from the server, not the browser's kept page.
    person.ask("(setTimeout(() => history.back()), true)", &Value::Null)?;
    let place = "location.pathname === '/' && [...document.querySelectorAll('.film')].some((one) => { \
        const { top, bottom } = one.getBoundingClientRect(); return one.title === given && bottom > 0 && top < innerHeight; })";
    person
        .until_within(
            Duration::from_secs(30),
            "the same film after Back",
            place,
            &json!(format!("{title}.mp4")),
        )
        .map(drop)
}

fn copy(_: &World) -> Result<()> {
    let (house, mut person) = at_home(|cinema| {
        house::tiny_film(&cinema.join("one.mp4"))?;
        house::tiny_film(&cinema.join("other.mp4"))
    })?;
    let items = await_items(&mut person, 2)?;
    let [one, other] = ["one.mp4", "other.mp4"].map(|name| {
        let item = items.iter().find(|item| item["name"] == name);
        item.and_then(|item| item["id"].as_str()).unwrap_or_default().to_owned()
    });
    let given =
        json!({ "origin": house.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    person.browser.session.own("Browser.grantPermissions", given)?;
    person.open(&format!("/watch/{one}"))?;
    let tag = copied(&mut person, "Copy video tag")?;
    ensure!(tag.contains("<video") && tag.contains(&one), "it is no video tag: {tag}");
    let url = quoted(&tag)?;
    expect_narrow(&url, &one, &other)?;
    let command = copied(&mut person, "Copy curl test")?;
    let output = Command::new("sh").args(["-c", &command]).output();
    let output = output.map_err(|error| unstarted(&Command::new("sh"), "dash", &error))?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(answer.starts_with("HTTP/1.1 206"), "the copied command answers {answer:?}");
    expect_narrow(&quoted(&command)?, &one, &other)?;
    expect_end(&mut person, &one)
}

fn copied(person: &mut Person, button: &str) -> Result<String> {
    person.click("#controls button", button)?;
    person.until("that it is copied", "!!document.querySelector('.notice')", &Value::Null)?;
    let text = person.ask("navigator.clipboard.readText()", &Value::Null)?;
    person.until("that the notice has gone", "!document.querySelector('.notice')", &Value::Null)?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// The URL in a copied text.
pub(crate) fn quoted(text: &str) -> Result<String> {
    let start = text.find("http://").with_context(|| format!("no URL in {text}"))?;
    let url = text[start..].split(['"', '\'', ' ']).next().unwrap_or_default();
    Ok(url.replace("&amp;", "&"))
}

fn expect_narrow(url: &str, one: &str, other: &str) -> Result<()> {
    let own = exchange(url, "HEAD", b"")?.0.status;
    let foreign = exchange(&url.replace(one, other), "HEAD", b"")?.0.status;
    ensure!((own, foreign) == (200, 404), "its film is {own}, another {foreign}");
    Ok(())
}

/// The same kind of link for a second; those that were copied say when they end.
fn expect_end(person: &mut Person, id: &str) -> Result<()> {
    let tokens = person.call("GET", &format!("/tokens?user={ADMIN}"), &Value::Null)?;
    let ends =
        tokens["entries"].as_array().context("no list of tokens")?.iter().map(|token| &token["expires_at"]);
    let ends = ends.collect::<Vec<_>>();
    ensure!(ends.len() == 2 && ends.iter().all(|end| end.is_string()), "not all copied links end: {tokens}");
    let short =
        person.call("POST", &format!("/items/{id}/links"), &json!({ "for": "url", "lasts": "1s" }))?;
    let url = short["url"].as_str().context("no URL")?;
    let url =
        person.ask("new URL(given, location).href", &json!(url))?.as_str().unwrap_or_default().to_owned();
    let start = Instant::now();
    let mut first = None;
    loop {
        let status = exchange(&url, "HEAD", b"")?.0.status;
        ensure!(*first.get_or_insert(status) == 200, "it should open at first: {status}");
        if status == 401 {
            return Ok(());
        }
        ensure!(start.elapsed() < Duration::from_secs(4), "a link for a second answers {status} after four");
        std::thread::sleep(Duration::from_millis(50));
    }
}
