//! The command line, typed: what it prints for people and for programs, its exit status, and the cure in each error.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::program::{bare, ran};
use crate::support::{Program, Ran, Server, Setup, files, films, get};

/// A data folder with a library, a user, a token and a key, and no server.
fn furnished() -> (Setup, Program) {
    let setup = Setup::new().file("film.mp4", &files::bytes(20_000)).file("2024/a.mp4", b"0123456789");
    let program = setup.program();
    program.ok("scan videos");
    program.ok("user add ada --grant videos");
    program.ok("token create ada --name tv");
    program.ok("key create");
    (setup, program)
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

#[test]
fn every_command_gives_json_of_its_shape_and_a_text_for_people() {
    let (_setup, program) = furnished();
    let id = program.json("items")[1]["id"].as_str().unwrap().to_owned();
    let sign = format!("sign /m/{id} --for 1h");
    // Ada is not the last administrator when she becomes a viewer again.
    program.ok("user add zoe --role admin");
    // The same command runs twice, once for each form; a name or an id makes them differ.
    let cases: [(&str, &str, &str); 20] = [
        ("user add bob{}", "created_at id name password role state system", "reelgate token create bob"),
        ("user list", "created_at id name password role state system", "not yet, tokens only"),
        ("user show ada", "created_at grants id name password role state system tokens", "sees      videos"),
        ("user set ada --role admin", "created_at id name password role state system", "admin"),
        ("user set ada --role viewer", "created_at id name password role state system", "viewer"),
        ("user disable ada", "created_at id name password role state system", "disabled"),
        ("user enable ada", "created_at id name password role state system", "active"),
        ("grant add ada videos/2024", "added area user", "ada may watch videos/2024"),
        ("grant list", "area created_at user", "MAY WATCH"),
        ("grant list ada", "area created_at user", "videos/2024"),
        (
            "token create ada --for 2h --path videos/2024",
            "expires_at id kind name scope token user warning",
            "Shown only now",
        ),
        (
            "token create ada --kind api",
            "expires_at id kind name scope token user warning",
            "Authorization: Bearer",
        ),
        ("token list", "created_at expires_at id kind name scope used_at user", "LAST USED"),
        ("key create", "created_at id retired token", "Shown only now"),
        ("key list", "created_at id retires_at", "SINCE"),
        (&sign, "expires_at url", "/m/"),
        ("key rotate --keep 1h", "created_at id retired token", "older keys"),
        ("scan videos", "", "VIDEOS"),
        (
            "items",
            "audio_codec browsers container duration_ms height id library note path plays poster size state \
             subtitles url video_codec width",
            "DURATION",
        ),
        ("config check videos", "area default description key source value", "SETTING"),
    ];
    for (line, want, words) in cases {
        let said = program.ok(&line.replace("{}", "1"));
        assert!(said.contains(words), "{line}: no {words:?} in {said}");
        assert!(serde_json::from_str::<Value>(&said).is_err(), "{line}: JSON for people: {said}");
        let value = program.json(&line.replace("{}", "2"));
        let one =
            value.as_array().map_or(&value, |list| list.first().unwrap_or_else(|| panic!("{line}: empty")));
        let is_list = ["list", "items", "check", "scan"].iter().any(|word| line.contains(word));
        assert_eq!(value.is_array(), is_list, "{line}: {value}");
        if !want.is_empty() {
            assert_eq!(keys(one), want.split(' ').collect(), "{line}");
        }
    }
    assert_eq!(program.json("user delete bob1 --yes")["state"], "deleted");
    let removed = program.json("grant remove ada videos/2024");
    assert_eq!((&removed["removed"], &removed["still"]), (&json!(true), &json!(["videos"])));
}

#[test]
fn a_created_secret_opens_what_it_is_for_and_lists_show_what_is_there() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    let program = &server.program;
    program.ok("user add ada --grant videos");
    let made = program.json("token create ada --name tv");
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("rg_"), "{made}");
    assert_eq!(server.send(&get(format!("/m/{}?token={token}", server.id("film.mp4")))).status, 200);
    let list = program.json("token list ada");
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(
        (&list[0]["id"], &list[0]["name"], &list[0]["kind"]),
        (&made["id"], &json!("tv"), &json!("media"))
    );
    program.ok(&format!("token revoke {}", made["id"].as_str().unwrap()));
    assert_eq!(program.json("token list"), json!([]));
    assert!(program.ok("token list").contains("reelgate token create"), "an empty list says what to do");
    let nobody = server.program.json("user show ada");
    assert_eq!((&nobody["grants"], &nobody["tokens"]), (&json!(["videos"]), &json!(0)));
}

