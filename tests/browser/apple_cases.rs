//! The cases of Apple's replay: against the program it has to pass, against each broken reference to fail, and a file of
//! 5 GiB has to end where it ends.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::apple::replay;
use crate::cases::{Case, World};
use crate::film::{Film, Kind, huge};
use crate::process::unstarted;
use crate::program::Credential;
use crate::reference::{Fault, Reference};

pub(crate) fn all() -> Vec<Case> {
    let right = RIGHT.map(|(name, fault)| {
        Case::new(format!("apple: passes a server that {name}"), move |world| accept(world, fault))
    });
    let wrong = WRONG.map(|(name, fault, complaint)| {
        Case::new(format!("apple: refuses a server that {name}"), move |world| {
            refuse(world, fault, complaint)
        })
    });
    let program = Kind::ALL.into_iter().flat_map(|kind| Credential::ALL.map(|it| program_case(kind, it)));
    let huge = Case::new("huge: ranges about 2 GiB, 4 GiB and the end of a file of 5 GiB".into(), check_huge);
    right.into_iter().chain(wrong).chain(program).chain([huge]).collect()
}

const RIGHT: [(&str, Fault); 3] =
    [("is right", Fault::None), ("has a weak ETag", Fault::WeakEtag), ("speaks HTTP/1.0", Fault::Http10)];

/// What the server does, and what the replay has to say of it.
const WRONG: [(&str, Fault, &str); 24] = [
    (
        "names the size as the end and sends one byte less",
        Fault::SizeAsEndAndShort,
        "Content-Length: 1 in place of 2",
    ),
    ("names the byte behind the end", Fault::SizeAsEnd, "Content-Range: Some(\"bytes 0-2/"),
    ("sends one byte less", Fault::OneShort, "Content-Length: 1 in place of 2"),
    ("sends 206 without Content-Range", Fault::NoContentRange, "Content-Range: None"),
    ("does not tell the size", Fault::UnknownTotal, "/*\") in place of"),
    ("sends the whole only", Fault::WholeOnly, "status 200 in place of 206"),
    ("sends the whole only and says so", Fault::WholeOnlyDenied, "status 200 in place of 206"),
    ("cuts answers to 1 MiB", Fault::CutToOneMebibyte, "Content-Length: 1048576 in place of"),
    ("sends each range from byte 0", Fault::BodyFromZero, "the body differs from the film"),
    ("sends ranges in chunks", Fault::Chunked, "Transfer-Encoding: Some(\"chunked\")"),
    ("sends more than it announced", Fault::Excess, "4 bytes more than announced"),
    ("sends the whole behind the end", Fault::WholeBehindTheEnd, "status 200 in place of 416"),
    ("refuses without the size", Fault::BareUnsatisfiable, "416 with Content-Range None"),
    ("sends 206 behind the end", Fault::PartBehindTheEnd, "status 206 in place of 416"),
    ("changes its ETag", Fault::ChangingEtag, "ETag: \"1\" after \"0\""),
    (
        "sends application/octet-stream",
        Fault::OctetStream,
        "Content-Type: Some(\"application/octet-stream\")",
    ),
    ("sends no type", Fault::NoType, "Content-Type: None"),
    ("sends text/plain", Fault::PlainText, "Content-Type: Some(\"text/plain\")"),
    (
        "drops the connection every 2 MiB",
        Fault::DroppedEveryTwoMebibytes,
        "a body of 2097152 bytes in place of",
    ),
    (
        "sends a part of another version",
        Fault::DeafToIfRange,
        "\"another version\": status 206 in place of 200",
    ),
    ("knows no suffixes", Fault::DeafToSuffixes, "bytes=-1: status 200 in place of 206"),
    ("refuses an end behind the end", Fault::StrictAboutTheEnd, "an end behind the end: "),
    ("closes without a word", Fault::ClosesUnannounced, "connection"),
    ("serves one reader at a time", Fault::OneAtATime, "a reader that stalls: "),
];

fn accept(world: &World, fault: Fault) -> Result<()> {
    let film = world.film(Kind::MoovLast)?;
    replay(&Reference::serve(film, fault)?.url(), film)
}

/// The replay has to end with the complaint that fits: a crash of the test is not a fault of the server.
fn refuse(world: &World, fault: Fault, complaint: &str) -> Result<()> {
    match accept(world, fault) {
        Ok(()) => bail!("the replay passes it"),
        Err(error) => {
            let text = format!("{error:#}");
            ensure!(text.contains(complaint), "the replay ends otherwise than with {complaint:?}: {text}");
            Ok(())
        }
    }
}

fn program_case(kind: Kind, credential: Credential) -> Case {
    Case::new(format!("apple: {} by {}", kind.label(), credential.label()), move |world| {
        let url = world.program()?.media_url(kind.file_name(), credential)?;
        match kind {
            Kind::MoovLast => replay(&url, &shown(&url, world.film(kind)?)?),
            Kind::MoovFirst | Kind::Webm => replay(&url, world.film(kind)?),
        }
    })
}

/// The film as it is shown with its index in front; that its samples are the file's is for `tests/it/faststart.rs`.
fn shown(url: &str, film: &Film) -> Result<Film> {
    let bytes = curl(url, "0-")?;
    ensure!(bytes.len() == film.bytes.len(), "{} bytes in place of {}", bytes.len(), film.bytes.len());
    let place = |kind: &[u8]| bytes.windows(4).position(|four| four == kind);
    ensure!(place(b"moov") < place(b"mdat"), "the index is not in front");
    Ok(Film { content_type: film.content_type, bytes })
}

fn check_huge(world: &World) -> Result<()> {
    let url = world.program()?.media_url(huge::NAME, Credential::Query)?;
    for (place, mark) in huge::MARKS {
        let got = curl(&url, &format!("{place}-{}", place + 15))?;
        ensure!(
            got == mark.as_bytes(),
            "at {place}: {:?} in place of {mark:?}",
            String::from_utf8_lossy(&got)
        );
    }
    let end = curl(&url, "-1000")?;
    let (_, mark) = huge::MARKS.last().context("no marks")?;
    ensure!(end.len() == 1000 && end.ends_with(mark.as_bytes()), "the last 1,000 bytes: {} came", end.len());
    ensure!(end.iter().take(984).all(|byte| *byte == 0), "the hole before the end is not empty");
    Ok(())
}

fn curl(url: &str, range: &str) -> Result<Vec<u8>> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--max-time", "20", "--range", range, url]);
    let output = command.output().map_err(|error| unstarted(&command, "curl", &error))?;
    ensure!(output.status.success(), "curl {range}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}
