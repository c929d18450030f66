//! The other end of a server's API: what commands ask it and what it answers.

mod arguments;
mod assignment;
mod claims;
mod connection;
mod error;
mod events;
mod output;
mod pages;
mod projects;
mod resources;
mod runs;
mod status;
mod stream;
pub(crate) mod tls;

pub(crate) use arguments::{ProjectArg, ServerArgs};
pub(crate) use assignment::{Assignment, assign, assignment};
pub(crate) use claims::{Claim, Wanted};
pub(crate) use connection::{Connection, Document};
pub(crate) use error::{ClientError, Problem};
pub(crate) use output::{OutputArgs, OutputFormat};
pub(crate) use projects::{Kept, Project, ProjectPage, Retention};
pub(crate) use resources::{Change, Level, ResourcePage};
pub(crate) use runs::{
    Attempt, DoneTask, Entry, Holder, OpenTask, PastAttempt, Run, RunResult, Sequence, Steer, Step, Waiting, WholeRun,
};
pub(crate) use status::{InStage, Status};
