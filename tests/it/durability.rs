//! What was acknowledged stays, whatever is killed; what is damaged is refused and left as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal};
use sha2::{Digest, Sha256};

use crate::support::program::ran;
use crate::support::{Program, Ran, Server, Setup, Viewer, eventually, files, get};

const FILM: u64 = 64 << 20;

/// Runs a script with the database of a data folder under `db`, and gives what it prints.
pub fn python(program: &Program, script: &str) -> String {
    let text = format!(
        "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)\n{script}"
    );
    let database = program.data.join("reelgate.db");
    let output = Command::new("python3").arg("-c").arg(text).arg(database).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn is_intact(program: &Program) -> bool {
    let script = "print(db.execute('pragma integrity_check').fetchall(), db.execute('pragma foreign_key_check').fetchall())";
    python(program, script) == "[('ok',)] []"
}

/// Names in a column of a list.
fn names(program: &Program, line: &str, key: &str) -> BTreeSet<String> {
    let list = program.json(line);
    list.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

/// What the commands of one writer have acknowledged, or tried without being told.
#[derive(Default)]
struct Told {
    users: BTreeSet<String>,
    granted: BTreeSet<String>,
    tokens: BTreeSet<String>,
    revoked: BTreeSet<String>,
    failed: Vec<String>,
}

impl Told {
    /// A user with two grants, one grant more, two tokens of which one is revoked: five writes.
    fn write(&mut self, program: &Program, name: &str) {
        let mut done = |line: &str| {
            let ran = program.run(line.split(' '));
            if ran.code != Some(0) {
                self.failed.push(format!("{line}: {ran:?}"));
            }
            serde_json::from_str::<serde_json::Value>(&ran.stdout).ok().filter(|_| ran.code == Some(0))
        };
        let user = done(&format!("user add {name} --grant videos/a --grant videos/b --json"));
        let grant = done(&format!("grant add {name} videos/c --json"));
        let kept = done(&format!("token create {name} --json"));
        let other = done(&format!("token create {name} --json"));
        let id = |made: &serde_json::Value| made["id"].as_str().unwrap().to_owned();
        let revoked = other.as_ref().and_then(|made| done(&format!("token revoke {} --json", id(made))));
        self.users.extend(user.map(|_| name.to_owned()));
        self.granted.extend(grant.map(|_| name.to_owned()));
        self.tokens.extend(kept.as_ref().map(id));
        match (other, revoked) {
            (Some(made), Some(_)) => drop(self.revoked.insert(id(&made))),
            (Some(made), None) => drop(self.tokens.insert(id(&made))),
            (None, _) => {}
        }
    }
}

#[test]
fn kill_9_of_the_server_under_two_hundred_writes_loses_nothing() {
    let server = Setup::new().film("a/film.mp4", FILM).start();
    let program = server.program.clone();
    let (told, next) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let setup = std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= 40 {
                        return;
                    }
                    let mut one = Told::default();
                    one.write(&program, &format!("user{number}"));
                    told.lock().unwrap().push(one);
                }
            });
        }
        eventually("half of the writes", Duration::from_mins(1), || {
            (next.load(Ordering::Relaxed) > 20).then_some(())
        });
        server.kill()
    });
    let told = told.into_inner().unwrap();
    let failed: Vec<&String> = told.iter().flat_map(|one| &one.failed).collect();
    assert!(failed.is_empty(), "commands do not need the server: {failed:?}");

    let begun = Instant::now();
    let mut server = setup.start_unscanned();
    // A debug build, which takes longer than the promised two seconds allow for a release.
    assert!(begun.elapsed() < Duration::from_secs(2), "the start took {:?}", begun.elapsed());
    let of_all =
        |part: fn(&Told) -> &BTreeSet<String>| told.iter().flat_map(part).cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&program, "user list", "name"), of_all(|one| &one.users));
    let grants = program.json("grant list");
    let mut areas = BTreeMap::<_, Vec<_>>::new();
    for grant in grants.as_array().unwrap() {
        areas.entry(grant["user"].as_str().unwrap()).or_default().push(grant["area"].as_str().unwrap());
    }
    assert!(areas.values().all(|areas| areas.len() == 3), "{areas:?}");
    assert_eq!(areas.len(), of_all(|one| &one.granted).len());
    let tokens = names(&program, "token list", "id");
    assert_eq!(tokens, of_all(|one| &one.tokens), "a token is lost, or a revocation");
    assert_eq!(of_all(|one| &one.revoked).len(), 40);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    assert!(is_intact(&program));
}

