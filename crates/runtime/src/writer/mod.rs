//! The one writer: a thread that owns the store, carries out what is asked of it in batches, and answers after the commit.

mod claims;
mod handle;
mod options;
mod service;

pub use handle::{Handle, SubmitError};
pub use options::Options;
pub(crate) use service::{JUMP, was_set_back};
pub use service::{Writer, WriterThread};
