//! Which tasks somebody handles, and what to say of one that nobody does.

use std::collections::BTreeSet;

use capstan_model::diagnostic::did_you_mean;
use capstan_runtime::polled::PolledTasks;
use capstan_runtime::ports::{StoreError, StoreReader};

/// How many tasks are named at most where none is near.
const NAMED: usize = 5;

/// Names of tasks that tools have started, or ask for.
pub(super) struct Handled(BTreeSet<String>);

impl Handled {
    /// As far as the server has seen.
    pub(super) fn read(reader: &dyn StoreReader, polled: &PolledTasks) -> Result<Self, StoreError> {
        let mut tasks = polled.all();
        tasks.extend(reader.handled_tasks()?);
        Ok(Self(tasks))
    }

    /// What may be wrong with a task that waits for a tool; none where somebody handles it.
    pub(super) fn hint(&self, task: &str) -> Option<String> {
        if self.0.contains(task) {
            return None;
        }
        let tasks = || self.0.iter().map(String::as_str);
        if let Some(meant) = did_you_mean(task, tasks()) {
            return Some(format!("nobody handles '{task}'; did you mean '{meant}'?"));
        }
        let seen: Vec<&str> = tasks().take(NAMED).collect();
        Some(match seen[..] {
            [] => format!("nobody has handled '{task}' so far; no tool was seen yet"),
            _ => format!("nobody has handled '{task}' so far; tools that were seen handle: {}", seen.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(handled: &[&str], task: &str) -> Option<String> {
        Handled(handled.iter().map(|task| (*task).to_owned()).collect()).hint(task)
    }

    #[test]
    fn a_task_that_nobody_handles_has_a_hint() {
        let tasks = ["approval", "deployment", "evaluation", "get-sli", "release", "test"];
        assert_eq!(hint(&tasks, "deployment"), None);
        for (handled, task, words) in [
            (&tasks[..], "depolyment", "nobody handles 'depolyment'; did you mean 'deployment'?"),
            (&tasks, "Deployment", "nobody handles 'Deployment'; did you mean 'deployment'?"),
            (
                &tasks,
                "scan",
                "nobody has handled 'scan' so far; tools that were seen handle: approval, deployment, evaluation, get-sli, release",
            ),
            (&tasks[..1], "scan", "nobody has handled 'scan' so far; tools that were seen handle: approval"),
            (&[], "scan", "nobody has handled 'scan' so far; no tool was seen yet"),
        ] {
            assert_eq!(hint(handled, task).as_deref(), Some(words));
        }
    }
}