#[test]
fn kill_9_of_a_command_leaves_all_of_its_change_or_nothing() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    let program = &server.program;
    let run = |name: &str, after: Duration| -> bool {
        let mut command =
            program.command(["user", "add", name, "--grant", "videos/a", "--grant", "videos/b"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(after);
        let _ = child.kill();
        child.wait().unwrap().success()
    };
    // Later and later kills, until they come too late for several.
    let mut acknowledged = BTreeSet::new();
    let mut tried = 0;
    while acknowledged.len() < 6 {
        assert!(tried < 1_000, "no command was ever done");
        if run(&format!("user{tried}"), Duration::from_micros(250) * tried) {
            acknowledged.insert(tried);
        }
        tried += 1;
    }
    assert!(tried > 12, "no kill came too early");
    let users = names(program, "user list", "name");
    let grants = program.json("grant list");
    for number in 0..tried {
        let name = format!("user{number}");
        let has = grants.as_array().unwrap().iter().filter(|grant| grant["user"] == *name).count();
        let is_there = users.contains(&name);
        assert_eq!(has, if is_there { 2 } else { 0 }, "{name} is half there");
        assert!(is_there || !acknowledged.contains(&number), "{name} was acknowledged");
    }
    assert!(is_intact(program));
}

/// A command that must refuse, with the words that it must say.
fn refuses(ran: &Ran, words: &[&str], why: &str) {
    assert_eq!(ran.code, Some(1), "{why}: {ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{why}: no {word:?} in {}", ran.stderr);
    }
}

fn serve(setup: &Setup) -> Ran {
    ran(setup.command().stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_second_server_on_the_folder_refuses_and_harms_nobody() {
    let setup = Setup::new().file("film.mp4", b"0123456789");
    let second = setup.command();
    let server = setup.start();
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}", server.id("film.mp4")));
    for _ in 0..2 {
        let mut command = Command::new(second.get_program());
        command.args(second.get_args()).current_dir(server.folder()).env_clear();
        let ran = ran(command.output().unwrap());
        refuses(&ran, &["a server already runs on", "Stop it first", "--data"], "a second server");
        assert!(ran.stdout.is_empty(), "it announces nothing: {ran:?}");
        assert_eq!(ann.send(&request).status, 200);
    }
    let setup = server.kill();
    setup.start_unscanned();
}

/// A damage, and the words that tell of it.
struct Damage {
    why: &'static str,
    /// The server was killed instead of stopped.
    killed: bool,
    harm: fn(&Program),
    words: &'static [&'static str],
}

fn database(program: &Program) -> std::path::PathBuf {
    program.data.join("reelgate.db")
}

fn overwrite(program: &Program, from: usize, len: usize) {
    let mut bytes = fs::read(database(program)).unwrap();
    bytes[from..from + len].fill(0xa5);
    fs::write(database(program), bytes).unwrap();
}

const DAMAGES: [Damage; 8] = [
    Damage {
        why: "the beginning is overwritten",
        killed: false,
        harm: |program| overwrite(program, 0, 64),
        words: &["is damaged", "Nothing was changed", "Restore a backup"],
    },
    Damage {
        why: "pages in the middle are overwritten",
        killed: false,
        harm: |program| overwrite(program, 4096, 5 * 4096),
        words: &["is damaged", "Nothing was changed", "Restore a backup"],
    },
    Damage {
        why: "the second half is cut off",
        killed: false,
        harm: |program| {
            let half = fs::metadata(database(program)).unwrap().len() / 8192 * 4096;
            fs::File::options().write(true).open(database(program)).unwrap().set_len(half).unwrap();
        },
        words: &["is damaged", "Nothing was changed", "Restore a backup"],
    },
    Damage {
        why: "the file is empty",
        killed: false,
        harm: |program| fs::write(database(program), b"").unwrap(),
        words: &["has lost its database", "empty", "Restore a backup"],
    },
    Damage {
        why: "the file is not there",
        killed: false,
        harm: |program| fs::remove_file(database(program)).unwrap(),
        words: &["has lost its database", "not there", "Restore a backup"],
    },
    Damage {
        why: "the log of a killed server is not there",
        killed: true,
        harm: |program| fs::remove_file(program.data.join("reelgate.db-wal")).unwrap(),
        words: &["has lost the write-ahead log", "Nothing was changed", "restore a backup"],
    },
    Damage {
        why: "a newer version has changed the schema",
        killed: false,
        harm: |program| {
            let columns = "version, description, success, checksum, execution_time";
            python(
                program,
                &format!(
                    "db.execute(\"insert into _sqlx_migrations ({columns}) values (9999, 'later', 1, x'00', 1)\")"
                ),
            );
        },
        words: &["newer reelgate", "9999", "Nothing was changed"],
    },
    Damage {
        why: "it is another program's database",
        killed: false,
        harm: |program| fs::write(database(program), "not a database\n".repeat(1000)).unwrap(),
        words: &["is damaged", "Nothing was changed"],
    },
];

