//! HTTP/2 by hand (RFC 9113): the tests decide which window a stream gets, and see every frame.

use std::io::{self, Read, Write};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn ends_its_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// The status that a head begins with, by its place in the static table, or else in letters of the code (RFC 7541,
    /// appendices A and B).
    pub fn status(&self) -> u16 {
        match self.payload[..] {
            [0x88, ..] => 200,
            [0x8a, ..] => 206,
            [0x8d, ..] => 404,
            [0x48, 0x83, 0x69, 0x90, 0xff, ..] => 431,
            ref other => panic!("a head that begins with {:x?}", &other[..8.min(other.len())]),
        }
    }

    /// The reason of a reset (RFC 9113 §7).
    pub fn reason(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

/// What came of a stream until its end.
#[derive(Debug, Default)]
pub struct Received {
    pub status: u16,
    pub body: Vec<u8>,
    /// The reason of the reset that ended it, if one did.
    pub reset: Option<u32>,
}

/// A connection. Requests get odd numbers, the first one 1.
pub struct H2<S> {
    pub wire: S,
    next: u32,
}

impl<S: Read + Write> H2<S> {
    /// Begins, with this window for each stream and as much as there can be for the connection.
    pub fn begin(wire: S, window: u32) -> H2<S> {
        let mut h2 = H2 { wire, next: 1 };
        h2.wire.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let initial_window_size = [&[0, 4], &window.to_be_bytes()[..]].concat();
        h2.write(SETTINGS, 0, 0, &initial_window_size);
        h2.write(WINDOW_UPDATE, 0, 0, &0x7000_0000_u32.to_be_bytes());
        h2
    }

    /// Asks for a target, and says which stream is the answer's.
    pub fn get(&mut self, target: &str) -> u32 {
        self.ask(target, &[])
    }

    pub fn ask(&mut self, target: &str, headers: &[(&str, &str)]) -> u32 {
        let stream = self.next;
        self.next += 2;
        // `:method GET`, `:scheme https`, then `:path` and `:authority` by their names' place in the static table.
        let mut head = vec![0x82, 0x87, 0x04];
        string(&mut head, target);
        head.push(0x01);
        string(&mut head, "localhost");
        for (name, value) in headers {
            head.push(0);
            string(&mut head, name);
            string(&mut head, value);
        }
        self.write(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        stream
    }

    fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.wire.write_all(&frame).unwrap();
    }

    /// The next frame that says something about requests; what has to be acknowledged is.
    pub fn frame(&mut self) -> io::Result<Frame> {
        loop {
            let mut head = [0; 9];
            self.wire.read_exact(&mut head)?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
            self.wire.read_exact(&mut payload)?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.write(SETTINGS, ACK, 0, &[]),
                PING if flags & ACK == 0 => self.write(PING, ACK, 0, &payload),
                SETTINGS | PING | WINDOW_UPDATE => {}
                _ => return Ok(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload }),
            }
        }
    }

    /// Everything of this stream up to its end. Frames of others are passed over.
    pub fn receive(&mut self, stream: u32) -> io::Result<Received> {
        let mut received = Received::default();
        loop {
            let frame = self.frame()?;
            if frame.stream != stream {
                continue;
            }
            match frame.kind {
                HEADERS => received.status = frame.status(),
                DATA => received.body.extend(&frame.payload),
                RST_STREAM => {
                    received.reset = Some(frame.reason());
                    return Ok(received);
                }
                kind => panic!("a frame of the kind {kind}"),
            }
            if frame.ends_its_stream() {
                return Ok(received);
            }
        }
    }

    /// Lets this stream go on.
    pub fn widen(&mut self, stream: u32, bytes: u32) {
        self.write(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
    }
}

/// A string as it is, with its length in seven bits or more (RFC 7541 §5.1, §5.2).
fn string(head: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(short) if short < 127 => head.push(short),
        _ => {
            head.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                head.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            head.push(u8::try_from(rest).unwrap());
        }
    }
    head.extend(text.as_bytes());
}
