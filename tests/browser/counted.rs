//! Stands between a browser and the program, and keeps what the browser asked for.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::http::Address;
use crate::listener::{After, Listener, Request};

/// About 2 MB a second, nearly three times what the film needs: from memory alone, `WebKitGTK` asks for more and more before it
/// shows a picture.
const PACE: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(8);

pub(crate) struct Counted {
    listener: Listener,
    target: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Counted {
    /// Before this address of the program.
    pub(crate) fn before(url: &str) -> Result<Self> {
        let Address { authority, target } = Address::parse(url)?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let listener = Listener::start(move |request, stream| {
            let range = request.field("Range").unwrap_or("no range").to_owned();
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(range);
            pass_on(request, stream, &authority)
        })?;
        Ok(Self { listener, target, asked })
    }

    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.listener.url(), self.target)
    }

    /// The ranges so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Each on a connection of its own, which ends where the browser hangs up.
fn pass_on(request: &Request, stream: &mut TcpStream, authority: &str) -> io::Result<After> {
    let mut program = TcpStream::connect(authority)?;
    write!(program, "GET {} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", request.target)?;
    for name in ["Range", "If-Range", "If-None-Match"] {
        if let Some(value) = request.field(name) {
            write!(program, "{name}: {value}\r\n")?;
        }
    }
    program.write_all(b"\r\n")?;
    let mut buffer = [0; PACE];
    loop {
        let count = program.read(&mut buffer)?;
        if count == 0 {
            return Ok(After::Close);
        }
        stream.write_all(&buffer[..count])?;
        thread::sleep(PAUSE);
    }
}
