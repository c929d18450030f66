//! `capstan run`: the runs of a server.

mod command;
mod facts;
mod find;
mod follow;
mod list;
mod page;
mod progress;
mod steer;
mod watch;

pub(crate) use command::{RunCommand, run};
pub(crate) use watch::{follow, wait};

/// What the exit codes of a run mean; shown below the help of each command that waits for one.
pub(crate) const EXIT_CODES: &str = "\
Exit codes of a run:
  0  pass
  1  fail
  2  wrong usage, or no server
  3  warning
  4  aborted, timed out, or not over when the waiting ended";
