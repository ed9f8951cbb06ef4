//! HTTP/1.1 by hand: the tests see every byte, and nothing corrects what the server says.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A request as it will be written.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub fn get(target: impl Into<String>) -> Request {
    Request::new("GET", target)
}

pub fn head(target: impl Into<String>) -> Request {
    Request::new("HEAD", target)
}

impl Request {
    pub fn new(method: &str, target: impl Into<String>) -> Request {
        Request { method: method.to_owned(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn range(self, range: &str) -> Request {
        self.header("Range", range)
    }

    /// With a body of this type, and its length.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Request {
        let body = body.into();
        let typed =
            self.header("Content-Type", content_type).header("Content-Length", body.len().to_string());
        Request { body, ..typed }
    }

    /// The fields of an HTML form.
    pub fn form(self, fields: &[(&str, &str)]) -> Request {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn json(self, value: &serde_json::Value) -> Request {
        self.body("application/json", value.to_string())
    }

    /// On a connection of its own, which must hold this answer and nothing more.
    pub fn send(&self, address: SocketAddr) -> Response {
        self.send_over(Connection::open(address))
    }

    /// To a server that may be gone, or may end the connection within the answer.
    pub fn try_send(&self, address: SocketAddr) -> io::Result<Response> {
        self.try_send_over(Connection::over(TcpStream::connect(address)?, address))
    }

    pub fn send_over<S: Read + Write>(&self, connection: Connection<S>) -> Response {
        self.try_send_over(connection).expect("a complete answer")
    }

    fn try_send_over<S: Read + Write>(&self, mut connection: Connection<S>) -> io::Result<Response> {
        connection.try_write(&self.clone().header("Connection", "close"))?;
        let response = connection.try_response(&self.method)?;
        let rest = connection.rest();
        assert!(rest.is_empty(), "{} bytes behind the body of {self:?}", rest.len());
        Ok(response)
    }

    /// Its head, as it goes over the wire.
    pub fn text(&self, address: SocketAddr) -> String {
        let mut lines = vec![format!("{} {} HTTP/1.1", self.method, self.target)];
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            lines.push(format!("Host: {address}"));
        }
        lines.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.join("\r\n") + "\r\n\r\n"
    }
}

/// An answer, complete.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header that stands once or not at all.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice: {:?}", self.headers);
        value
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status, headers without those that differ every time, and body: what must not tell two cases apart.
    pub fn face(&self) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let differs = ["date", "x-request-id"];
        let headers =
            self.headers.iter().filter(|(name, _)| !differs.contains(&name.as_str())).cloned().collect();
        (self.status, headers, self.body.clone())
    }
}

/// A connection that stays open.
pub struct Connection<S: Read + Write = TcpStream> {
    stream: BufReader<S>,
    pub address: SocketAddr,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Connection {
        Connection::over(TcpStream::connect(address).expect("the server listens"), address)
    }

    /// Over a socket that the test has made.
    pub fn over(stream: TcpStream, address: SocketAddr) -> Connection {
        // A test that hangs says less than one that fails.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
        Connection::on(stream, address)
    }
}

impl<S: Read + Write> Connection<S> {
    /// Over what already is a connection.
    pub fn on(stream: S, address: SocketAddr) -> Connection<S> {
        Connection { stream: BufReader::new(stream), address }
    }

    pub fn socket(&self) -> &S {
        self.stream.get_ref()
    }

    pub fn write(&mut self, request: &Request) {
        let text = request.text(self.address);
        self.write_raw(text.as_bytes());
        self.write_raw(&request.body);
    }

    pub fn write_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// Asks, and stays open.
    pub fn ask(&mut self, request: &Request) -> Response {
        self.try_ask(request).expect("a complete answer")
    }

    /// The same of a server that may end the connection.
    pub fn try_ask(&mut self, request: &Request) -> io::Result<Response> {
        self.try_write(request)?;
        self.try_response(&request.method)
    }

    /// To a server that may be gone.
    pub fn try_write(&mut self, request: &Request) -> io::Result<()> {
        let head = request.text(self.address);
        self.stream.get_mut().write_all(&[head.as_bytes(), &request.body].concat())
    }

    /// The next answer, to a request of this method. A body that is not as long as announced fails the test.
    pub fn response(&mut self, method: &str) -> Response {
        self.try_response(method).expect("a complete answer")
    }

    pub fn try_response(&mut self, method: &str) -> io::Result<Response> {
        let (status, headers) = self.head()?;
        let mut response = Response { status, headers, body: Vec::new() };
        let has_body = method != "HEAD" && status != 304 && status != 204;
        let length = response.header("content-length").map(|length| length.parse::<usize>().unwrap());
        assert!(response.header("transfer-encoding").is_none(), "chunked: {response:?}");
        if has_body {
            response.body = vec![0; length.expect("a Content-Length")];
            self.stream.read_exact(&mut response.body)?;
        }
        Ok(response)
    }

    /// Status and headers; the body is still to be read.
    pub fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let line = self.line()?;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("not a status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok((status, headers))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches("\r\n").to_owned())
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }

    /// Everything up to the end of the connection; a reset counts as its end.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
            _ => rest,
        }
    }
}
