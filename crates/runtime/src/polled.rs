//! Which tasks tools ask for.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names of tasks whose open offers somebody has asked for since the server started: a tool that polls is there, also
/// where it had nothing to start yet.
#[derive(Debug, Default)]
pub struct PolledTasks(Mutex<BTreeSet<String>>);

impl PolledTasks {
    /// More names than any installation has; what comes beyond is no name of a task.
    const MOST: usize = 1_000;

    /// The longest name in bytes.
    const LENGTH_MAX: usize = 200;

    /// Somebody asked for offers of this task.
    pub fn note(&self, task: &str) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if task.len() <= Self::LENGTH_MAX && tasks.len() < Self::MOST && !tasks.contains(task) {
            tasks.insert(task.to_owned());
        }
    }

    /// All of them.
    pub fn all(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_not_without_end() {
        let polled = PolledTasks::default();
        polled.note("deployment");
        polled.note("deployment");
        polled.note(&"x".repeat(PolledTasks::LENGTH_MAX + 1));
        assert_eq!(polled.all().into_iter().collect::<Vec<_>>(), ["deployment"]);
        for n in 0..2 * PolledTasks::MOST {
            polled.note(&n.to_string());
        }
        assert_eq!(polled.all().len(), PolledTasks::MOST);
    }
}
