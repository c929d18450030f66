//! Configuration repositories on disk: one bare git repository a project, `<root>/<project>.git`, with the branch
//! `main`.
//!
//! `config` is the port; `place` makes and removes whole repositories, `repository` is one of them, `write` the way
//! from changes to a commit over `tree` (what the folders become), `objects` (on disk before anything names them) and
//! `branch` (where `main` is); `read` goes the other way. `name`, `signature`, `lock`, `sync` and `trouble` serve them.
//!
//! Of git's own settings none is read, neither a user's nor a machine's nor the environment: objects and references are
//! opened by their folders. Hooks are never run.

mod branch;
mod config;
mod copy;
mod lock;
mod name;
mod objects;
mod place;
mod read;
mod repository;
mod signature;
mod sync;
mod tree;
mod trouble;
mod write;

pub use config::GitConfig;
