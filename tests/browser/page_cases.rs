//! In Chromium: where the focus goes, what a guest of a share has, what fits on the screen, what is ready to be copied.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cases::{Case, World};
use crate::desk_cases::{at_home, await_items, quoted};
use crate::engine::Engine;
use crate::film::Kind;
use crate::house;
use crate::http::exchange;
use crate::people::{Person, key};

pub(crate) fn all() -> Vec<Case> {
    let case = |what: &str, run: fn(&World) -> Result<()>| Case::new(format!("chromium: {what}"), run);
    vec![
        case("the focus stays where somebody works when a list is drawn anew", keep_focus),
        case("a guest of a share has what the player can do, and times as at home", watch_as_guest),
        case("the title and the first buttons stand on the screen with the video", fit_screen),
        case("a video without a picture shows its initial on a colour that stays", show_initials),
        case("a page says what is wrong in words, and marks what is typed", say_what_is_wrong),
        case("what administrators make is ready to be copied", make_token),
    ]
}

/// The control that has the focus: its name, and its element's.
const FOCUSED: &str = "(({ ariaLabel, textContent, localName }) => [localName, ariaLabel || textContent].join(': '))(document.activeElement)";

fn expect_focus(person: &mut Person, want: &str) -> Result<()> {
    let settled = "!document.querySelector('dialog, [aria-busy=true]')";
    person.until("that the dialog has gone", settled, &Value::Null)?;
    let there = format!("{FOCUSED} === given");
    let waited = person.until(&format!("the focus on “{want}”"), &there, &json!(want));
    let found = person.ask(FOCUSED, &Value::Null)?;
    waited.map(drop).with_context(|| format!("it is on “{found}”"))
}

fn keep_focus(_: &World) -> Result<()> {
    let (_house, mut person) = at_home(|cinema| house::tiny_film(&cinema.join("one.mp4")))?;
    let items = await_items(&mut person, 1)?;
    let wish = json!({ "item": items[0]["id"], "names": ["Ada", "Ben"] });
    person.call("POST", "/shares", &wish)?;
    for name in ["first", "second"] {
        person.call("POST", "/tokens", &json!({ "kind": "media", "name": name }))?;
    }
    person.open("/shares")?;
    person.until("the links", "document.querySelectorAll('td button').length === 4", &Value::Null)?;
    let rows = person.ask(
        "[...document.querySelectorAll('td button.danger')].map(({ ariaLabel }) => ariaLabel)",
        &Value::Null,
    )?;
    let for_whom =
        |at: usize| rows[at].as_str().and_then(|label| label.rsplit(' ').next()).unwrap_or_default();
    let (upper, lower) = (for_whom(0).to_owned(), for_whom(1).to_owned());
    let edit = format!("[aria-label='Edit the link for {upper}']");
    person.tab_to(&edit, "")?;
    person.keys([key::ENTER])?;
    person.tab_to("dialog button", "Save")?;
    person.keys([key::ENTER])?;
    expect_focus(&mut person, &format!("button: Edit the link for {upper}"))?;
    person.tab_to(&format!("[aria-label='Revoke the link for {upper}']"), "")?;
    revoke_by_keys(&mut person)?;
    // A revoked link has no button any more.
    expect_focus(&mut person, &format!("button: Revoke the link for {lower}"))?;
    person.open("/admin/tokens")?;
    person.until("the tokens", "document.querySelectorAll('td button').length === 2", &Value::Null)?;
    let names = "[...document.querySelectorAll('td button')].map(({ ariaLabel }) => ariaLabel)";
    let names = person.ask(names, &Value::Null)?;
    person.tab_to("td button", "Revoke")?;
    revoke_by_keys(&mut person)?;
    expect_focus(&mut person, &format!("button: {}", names[1].as_str().unwrap_or_default()))?;
    revoke_by_keys(&mut person)?;
    expect_focus(&mut person, "h1: Tokens")?;
    keep_focus_outside_of_lists(&mut person, &items[0]["id"])
}

/// What a button is called may change by what it does; it is the same button.
fn keep_focus_outside_of_lists(person: &mut Person, item: &Value) -> Result<()> {
    let report = json!({ "item": item, "steps": "I pressed play.", "player": {} });
    let report = person.call("POST", "/reports", &report)?;
    person.open(&format!("/admin/reports/{}", report["id"].as_str().unwrap_or_default()))?;
    person.until("the report", "!!document.querySelector('#content pre')", &Value::Null)?;
    person.tab_to("#content button", "Close")?;
    person.keys([key::ENTER])?;
    expect_focus(person, "button: Open again")?;
    person.call("POST", "/users", &json!({ "name": "bob", "areas": [] }))?;
    person.open("/admin/users/bob")?;
    person.until("the user", "!!document.querySelector('#content form button')", &Value::Null)?;
    person.tab_to("#content button", "Disable")?;
    person.keys([key::ENTER])?;
    person.tab_to("dialog button", "Disable")?;
    person.keys([key::ENTER])?;
    expect_focus(person, "button: Enable")?;
    person.tab_to("#content input", "")?;
    person.keys("cinema".chars().chain([key::ENTER]))?;
    let granted = "[...document.querySelectorAll('td')].some(({ textContent }) => textContent === 'cinema')";
    person.until("the grant", granted, &Value::Null)?;
    person.until("the focus on the field", "document.activeElement.name === 'area'", &Value::Null).map(drop)
}

