//! What `doctor` prints: the facts in three sections, a table of browsers, and each finding with its cure.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::doctor::address::shown;
use crate::doctor::exchange::{Answer, Framing, Probe};
use crate::doctor::facts::{End, FileFacts, Index, Repair, TrackFacts};
use crate::doctor::http::{HttpFacts, Software};
use crate::doctor::install::{Check, State};
use crate::doctor::rules::Layer;
use crate::doctor::verdict::{Finding, Verdict};

use super::output::{Output, print, size};

/// Everything that was found out.
pub(super) struct Examined {
    path: Option<PathBuf>,
    file: Option<FileFacts>,
    http: Option<HttpFacts>,
    public: Option<HttpFacts>,
    verdict: Verdict,
}

/// It was examined, and the answer is no: exit status 1 without another word.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unwell(&'static str);

impl Examined {
    pub(super) fn new(
        path: Option<PathBuf>,
        file: Option<FileFacts>,
        http: Option<HttpFacts>,
        public: Option<HttpFacts>,
        findings: Vec<Finding>,
    ) -> Examined {
        Examined { path, file, http, public, verdict: Verdict::of(findings) }
    }
}

pub(super) fn show(examined: &Examined, output: Output) -> anyhow::Result<()> {
    let value = json!({
        "path": examined.path.as_ref().map(|path| path.display().to_string()),
        "file": examined.file,
        "http": examined.http.as_ref().map(http_value),
        "path_to_viewer": examined.public.as_ref().map(http_value),
        "browsers": examined.verdict.browsers,
        "findings": examined.verdict.findings,
    });
    output.show(&value, || text(examined))?;
    if examined.verdict.is_good() { Ok(()) } else { Err(Unwell("it does not play everywhere").into()) }
}

#[derive(Serialize)]
struct Asked {
    probe: Probe,
    range: Option<String>,
    status: Option<u16>,
    content_range: Option<String>,
    length: Option<u64>,
    error: Option<String>,
}

fn http_value(http: &HttpFacts) -> Value {
    let asked = http.answers.iter().map(|(probe, answer)| {
        let ok = answer.as_ref().ok();
        Asked {
            probe: *probe,
            range: probe.range(http.size.unwrap_or(0)),
            status: ok.map(|answer| answer.status),
            content_range: ok.and_then(|answer| answer.header("content-range")).map(str::to_owned),
            length: ok.and_then(Answer::length),
            error: answer.as_ref().err().map(|failure| failure.text.clone()),
        }
    });
    json!({
        "url": shown(&http.first),
        "final_url": shown(&http.last),
        "server": http.software(),
        "is_reelgate": http.is_reelgate(),
        "size": http.size,
        "answers": asked.collect::<Vec<_>>(),
    })
}

fn text(examined: &Examined) -> String {
    let mut lines = Vec::new();
    if let Some(path) = &examined.path {
        lines.push(format!("{}\n", path.display()));
    }
    section(
        &mut lines,
        "FILE",
        examined.file.as_ref().map_or_else(|| vec!["no video was received".to_owned()], file),
    );
    if let Some(http) = &examined.http {
        section(&mut lines, "HTTP", server(http));
    }
    if let Some(public) = &examined.public {
        section(&mut lines, "PATH", server(public));
    }
    lines.push(String::new());
    lines.extend(examined.verdict.browsers.iter().map(|outcome| {
        let line = format!(
            "{:<9}{:<24}{}",
            outcome.browser.name(),
            outcome.effect.words(),
            outcome.because.join(", ")
        );
        line.trim_end().to_owned()
    }));
    let name = examined.path.as_ref().map(|path| quoted(&path.display().to_string()));
    lines.extend(examined.verdict.findings.iter().map(|found| finding(found, name.as_deref())));
    if examined.verdict.findings.is_empty() {
        lines.push("\nNothing is wrong.".to_owned());
    }
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, name: &str, content: Vec<String>) {
    for (number, line) in content.into_iter().enumerate() {
        lines.push(format!("{:<6}{line}", if number == 0 { name } else { "" }));
    }
}

/// For a shell, where it needs that.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+".contains(c);
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    if name.chars().all(is_plain) { name } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

/// `name` is the file's, for the command that cures it.
fn finding(finding: &Finding, name: Option<&str>) -> String {
    let layer = match finding.layer {
        Layer::File => "file",
        Layer::Http => "http",
        Layer::Path => "path",
    };
    let mut text = format!("\n{} ({layer}): {}\n  seen    {}", finding.rule, finding.reason, finding.seen);
    if let Some(cure) = &finding.cure {
        let cure = name.map_or(cure.clone(), |name| cure.replace("-i IN ", &format!("-i {name} ")));
        text = format!("{text}\n  cure    {cure}");
    } else if finding.effect.worst() == crate::doctor::rules::Effect::Repaired {
        text.push_str("\n  cure    none needed: reelgate changes it while it serves the file");
    }
    format!("{text}\n  source  {}", finding.source)
}