/// What was typed, the exit status, and words that must stand in the error: what is wrong, and what helps.
type Mistake = (&'static str, i32, &'static [&'static str]);

const MISTAKES: [Mistake; 34] = [
    ("", 2, &["no folder to serve", "reelgate DIR"]),
    ("nonsense", 2, &["nonsense"]),
    ("serve nowhere", 2, &["nowhere"]),
    ("usr list", 2, &["usr", "does not exist"]),
    ("user", 2, &["Usage"]),
    ("user add", 2, &["NAME"]),
    ("user add ada", 1, &["ada", "already", "another name"]),
    ("user add ADA", 1, &["already"]),
    ("user add a/b", 1, &["a/b"]),
    ("user add bob --role king", 2, &["king", "admin", "viewer"]),
    ("user add bob --grant vidoes", 1, &["vidoes", "Did you mean \"videos\""]),
    ("user show adda", 1, &["adda", "Did you mean \"ada\""]),
    ("user set ada", 2, &["--role", "--system"]),
    ("user passwd ada", 2, &["--password-stdin"]),
    ("user add bob --password", 2, &["--password-stdin"]),
    ("user delete nobody --yes", 1, &["nobody"]),
    ("grant add ada vidos", 1, &["Did you mean \"videos\""]),
    ("grant add ada videos/../x", 2, &["dot"]),
    ("grant remove ada videos/2024", 1, &["no grant", "Granted: videos"]),
    ("token create zed", 1, &["zed", "ada"]),
    ("token create ada --for 2x", 2, &["2x", "30s, 2h or 7d"]),
    ("token create ada --for 0s", 2, &["over at once"]),
    ("token create ada --item abc", 2, &["22 characters", "reelgate items"]),
    ("token create ada --item AAAAAAAAAAAAAAAAAAAAAA", 1, &["No item", "reelgate items"]),
    ("token create ada --item -AAAAAAAAAAAAAAAAAAAAA", 1, &["No item", "reelgate items"]),
    ("token create ada --item AAAAAAAAAAAAAAAAAAAAAA --path videos", 2, &["--path"]),
    ("token revoke nothing", 1, &["No valid token", "reelgate token list"]),
    ("sign /m/abc --for 1h", 1, &["cannot be signed", "/m/ID"]),
    ("sign /m/AAAAAAAAAAAAAAAAAAAAAA --for 1h --key zzz", 1, &["zzz", "reelgate key list"]),
    ("items nothing", 1, &["nothing", "videos"]),
    ("scan nowhere", 2, &["nowhere"]),
    ("config check --listen here", 2, &["listen", "flag --listen", "here"]),
    ("healthcheck --listen 127.0.0.1:1", 1, &["127.0.0.1:1"]),
    ("completions tcsh", 2, &["tcsh", "bash"]),
];

#[test]
fn a_mistake_in_what_is_granted_is_told_once_with_examples_at_hand() {
    let (_setup, program) = furnished();
    let ran = program.run(["grant", "add", "ada", "//x"]);
    assert_eq!(ran.stderr.matches("//x").count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("names no library"), "{ran:?}");
    for line in ["grant --help", "grant add --help"] {
        assert!(program.ok(line).contains("reelgate grant add ada videos/2024"), "{line}");
    }
}

#[test]
fn users_and_grants_stand_as_people_count() {
    let (_setup, program) = furnished();
    for line in [
        "user add cam10 --grant videos/10 --grant videos/9",
        "user add Cam9 --grant videos/b --grant /",
        "user add cam1",
    ] {
        program.ok(line);
    }
    let values = |line: &str, key: &str| {
        let rows = program.json(line);
        let texts = rows.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(values("user list", "name"), "ada cam1 Cam9 cam10");
    assert_eq!(values("grant list cam10", "area"), "videos/9 videos/10");
    assert_eq!(values("grant list Cam9", "area"), "/ videos/b");
}

#[test]
fn lists_fit_a_terminal_of_80_columns() {
    let (_setup, program) = furnished();
    program.ok("user add root --role admin");
    let video = program.json("items")[0]["path"].as_str().unwrap().to_owned();
    program.ok(&format!("share create videos/{video} --for 2h --plays 3 --name Grandma"));
    program.ok("token create ada --for 2h --path videos/2024 --name phone");
    for line in ["items", "user list", "share list", "token list", "grant list"] {
        let said = program.ok(line);
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{line}: {said}");
    }
    let shares = program.ok("share list");
    assert!(shares.contains("Grandma") && shares.contains("0 of 3 "), "{shares}");
}

#[test]
fn a_mistake_has_its_exit_status_and_says_what_helps() {
    let (_setup, program) = furnished();
    for (line, code, words) in MISTAKES {
        let ran = program.run(line.split(' ').filter(|word| !word.is_empty()));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{line}: {ran:?}");
        for word in words {
            assert!(ran.stderr.contains(word), "{line}: no {word:?} in {}", ran.stderr);
        }
        assert!(
            !ran.stderr.contains("panicked") && !ran.stderr.contains("RUST_BACKTRACE"),
            "{line}: {ran:?}"
        );
    }
    assert_eq!(program.json("user list").as_array().unwrap().len(), 1, "nobody was added by half");
}

#[test]
fn with_json_an_error_is_json_too() {
    let (_setup, program) = furnished();
    let ran = program.run(["user", "show", "nobody", "--json"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, keys(&error)), (Some(1), BTreeSet::from(["error"])));
}

#[test]
fn a_folder_that_is_not_there_is_made_by_commands_that_begin_and_by_no_other() {
    let setup = Setup::new();
    let program = setup.program();
    for line in [
        "user list",
        "user set ada --role admin",
        "grant list",
        "token list",
        "token create ada",
        "key list",
        "items",
    ] {
        let ran = program.run(line.split(' '));
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
        assert!(ran.stderr.contains("is not there yet") && ran.stderr.contains("--data"), "{line}: {ran:?}");
        assert!(!program.data.exists(), "{line} has made a folder");
    }
    program.ok("user add ada");
    assert!(program.data.exists());
}

#[test]
fn a_password_comes_by_standard_input_and_within_its_limits() {
    let (_setup, program) = furnished();
    let set =
        |password: &str| program.run_with_input(["user", "passwd", "ada", "--password-stdin"], password);
    let long = "x".repeat(1_025);
    for (password, words) in
        [("1234567\n", "at least 8"), ("12345678\n", "one of the first"), (long.as_str(), "at most 1024")]
    {
        let ran = set(password);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(words), "{ran:?}");
    }
    assert_eq!(program.json("user show ada")["password"], false);
    assert_eq!(set("k7#pQ2mz\n").code, Some(0));
    assert_eq!(program.json("user show ada")["password"], true);
    let ran = program.run_with_input(["user", "add", "bob", "--password-stdin", "--json"], "long enough");
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap()["password"], true);
}

#[test]
fn verify_says_good_over_or_bad_and_exits_accordingly() {
    let (_setup, program) = furnished();
    let id = program.json("items")[0]["id"].as_str().unwrap().to_owned();
    let url = program.json_text(&format!("sign /m/{id} --for 1h"), "url");
    let folder = program.json_text("sign /files/videos/2024/ --for 1h", "url");
    let (_, query) = folder.split_once('?').unwrap();
    let over = program.json_text(&format!("sign /m/{id} --for 1s"), "url");
    crate::support::eventually("its end", std::time::Duration::from_secs(3), || {
        (program.run(["verify", &over]).code == Some(1)).then_some(())
    });
    let cases = [
        (url.clone(), "good", "as it was made"),
        (format!("https://video.example.org{url}"), "good", "with the host"),
        (format!("/files/videos/2024/a.mp4?{query}"), "good", "a file of a signed folder"),
        (format!("/files/videos/film.mp4?{query}"), "bad", "a file beside it"),
        (over, "over", "its time has passed"),
        (url.replace("exp=", "exp=9"), "bad", "a later end"),
        (url.replace(&id, "AAAAAAAAAAAAAAAAAAAAAA"), "bad", "another item"),
        (format!("{url}&t=1"), "bad", "a parameter more"),
        (format!("/m/{id}"), "bad", "no signature"),
    ];
    for (url, want, why) in cases {
        let ran = program.run(["verify", &url, "--json"]);
        let verdict: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            (verdict["verdict"].as_str(), ran.code),
            (Some(want), Some(i32::from(want != "good"))),
            "{why}"
        );
        assert_eq!(verdict["reason"].is_string(), want == "bad", "{why}: {verdict}");
    }
    program.ok("key rotate --keep 0s");
    assert_eq!(program.run(["verify", &url]).code, Some(1), "its key is gone");
}

