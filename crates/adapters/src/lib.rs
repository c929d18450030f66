//! The ports of the runtime on real stores: the only place that knows SQL or a git object.

pub mod git;
pub mod sqlite;
