//! What a scan reads and writes.
