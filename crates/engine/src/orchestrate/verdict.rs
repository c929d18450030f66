//! What several tools, and several tasks, say together (contract: core.md 3.3).

use std::ops::Range;

use super::attempt::{Attempt, DoneTask, TaskEnd};
use super::sequence::Sequence;
use super::step;
use capstan_model::shipyard::Join;

/// Result and status over all that was answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict<'a> {
    /// `pass`, `warning` or `fail`.
    pub result: &'static str,
    /// `succeeded`, `errored`, `aborted` or `unknown`.
    pub status: &'static str,
    /// The task that has the say: the first one that failed, else the last; none where nothing counts.
    pub(super) last: Option<&'a DoneTask>,
}

impl<'a> Verdict<'a> {
    /// Merges the answers of an attempt: the worst counts, and what nobody knows is a failure.
    pub fn of(attempt: &Attempt) -> Verdict<'static> {
        let answers: Vec<_> = attempt.events.iter().filter(|event| event.finished).collect();
        let statuses: Vec<&str> = answers.iter().map(|answer| &*answer.status).collect();
        let results: Vec<&str> = answers.iter().map(|answer| &*answer.result).collect();
        worst(&results, &statuses)
    }

    /// That of a sequence so far: of its last step that was not skipped; a pass where there is none. `finally` tasks have no say.
    pub(super) fn of_sequence(sequence: &'a Sequence) -> Self {
        Self::of_sequence_but(sequence, &(0..0))
    }

    /// The same without these tasks.
    pub(super) fn of_sequence_but(sequence: &'a Sequence, but: &Range<usize>) -> Self {
        let has_a_say = |task: usize| !sequence.is_finally(task) && !but.contains(&task);
        let last = sequence.done.iter().rfind(|done| done.counts() && has_a_say(done.task));
        let of_step = last.and_then(|last| Self::of_group(sequence, step::group(&sequence.definition, last.task)));
        of_step.unwrap_or(Verdict { result: "pass", status: "succeeded", last: None })
    }

    /// That of a group that is over; none where all of it was skipped.
    pub(super) fn of_group(sequence: &'a Sequence, group: Range<usize>) -> Option<Self> {
        let of_group = sequence.done.iter().filter(|done| group.contains(&done.task) && done.counts());
        let mut members: Vec<&DoneTask> = of_group.map(|done| &**done).collect();
        if sequence.join(&group) == Join::Any && members.iter().any(|done| done.went_well()) {
            members.retain(|done| done.went_well());
        }
        let results: Vec<&str> = members.iter().map(|done| &*done.result).collect();
        let statuses: Vec<&str> = members.iter().map(|done| &*done.status).collect();
        // One that timed out has more to say than one that failed: nobody knows what it did.
        let timed_out = members.iter().find(|done| done.end == TaskEnd::TimedOut);
        let failed = members.iter().find(|done| done.failed());
        let last = *timed_out.or(failed).or(members.last())?;
        Some(Verdict { last: Some(last), ..worst(&results, &statuses) })
    }

    /// Whether no further task comes.
    pub fn ends(&self) -> bool {
        self.result == "fail" || self.status == "errored"
    }
}

fn worst(results: &[&str], statuses: &[&str]) -> Verdict<'static> {
    let any = |wanted: &str| statuses.contains(&wanted);
    let status = if any("errored") {
        "errored"
    } else if any("aborted") {
        "aborted"
    } else if statuses.iter().all(|status| *status == "succeeded") {
        "succeeded"
    } else {
        "unknown"
    };
    let result = if status == "unknown" || results.iter().any(|result| !["pass", "warning"].contains(result)) {
        "fail"
    } else if results.contains(&"warning") {
        "warning"
    } else {
        "pass"
    };
    Verdict { result, status, last: None }
}
