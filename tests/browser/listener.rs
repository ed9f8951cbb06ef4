//! A small HTTP server for the test's own pages and for the reference: a thread a connection, GET only.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

pub(crate) struct Request {
    pub(crate) target: String,
    fields: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut fields = Vec::new();
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => fields.push((name.to_owned(), value.trim().to_owned())),
                None => return Ok(Some(Self { target, fields })),
            }
        }
    }
}

/// Whether a connection waits for another request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum After {
    Continue,
    Close,
}

/// A server that ends when it is dropped; its connections end when their clients do.
pub(crate) struct Listener {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl Listener {
    pub(crate) fn start<S>(service: S) -> Result<Self>
    where
        S: Fn(&Request, &mut TcpStream) -> io::Result<After> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let watch = Arc::clone(&ended);
        let service = Arc::new(service);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if watch.load(Ordering::Relaxed) {
                    return;
                }
                let service = Arc::clone(&service);
                // A client that hangs up in mid-body is the normal case with browsers.
                thread::spawn(move || drop(serve(stream, service.as_ref())));
            }
        });
        Ok(Self { address, ended })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts; if nothing accepts any more, that is what is wanted.
        drop(TcpStream::connect(self.address));
    }
}

fn serve<S>(stream: TcpStream, service: &S) -> io::Result<()>
where
    S: Fn(&Request, &mut TcpStream) -> io::Result<After>,
{
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.set_write_timeout(Some(Duration::from_mins(1)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        if service(&request, &mut writer)? == After::Close {
            return Ok(());
        }
    }
    Ok(())
}
