//! Files whose bytes say where they stand, so that a wrong offset is a wrong byte.

use std::fs;
use std::path::Path;

/// The first bytes of an MP4, for the server looks at them; then each byte follows from its offset.
pub fn bytes(len: usize) -> Vec<u8> {
    const FTYP: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp41";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    let rest = std::iter::from_fn(|| Some(next()));
    FTYP.iter().copied().chain(rest).take(len).collect()
}

/// Writes a file with the folders above it, and gives it a time long gone, for a fresh one counts as still growing.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    age(path);
}

/// An hour old.
pub fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    let hour = std::time::Duration::from_hours(1);
    let modified = file.metadata().unwrap().modified().unwrap() - hour;
    file.set_modified(modified).unwrap();
}