#[test]
fn settings_come_from_flag_environment_and_file_in_this_order() {
    let setup = Setup::new();
    let text = "listen = \"127.0.0.1:1001\"\nscan_interval = \"1h\"\npublic_url = \"https://a.example\"\n[limits]\nheaders = 40\n";
    fs::write(setup.folder().join("reelgate.toml"), text).unwrap();
    let mut command =
        setup.program().command(["config", "check", "videos", "--json", "--listen", "127.0.0.1:1003"]);
    command.env("REELGATE_LISTEN", "127.0.0.1:1002").env("REELGATE_SCAN_INTERVAL", "2h");
    let list: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let cases = [
        ("listen", "127.0.0.1:1003", "flag --listen"),
        ("scan_interval", "2h", "environment REELGATE_SCAN_INTERVAL"),
        ("public_url", "https://a.example/", "reelgate.toml:3"),
        ("limits.headers", "40", "reelgate.toml:5"),
        ("limits.head_timeout", "10s", "default"),
    ];
    for (key, value, source) in cases {
        let found = list.as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap();
        assert_eq!(found["value"], value, "{key}");
        assert!(found["source"].as_str().unwrap().ends_with(source), "{found}");
    }
    let mistakes = [
        ("lisen = \"x\"\n", &["reelgate.toml:1", "did you mean `listen`"][..]),
        ("[limits]\nhead_timout = \"1s\"\n", &["reelgate.toml:2", "limits.head_timeout"][..]),
        ("[limits]\nhead_timeout = \"10\"\n", &["reelgate.toml:2", "30s"][..]),
        ("listen = \n", &["reelgate.toml:1", "not TOML"][..]),
    ];
    for (text, words) in mistakes {
        fs::write(setup.folder().join("reelgate.toml"), text).unwrap();
        let ran = setup.program().run(["config", "check", "videos"]);
        assert_eq!(ran.code, Some(2), "{text}: {ran:?}");
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{text}: {}", ran.stderr);
    }
    fs::remove_file(setup.folder().join("reelgate.toml")).unwrap();
    let mut command = setup.program().command(["config", "check", "videos"]);
    let ran = ran(command.env("REELGATE_LISEN", "x").output().unwrap());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("REELGATE_LISTEN"), "{ran:?}");
}

