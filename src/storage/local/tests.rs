//! Opening on a real disk: what is opened, what never is, and what waits.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FileType, RenameFlags, mknodat, renameat_with};
use rustix::io::pread;
use tempfile::TempDir;

use super::*;
use crate::storage::ReadError;

const SECRET: &[u8] = b"secret";
const FILM: &[u8] = b"a film of 24 bytes, mute";
const LIMIT: Duration = Duration::from_secs(10);

/// A library beside something that must not get out.
struct Disk {
    _all: TempDir,
    library: PathBuf,
    folder: Folder,
}

impl Disk {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        fs::write(all.path().join("secret"), SECRET).unwrap();
        let library = all.path().join("library");
        fs::create_dir_all(library.join("folder/deep")).unwrap();
        fs::write(library.join("film.mp4"), FILM).unwrap();
        fs::write(library.join("folder/deep/film.mp4"), FILM).unwrap();
        fs::write(library.join(".hidden"), SECRET).unwrap();
        fs::create_dir(library.join(".folder")).unwrap();
        fs::write(library.join(".folder/film.mp4"), SECRET).unwrap();
        symlink("film.mp4", library.join("link-inside")).unwrap();
        symlink("../secret", library.join("link-outside")).unwrap();
        symlink(all.path().join("secret"), library.join("link-absolute")).unwrap();
        symlink("folder", library.join("link-folder")).unwrap();
        symlink("..", library.join("link-up")).unwrap();
        symlink("/proc/self/root", library.join("link-magic")).unwrap();
        symlink("nowhere", library.join("link-broken")).unwrap();
        mknodat(CWD, library.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        drop(UnixListener::bind(library.join("socket")).unwrap());
        let folder = Folder::open(&library, 4, LIMIT).unwrap();
        Self { _all: all, library, folder }
    }

    fn distant(&self, permits: usize, limit: Duration) -> Folder {
        Folder::open(&self.library, permits, limit).unwrap().distant()
    }
}

impl Folder {
    /// The same folder as if it lay on a disk that may make one wait.
    pub(crate) fn distant(self) -> Self {
        let mut shared = Arc::try_unwrap(self.0).unwrap();
        shared.local = None;
        Self(Arc::new(shared))
    }
}

fn content(file: &MediaFile) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    let count = pread(file, &mut *bytes, 0).unwrap();
    bytes.truncate(count);
    bytes
}

/// Ends a thread also when an assertion has failed.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Names that must never open, each with a reason.
fn refused() -> Vec<(String, &'static str)> {
    let names = [
        ("", "the root itself"),
        (".", "the root itself"),
        ("..", "above the root"),
        ("../secret", "above the root"),
        ("folder/../film.mp4", "a way up, although it ends inside"),
        ("folder/../../secret", "above the root"),
        ("/film.mp4", "absolute"),
        ("/etc/passwd", "absolute"),
        ("film.mp4/", "a file is no folder"),
        ("film.mp4/film.mp4", "a file is no folder"),
        ("folder//deep/film.mp4", "an empty component"),
        ("film.mp4\0", "NUL ends names for the kernel"),
        ("film.mp4\0.jpg", "NUL ends names for the kernel"),
        (".hidden", "hidden"),
        (".folder/film.mp4", "in a hidden folder"),
        ("folder/.hidden", "hidden, and not there"),
        ("missing", "not there"),
        ("folder", "a folder"),
        ("pipe", "a pipe, and nobody writes into it"),
        ("socket", "a socket"),
        ("link-inside", "a link, wherever it leads"),
        ("link-outside", "a link out of the library"),
        ("link-absolute", "a link out of the library"),
        ("link-broken", "a link to nothing"),
        ("link-folder/deep/film.mp4", "a folder that is a link"),
        ("link-up/secret", "a link out of the library"),
        ("link-up/library/film.mp4", "a link out of the library and back"),
        ("link-magic/etc/passwd", "a link to a link that is none"),
    ];
    let long = ("x".repeat(256), "longer than any name");
    names.into_iter().map(|(name, why)| (name.to_owned(), why)).chain([long]).collect()
}

#[tokio::test]
async fn regular_files_open_in_every_way() {
    let disk = Disk::new();
    for name in ["film.mp4", "folder/deep/film.mp4"] {
        for folder in [&disk.folder, &disk.distant(1, LIMIT)] {
            assert_eq!(content(&folder.open_file(name).await.unwrap()), FILM, "{name}");
            assert_eq!(content(&folder.open_file_blocking(name).unwrap()), FILM, "{name}");
        }
        let walked = walk::open(&disk.folder.0.root, name, READ).unwrap();
        assert_eq!(content(&disk.folder.admit(walked).unwrap()), FILM, "{name}, without openat2");
        assert_eq!(content(&disk.folder.open_now(name).unwrap().unwrap()), FILM, "{name}, just opened");
    }
}

