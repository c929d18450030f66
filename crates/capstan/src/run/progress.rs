//! How far the tasks of a sequence are, from what happened to it.

use capstan_model::event::EventType;
use jiff::Timestamp;

use crate::client::{Entry, RunResult, Sequence};

/// A task of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) standing: Standing,
    /// How often it was offered.
    pub(super) attempts: u64,
    /// When it was first offered.
    pub(super) since: Option<Timestamp>,
    /// When it was over.
    pub(super) until: Option<Timestamp>,
    /// Who has started and not answered yet.
    pub(super) at_work: Vec<String>,
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
    /// It was passed over.
    Skipped,
    /// The sequence ended before it did.
    Left,
}

/// The tasks of a sequence, in order.
pub(super) fn tasks(sequence: &Sequence, history: &[Entry]) -> Vec<Task> {
    let ahead = |name: &String| Task {
        name: name.clone(),
        standing: Standing::Ahead,
        attempts: 0,
        since: None,
        until: None,
        at_work: Vec::new(),
    };
    let mut tasks: Vec<Task> = sequence.tasks.iter().map(ahead).collect();
    for entry in history.iter().filter(|entry| entry.sequence.as_deref() == Some(&sequence.id)) {
        if let Some(at) = concerned(entry, &tasks)
            && let Some(task) = tasks.get_mut(at)
        {
            task.take(entry);
        }
    }
    if let Some(end) = &sequence.end {
        for task in tasks.iter_mut().filter(|task| task.is_open()) {
            task.standing = Standing::Left;
            task.until = Some(end.at);
            task.at_work.clear();
        }
    }
    tasks
}

/// The index of the task that something is about: it says so, or the type of its event does.
fn concerned(entry: &Entry, tasks: &[Task]) -> Option<usize> {
    if let Some(index) = entry.fact["task"].as_u64() {
        return usize::try_from(index).ok();
    }
    let (EventType::Task { task: name, .. } | EventType::StatusChanged { task: name }) =
        EventType::parse(entry.fact["event"]["event_type"].as_str()?)
    else {
        return None;
    };
    tasks.iter().rposition(|task| task.name == name && task.is_open())
}

impl Task {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.standing, Standing::Delayed | Standing::Offered | Standing::Started)
    }

    fn take(&mut self, entry: &Entry) {
        let source = || entry.fact["event"]["source"].as_str().unwrap_or_default().to_owned();
        match entry.name() {
            "task_ready" => self.standing = Standing::Delayed,
            "task_offered" => {
                self.standing = Standing::Offered;
                self.attempts = entry.fact["attempt"].as_u64().unwrap_or(self.attempts + 1);
                self.since = self.since.or(Some(entry.at));
                self.at_work.clear();
            }
            "task_started" => {
                self.standing = Standing::Started;
                self.at_work.push(source());
            }
            "task_answered" => {
                let source = source();
                if let Some(at) = self.at_work.iter().position(|at_work| *at_work == source) {
                    self.at_work.remove(at);
                }
            }
            "task_done" => {
                self.standing = Standing::Done(RunResult::of(entry.fact["result"].as_str().unwrap_or_default()));
                self.until = Some(entry.at);
                self.at_work.clear();
            }
            "task_skipped" => self.standing = Standing::Skipped,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn entries(facts: &[Value]) -> Vec<Entry> {
        let entry = |(at, fact): (usize, &Value)| {
            serde_json::from_value(json!({
                "position": at, "at": format!("2026-01-02T10:00:{at:02}Z"), "sequence": "s", "fact": fact,
            }))
            .unwrap()
        };
        facts.iter().enumerate().map(entry).collect()
    }

    fn of(facts: &[Value], over: bool) -> Vec<(String, Standing, u64, Vec<String>)> {
        let mut sequence = json!({
            "id": "s", "name": "delivery", "stage": "dev", "triggered_at": "2026-01-02T10:00:00Z", "state": "started",
            "tasks": ["deploy", "test", "deploy"],
        });
        if over {
            sequence["end"] = json!({ "result": "fail", "status": "errored", "at": "2026-01-02T11:00:00Z" });
        }
        let tasks = tasks(&serde_json::from_value(sequence).unwrap(), &entries(facts));
        tasks.into_iter().map(|task| (task.name, task.standing, task.attempts, task.at_work)).collect()
    }

    #[test]
    fn facts_tell_how_far_each_task_is() {
        let event =
            |kind: &str, source: &str| json!({ "event_type": format!("sh.keptn.event.{kind}"), "source": source });
        let mut facts = vec![
            json!({"fact": "task_offered", "task": 0, "attempt": 1}),
            json!({"fact": "task_started", "event": event("deploy.started", "helm")}),
            json!({"fact": "task_started", "event": event("deploy.started", "argo")}),
            json!({"fact": "task_answered", "event": event("deploy.finished", "helm")}),
        ];
        let row = |name: &str, standing, attempts, at_work: &[&str]| {
            (name.to_owned(), standing, attempts, at_work.iter().map(ToString::to_string).collect())
        };
        let ahead = |name| row(name, Standing::Ahead, 0, &[]);
        let expected = vec![row("deploy", Standing::Started, 1, &["argo"]), ahead("test"), ahead("deploy")];
        assert_eq!(of(&facts, false), expected);

        facts.extend([
            json!({"fact": "task_done", "task": 0, "result": "warning", "status": "succeeded"}),
            json!({"fact": "task_offered", "task": 1, "attempt": 2}),
            json!({"fact": "a fact of tomorrow", "task": 7}),
        ]);
        let done = row("deploy", Standing::Done(RunResult::Warning), 1, &[]);
        assert_eq!(of(&facts, false), [done.clone(), row("test", Standing::Offered, 2, &[]), ahead("deploy")]);
        assert_eq!(of(&facts, true), [done, row("test", Standing::Left, 2, &[]), ahead("deploy")]);
    }
}
