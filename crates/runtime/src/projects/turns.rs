//! Who may change a project now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError, Weak};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// One change of a project at a time; those of several projects go side by side.
#[derive(Debug, Default)]
pub(super) struct Turns(SyncMutex<HashMap<String, Weak<Mutex<()>>>>);

impl Turns {
    /// Waits until nobody else changes the project. The turn lasts as long as what is given.
    pub(super) async fn of(&self, project: &str) -> OwnedMutexGuard<()> {
        self.line(project).lock_owned().await
    }

    /// Those of one project wait for the same lock; one that nobody has or waits for is gone.
    fn line(&self, project: &str) -> Arc<Mutex<()>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(project).and_then(Weak::upgrade) {
            return line;
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let line = Arc::default();
        lines.insert(project.to_owned(), Arc::downgrade(&line));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_line_for_as_long_as_somebody_stands_in_it() {
        let turns = Turns::default();
        let line = turns.line("a");
        assert!(Arc::ptr_eq(&line, &turns.line("a")));
        assert!(!Arc::ptr_eq(&line, &turns.line("b")));
        drop(line);
        turns.line("c");
        assert_eq!(turns.0.lock().unwrap().keys().collect::<Vec<_>>(), ["c"]);
    }
}
