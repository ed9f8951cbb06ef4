//! The films: made once a run by ffmpeg, a minute long, large enough that a browser asks for ranges.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::clock;
use crate::process::unstarted;

pub(crate) const SECONDS: u16 = 60;
pub(crate) const WIDTH: u16 = 640;
pub(crate) const HEIGHT: u16 = 360;

/// A library's folder takes its name from here.
pub(crate) const LIBRARY: &str = "videos";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    MoovFirst,
    MoovLast,
    Webm,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::MoovFirst, Self::MoovLast, Self::Webm];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::MoovFirst => "mp4 with moov first",
            Self::MoovLast => "mp4 with moov last",
            Self::Webm => "webm",
        }
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::MoovFirst => "moov-first.mp4",
            Self::MoovLast => "moov-last.mp4",
            Self::Webm => "clip.webm",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::MoovFirst | Self::MoovLast => "video/mp4",
            Self::Webm => "video/webm",
        }
    }

    /// A file too small for ranges would prove nothing.
    fn least_size(self) -> usize {
        match self {
            Self::MoovFirst | Self::MoovLast => 40_000_000,
            Self::Webm => 10_000_000,
        }
    }
}

pub(crate) struct Film {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// All films, and the folder that they lie in.
pub(crate) struct Films {
    folder: TempDir,
    films: [Arc<Film>; 3],
}

impl Films {
    pub(crate) fn make() -> Result<Self> {
        let folder = TempDir::with_prefix_in("browser-films-", env!("CARGO_TARGET_TMPDIR"))?;
        let library = folder.path().join(LIBRARY);
        fs::create_dir(&library)?;
        encode(&library)?;
        let films = Kind::ALL.map(|kind| read(&library, kind));
        let [first, last, webm] = films;
        Ok(Self { folder, films: [Arc::new(first?), Arc::new(last?), Arc::new(webm?)] })
    }

    pub(crate) fn library(&self) -> PathBuf {
        self.folder.path().join(LIBRARY)
    }

    pub(crate) fn film(&self, kind: Kind) -> &Arc<Film> {
        let [first, last, webm] = &self.films;
        match kind {
            Kind::MoovFirst => first,
            Kind::MoovLast => last,
            Kind::Webm => webm,
        }
    }
}

fn read(library: &Path, kind: Kind) -> Result<Film> {
    let bytes = fs::read(library.join(kind.file_name()))?;
    ensure!(bytes.len() >= kind.least_size(), "{} is too small: {} bytes", kind.label(), bytes.len());
    Ok(Film { content_type: kind.content_type(), bytes })
}

/// The slower `WebM` is made beside the two MP4 files.
fn encode(library: &Path) -> Result<()> {
    let mut webm =
        record(library, Kind::Webm, "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis", "2M");
    let mut webm = webm.spawn().map_err(|error| unstarted(&webm, "ffmpeg", &error))?;
    finish(&mut record(library, Kind::MoovLast, "-c:v libx264 -preset ultrafast -c:a aac", "6M"))?;
    let mut remux = ffmpeg();
    remux.arg("-i").arg(library.join(Kind::MoovLast.file_name()));
    remux.args(["-c", "copy", "-movflags", "+faststart"]).arg(library.join(Kind::MoovFirst.file_name()));
    finish(&mut remux)?;
    ensure!(webm.wait()?.success(), "ffmpeg could not make the webm");
    Ok(())
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    command
}

fn finish(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| unstarted(command, "ffmpeg", &error))?;
    ensure!(status.success(), "ffmpeg could not make an mp4: {status}");
    Ok(())
}

/// Grey noise keeps the bit rate up; the clock stands on it.
fn record(library: &Path, kind: Kind, codecs: &str, rate: &str) -> Command {
    let mut command = ffmpeg();
    let picture = format!("color=gray:s={WIDTH}x{HEIGHT}:r={}", clock::FRAMES_A_SECOND);
    command.args(["-f", "lavfi", "-i", &picture]);
    command.args(["-f", "lavfi", "-i", "sine=440:r=48000"]);
    command.args(["-vf", &format!("noise=c0s=50:c0f=t,{}", clock::filters())]);
    command.args(codecs.split(' '));
    command.args(["-t", &SECONDS.to_string(), "-pix_fmt", "yuv420p", "-g", "50"]);
    for option in ["-b:v", "-minrate", "-maxrate", "-bufsize"] {
        command.args([option, rate]);
    }
    command.arg(library.join(kind.file_name()));
    command
}

/// A film made longer than 4 GiB by a hole, with marks where a count of 32 bits would go wrong.
pub(crate) mod huge {
    use super::{Context, Films, Kind, Result, fs};
    use std::os::unix::fs::FileExt;

    pub(crate) const NAME: &str = "huge.mp4";
    pub(crate) const SIZE: u64 = 5 << 30;
    /// Where a mark begins, and its text.
    pub(crate) const MARKS: [(u64, &str); 3] = [
        ((1 << 31) - 8, "about 2 GiB here"),
        ((1 << 32) - 8, "about 4 GiB here"),
        (SIZE - 16, "the end is here."),
    ];

    pub(crate) fn make(films: &Films) -> Result<()> {
        let path = films.library().join(NAME);
        fs::copy(films.library().join(Kind::MoovFirst.file_name()), &path)?;
        let file = fs::OpenOptions::new().write(true).open(&path)?;
        file.set_len(SIZE).context("a file of 5 GiB with a hole")?;
        for (place, text) in MARKS {
            file.write_all_at(text.as_bytes(), place)?;
        }
        Ok(())
    }
}