/// What has the focus asks first.
fn revoke_by_keys(person: &mut Person) -> Result<()> {
    person.keys([key::ENTER])?;
    person.tab_to("dialog button", "Revoke")?;
    person.keys([key::ENTER])
}

fn watch_as_guest(world: &World) -> Result<()> {
    let film = world.films()?.library().join(Kind::MoovFirst.file_name());
    let (house, mut host) = at_home(|cinema| {
        fs::copy(&film, cinema.join("The lake.mp4"))?;
        Ok(fs::write(cinema.join("The lake.en.vtt"), "WEBVTT\n\n00:00.000 --> 00:20.000\nThe lake.\n")?)
    })?;
    let items = await_items(&mut host, 1)?;
    let made = host.call("POST", "/shares", &json!({ "item": items[0]["id"], "lasts": "7d" }))?;
    let url = made["entries"][0]["url"].as_str().context("no link")?.to_owned();
    let mut guest = Person::arrive(Engine::Chromium, &house)?;
    let zone = json!({ "timezoneId": "Asia/Tokyo" });
    guest.open("/healthz")?;
    guest.browser.session.own("Emulation.setTimezoneOverride", zone)?;
    guest.open(&url)?;
    let words = "(() => { const time = document.querySelector('time'); \
        const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time.dateTime)); \
        return time.textContent === local && time.title.endsWith('UTC') && local; })()";
    guest.until("the end in the guest's own time", words, &Value::Null)?;
    let facts = "document.querySelector('#facts').textContent.startsWith('1:00 · ')";
    guest.until("how long it is", facts, &Value::Null)?;
    let menus = "[...document.querySelectorAll('#controls .setting')].map((one) => one.firstChild.textContent).join() === 'Speed,Subtitles'";
    guest.until("speed and subtitles", menus, &Value::Null)?;
    let account = "[...document.querySelectorAll('#controls button')].some(({ textContent }) => /Share|curl|tag/.test(textContent))";
    ensure!(guest.ask(account, &Value::Null)? == false, "a guest is offered what an account can do");
    guest.click("#controls button", "Why")?;
    guest.until("the verdict", "!!document.querySelector('dialog .verdict li')", &Value::Null)?;
    guest.keys([key::ESCAPE])?;
    guest.click("#controls button", "Report")?;
    guest.enter("dialog textarea", "I pressed play.")?;
    guest.click("dialog button", "Send")?;
    let sent = "document.querySelector('.notice')?.textContent.startsWith('The report is sent')";
    guest.until("that the report is sent", sent, &Value::Null)?;
    let reports = host.call("GET", "/reports", &Value::Null)?;
    let browser = reports["entries"][0]["browser"].as_str().unwrap_or_default();
    ensure!(browser.contains("Chrom") && !browser.contains(".0.0.0"), "its browser is said to be {browser}");
    Ok(())
}

fn fit_screen(world: &World) -> Result<()> {
    let film = world.films()?.library().join(Kind::MoovFirst.file_name());
    let (_house, mut person) =
        at_home(|cinema| fs::copy(&film, cinema.join("one.mp4")).map(drop).map_err(Into::into))?;
    let items = await_items(&mut person, 1)?;
    let screen = |width: u32, height: u32| json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
    person.browser.session.own("Emulation.setDeviceMetricsOverride", screen(1280, 800))?;
    person.open(&format!("/watch/{}", items[0]["id"].as_str().unwrap_or_default()))?;
    let fits = "(() => { const video = document.querySelector('video'); const buttons = document.querySelector('#controls .group'); \
        if (!video.videoWidth || !buttons) return null; \
        const bars = Math.abs(video.clientWidth / video.clientHeight - video.videoWidth / video.videoHeight); \
        return bars < 0.02 && buttons.getBoundingClientRect().bottom <= innerHeight && video.clientHeight > innerHeight / 2; })()";
    person.until("video, title and buttons on one screen, without bars", fits, &Value::Null)?;
    person.browser.session.own("Emulation.setDeviceMetricsOverride", screen(360, 740))?;
    let full = "document.querySelector('video').clientWidth === innerWidth";
    person.until("the whole width of a phone", full, &Value::Null).map(drop)
}