/// Everything that is in a folder and matters: an empty log or an index of it may come and go.
fn state(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let passes = |path: &Path| match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("db-shm") => true,
        Some("db-wal") => fs::metadata(path).unwrap().len() == 0,
        _ => false,
    };
    let kept = entries.filter(|path| !passes(path));
    kept.map(|path| (path.display().to_string(), Sha256::digest(fs::read(&path).unwrap()).to_vec())).collect()
}

#[test]
fn a_damaged_data_folder_is_refused_and_left_as_it_is() {
    for damage in DAMAGES {
        let mut server = Server::with(&[("film.mp4", b"0123456789")]);
        server.user("ann", Some("videos"));
        let program = server.program.clone();
        if !damage.killed {
            server.signal(Signal::TERM);
            assert!(server.wait().success());
        }
        let setup = server.kill();
        (damage.harm)(&program);
        let before = state(&program.data);
        refuses(&serve(&setup), damage.words, damage.why);
        refuses(&program.run(["user", "add", "bob", "--role", "admin"]), damage.words, damage.why);
        assert!(state(&program.data) == before, "{}: the folder was changed", damage.why);
    }
}

/// A server was killed, its log is still there, and a version that must refuse is tried in between.
#[test]
fn a_refused_start_after_a_kill_takes_nothing_from_the_next_one() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    let ann = server.user("ann", Some("videos"));
    let (id, token) = (server.id("film.mp4"), ann.token().to_owned());
    let program = server.program.clone();
    let setup = server.kill();
    // Without closing in order, which would write the log back.
    let script = |change: &str| format!("import os\ndb.execute(\"{change}\")\nos._exit(0)");
    let columns = "version, description, success, checksum, execution_time";
    python(
        &program,
        &script(&format!("insert into _sqlx_migrations ({columns}) values (9999, 'later', 1, x'00', 1)")),
    );
    refuses(&serve(&setup), &["newer reelgate"], "an older version");
    refuses(&program.run(["user", "list"]), &["newer reelgate"], "an older version's command");
    python(&program, &script("delete from _sqlx_migrations where version = 9999"));
    let server = setup.start_unscanned();
    assert_eq!(server.send(&get(format!("/m/{id}?token={token}"))).status, 200);
}

/// Holds the one right to write of a database, as a backup or another program may.
pub struct Lock(Child);

