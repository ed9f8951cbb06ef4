//! Somebody who watches at a pace of their own. The receive buffer is small, so that the server has to wait.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

use super::files;
use super::http::{Connection, Request};
use super::server::Setup;

/// The kernel doubles it. Less than a segment of the loopback would make each of them wait for a timer.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// A response that is being read.
pub struct Viewer {
    connection: Connection,
    pub status: u16,
    pub length: u64,
    pub received: u64,
}

/// How a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    pub received: u64,
    pub length: u64,
    /// Not even an incomplete end in order: the connection was reset.
    pub reset: bool,
}

impl End {
    pub fn is_complete(self) -> bool {
        self.received == self.length
    }
}

impl Viewer {
    /// Asks, and reads the head of the answer.
    pub fn open(address: SocketAddr, request: &Request) -> Viewer {
        let mut connection = slow_connection(address);
        connection.write(request);
        Viewer::reading(connection)
    }

    /// Reads the head of the next answer.
    pub fn reading(mut connection: Connection) -> Viewer {
        let (status, headers) = connection.head().expect("an answer");
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        Viewer { connection, status, length, received: 0 }
    }

    /// Reads this many bytes, or up to the end.
    pub fn take(&mut self, mut count: usize) -> Result<(), End> {
        let mut buffer = vec![0; 16 * 1024];
        while count > 0 && self.received < self.length {
            let room = count.min(buffer.len());
            match self.connection.read(&mut buffer[..room]) {
                Ok(0) => return Err(self.end(false)),
                Ok(read) => {
                    count -= read;
                    self.received += u64::try_from(read).unwrap();
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(self.end(true)),
                Err(error) => panic!("after {} bytes: {error}", self.received),
            }
        }
        if self.received == self.length { Err(self.end(false)) } else { Ok(()) }
    }

    /// Reads 16 KiB at a time with a pause before each, up to the end.
    pub fn watch(&mut self, pause: Duration) -> End {
        loop {
            std::thread::sleep(pause);
            if let Err(end) = self.take(16 * 1024) {
                return end;
            }
        }
    }

    /// Reads as fast as it comes, up to the end.
    pub fn rest(&mut self) -> End {
        loop {
            if let Err(end) = self.take(1 << 20) {
                return end;
            }
        }
    }

    fn end(&self, reset: bool) -> End {
        End { received: self.received, length: self.length, reset }
    }
}

/// A connection with a small receive buffer.
pub fn slow_connection(address: SocketAddr) -> Connection {
    Connection::over(connected(address, Ipv4Addr::LOCALHOST.into(), Some(RECEIVE_BUFFER)), address)
}

/// A connection from another address of this machine: all of 127.0.0.0/8 is here.
pub fn connection_from(source: [u8; 4], address: SocketAddr) -> Connection {
    Connection::over(connected(address, source.into(), None), address)
}

fn connected(address: SocketAddr, source: IpAddr, buffer: Option<usize>) -> TcpStream {
    // No server of another test may inherit it: it would stay open.
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    // Before the connection: the window's scale is agreed upon with the first segment.
    if let Some(buffer) = buffer {
        sockopt::set_socket_recv_buffer_size(&socket, buffer).unwrap();
    }
    bind(&socket, &SocketAddr::new(source, 0)).unwrap();
    connect(&socket, &address).expect("the server listens");
    TcpStream::from(socket)
}

impl Setup {
    /// A finished file that is too long to be buffered on its way; it takes no room on the disk.
    pub fn film(self, path: &str, len: u64) -> Setup {
        film(&self.library().join(path), len);
        self
    }

    /// Settings beside the folders and the address.
    pub fn settings(self, text: &str) -> Setup {
        std::fs::write(self.folder().join("reelgate.toml"), text).unwrap();
        self.arguments(["--config", "reelgate.toml"])
    }
}

/// The same at any place.
pub fn film(path: &Path, len: u64) {
    files::write(path, &files::bytes(64));
    std::fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
    files::age(path);
}
