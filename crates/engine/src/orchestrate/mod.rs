//! Runs: which task comes next, who answers it, and how everything ends.
//!
//! A **run** is everything under one context, a **sequence** one execution of a shipyard's sequence in one stage, a
//! **task** one step of it, an **attempt** one offer of a task. [`decide`] says what follows from an input, as facts and
//! effects; [`apply`] folds facts to the state. Both are total and pure (behaviour: core.md 3 and 7.1).

mod admit;
mod answer;
mod apply;
mod approve;
mod attempt;
mod begin;
mod control;
mod decide;
mod effect;
mod end;
mod fact;
mod follow;
pub mod ids;
mod input;
mod lease;
mod limits;
mod made;
mod merge;
mod payload;
mod queue;
mod rerun;
mod result;
mod run;
mod sequence;
mod step;
mod task;
mod timer;
pub mod trace;
mod turn;
mod verdict;
mod waiting;
pub mod words;

pub use admit::{Admission, admit};
pub use apply::{apply, born};
pub use approve::Approval;
pub use attempt::{
    Attempt, AttemptEnd, Deadline, DoneTask, Lease, OpenTask, PastAttempt, TaskEnd, TaskEvent, TaskState,
};
pub use begin::{Begun, Refusal, Subject, begin};
pub use decide::decide;
pub use effect::{Decision, Effect, TimerKind};
pub use fact::{Birth, Fact, Renewed, Why};
pub use follow::followers;
pub use input::{Control, Input, Reaction, ReactionKind};
pub use lease::Claim;
pub use limits::Limits;
pub use made::control_plane_event;
pub use merge::merge;
pub use queue::{Place, Queue};
pub use rerun::{Origin, Wish, begin_again, trigger_again};
pub use result::{NotPassed, RunResult};
pub use run::{LatestEvaluation, LatestEvent, OpenSequence, Run, RunState, StageView};
pub use sequence::{APPROVAL, CONTROL_PLANE, Closing, Ending, Outcome, Phase, Rerun, Scope, Sequence, Slot};
pub use verdict::Verdict;
pub use waiting::{Awaited, Holder, Waiting, waiting};
