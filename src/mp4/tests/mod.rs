//! Tests of the room, an area a file. `make` builds what they read.

mod draws;
mod hostile;
mod layouts;
pub mod make;
mod movies;
mod names;
mod retags;
mod virtuals;

use crate::mp4::{Layout, LeftAlone, Segment, VirtualFile, Walk, faststart};

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

pub fn fast(file: &[u8]) -> Result<VirtualFile, LeftAlone> {
    let layout = walk(file);
    faststart(&layout, moov_of(file, &layout), &[])
}

/// What a reader of the virtual file gets.
pub fn bytes_of(file: &[u8], segments: &[Segment]) -> Vec<u8> {
    let bytes = segments.iter().map(|segment| match segment {
        Segment::Memory(bytes) => bytes.to_vec(),
        Segment::Span { start, end } => file[place(*start)..place(*end)].to_vec(),
    });
    bytes.collect::<Vec<_>>().concat()
}
