//! The three browsers: how each is started, with a profile of its own, and what can be asked of all of them.

use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::marionette::Marionette;
use crate::process::Process;
use crate::webdriver::WebDriver;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
    WebKitGtk,
}

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKitGtk];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKitGtk => "webkitgtk",
        }
    }

    pub(crate) fn start(self) -> Result<Browser> {
        let profile = TempDir::new()?;
        match self {
            Self::Chromium => start_chromium(profile),
            Self::Firefox => start_firefox(profile),
            Self::WebKitGtk => start_webkitgtk(profile),
        }
        .with_context(|| format!("{} does not start", self.name()))
    }

    /// A command that finds nothing of the user's and writes its log beside the other results of the tests.
    fn command(self, program: &str, profile: &TempDir) -> Result<Command> {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("browser-{}.log", self.name()));
        let log = File::create(log)?;
        let mut command = Command::new(program);
        command.stdout(log.try_clone()?).stderr(log);
        for (variable, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("TMPDIR", "temporary"),
        ] {
            let folder = profile.path().join(folder);
            fs::create_dir(&folder)?;
            command.env(variable, folder);
        }
        Ok(command)
    }
}

pub(crate) trait Session {
    fn navigate(&mut self, url: &str) -> Result<()>;
    /// Runs a script that calls its last argument with the result.
    fn execute(&mut self, script: &str, arguments: Value) -> Result<Value>;
    /// Lets scripts run in the page's first frame from now on.
    fn enter_frame(&mut self) -> Result<()>;
    /// What is to be seen of the page, as PNG.
    fn screenshot(&mut self) -> Result<Vec<u8>>;
}

/// A running browser. Its parts end in the order in which they stand here.
pub(crate) struct Browser {
    pub(crate) session: Box<dyn Session>,
    _processes: Vec<Process>,
    _profile: TempDir,
}

fn start_chromium(profile: TempDir) -> Result<Browser> {
    let port = free_port()?;
    let mut driver = Engine::Chromium.command("chromedriver", &profile)?;
    let driver = Process::start(driver.arg(format!("--port={port}")), "chromium-driver")?;
    let stream = connect(port)?;
    let binary = installed("chromium", "chromium")?;
    let data = format!("--user-data-dir={}", profile.path().join("chromium").display());
    let options = json!({ "binary": binary, "args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
        "--window-size=1280,800", "--autoplay-policy=no-user-gesture-required", data,
    ]});
    drop(stream);
    let session = WebDriver::open(port, &json!({ "goog:chromeOptions": options }))?;
    Ok(Browser { session: Box::new(session), _processes: vec![driver], _profile: profile })
}

fn start_firefox(profile: TempDir) -> Result<Browser> {
    let port = free_port()?;
    let folder = profile.path().join("firefox");
    fs::create_dir(&folder)?;
    fs::write(folder.join("user.js"), firefox_preferences(port))?;
    let mut firefox = Engine::Firefox.command("firefox-esr", &profile)?;
    firefox.args(["--headless", "--marionette", "--no-remote", "--profile"]).arg(&folder);
    firefox.args(["--window-size", "1280,800", "about:blank"]);
    let firefox = Process::start(&mut firefox, "firefox-esr")?;
    let session = Marionette::open(connect(port)?)?;
    Ok(Browser { session: Box::new(session), _processes: vec![firefox], _profile: profile })
}

/// Playback starts by itself, and nothing is asked of any network.
fn firefox_preferences(port: u16) -> String {
    let numbers = [("marionette.port", port), ("media.autoplay.default", 0), ("browser.startup.page", 0)];
    let off = [
        "app.normandy.enabled",
        "app.update.enabled",
        "browser.safebrowsing.downloads.enabled",
        "browser.safebrowsing.malware.enabled",
        "browser.safebrowsing.phishing.enabled",
        "browser.shell.checkDefaultBrowser",
        "datareporting.policy.dataSubmissionEnabled",
        "extensions.getAddons.cache.enabled",
        "media.autoplay.block-webaudio",
        "media.gmp-manager.updateEnabled",
        "network.captive-portal-service.enabled",
        "network.connectivity-service.enabled",
        "toolkit.telemetry.enabled",
    ];
    let numbers = numbers.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"));
    let off = off.map(|name| format!("user_pref(\"{name}\", false);\n"));
    [numbers.concat(), off.concat()].concat()
}

fn start_webkitgtk(profile: TempDir) -> Result<Browser> {
    let (screen, display) = start_screen(&profile)?;
    let port = free_port()?;
    let mut driver = Engine::WebKitGtk.command("WebKitWebDriver", &profile)?;
    driver.arg(format!("--port={port}")).env("DISPLAY", display).env("LIBGL_ALWAYS_SOFTWARE", "1");
    let driver = Process::start(&mut driver, "webkit2gtk-driver")?;
    drop(connect(port)?);
    let options = json!({ "binary": mini_browser()?, "args": ["--automation", "--autoplay-policy=allow", "--geometry=1280x800"] });
    let session = WebDriver::open(port, &json!({ "webkitgtk:browserOptions": options }))?;
    Ok(Browser { session: Box::new(session), _processes: vec![driver, screen], _profile: profile })
}

/// A screen in memory; Xvfb chooses a free number and prints it when it is ready.
fn start_screen(profile: &TempDir) -> Result<(Process, String)> {
    let log = File::create(profile.path().join("screen.log"))?;
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"]);
    let mut screen = Process::start(command.stdout(Stdio::piped()).stderr(log), "xvfb")?;
    let mut number = String::new();
    BufReader::new(screen.stdout()?).read_line(&mut number)?;
    ensure!(!number.trim().is_empty(), "Xvfb ended without a display");
    Ok((screen, format!(":{}", number.trim())))
}

/// `WebKitGTK`'s small browser lies with the library, in a folder that names the machine and the API.
fn mini_browser() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let inner = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let mut places = inner.map(|entry| entry.path().join("MiniBrowser"));
    places.find(|path| path.is_file()).context("MiniBrowser is missing: apt-get install webkit2gtk-driver")
}

fn installed(program: &str, package: &str) -> Result<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&folders).map(|folder| folder.join(program));
    places
        .find(|path| path.is_file())
        .with_context(|| format!("{program} is missing: apt-get install {package}"))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Waits until a program listens. It cannot tell that it does, so it is asked again and again.
fn connect(port: u16) -> Result<TcpStream> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            return Ok(stream);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("nobody listens on its port within 30 s")
}