/// What a program prints before it has nothing more to say, and the program, which runs on.
struct Talk {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Drop for Talk {
    /// In order, so that a demo takes its folder with it.
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let pid = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            let _ = self.child.wait();
        }
    }
}

impl Talk {
    fn start(command: &mut Command) -> Talk {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Talk { child, said }
    }

    /// Everything up to the line that holds this.
    fn until(&mut self, words: &str) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            let read = self.said.read_line(&mut text).unwrap();
            assert!(read > 0, "no {words:?} in {text}");
        }
        text
    }
}

#[test]
fn a_first_start_says_what_it_serves_and_how_somebody_can_watch() {
    let setup = Setup::new().file("film.mp4", b"0123456789");
    let mut command = bare();
    // Bare: `reelgate DIR`, with the default data folder.
    command.args(["videos", "--listen", "127.0.0.1:0"]).current_dir(setup.folder());
    let mut talk = Talk::start(&mut command);
    let text = talk.until("Then a video plays");
    let folder = setup.library();
    for words in ["serves  videos", folder.to_str().unwrap(), "open    http://127.0.0.1:", "reelgate-data"] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    assert!(!text.contains("warning"), "{text}");
    // The three lines as they are typed.
    let program = Program::new(setup.folder().join("reelgate-data"));
    let typed: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("reelgate ")).collect();
    let typed: Vec<&str> = typed.into_iter().filter(|line| !line.starts_with("0.")).collect();
    assert_eq!(typed.len(), 3, "{text}");
    for line in &typed {
        let ran = ran(bare().args(line.split(' ')).current_dir(setup.folder()).output().unwrap());
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
    assert_eq!(program.json("user show ada")["grants"], json!(["videos"]));
    drop(talk);
    let mut again = Talk::start(&mut command);
    assert!(!again.until("data ").contains("Nobody can watch"), "there is somebody now");
}

