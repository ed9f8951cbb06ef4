//! What `doctor` prints: the facts in three sections, a table of browsers, and each finding with its cure.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::doctor::address::shown;
use crate::doctor::exchange::{Answer, Framing, Probe};
use crate::doctor::http::{HttpFacts, Software};
use crate::doctor::install::{Check, State};
use crate::doctor::rules::Layer;
use crate::doctor::verdict::{Finding, ServedBy, Verdict};
use crate::probe::{Examined, Mp4, Place, Problem, archive};

use super::output::{Output, print, size};
use super::probe::{picture, quoted, sound};

/// Everything that was found out.
pub(super) struct Report {
    /// Of a file on this machine, and who serves it.
    path: Option<(PathBuf, ServedBy)>,
    file: Option<Examined>,
    http: Option<HttpFacts>,
    public: Option<HttpFacts>,
    verdict: Verdict,
}

/// It was examined, and the answer is no: exit status 1 without another word.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unwell(&'static str);

impl Report {
    pub(super) fn new(file: Option<Examined>, findings: Vec<Finding>) -> Report {
        Report { path: None, file, http: None, public: None, verdict: Verdict::of(findings) }
    }

    pub(super) fn of_file(self, path: &Path, by: ServedBy) -> Report {
        Report { path: Some((path.to_owned(), by)), ..self }
    }

    pub(super) fn with_answers(self, direct: HttpFacts, public: Option<HttpFacts>) -> Report {
        Report { http: Some(direct), public, ..self }
    }
}

pub(super) fn show(report: &Report, output: Output) -> anyhow::Result<()> {
    let value = json!({
        "path": report.path.as_ref().map(|(path, _)| path.display().to_string()),
        "file": report.file,
        "http": report.http.as_ref().map(http_value),
        "path_to_viewer": report.public.as_ref().map(http_value),
        "browsers": report.verdict.browsers,
        "findings": report.verdict.findings,
    });
    output.show(&value, || text(report))?;
    if report.verdict.is_good() { Ok(()) } else { Err(Unwell("it does not play everywhere").into()) }
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

fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    if let Some((path, _)) = &report.path {
        lines.push(format!("{}\n", path.display()));
    }
    let served_by = report.path.as_ref().map(|(_, by)| *by);
    let of_file = report.file.as_ref().map(|examined| file(examined, served_by));
    section(&mut lines, "FILE", of_file.unwrap_or_else(|| vec!["no video was received".to_owned()]));
    if let Some(http) = &report.http {
        section(&mut lines, "HTTP", server(http));
    }
    if let Some(public) = &report.public {
        section(&mut lines, "PATH", server(public));
    }
    lines.push(String::new());
    lines.extend(report.verdict.browsers.iter().map(|outcome| {
        let line = format!(
            "{:<9}{:<24}{}",
            outcome.browser.name(),
            outcome.effect.words(),
            outcome.because.join(", ")
        );
        line.trim_end().to_owned()
    }));
    let name = report.path.as_ref().map(|(path, _)| quoted(&path.display().to_string()));
    lines.extend(report.verdict.findings.iter().map(|found| finding(found, name.as_deref())));
    if report.verdict.findings.is_empty() {
        lines.push("\nNothing is wrong.".to_owned());
    }
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, name: &str, content: Vec<String>) {
    for (number, line) in content.into_iter().enumerate() {
        lines.push(format!("{:<6}{line}", if number == 0 { name } else { "" }));
    }
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

/// `served_by`: of a file on this machine.
fn file(file: &Examined, served_by: Option<ServedBy>) -> Vec<String> {
    let kind = match (&file.container, file.content_type) {
        (None, _) => "no video that is known".to_owned(),
        (Some(_), content_type) => content_type.to_owned(),
    };
    let duration = file.duration_ms.map(archive::clock);
    let index = file.mp4.as_ref().map(|mp4| index(file, mp4).to_owned());
    let fragmented = file.mp4.as_ref().filter(|mp4| mp4.fragmented).map(|_| "in fragments".to_owned());
    let state = Some(file.state.word().to_owned());
    let parts = [Some(kind), Some(size(file.size)), duration, index, fragmented, state];
    let mut lines = vec![parts.into_iter().flatten().collect::<Vec<_>>().join(", ")];
    lines.extend(file.tracks.iter().map(track));
    let repairs = file.mp4.iter().flat_map(Mp4::repairs).filter(|repair| repair.done);
    match served_by {
        Some(ServedBy::Reelgate) => lines.extend(repairs.map(|repair| format!("reelgate: {}", repair.why))),
        Some(ServedBy::Anybody) => lines.push("reelgate: its library has repair = false".to_owned()),
        None => {}
    }
    lines
}

fn index(file: &Examined, mp4: &Mp4) -> &'static str {
    match mp4.index {
        Some(_) if file.trouble_of(Problem::Damaged).is_some() => "index damaged",
        Some(_) if mp4.compressed => "index compressed",
        Some(index) if index.place == Place::First => "index first",
        Some(_) => "index last",
        None if mp4.unseen_from.is_some() => "index not within reach",
        None => "no index",
    }
}

fn track(track: &crate::probe::Track) -> String {
    let codec = track.codec.clone().unwrap_or_default();
    let parts = [codec, picture(track), sound(track), track.language.clone().unwrap_or_default()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", track.kind, parts.join(", "))
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
    let cure = check.cure.as_ref().map(|cure| format!("\n{:<24}cure: {cure}", "")).unwrap_or_default();
    format!("{word:<6}{:<17} {}{cure}", check.name, check.found)
}
