//! Configuration repositories on disk.
