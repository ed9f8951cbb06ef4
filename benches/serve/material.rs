//! The files that everybody serves. Every byte follows from its offset, so every byte of every answer is compared.
//!
//! 1. A block of random bytes is repeated, another one in each file.
//! 2. In each repetition all words are combined with another key, so no two blocks are alike and a byte that comes
//!    from another place is noticed.
//! 3. It begins like an MP4 file, so that servers take it for what they are meant to serve.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{Advice, fadvise};

use crate::dice::{Dice, mixed};

pub const LEN: u64 = 1 << 30;

const BLOCK: usize = 64 * 1024;
const BLOCK_LEN: u64 = 64 * 1024;

/// `ftyp`, brand `isom`, and a `mdat` that holds the rest.
const BEGINNING: &[u8; 32] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp42\0\0\0\0mdat";

pub struct Material {
    pub path: PathBuf,
    block: Vec<u8>,
}

impl Material {
    pub fn write(path: &Path, seed: u64) -> Result<Material> {
        let mut dice = Dice::new(seed);
        let mut block: Vec<u8> = (0..BLOCK / 8).flat_map(|_| dice.draw().to_le_bytes()).collect();
        let key = key(0).to_le_bytes();
        block.iter_mut().zip(BEGINNING).zip(key.iter().cycle()).for_each(|((byte, want), key)| {
            *byte = want ^ key;
        });
        let material = Material { path: path.to_owned(), block };
        material.fill().with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(material)
    }

    fn fill(&self) -> Result<()> {
        let mut file = BufWriter::new(File::create(&self.path)?);
        for number in 0..LEN / BLOCK_LEN {
            let key = key(number).to_le_bytes();
            let bytes: Vec<u8> =
                self.block.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            file.write_all(&bytes)?;
        }
        // Written pages are dropped from the cache like others only once they are on the disk.
        file.into_inner()?.sync_all()?;
        Ok(())
    }

    /// Reads everything once, so that it lies in the page cache.
    pub fn warm(&self) -> Result<()> {
        let mut file = File::open(&self.path)?;
        let mut buffer = vec![0; 1 << 20];
        while file.read(&mut buffer)? > 0 {}
        Ok(())
    }

    /// Takes everything out of the page cache.
    pub fn evict(&self) -> Result<()> {
        Ok(fadvise(File::open(&self.path)?, 0, None, Advice::DontNeed)?)
    }

    /// Whether these are the file's bytes from `offset` on.
    pub fn holds(&self, mut offset: u64, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let place = usize::try_from(offset % BLOCK_LEN).unwrap_or(0);
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - place));
            let shift = u32::try_from(place % 8 * 8).unwrap_or(0);
            if !is_same(now, &self.block[place..], key(offset / BLOCK_LEN).rotate_right(shift)) {
                return false;
            }
            offset += u64::try_from(now.len()).unwrap_or(u64::MAX);
            bytes = later;
        }
        true
    }
}

fn key(block: u64) -> u64 {
    mixed(block.wrapping_add(0x5eed))
}

/// Word by word without a branch, which the compiler turns into vectors.
fn is_same(bytes: &[u8], block: &[u8], key: u64) -> bool {
    let block = &block[..bytes.len()];
    let (words, rest) = bytes.as_chunks::<8>();
    let (block_words, block_rest) = block.as_chunks::<8>();
    let differs = words.iter().zip(block_words).fold(0, |differs, (word, block)| {
        differs | (u64::from_le_bytes(*word) ^ u64::from_le_bytes(*block) ^ key)
    });
    let key = key.to_le_bytes();
    let differs_behind = rest
        .iter()
        .zip(block_rest)
        .zip(key)
        .fold(0, |differs, ((byte, block), key)| differs | (byte ^ block ^ key));
    differs == 0 && differs_behind == 0
}
