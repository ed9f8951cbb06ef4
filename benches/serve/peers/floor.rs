//! What a perfect server would take: no check, no log, no parser worth the name, and sendfile. Measured when it is
//! asked for: it shows whether it is the client that makes viewers late.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustix::fs::sendfile;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{SendFlags, send};
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpListener, TcpStream};

use crate::material::LEN;

/// The argument that chooses this mode; folder and address follow.
pub const MODE: &str = "--floor";

/// At a time, so that nobody waits for somebody else's film.
const CHUNK: usize = 1 << 20;
/// Longer than the client's questions.
const QUESTION: usize = 1024;
/// No more than this lies unsent in the kernel, which keeps 10,000 sockets small.
const UNSENT: u32 = 32 << 10;

type Films = HashMap<String, File>;

pub fn run(folder: &Path, address: SocketAddr) -> Result<()> {
    let films = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((format!("/{}", entry.file_name().display()), File::open(entry.path())?))
    });
    let films = Arc::new(films.collect::<io::Result<Films>>()?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            let films = Arc::clone(&films);
            // Who hangs up is gone, and nobody wants to know.
            tokio::spawn(async move { serve(stream, &films).await.ok() });
        }
    })
}

async fn serve(mut stream: TcpStream, films: &Films) -> Result<()> {
    set_tcp_nodelay(&stream, true)?;
    socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT)?;
    let mut question = [0; QUESTION];
    loop {
        let mut len = 0;
        while !question[..len].ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut question[len..]).await?;
            if read == 0 {
                return Ok(());
            }
            len += read;
        }
        answer(&stream, films, std::str::from_utf8(&question[..len])?).await?;
    }
}

async fn answer(stream: &TcpStream, films: &Films, question: &str) -> Result<()> {
    let mut words = question.split(' ');
    let (method, path) = (words.next(), words.next().context("no path")?);
    let film = films.get(path).context("no film")?;
    let range = question.split_once("Range: bytes=").and_then(|(_, rest)| rest.split_once("\r\n"));
    let (start, end) = match range.and_then(|(range, _)| range.split_once('-')) {
        Some((start, "")) => (start.parse()?, LEN),
        Some((start, last)) => (start.parse()?, last.parse::<u64>()? + 1),
        None => (0, LEN),
    };
    let len = end - start;
    let head = match range {
        Some(_) => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {len}\r\nContent-Range: bytes {start}-{}/{LEN}\r\n\r\n",
            end - 1
        ),
        None => format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n"),
    };
    let body = if method == Some("HEAD") { 0..0 } else { start..end };
    let more = if body.is_empty() { SendFlags::empty() } else { SendFlags::MORE };
    // The buffer of a socket that waited for a question has room for a head.
    stream.async_io(Interest::WRITABLE, || Ok(send(stream, head.as_bytes(), more)?)).await?;
    pour(stream, film, body).await
}

async fn pour(stream: &TcpStream, film: &File, body: std::ops::Range<u64>) -> Result<()> {
    let mut place = body.start;
    while place < body.end {
        let most = usize::try_from(body.end - place).map_or(CHUNK, |left| left.min(CHUNK));
        stream.async_io(Interest::WRITABLE, || Ok(sendfile(stream, film, Some(&mut place), most)?)).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
