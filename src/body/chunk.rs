//! What bodies hand to hyper: bytes, or the mark of a window that the socket sends.

use bytes::{Buf, Bytes};

use super::lane::Mark;

/// A frame's data.
#[derive(Debug)]
pub enum Chunk {
    Memory(Bytes),
    Window(Mark),
}

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Chunk {
        Chunk::Memory(bytes)
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        match self {
            Chunk::Memory(bytes) => bytes.remaining(),
            Chunk::Window(mark) => mark.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Chunk::Memory(bytes) => bytes.chunk(),
            Chunk::Window(mark) => mark.chunk(),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Chunk::Memory(bytes) => bytes.advance(count),
            Chunk::Window(mark) => mark.advance(count),
        }
    }

    /// Bytes in memory are shared; the default would copy them.
    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        match self {
            Chunk::Memory(bytes) => bytes.copy_to_bytes(count),
            Chunk::Window(mark) => mark.copy_to_bytes(count),
        }
    }
}
