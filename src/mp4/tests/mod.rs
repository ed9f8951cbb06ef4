//! Tests of the room, an area a file. `make` builds what they read.

mod layouts;
mod make;
mod movies;
mod names;

use crate::mp4::{Layout, Walk};

pub fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap()
}

/// Walks a file that lies in memory.
pub fn walk(file: &[u8]) -> Layout {
    let mut walk = Walk::new(u64::try_from(file.len()).unwrap());
    while let Some(wanted) = walk.wants() {
        walk.take(&file[place(wanted.offset)..place(wanted.offset + wanted.len)]);
    }
    walk.finish()
}

/// The bytes of the movie that the layout names.
pub fn moov_of<'a>(file: &'a [u8], layout: &Layout) -> &'a [u8] {
    layout.moov().map_or(&[], |moov| &file[place(moov.offset)..place(moov.end())])
}
