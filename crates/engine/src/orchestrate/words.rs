//! Facts in words: the only place where they are told to people.

use capstan_model::event::EventType;
use capstan_model::event::event_type::PREFIX;
use jiff::{SignedDuration, Timestamp};

use super::attempt::{Deadline, TaskEnd};
use super::fact::Fact;
use super::sequence::{Closing, Ending, Outcome, Sequence};

/// A length of time in the notation of the files: `1d2h`, `90ms`, `-5m`.
pub fn span(length: SignedDuration) -> String {
    let mut text = String::new();
    if length.is_negative() {
        text.push('-');
    }
    let seconds = length.as_secs().unsigned_abs();
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    for (number, unit) in parts.into_iter().filter(|(number, _)| *number != 0) {
        text.push_str(&format!("{number}{unit}"));
    }
    let nanos = length.subsec_nanos().unsigned_abs();
    match nanos {
        0 if seconds == 0 => text.push_str("0s"),
        0 => {}
        _ if nanos.is_multiple_of(1_000_000) => text.push_str(&format!("{}ms", nanos / 1_000_000)),
        _ => text.push_str(&format!("{nanos}ns")),
    }
    text
}

/// How times and names are told.
pub struct Speaker<'a> {
    /// A time.
    pub time: &'a dyn Fn(Timestamp) -> String,
    /// What a sequence is called, by its id.
    pub name: &'a dyn Fn(&str) -> String,
}

