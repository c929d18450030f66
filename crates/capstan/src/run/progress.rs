//! How far the tasks of a sequence are: by what the server says of each, and when it was offered and over by its history.

use jiff::Timestamp;

use crate::client::{Attempt, DoneTask, Entry, OpenTask, PastAttempt, RunResult, Sequence, Step};

/// A task of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) standing: Standing,
    /// The number of its attempt, from 1.
    pub(super) number: u32,
    /// Attempts that came to nothing.
    pub(super) past: Vec<PastAttempt>,
    /// When it was first offered.
    pub(super) since: Option<Timestamp>,
    /// When it was over.
    pub(super) until: Option<Timestamp>,
    /// Who has started and not answered yet, with what they say of their work.
    pub(super) at_work: Vec<String>,
    /// Why it was passed over; may be empty.
    pub(super) why: String,
    /// Where it stands in its group, if it has one.
    pub(super) place: Option<Place>,
    /// Whether it begins a group of which one that ends well is enough.
    pub(super) begins_any: bool,
    /// Whether it runs at the end in any case.
    pub(super) finally: bool,
}

/// How a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not come to it.
    Ahead,
    /// It is to be offered later.
    Delayed,
    /// Nobody has taken it up.
    Offered,
    /// Somebody is at work.
    Started,
    /// It is over.
    Done(RunResult),
    /// The sequence before this one had done it.
    Kept(RunResult),
    /// It was passed over.
    Skipped,
    /// It was given up, as it was no longer needed.
    Cancelled,
}

/// Where a task stands in a group of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Within,
    Last,
}

/// The tasks of a sequence, in order.
pub(super) fn tasks(sequence: &Sequence, history: &[Entry]) -> Vec<Task> {
    let of_sequence = || history.iter().filter(|entry| entry.sequence.as_deref() == Some(&*sequence.id));
    let (steps, group) = (&sequence.tasks, |at: usize| sequence.tasks.get(at)?.parallel.as_deref());
    let task = |(index, step): (usize, &Step)| {
        let about = |entry: &&Entry| entry.fact["task"].as_u64() == Some(index as u64);
        let first = |names: &[&str]| of_sequence().filter(about).find(|entry| names.contains(&entry.name()));
        let own = group(index);
        let (before, behind) = (index > 0 && own == group(index.wrapping_sub(1)), own == group(index + 1));
        let place = match (before, behind) {
            _ if own.is_none() => None,
            (false, true) => Some(Place::First),
            (true, true) => Some(Place::Within),
            (true, false) => Some(Place::Last),
            (false, false) => None,
        };
        let task = Task {
            name: step.name.clone(),
            standing: Standing::Ahead,
            number: 1,
            past: Vec::new(),
            since: first(&["task_offered"]).map(|entry| entry.at),
            until: first(&["task_done", "task_ended"]).map(|entry| entry.at),
            at_work: Vec::new(),
            why: String::new(),
            begins_any: step.any && place == Some(Place::First),
            place,
            finally: step.finally,
        };
        let open = sequence.open.iter().find(|open| open.index == index);
        match (sequence.done.iter().find(|done| done.index == index), open) {
            (Some(done), _) => task.done(done, sequence),
            (None, Some(open)) => task.open(open),
            (None, None) => task,
        }
    };
    steps.iter().enumerate().map(task).collect()
}

impl Task {
    fn done(self, done: &DoneTask, sequence: &Sequence) -> Self {
        let result = if done.end == "timed_out" { RunResult::TimedOut } else { RunResult::of(&done.result) };
        let standing = match &*done.end {
            "skipped" => Standing::Skipped,
            "cancelled" => Standing::Cancelled,
            // It left no trace in this sequence.
            _ if sequence.rerun.is_some() && self.until.is_none() => Standing::Kept(result),
            _ => Standing::Done(result),
        };
        let passed_over = matches!(standing, Standing::Skipped | Standing::Cancelled);
        // What the end of the sequence cancels is told by that alone.
        let until = self.until.or_else(|| sequence.end.as_ref().map(|end| end.at).filter(|_| self.since.is_some()));
        if let Standing::Kept(_) = standing {
            // How often it was tried is told where it was.
            return Self { standing, ..self };
        }
        Self {
            standing,
            number: done.past.last().map_or(1, |past| past.number + 1),
            past: done.past.clone(),
            until,
            why: if passed_over { done.message.clone() } else { String::new() },
            ..self
        }
    }

    fn open(self, open: &OpenTask) -> Self {
        let standing = match &open.attempt {
            Some(attempt) if attempt.holders.is_empty() => Standing::Offered,
            Some(_) => Standing::Started,
            None if open.due.is_some() => Standing::Delayed,
            None => Standing::Ahead,
        };
        let at_work = open.attempt.as_ref().map(at_work).unwrap_or_default();
        Self { standing, number: open.number, past: open.past.clone(), at_work, ..self }
    }
}

