//! The configuration of projects in git repositories, as its port promises it and as git itself sees it. Needs `git`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod disk;
mod files;
mod fixture;
mod model;
mod outside;
