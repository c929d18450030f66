//! `capstan backup` and `capstan restore`: a copy of a data directory, and a data directory from a copy.
//!
//! A backup is a directory: what [`parts`] names, and a manifest with the checksum of each file. Both commands make the whole
//! beside its place, sync it, and rename it at the end.

mod command;
mod manifest;
mod parts;
mod place;
mod private;
mod restore;

pub(crate) use command::{BackupArgs, run};
pub(crate) use restore::{RestoreArgs, run as restore};