fn at_work(attempt: &Attempt) -> Vec<String> {
    let says = |tool: &String| {
        let lease = attempt.leases.iter().find(|lease| lease.tool == *tool && !lease.progress.is_empty());
        lease.map_or_else(|| tool.clone(), |lease| format!("{tool}: {}", lease.progress))
    };
    attempt.holders.iter().map(says).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(sequence: &Value, facts: &[Value]) -> Vec<Task> {
        let entry = |(at, fact): (usize, &Value)| {
            serde_json::from_value(json!({
                "position": at, "at": format!("2026-01-02T10:00:{at:02}Z"), "sequence": "s", "fact": fact,
            }))
            .unwrap()
        };
        let history: Vec<Entry> = facts.iter().enumerate().map(entry).collect();
        let mut whole = json!({
            "id": "s", "name": "delivery", "stage": "dev", "triggered_at": "2026-01-02T10:00:00Z", "state": "started",
            "tasks": [
                { "name": "deploy" }, { "name": "unit", "parallel": "tests", "any": true },
                { "name": "load", "parallel": "tests", "any": true }, { "name": "deploy" }, { "name": "tidy", "finally": true },
            ],
        });
        sequence.as_object().unwrap().iter().for_each(|(key, value)| whole[key] = value.clone());
        tasks(&serde_json::from_value(whole).unwrap(), &history)
    }

    fn done(index: usize, end: &str, result: &str) -> Value {
        json!({ "index": index, "name": "", "end": end, "result": result, "message": "why" })
    }

    #[test]
    fn the_server_says_how_far_each_task_is() {
        let past = json!([{ "number": 1, "message": "silent", "end": "lease_lost" }]);
        let attempt = json!({
            "holders": ["helm", "argo"], "leases": [{ "tool": "helm", "progress": "3 s of 10 s" }, { "tool": "argo" }],
        });
        let open =
            |index: usize, attempt: &Value| json!({ "index": index, "number": 2, "attempt": attempt, "past": past });
        let sequence = json!({
            "done": [done(0, "answered", "warning")],
            "open": [open(1, &attempt), open(2, &json!({ "holders": [] }))],
        });
        let offered = |task: usize| json!({ "fact": "task_offered", "task": task });
        let ended = |task: usize| json!({ "fact": "task_done", "task": task });
        let tasks = of(&sequence, &[offered(0), ended(0), offered(1), offered(2), offered(1)]);
        let standings: Vec<_> = tasks.iter().map(|task| (task.standing, task.number, task.past.len())).collect();
        let expected = [
            (Standing::Done(RunResult::Warning), 1, 0),
            (Standing::Started, 2, 1),
            (Standing::Offered, 2, 1),
            (Standing::Ahead, 1, 0),
            (Standing::Ahead, 1, 0),
        ];
        assert_eq!(standings, expected);
        let places: Vec<_> = tasks.iter().map(|task| task.place).collect();
        assert_eq!(places, [None, Some(Place::First), Some(Place::Last), None, None]);
        assert_eq!(tasks[1].at_work, ["helm: 3 s of 10 s", "argo"]);
        assert_eq!((tasks[1].begins_any, tasks[2].begins_any, tasks[4].finally), (true, false, true));
        let second = |task: &Task| {
            let second = |at: Timestamp| at.as_second() % 60;
            (task.since.map(second), task.until.map(second))
        };
        assert_eq!([&tasks[0], &tasks[1], &tasks[3]].map(second), [(Some(0), Some(1)), (Some(2), None), (None, None)]);
    }

    #[test]
    fn what_was_passed_over_says_why_and_what_was_kept_is_told_apart() {
        let done = [
            done(0, "answered", "pass"),
            done(1, "timed_out", "fail"),
            done(2, "cancelled", ""),
            done(3, "skipped", ""),
            done(4, "impossible", "fail"),
        ];
        let ended = |task: usize| json!({ "fact": "task_ended", "task": task });
        let facts: Vec<_> = (1..5).map(ended).collect();
        let sequence = json!({ "done": done, "rerun": { "of": "r", "by": "jane" } });
        let told: Vec<_> = of(&sequence, &facts).into_iter().map(|task| (task.standing, task.why)).collect();
        let expected = [
            (Standing::Kept(RunResult::Pass), ""),
            (Standing::Done(RunResult::TimedOut), ""),
            (Standing::Cancelled, "why"),
            (Standing::Skipped, "why"),
            (Standing::Done(RunResult::Fail), ""),
        ];
        assert_eq!(told, expected.map(|(standing, why)| (standing, why.to_owned())));
    }
}
