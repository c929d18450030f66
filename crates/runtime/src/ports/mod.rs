//! What the runtime needs from outside. Adapters provide it; the memory store and the virtual clock provide it for the
//! simulator and for tests.

mod config_repo;

pub use config_repo::{Change, CommitId, ConfigError, ConfigRepo, FileChange, ReadFile};
