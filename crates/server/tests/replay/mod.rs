//! Plays v1's recorded story against a server, step by step. It knows nothing of how a request gets there.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
#![allow(clippy::disallowed_methods, reason = "a look is repeated for so long by the clock of the machine")]

mod compare;
mod differences;
mod story;

use std::time::{Duration, Instant};

use compare::{Bindings, compare};
pub(crate) use differences::{DIFFERENCES, Difference};
use story::Step;

/// The groups of the story, in their order.
pub(crate) const GROUPS: [&str; 6] =
    ["auth and metadata", "projects", "resources", "events in", "delivery", "failure and rollback"];

/// How an answer is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// By v1's, but for the differences that are meant.
    AsMeant,
    /// By v1's alone.
    AsRecorded,
}

impl Judge {
    /// How long a look is repeated until what follows from an event has come to pass.
    fn patience(self) -> Duration {
        Duration::from_millis(if self == Self::AsMeant { 10_000 } else { 500 })
    }
}

/// A step whose answer is not the expected one.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) group: String,
    pub(crate) step: String,
    pub(crate) what: String,
}

/// What a server answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Without parameters; empty where there is none.
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// Where requests go. Paths begin below `/api`.
pub(crate) trait Server {
    /// Sends a request with the right token, a wrong one or none.
    fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>, token: Token) -> Answer;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Right,
    Wrong,
    None,
}

/// Plays a group with this suffix of project names, and tells where the answers are not the expected ones.
pub(crate) fn play(server: &mut dyn Server, group: &str, suffix: &str, judge: Judge) -> Vec<Fault> {
    let mut bindings = Bindings::new(suffix);
    story::prepare(server, group, &bindings);
    let mut faults = Vec::new();
    for mut step in story::steps(group) {
        let title = step.title.clone();
        let difference = DIFFERENCES.iter().find(|one| one.group == group && one.step == title);
        if let (Some(difference), Judge::AsMeant) = (difference, judge) {
            (difference.amend)(&mut step);
        }
        if let Err(what) = take(server, &step, &mut bindings, judge.patience()) {
            faults.push(Fault { group: group.to_owned(), step: title, what });
        }
    }
    faults
}

fn take(server: &mut dyn Server, step: &Step, bindings: &mut Bindings, patience: Duration) -> Result<(), String> {
    let (path, body) = (bindings.path(&step.path, &step.title), bindings.body(&step.sent));
    let begun = Instant::now();
    loop {
        let answer = server.send(&step.method, &path, body.as_deref(), step.token);
        let mut tried = bindings.clone();
        match compare(step, &answer, &mut tried) {
            Ok(()) => {
                *bindings = tried;
                return Ok(());
            }
            Err(_) if step.method == "GET" && begun.elapsed() < patience && step.status == answer.status => {
                std::thread::yield_now();
            }
            Err(fault) => return Err(fault),
        }
    }
}
