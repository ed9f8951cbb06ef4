//! A server of one film that is right, or wrong in one way that has been met.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The story's: `Content-Length: end - start`, and 500 for the last byte alone.
    OffByOne,
    EndIsSize,
    WholeOnly,
    NoContentRange,
    UnknownTotal,
    WeakTag,
    ChangingTag,
    ShortBody,
    Excess,
    Chunked,
    CutShort,
    FromZero,
    No416,
    Bare416,
    DeafToIfRange,
    OctetStream,
    PlainText,
    Page,
    AlwaysGzip,
    Refused,
    OneShot,
    NoCors,
    SameOriginOnly,
    RedirectsForever,
    NotHttp,
}

/// Runs until the test's process ends.
pub struct Faulty {
    pub address: SocketAddr,
}

impl Faulty {
    pub fn serve(film: &[u8], fault: Fault) -> Faulty {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (film, count) = (Arc::new(film.to_vec()), Arc::new(AtomicU64::new(0)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (film, number) = (Arc::clone(&film), count.fetch_add(1, Ordering::Relaxed));
                // A client that has seen enough hangs up.
                std::thread::spawn(move || answer(&stream, &film, fault, number));
            }
        });
        Faulty { address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/film.mp4", self.address)
    }
}

struct Request {
    method: String,
    range: Option<String>,
    if_range: Option<String>,
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let method = lines.next()?.split(' ').next()?.to_owned();
    let fields: Vec<(String, String)> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        })
        .collect();
    let field = |name| fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
    Some(Request { method, range: field("range"), if_range: field("if-range") })
}

/// One range, half-open; its end may lie behind the film's.
fn asked(request: &Request, size: usize, fault: Fault) -> Option<Range<usize>> {
    let is_known = request.if_range.as_deref().is_none_or(|tag| tag == "\"film\"");
    let (first, last) = request.range.as_deref()?.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        _ if fault == Fault::WholeOnly => return None,
        _ if !is_known && fault != Fault::DeafToIfRange => return None,
        ("", last) => size.checked_sub(last.parse().ok()?)?..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..size.min(last.parse::<usize>().ok()? + 1),
    };
    Some(range)
}

fn answer(mut stream: &TcpStream, film: &[u8], fault: Fault, number: u64) -> Option<()> {
    let request = read(stream)?;
    let size = film.len();
    let plain = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let short = match fault {
        Fault::NotHttp => Some("SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
        Fault::Refused => Some(plain("401 Unauthorized")),
        Fault::OneShot if number > 0 => Some(plain("403 Forbidden")),
        Fault::RedirectsForever => Some(plain("302 Found\r\nLocation: /film.mp4")),
        _ => None,
    };
    if let Some(text) = short {
        return stream.write_all(text.as_bytes()).ok();
    }
    let range = asked(&request, size, fault);
    let text = match range {
        Some(range) if range.start >= size && !matches!(fault, Fault::No416) => {
            let range = if fault == Fault::Bare416 {
                String::new()
            } else {
                format!("\r\nContent-Range: bytes */{size}")
            };
            return stream.write_all(plain(&format!("416 Range Not Satisfiable{range}")).as_bytes()).ok();
        }
        Some(range) if fault == Fault::OffByOne && range.start + 1 == size => {
            plain("500 Internal Server Error")
        }
        Some(range) if range.start < size => part(range, size, fault, number),
        _ => format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n{}", fields(fault, number)),
    };
    stream.write_all(text.as_bytes()).ok()?;
    if request.method == "HEAD" || text.contains(" 500 ") {
        return Some(());
    }
    let range = asked(&request, size, fault).filter(|range| range.start < size);
    body(stream, film, range.as_ref(), fault)
}

/// The head of a 206.
fn part(range: Range<usize>, size: usize, fault: Fault, number: u64) -> String {
    let (first, mut end) = (range.start, range.end);
    if fault == Fault::CutShort {
        end = end.min(first + 1000);
    }
    let last = if fault == Fault::EndIsSize && end == size { end } else { end - 1 };
    let total = if fault == Fault::UnknownTotal { "*".to_owned() } else { size.to_string() };
    let content_range = match fault {
        Fault::NoContentRange => String::new(),
        _ => format!("Content-Range: bytes {first}-{last}/{total}\r\n"),
    };
    let length = match fault {
        Fault::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
        Fault::OffByOne => format!("Content-Length: {}\r\n", end - first - 1),
        _ => format!("Content-Length: {}\r\n", end - first),
    };
    format!("HTTP/1.1 206 Partial Content\r\n{content_range}{length}{}", fields(fault, number))
}

/// What stands in every head, to its end.
fn fields(fault: Fault, number: u64) -> String {
    let tag = match fault {
        Fault::WeakTag => "W/\"film\"".to_owned(),
        Fault::ChangingTag => format!("\"{number}\""),
        _ => "\"film\"".to_owned(),
    };
    let kind = match fault {
        Fault::OctetStream => "application/octet-stream",
        Fault::PlainText => "text/plain",
        Fault::Page => "text/html; charset=utf-8",
        _ => "video/mp4",
    };
    let policy = if fault == Fault::SameOriginOnly { "same-origin" } else { "cross-origin" };
    let mut fields = format!(
        "ETag: {tag}\r\nContent-Type: {kind}\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n\
         Cross-Origin-Resource-Policy: {policy}\r\nConnection: close\r\n"
    );
    if fault != Fault::NoCors {
        fields.push_str("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n");
    }
    if fault == Fault::AlwaysGzip {
        fields.push_str("Content-Encoding: gzip\r\n");
    }
    fields + "\r\n"
}

fn body(mut stream: &TcpStream, film: &[u8], range: Option<&Range<usize>>, fault: Fault) -> Option<()> {
    let Some(&Range { start, end }) = range else { return stream.write_all(film).ok() };
    let bytes = match fault {
        Fault::FromZero => &film[..end - start],
        Fault::ShortBody => &film[start..usize::midpoint(start, end)],
        Fault::OffByOne => &film[start..end - 1],
        Fault::CutShort => &film[start..end.min(start + 1000)],
        _ => &film[start..end],
    };
    if fault == Fault::Chunked {
        write!(stream, "{:x}\r\n", bytes.len()).ok()?;
        stream.write_all(bytes).ok()?;
        return stream.write_all(b"\r\n0\r\n\r\n").ok();
    }
    stream.write_all(bytes).ok()?;
    if fault == Fault::Excess { stream.write_all(b"more").ok() } else { Some(()) }
}
