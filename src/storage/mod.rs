//! Files as they lie on disks: opened beneath a library's folder, examined, read, and named by a validator.
//!
//! 1. [`Folder::open`] holds a library's root as a descriptor.
//! 2. [`Folder::open_file`] opens a regular file beneath it, never through a symbolic link.
//! 3. [`Stat`] is what that descriptor says of the file: length, identity, times.
//! 4. [`validator()`] makes of it the `ETag`, [`last_modified`] the date.
//! 5. [`MediaFile`] reads, and notices when the file is no longer the one of step 3.
//! 6. [`lease`] has the kernel hold back writers, for what is sent without being read.
//!
//! Bytes, length and validators all come from one descriptor. A path is looked up once and never again.

mod file;
pub mod lease;
mod local;
mod stat;
mod validator;

pub use file::{MediaFile, ReadError, Witness};
pub use lease::{Carrier, Lent};
pub use local::{Folder, OpenError};
pub use stat::Stat;
pub use validator::{is_lasting, is_settled, last_modified, validator};
