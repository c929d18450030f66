//! One writer a project at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A lock for each project that is being written. Other processes are kept out elsewhere.
#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Mutex<HashMap<String, Arc<Mutex<()>>>>,
}

impl Locks {
    /// Does something while nobody else holds that project. Others wait, in no promised order.
    ///
    /// A poisoned lock is taken all the same: the disk holds the state, and it is whole after each step.
    pub(super) fn hold<T>(&self, project: &str, work: impl FnOnce() -> T) -> T {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(held.entry(project.to_owned()).or_default())
        };
        let done = {
            let _guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            work()
        };
        // Without this the map would grow by every name that was ever asked for.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(&lock) == 2 {
            held.remove(project);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_locks_nobody_out_and_nothing_stays_behind() {
        let locks = Locks::default();
        std::thread::scope(|scope| {
            let panicked = scope.spawn(|| locks.hold("podtato", || panic!("a bug"))).join();
            assert!(panicked.is_err());
        });
        assert_eq!(locks.hold("podtato", || locks.hold("other", || 7)), 7);
        assert!(!locks.held.lock().unwrap().contains_key("other"));
    }

    #[test]
    fn holders_exclude_each_other() {
        let locks = Locks::default();
        let inside = Mutex::new(());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        locks.hold("podtato", || assert!(inside.try_lock().is_ok(), "two at once"));
                    }
                });
            }
        });
        assert!(locks.held.lock().unwrap().is_empty());
    }
}