fn show_initials(_: &World) -> Result<()> {
    const SHOWN: &str = "(() => { const all = [...document.querySelectorAll('.film')]; \
        return all.length === 3 && all.map((film) => { const one = film.querySelector('.initial'); \
            return [film.title, one.textContent, one.className]; }).sort(); })()";
    let (_house, mut person) = at_home(|cinema| {
        let film = cinema.join("lake.mp4");
        house::tiny_film(&film)?;
        fs::copy(&film, cinema.join("(éclair).mp4"))?;
        fs::copy(&film, cinema.join("…!.mp4")).map(drop).map_err(Into::into)
    })?;
    await_items(&mut person, 3)?;
    person.open("/")?;
    let shown = person.until("the films", SHOWN, &Value::Null)?;
    let initials = [("(éclair).mp4", "É"), ("lake.mp4", "L"), ("…!.mp4", "")];
    for (at, (name, initial)) in initials.into_iter().enumerate() {
        ensure!(shown[at][0] == name && shown[at][1] == initial, "{name} has {}", shown[at]);
    }
    person.open("/?sort=oldest")?;
    let again = person.until("the films in another order", SHOWN, &Value::Null)?;
    ensure!(shown == again, "they were {shown} and are {again}");
    Ok(())
}

fn say_what_is_wrong(_: &World) -> Result<()> {
    let (_house, mut person) = at_home(|cinema| {
        fs::write(cinema.join("empty.mp4"), b"")?;
        Ok(fs::write(cinema.join("other.mp4"), b"this is no film, whatever its name says")?)
    })?;
    let items = await_items(&mut person, 2)?;
    let open = |person: &mut Person, name: &str| -> Result<()> {
        let item = items.iter().find(|item| item["name"] == name).context("no item")?;
        person.open(&format!("/watch/{}", item["id"].as_str().unwrap_or_default()))
    };
    open(&mut person, "empty.mp4")?;
    let said = "document.querySelector('.trouble')?.textContent.startsWith('The file is empty.')";
    person.until("that the file is empty", said, &Value::Null)?;
    open(&mut person, "other.mp4")?;
    let note = "document.querySelector('.why code')?.textContent.startsWith('ffmpeg ')";
    person.until("the command in the note", note, &Value::Null)?;
    person.click(".trouble button", "Why")?;
    let rule = "(() => { const all = [...document.querySelectorAll('dialog .rules p')].map(({ textContent }) => textContent); \
        return all.length >= 3 && all; })()";
    let words = person.until("what was found", rule, &Value::Null)?;
    ensure!(words[1] == "Its first bytes are of no container that a browser plays.", "it says {words}");
    ensure!(words[2].as_str().is_some_and(|seen| seen.starts_with("Seen in the file: ")), "it says {words}");
    let bare = person.ask("document.body.innerText.includes('`')", &Value::Null)?;
    ensure!(bare == false, "a backquote is shown as it is");
    person.open("/")?;
    person.until(
        "the notes in the list",
        "document.querySelectorAll('.film.broken').length === 2",
        &Value::Null,
    )?;
    let bare = person.ask("document.body.innerText.includes('`')", &Value::Null)?;
    ensure!(bare == false, "a backquote is shown as it is in the list");
    Ok(())
}

fn make_token(_: &World) -> Result<()> {
    let (_house, mut person) = at_home(|cinema| house::tiny_film(&cinema.join("one.mp4")))?;
    let items = await_items(&mut person, 1)?;
    person.open("/admin/tokens")?;
    person.click("#content button", "New token")?;
    person.enter("dialog [name=name]", "The television")?;
    person.click("dialog button", "Create")?;
    let lines = "(() => { const lines = [...document.querySelectorAll('dialog .copyable :is(input, textarea)')].map(({ value }) => value); \
        return lines.length === 3 && document.querySelectorAll('dialog .copyable button').length === 3 && lines; })()";
    let lines = person.until("the token and what to paste", lines, &Value::Null)?;
    let [token, tag, command] = [0, 1, 2].map(|at| lines[at].as_str().unwrap_or_default());
    ensure!(tag.starts_with("<video controls src=") && tag.contains(token), "it is no video tag: {tag}");
    let id = items[0]["id"].as_str().unwrap_or_default();
    ensure!(command.starts_with("curl ") && command.contains(id), "it is no curl command: {command}");
    let status = exchange(&quoted(tag)?, "HEAD", b"")?.0.status;
    ensure!(status == 200, "the pasted tag's address answers {status}");
    person.click("dialog button", "Close")?;
    expect_focus(&mut person, "button: New token")
}