impl Lock {
    pub fn take(program: &Program) -> Lock {
        let script = "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)\n\
                      db.execute('begin exclusive')\nprint('locked', flush=True)\nsys.stdin.read()";
        let mut command = Command::new("python3");
        command.arg("-c").arg(script).arg(database(program)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        Lock(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn while_the_database_is_locked_playback_goes_on_and_changes_fail_with_clear_words() {
    let server = Setup::new().film("film.mp4", FILM).start();
    let ann = server.user("ann", Some("videos"));
    let bea = server.user("bea", Some("videos"));
    let request = get(format!("/m/{}", server.id("film.mp4"))).range("bytes=0-99");
    assert_eq!(ann.send(&request).status, 206);
    let mut viewer = Viewer::open(server.address, &get(format!("{}?token={}", request.target, ann.token())));

    let lock = Lock::take(&server.program);
    let changing = [["user", "add", "cid"], ["token", "revoke", "nobody"]].map(|line| {
        let program = server.program.clone();
        std::thread::spawn(move || program.run(line))
    });
    viewer.take(1 << 20).expect("the response goes on");
    let begun = Instant::now();
    let mut asked = 0;
    while !changing.iter().all(std::thread::JoinHandle::is_finished) {
        let sent = Instant::now();
        assert_eq!(ann.send(&request).status, 206, "who was known");
        assert_eq!(bea.send(&request).status, 206, "who was not asked for before");
        assert_eq!(server.send(&get("/readyz")).status, 200);
        assert!(sent.elapsed() < Duration::from_secs(1), "after {:?}", sent.elapsed());
        asked += 1;
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(asked > 10 && begun.elapsed() < Duration::from_secs(30), "{asked} in {:?}", begun.elapsed());
    for ran in changing.map(|changing| changing.join().unwrap()) {
        refuses(&ran, &["the database does not answer", "locked"], "a change");
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
    drop(lock);
    assert!(!names(&server.program, "user list", "name").contains("cid"), "half of a change");
    server.program.ok("user add cid --grant videos");
    assert_eq!(server.token("cid", "").send(&request).status, 206, "without a restart");
}

/// A disk without room, as the kernel shows it to one process: no file may become longer than this.
fn without_room(program: &Program, args: &[&str], blocks: u32) -> Ran {
    let inner = program.command(args);
    let mut command = Command::new("sh");
    // Ignored, the signal becomes the error of the write.
    command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    ran(command.current_dir(program.data.parent().unwrap()).stdin(Stdio::null()).output().unwrap())
}

#[test]
fn a_change_without_room_on_the_disk_fails_as_a_whole_and_shows_no_token() {
    let server = Server::with(&[("film.mp4", b"0123456789")]);
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}", server.id("film.mp4")));
    let mut failures = 0;
    // From no room at all to enough: somewhere between the write fails half-way.
    for blocks in (0..=512).step_by(32) {
        let before = server.program.json("token list").as_array().unwrap().len();
        let ran = without_room(&server.program, &["token", "create", "ann", "--json"], blocks);
        let after = server.program.json("token list").as_array().unwrap().len();
        assert_eq!(ann.send(&request).status, 200, "{blocks} blocks");
        if ran.code == Some(0) {
            assert_eq!(after, before + 1, "{blocks} blocks: {ran:?}");
            continue;
        }
        failures += 1;
        assert_eq!((ran.code, after), (Some(1), before), "{blocks} blocks: {ran:?}");
        assert!(!ran.stdout.contains("rg_") && !ran.stderr.contains("rg_"), "{blocks} blocks: {ran:?}");
        assert!(
            ran.stderr.contains("error: ") || ran.stderr.contains("\"error\""),
            "{blocks} blocks: {ran:?}"
        );
    }
    assert!((1..17).contains(&failures), "{failures} failures");
    assert_eq!(server.token("ann", "").send(&request).status, 200);
    assert!(is_intact(&server.program));
}

#[test]
fn a_server_without_room_on_the_disk_plays_on_and_recovers_by_itself() {
    let setup = Setup::new().film("film.mp4", FILM);
    setup.program().ok("scan videos");
    // Ignored, the signal becomes the error of the write. The log has no room either.
    let server = setup.start_in_shell("trap '' XFSZ");
    let ann = server.user("ann", Some("videos"));
    let request = get(format!("/m/{}", server.id("film.mp4"))).range("bytes=0-99");
    let mut viewer = Viewer::open(server.address, &get(format!("{}?token={}", request.target, ann.token())));
    let pid = rustix::process::Pid::from_raw(server.pid());
    let limit = |current: Option<u64>| {
        let limit = Rlimit { current, maximum: None };
        rustix::process::prlimit(pid, Resource::Fsize, limit).unwrap();
    };
    limit(Some(0));
    files::write(&server.library().join("new.mp4"), &files::bytes(1_000));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        assert_eq!(ann.send(&request).status, 206, "who was known");
        assert_eq!(server.send(&get("/healthz")).status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    let bea = server.user("bea", Some("videos"));
    assert_eq!(bea.send(&request).status, 206, "who came by a command, which has room");
    viewer.take(1 << 20).expect("the response goes on");
    assert_eq!(server.find_id("new.mp4"), None, "there was room after all");
    limit(None);
    eventually("the new file", Duration::from_secs(20), || server.find_id("new.mp4"));
    server.program.ok(&format!("token revoke {}", ann.token_id()));
    let end = viewer.watch(Duration::from_millis(20));
    assert!(end.reset && !end.is_complete(), "{end:?}");
}

#[test]
fn a_folder_of_somebody_else_is_not_taken_over() {
    let setup = Setup::new();
    let data = setup.program().data;
    files::write(&data.join("photo.jpg"), b"mine");
    let ran = setup.program().run(["scan", "videos"]);
    refuses(&ran, &["holds other files", "--data"], "a folder with files");
    refuses(&serve(&setup), &["holds other files", "--data"], "a folder with files");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}