impl Speaker<'_> {
    /// What a fact says; `sequence` is the one that it is about, as it was last.
    pub fn say(&self, fact: &Fact, sequence: Option<&Sequence>) -> String {
        let has_timeout = |index: usize| {
            sequence.and_then(|sequence| sequence.task(index)).is_some_and(|task| task.timeout.is_some())
        };
        let task = |index: usize| sequence.map(|sequence| sequence.name_of(index).to_owned()).unwrap_or_default();
        let short = |kind: &str| kind.strip_prefix(PREFIX).unwrap_or(kind).to_owned();
        match fact {
            Fact::Triggered(birth) if birth.paused => "triggered while its run is paused".to_owned(),
            Fact::Triggered(birth) if birth.rerun.is_some() && birth.done.is_empty() => {
                "triggered again, from its first task".to_owned()
            }
            Fact::Triggered(birth) if birth.rerun.is_some() => {
                let done: Vec<&str> = birth.done.iter().map(|done| &*done.name).collect();
                format!("triggered again; what stays done: {}", done.join(", "))
            }
            Fact::Triggered(_) => "triggered".to_owned(),
            Fact::Refused { event_type, message, .. } => format!("{} is refused: {message}", short(event_type)),
            Fact::SlotWanted => "wants its turn".to_owned(),
            Fact::Queued { behind } => {
                format!("stands behind {}", behind.iter().map(|id| (self.name)(id)).collect::<Vec<_>>().join(", "))
            }
            Fact::SlotHeld => "has its turn".to_owned(),
            Fact::SlotFreed => "gives its turn up".to_owned(),
            Fact::TaskReady { task: index, due: None } => format!("{} is next", task(*index)),
            Fact::TaskReady { task: index, due: Some(due) } => {
                format!("{} is next, not before {}", task(*index), (self.time)(*due))
            }
            Fact::TaskOffered { task: index, attempt, deadline, .. } => {
                let again = if *attempt > 1 { format!(" again (attempt {attempt})") } else { String::new() };
                format!("{} is offered{again}, to be started by {}", task(*index), (self.time)(*deadline))
            }
            Fact::TaskStarted { task: index, event, deadline, lease: Some(lease) } => {
                let (tool, task) = (&event.source, task_of(&event.event_type));
                let heard = self.deadline(lease.deadline, false);
                let answered = if has_timeout(*index) { self.deadline(*deadline, true) } else { String::new() };
                format!("'{tool}' claims {task}{heard}{answered}")
            }
            Fact::TaskStarted { task: index, event, deadline, .. } => {
                let task = task_of(&event.event_type);
                format!("'{}' starts on {task}{}", event.source, self.deadline(*deadline, has_timeout(*index)))
            }
            Fact::TaskAnswered { event, .. } => {
                let task = task_of(&event.event_type);
                format!("'{}' answers {task}: {}", event.source, verdict(&event.result, &event.status))
            }
            Fact::SignOfLife { task: index, source, renewed: Some(renewed), .. } => {
                let says = renewed.progress.as_ref().map(|progress| format!(" and says: {progress}"));
                let (task, says) = (task(*index), says.unwrap_or_default());
                format!("'{source}' is still at work on {task}{says}{}", self.deadline(renewed.deadline, false))
            }
            Fact::SignOfLife { task: index, source, deadline, .. } => {
                let deadline = self.deadline(*deadline, has_timeout(*index));
                format!("'{source}' is still at work on {}{deadline}", task(*index))
            }
            Fact::DeadlineMoved { task: index, lease, deadline } => {
                let whose = match (index, lease) {
                    (None, _) => "the sequence".to_owned(),
                    (Some(index), None) => task(*index),
                    (Some(index), Some(_)) => format!("the claim of {}", task(*index)),
                };
                let by = (self.time)(*deadline);
                format!("the server was away or its clock jumped: {whose} has one full term, by {by}")
            }
            Fact::TaskDone { task: index, result, status, .. } => {
                format!("{} is done: {}", task(*index), verdict(result, status))
            }
            Fact::Reminded { since } => format!("still waits, since {}", (self.time)(*since)),
            Fact::LeaseReleased { task: index, source, reason, .. } => {
                format!("'{source}' gives {} back{}", task(*index), said(reason))
            }
            Fact::AttemptEnded { task: index, attempt, message, due: None, .. } => {
                format!("attempt {attempt} of {} came to nothing: {message}", task(*index))
            }
            Fact::AttemptEnded { task: index, attempt, message, due: Some(due), .. } => {
                let (task, due) = (task(*index), (self.time)(*due));
                format!("attempt {attempt} of {task} came to nothing: {message}; the next comes at {due}")
            }
            Fact::TaskEnded { task: index, end, message } => {
                let how = match end {
                    TaskEnd::Answered => "is done",
                    TaskEnd::TimedOut => "has timed out",
                    TaskEnd::Impossible => "fails",
                    TaskEnd::Skipped => "is skipped",
                    TaskEnd::Cancelled => "is cancelled",
                };
                format!("{} {how}{}", task(*index), said(message))
            }
            Fact::Closing(closing) => {
                let Closing { outcome, status, result, message, .. } = &**closing;
                let (how, verdict) = (ending(*outcome), verdict(result, status));
                format!("only its finally tasks are left, then: {how}: {verdict}{}", said(message))
            }
            Fact::Paused => "paused".to_owned(),
            Fact::Resumed => "resumed".to_owned(),
            Fact::Ended(Ending { outcome, status, result, message, .. }) => {
                format!("{}: {}{}", ending(*outcome), verdict(result, status), said(message))
            }
            Fact::Controlled { action, stage, by, reason } => {
                let by = if by.is_empty() { "somebody" } else { by };
                let place = stage.as_ref().map(|stage| format!(" in {stage}")).unwrap_or_default();
                format!("{by} says: {action}{place}{}", said(reason))
            }
            Fact::Ignored { event_type, source, why, .. } => {
                format!("{} of '{source}' changes nothing: {}", short(event_type), why.sentence())
            }
        }
    }

    /// By when something has to be heard or, where the task has a timeout, the answer has to come.
    fn deadline(&self, deadline: Deadline, is_timeout: bool) -> String {
        match deadline {
            Deadline::At(at) if is_timeout => format!(", to answer by {}", (self.time)(at)),
            Deadline::At(at) => format!(", to be heard of by {}", (self.time)(at)),
            Deadline::Left(left) => format!(", with {} left while it is paused", span(left)),
            Deadline::None => ", for a person to decide".to_owned(),
        }
    }
}

fn ending(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Finished => "finished",
        Outcome::TimedOut => "timed out",
        Outcome::Aborted => "aborted",
    }
}

/// A message behind a colon, where there is one.
fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn verdict(result: &str, status: &str) -> String {
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    format!("{} ({})", or_none(result), or_none(status))
}

/// The task in the type of an event.
fn task_of(kind: &str) -> &str {
    match EventType::parse(kind) {
        EventType::Task { task, .. } | EventType::StatusChanged { task } => task,
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_they_are_written() {
        for text in ["0s", "30s", "1m30s", "2h", "1d", "1d2h3m4s", "90ms", "-5m", "1s1ns"] {
            let nanos = capstan_model::duration::parse_with_days(text).unwrap();
            assert_eq!(span(SignedDuration::from_nanos(nanos)), text);
        }
    }
}