#[test]
fn beyond_this_machine_there_is_a_warning() {
    let setup = Setup::new();
    let mut command = setup.program().command(["serve", "videos", "--listen", "0.0.0.0:0"]);
    let text = Talk::start(&mut command).until("warning:");
    assert!(text.contains("http://localhost:"), "{text}");
    let mut command = setup.program().command(["serve", "videos", "--listen", "0.0.0.0:0", "--json"]);
    let line = Talk::start(&mut command).until("\n");
    let announced: Value = serde_json::from_str(&line).unwrap();
    assert!(announced["warning"].as_str().is_some_and(|warning| warning.contains("unencrypted")), "{line}");
}

#[test]
fn a_taken_port_is_said() {
    let server = Server::with(&[]);
    let setup = Setup::new();
    let ran = setup.program().run(["serve", "videos", "--listen", &server.address.to_string()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stderr.contains("another program may be there") && ran.stderr.contains("--listen"),
        "{ran:?}"
    );
}

#[test]
fn the_data_folder_is_for_its_owner_whatever_the_mask_says() {
    let setup = Setup::new();
    let inner = setup.program().command(["scan", "videos"]);
    let mut command = Command::new("sh");
    command.arg("-c").arg("umask 000; exec \"$0\" \"$@\"").arg(inner.get_program()).args(inner.get_args());
    command.current_dir(setup.folder()).env_clear().stdout(Stdio::null());
    assert!(command.status().unwrap().success());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = setup.program().data;
    assert_eq!(mode(&data), 0o700);
    let modes: Vec<u32> = fs::read_dir(&data).unwrap().map(|entry| mode(&entry.unwrap().path())).collect();
    assert!(!modes.is_empty() && modes.iter().all(|mode| mode | 0o700 == 0o700), "{modes:?}");
}

#[test]
fn completions_and_help_are_there_and_survive_a_reader_that_leaves() {
    for (shell, words) in
        [("bash", "complete -F"), ("zsh", "#compdef reelgate"), ("fish", "complete -c reelgate")]
    {
        let ran = ran(bare().args(["completions", shell]).output().unwrap());
        assert_eq!(ran.code, Some(0), "{shell}: {ran:?}");
        assert!(ran.stdout.contains(words) && ran.stdout.contains("healthcheck"), "{shell}");
    }
    // Longer than a pipe holds, so that the writer must meet the closed end.
    let films =
        (0..2_000).map(|number| format!("a film with a long name, so that the list is long {number}.mp4"));
    let whole = films::film(1, 1_500);
    let setup = films.fold(Setup::new(), |setup, film| setup.file(&film, &whole));
    setup.program().ok("scan videos");
    for line in ["completions bash", "items", "items --json", "--help"] {
        let mut child = setup
            .program()
            .command(line.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let code = child.wait().unwrap().code();
        assert_eq!((code, said.as_str()), (Some(0), ""), "{line} | head -0");
    }
}

#[test]
fn healthcheck_tells_a_server_that_answers_from_none() {
    let mut server = Server::with(&[]);
    let address = server.address.to_string();
    let check = |extra: &[&str]| -> Ran {
        let line = [&["healthcheck", "--listen", &address][..], extra].concat();
        server.program.run(line)
    };
    assert_eq!(check(&[]).code, Some(0));
    let ready = check(&["--ready", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&ready.stdout).unwrap(),
        json!({ "address": address, "status": 200 })
    );
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let gone = server.program.run(["healthcheck", "--listen", &address]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains("nothing listens on"), "{gone:?}");
}

#[test]
fn a_log_that_takes_nothing_stops_nobody() {
    let setup = Setup::new().file("film.mp4", b"0123456789");
    setup.program().ok("scan videos");
    let server = setup.start_in_shell("exec 2>/dev/full");
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}", server.id("film.mp4")));
    for _ in 0..3 {
        assert_eq!(ann.send(&request).status, 200);
    }
}

#[test]
fn the_demo_plays_as_it_says() {
    let mut command = bare();
    let mut talk = Talk::start(command.args(["demo", "--listen", "127.0.0.1:0", "--json"]));
    let told: Value = serde_json::from_str(&talk.until("\n")).unwrap();
    assert_eq!(keys(&told), BTreeSet::from(["id", "login", "page", "token", "url"]));
    let fetch = |key: &str| {
        let url = told[key].as_str().unwrap().strip_prefix("http://").unwrap();
        let (address, path) = url.split_once('/').unwrap();
        get(format!("/{path}")).send(address.parse().unwrap())
    };
    let (page, film) = (fetch("page"), fetch("url"));
    assert_eq!((page.status, film.status), (200, 200));
    assert!(page.text().contains("<video") && page.text().contains("controls"), "{}", page.text());
    assert_eq!((film.header("content-type"), &film.body[4..8]), (Some("video/mp4"), &b"ftyp"[..]));
    let address = told["url"].as_str().unwrap().split('/').nth(2).unwrap().parse().unwrap();
    let item =
        format!("/api/v1/items/{}?token={}", told["id"].as_str().unwrap(), told["token"].as_str().unwrap());
    assert_eq!(get(item).send(address).json()["state"], "complete", "nobody records it");
}

#[test]
fn the_demos_lines_work_when_they_are_pasted() {
    let mut command = bare();
    let mut talk = Talk::start(command.args(["demo", "--listen", "127.0.0.1:0"]));
    let text = talk.until("Its folder:");
    let folder = text.rsplit_once("Its folder: ").unwrap().1.trim().to_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    let wanted = ["HTTP/1.1 206", "HTTP/1.1 206", "HTTP/1.1 416"];
    assert_eq!(lines.len(), wanted.len(), "{text}");
    for (line, want) in lines.iter().zip(wanted) {
        let output = Command::new("sh").arg("-c").arg(line).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.starts_with(want), "{line}: {said}");
    }
    assert!(text.contains("<video controls src=\"http://127.0.0.1:"), "{text}");
    let pid = rustix::process::Pid::from_child(&talk.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(talk.child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(&folder).exists(), "{folder} stays");
}