#[tokio::test]
async fn nothing_else_opens_in_any_way() {
    let disk = Disk::new();
    for (name, why) in refused() {
        for folder in [&disk.folder, &disk.distant(1, LIMIT)] {
            let opened = folder.open_file(&name).await;
            assert!(matches!(opened, Err(OpenError::Gone(_))), "{name:?}: {why}: {opened:?}");
        }
        let opened = disk.folder.open_file_blocking(&name);
        assert!(matches!(opened, Err(OpenError::Gone(_))), "{name:?}: {why}: {opened:?}");
        let examined = disk.folder.examine(&name);
        assert!(examined.is_err(), "{name:?}: {why}: {examined:?}");
    }
}

/// The kernel's walk and ours are asked without the check of names in front of them.
#[test]
fn the_walk_refuses_what_openat2_refuses() {
    let disk = Disk::new();
    let root = &disk.folder.0.root;
    for (name, why) in refused() {
        if check_name(&name).is_err() {
            continue;
        }
        let admit = |file: rustix::io::Result<OwnedFd>| disk.folder.admit(file?);
        for opened in
            [admit(openat2(root, &*name, READ, Mode::empty(), BENEATH)), admit(walk::open(root, &name, READ))]
        {
            assert!(matches!(opened, Err(OpenError::Gone(_))), "{name:?}: {why}: {opened:?}");
        }
    }
}

