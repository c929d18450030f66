//! What is open at the moment, as gauges.

use std::cmp::Reverse;

use capstan_engine::orchestrate::APPROVAL;
use capstan_model::event::{EventType, event_type};
use capstan_runtime::ports::{Census, ListedTasks};
use capstan_runtime::writer::Handle;

use super::set::{Metrics, OfTask, Reason, State, StoreFile};

/// Names of tasks that get a series of their own; the rest share one. Names are the users', and might be many.
const TASKS: usize = 100;

impl Metrics {
    /// Sets all gauges; blocks on the disk.
    pub(super) fn set(&self, census: Census, handle: &Handle) {
        let load = handle.load();
        self.queue.set(load.queued() as i64);
        self.claims.set(load.claims() as i64);
        self.refused.inc_by(load.refused().saturating_sub(self.refused.get()));
        self.writable.set(i64::from(handle.is_writable()));
        for (file, path) in &self.files {
            // The log beside a database is not always there.
            let size = path.metadata().map_or(0, |metadata| metadata.len());
            self.store_bytes.get_or_create(&StoreFile { file }).set(size as i64);
        }
        self.runs.set(census.runs as i64);
        self.longest_queue.set(census.longest_queue as i64);
        self.set_waiting(&census);
        self.sequences.clear();
        for (state, count) in census.sequences {
            self.sequences.get_or_create(&State { state }).set(count as i64);
        }
        let name = |kind: &str| match EventType::parse(kind) {
            EventType::Task { task, .. } => task.to_owned(),
            _ => kind.to_owned(),
        };
        self.set_tasks(census.tasks.iter().map(|(kind, tasks)| (name(kind), *tasks)).collect());
    }

    fn set_waiting(&self, census: &Census) {
        let approval = event_type::of_task(APPROVAL, "triggered");
        let free = census.tasks.values().map(|tasks| tasks.free).sum();
        let taken: u64 = census.tasks.values().map(|tasks| tasks.taken).sum();
        // The built-in tool takes an approval up when a person is asked; what it decides itself it answers at once.
        let approvals = census.tasks.get(&approval).map_or(0, |tasks| tasks.taken);
        for (reason, count) in [
            ("tool to start", free),
            ("tool to finish", taken - approvals),
            ("approval", approvals),
            ("slot", census.queued),
            ("delay", census.delayed),
            ("resume", census.sequences.get("paused").copied().unwrap_or(0)),
        ] {
            self.waiting.get_or_create(&Reason { reason }).set(count as i64);
        }
    }

    fn set_tasks(&self, mut tasks: Vec<(String, ListedTasks)>) {
        tasks.sort_by_key(|(_, tasks)| Reverse(tasks.free + tasks.taken));
        let rest = tasks.split_off(tasks.len().min(TASKS));
        if !rest.is_empty() {
            let free = rest.iter().map(|(_, tasks)| tasks.free).sum();
            tasks.push((String::new(), ListedTasks { free, taken: rest.iter().map(|(_, tasks)| tasks.taken).sum() }));
        }
        self.tasks.clear();
        for (task, ListedTasks { free, taken }) in tasks {
            for (state, count) in [("free", free), ("taken", taken)] {
                self.tasks.get_or_create(&OfTask { task: task.clone(), state }).set(count as i64);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::About;
    use crate::metrics::page::write;

    #[test]
    fn however_many_names_tasks_have_the_series_are_few() {
        let about = About { version: "1", started_at: jiff::Timestamp::UNIX_EPOCH, files: Vec::new() };
        let metrics = Metrics::new(about);
        let task = |n: usize| (format!("task-{n}"), ListedTasks { free: n as u64, taken: 1 });
        metrics.set_tasks((1..=TASKS + 3).map(task).collect());
        let series = || write(&metrics.registry.lock().unwrap()).matches("\ncapstan_tasks_open{").count();
        assert_eq!(series(), 2 * (TASKS + 1));
        let count = |task: &str, state| {
            let gauge = metrics.tasks.get(&OfTask { task: task.to_owned(), state });
            gauge.map(|gauge| gauge.get())
        };
        assert_eq!((count("", "free"), count("", "taken")), (Some(1 + 2 + 3), Some(3)));
        assert_eq!((count("task-3", "free"), count("task-4", "free")), (None, Some(4)));
        metrics.set_tasks(vec![task(1)]);
        assert_eq!(series(), 2);
    }
}