fn file(file: &FileFacts) -> Vec<String> {
    let index = match &file.index {
        Index::NotApplicable => None,
        Index::First => Some("index at the front".to_owned()),
        Index::Last => Some("index at the end".to_owned()),
        Index::None if file.is_fragmented => None,
        Index::None => Some("no index".to_owned()),
        Index::Unseen => Some("index not within reach".to_owned()),
        Index::Compressed => Some("index compressed".to_owned()),
        Index::Damaged(_) => Some("index damaged".to_owned()),
    };
    let duration = file.duration_ms.map(|millis| {
        let seconds = millis / 1000;
        format!("{}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, millis % 1000)
    });
    let cut = matches!(file.end, End::CutOff(_)).then(|| "cut off".to_owned());
    let fragmented = file.is_fragmented.then(|| "fragmented".to_owned());
    let parts = [Some(file.content_type.clone()), Some(size(file.len)), duration, index, fragmented, cut];
    let mut lines = vec![parts.into_iter().flatten().collect::<Vec<_>>().join(", ")];
    lines.extend(file.tracks.iter().map(track));
    match &file.faststart {
        Repair::Done => lines.push("served by reelgate with its index in front".to_owned()),
        Repair::LeftAlone(why) => lines.push(format!("served by reelgate as it is: {why}")),
        Repair::NotNeeded => {}
    }
    lines
}

fn track(track: &TrackFacts) -> String {
    let turned = track.rotation.filter(|degrees| *degrees > 0).map(|degrees| format!("turned by {degrees}°"));
    let picture = (track.width > 0).then(|| format!("{}x{}", track.width, track.height));
    let rate = track.frame_rate.as_ref().map(|rate| format!("{rate} fps"));
    let depth = track.bit_depth.filter(|bits| *bits > 8).map(|bits| format!("{bits} bit"));
    let sound = (track.channels > 0).then(|| format!("{} channels", track.channels));
    let hertz = (track.sample_rate > 0).then(|| format!("{} Hz", track.sample_rate));
    let codec = Some(track.codec.clone()).filter(|codec| !codec.is_empty());
    let parts = [codec, picture, rate, depth, turned, sound, hertz, track.language.clone()];
    format!("{}: {}", track.kind, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn server(http: &HttpFacts) -> Vec<String> {
    let mut lines = vec![shown(&http.first)];
    lines.extend(http.hops.iter().map(|hop| format!("{} to {}", hop.status, shown(&hop.to))));
    let Some(begin) = http.get(Probe::Begin) else {
        lines.extend(http.failure().map(|failure| failure.text.clone()));
        return lines;
    };
    let name = match http.software() {
        Software::Reelgate => "reelgate",
        Software::Nginx => "nginx",
        Software::Caddy => "Caddy",
        Software::Apache => "Apache",
        Software::Cloudflare => "Cloudflare",
        Software::Other => "an unknown server",
    };
    let behind =
        if http.is_reelgate() && http.software() != Software::Reelgate { " before reelgate" } else { "" };
    let total = http.size.map_or("of unknown length".to_owned(), size);
    lines.push(format!("{name}{behind}, {} questions, {total}", http.answers.len()));
    lines.push(format!("bytes=0-1: {}", answer(begin)));
    lines
}

fn answer(answer: &Answer) -> String {
    let range = answer.header("content-range").map(|range| format!("Content-Range: {range}"));
    let length = match answer.framing {
        Framing::Length(length) => format!("Content-Length: {length}"),
        Framing::Chunked => "chunked".to_owned(),
        Framing::UntilClose => "no length".to_owned(),
    };
    let kind = answer.header("content-type").map(|kind| format!("Content-Type: {kind}"));
    let parts = [Some(answer.status.to_string()), range, Some(length), kind];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) fn installation(checks: &[Check], output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        print(&serde_json::to_string(checks)?)?;
    } else {
        print(&checks.iter().map(check).collect::<Vec<_>>().join("\n"))?;
    }
    let is_well = checks.iter().all(|check| check.state < State::Bad);
    if is_well { Ok(()) } else { Err(Unwell("this installation is not well").into()) }
}

fn check(check: &Check) -> String {
    let word = match check.state {
        State::Good => "good",
        State::Note => "note",
        State::Bad => "BAD",
    };
    let cure = check.cure.as_ref().map(|cure| format!("\n{:<20}cure: {cure}", "")).unwrap_or_default();
    format!("{word:<6}{:<14}{}{cure}", check.name, check.found)
}
