//! The one writer: a thread that owns the store, carries out what is asked of it in batches, and answers after the commit.

mod claims;
mod clock;
mod handle;
mod options;
mod service;

pub(crate) use clock::{JUMP, set_back_from, time_of_step};
pub use handle::{Handle, SubmitError};
pub use options::Options;
pub use service::{Writer, WriterThread};
