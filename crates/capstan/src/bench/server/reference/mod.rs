//! What the machine does for the same work without a server around it.

mod disk;
mod rows;
mod twin;

pub(super) use disk::Disk;
pub(super) use rows::Rows;
pub(super) use twin::Twin;