#[test]
fn a_name_that_is_swapped_for_a_link_never_leads_to_the_secret() {
    let disk = Disk::new();
    let (name, other) = (disk.library.join("film.mp4"), disk.library.join("other"));
    symlink("../secret", &other).unwrap();
    let (folder, link) = (disk.library.join("folder"), disk.library.join("elsewhere"));
    fs::create_dir_all(disk.library.join("../outside/deep")).unwrap();
    fs::write(disk.library.join("../outside/deep/film.mp4"), SECRET).unwrap();
    symlink("../outside", &link).unwrap();
    let is_over = AtomicBool::new(false);
    let (mut opened, mut refused) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                renameat_with(CWD, &name, CWD, &other, RenameFlags::EXCHANGE).unwrap();
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let _stop = Stop(&is_over);
        let root = &disk.folder.0.root;
        for _ in 0..1_000_000 {
            for name in ["film.mp4", "folder/deep/film.mp4"] {
                for file in [disk.folder.open_file_blocking(name), walk(&disk.folder, root, name)] {
                    match file {
                        Ok(file) => {
                            assert_eq!(content(&file), FILM);
                            opened += 1;
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
            if opened > 1_000 && refused > 1_000 {
                break;
            }
        }
    });
    assert!(opened > 1_000 && refused > 1_000, "there was a race: {opened} opened, {refused} refused");
}

fn walk(folder: &Folder, root: &OwnedFd, name: &str) -> Result<MediaFile, OpenError> {
    folder.admit(walk::open(root, name, READ)?)
}

#[test]
fn what_is_examined_is_what_is_there() {
    let disk = Disk::new();
    let stat = disk.folder.examine("film.mp4").unwrap();
    let want = fs::metadata(disk.library.join("film.mp4")).unwrap();
    assert_eq!((stat.len, stat.dev, stat.ino), (want.len(), want.dev(), want.ino()));
    let moment = |seconds, nanoseconds| (seconds, u32::try_from(nanoseconds).unwrap());
    assert_eq!(stat.modified, moment(want.mtime(), want.mtime_nsec()));
    assert_eq!(stat.changed, moment(want.ctime(), want.ctime_nsec()));
    assert_eq!(stat.born.is_some(), want.created().is_ok());
}

#[test]
fn errors_about_a_name_and_errors_about_the_machine() {
    let cases = [
        (Errno::NOENT, true),
        (Errno::ACCESS, true),
        (Errno::LOOP, true),
        (Errno::XDEV, true),
        (Errno::MFILE, false),
        (Errno::NFILE, false),
        (Errno::NOMEM, false),
        (Errno::IO, false),
        (Errno::STALE, false),
    ];
    for (errno, want) in cases {
        assert_eq!(matches!(OpenError::from(errno), OpenError::Gone(_)), want, "{errno}");
    }
}

#[test]
fn a_root_must_be_a_folder() {
    let disk = Disk::new();
    for name in ["film.mp4", "missing"] {
        assert!(Folder::open(&disk.library.join(name), 1, LIMIT).is_err(), "{name}");
    }
}

#[test]
fn the_folder_that_was_opened_stays_the_root() {
    let disk = Disk::new();
    let moved = disk.library.with_extension("moved");
    fs::rename(&disk.library, &moved).unwrap();
    fs::create_dir(&disk.library).unwrap();
    fs::write(disk.library.join("film.mp4"), SECRET).unwrap();
    assert_eq!(content(&disk.folder.open_file_blocking("film.mp4").unwrap()), FILM);
}

#[tokio::test]
async fn a_stalled_folder_answers_in_time_and_stalls_no_other() {
    let disk = Disk::new();
    let stalled = disk.distant(1, Duration::from_millis(30));
    let file = Arc::new(stalled.open_file("film.mp4").await.unwrap());
    let stuck = Arc::clone(&stalled.0.permits).acquire_owned().await.unwrap();
    assert!(matches!(stalled.open_file("film.mp4").await, Err(OpenError::Stalled)));
    let witness = file.witness();
    let read = Arc::clone(&file).read(vec![0; 4], 0, 4, witness).await;
    assert!(matches!(read, Err(ReadError::Stalled)));
    assert!(disk.distant(1, LIMIT).open_file("film.mp4").await.is_ok(), "another folder");
    drop(stuck);
    assert!(stalled.open_file("film.mp4").await.is_ok(), "it answers again");
}

#[tokio::test]
async fn a_call_that_is_given_up_keeps_its_permit_until_it_returns() {
    let disk = Disk::new();
    let folder = disk.distant(1, Duration::from_millis(30));
    let file = Arc::new(folder.open_file("film.mp4").await.unwrap());
    let (go, wait) = mpsc::channel::<()>();
    let read = Arc::clone(&file).on_pool(move |_| {
        let _ = wait.recv();
        Ok(())
    });
    assert!(matches!(read.await, Err(ReadError::Stalled)));
    assert_eq!(folder.0.permits.available_permits(), 0);
    go.send(()).unwrap();
    let _permit = folder.0.permits.acquire().await.unwrap();
}

#[tokio::test]
async fn a_distant_file_is_never_read_or_closed_on_the_spot() {
    let disk = Disk::new();
    let file = Arc::new(disk.distant(1, LIMIT).open_file("film.mp4").await.unwrap());
    assert_eq!(file.read_now(&mut [0; 4], 0, &file.witness()), None);
    assert_eq!(file.beginning().await.unwrap(), FILM);
    let shared = Arc::clone(file.folder());
    drop(file);
    assert!(shared.closer.get().is_some(), "there is a thread for it");
}

#[test]
fn the_closer_closes() {
    let disk = Disk::new();
    let (reader, writer) = std::io::pipe().unwrap();
    disk.folder.0.close(OwnedFd::from(writer).into());
    // The end of the pipe comes when its last writer is closed.
    assert_eq!(std::io::read_to_string(reader).unwrap(), "");
}

#[tokio::test]
async fn a_file_without_permission_is_gone() {
    let disk = Disk::new();
    fs::set_permissions(disk.library.join("film.mp4"), fs::Permissions::from_mode(0o000)).unwrap();
    let opened = disk.folder.open_file("film.mp4").await;
    // Root may read everything.
    let want = if rustix::process::geteuid().is_root() { opened.is_ok() } else { opened.is_err() };
    assert!(want, "{opened:?}");
}

#[test]
fn offsets_beyond_four_gibibytes_are_exact() {
    let disk = Disk::new();
    let mut sparse = fs::File::create(disk.library.join("sparse.mp4")).unwrap();
    let len = 5 << 30;
    sparse.set_len(len).unwrap();
    sparse.write_all_at(b"end", len - 3).unwrap();
    sparse.flush().unwrap();
    let file = disk.folder.open_file_blocking("sparse.mp4").unwrap();
    assert_eq!(file.stat().len, len);
    let mut bytes = [1; 8];
    assert_eq!(file.read_blocking(&mut bytes, len - 5, &mut file.witness()).unwrap(), 5);
    assert_eq!(&bytes, b"\0\0end\x01\x01\x01");
}

#[test]
fn behind_the_end_there_is_nothing_but_an_error() {
    let disk = Disk::new();
    let file = disk.folder.open_file_blocking("film.mp4").unwrap();
    let mut witness = file.witness();
    assert_eq!(file.read_now(&mut [0; 4], file.stat().len, &witness), None);
    let read = file.read_blocking(&mut [0; 4], file.stat().len, &mut witness);
    assert!(matches!(read, Err(ReadError::Truncated)), "{read:?}");
}

#[tokio::test]
async fn the_beginning_is_what_there_is_up_to_512_bytes() {
    let disk = Disk::new();
    for len in [0, 1, 511, 512, 513] {
        fs::write(disk.library.join("short.mp4"), vec![7; len]).unwrap();
        for folder in [&disk.folder, &disk.distant(1, LIMIT)] {
            let file = Arc::new(folder.open_file("short.mp4").await.unwrap());
            assert_eq!(file.beginning().await.unwrap(), vec![7; len.min(512)], "of {len}");
        }
    }
}

/// A write sets the time first and the length later: what looks like a rewrite is looked at again.
#[test]
fn an_append_that_is_half_done_is_waited_for() {
    let disk = Disk::new();
    let file = disk.folder.open_file_blocking("film.mp4").unwrap();
    let (go, wait) = mpsc::channel();
    thread::scope(|scope| {
        let writer = fs::OpenOptions::new().write(true).open(disk.library.join("film.mp4")).unwrap();
        writer.set_modified(std::time::UNIX_EPOCH).unwrap();
        scope.spawn(move || {
            wait.recv().unwrap();
            writer.set_len(100).unwrap();
        });
        let mut witness = file.witness();
        let mut bytes = [0; 24];
        go.send(()).unwrap();
        assert_eq!(file.read_blocking(&mut bytes, 0, &mut witness).unwrap(), 24);
        assert_eq!(bytes, FILM);
    });
}
