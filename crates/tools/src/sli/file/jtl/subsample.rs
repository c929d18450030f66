//! Tells the parts of a sample from samples of their own, in CSV.

use std::collections::HashMap;

/// Remembers the latest sample of each thread.
///
/// `JMeter` writes a sample and then its parts (redirects, embedded resources), as rows like any other. It calls the
/// parts after the sample, with numbers behind: `GET /-0`, `GET /-1`. As a thread takes one sample after the other, a
/// row of that name that begins before the sample has ended is a part of it, and one that begins later is not.
#[derive(Debug, Default)]
pub(super) struct Latest {
    by_thread: HashMap<Box<str>, Sample>,
}

#[derive(Debug, Default)]
struct Sample {
    label: String,
    /// In ms, like `end`.
    start: i64,
    end: i64,
}

impl Latest {
    /// Whether the row is a part of its thread's latest sample; if not, it is the latest from now on.
    pub(super) fn covers(&mut self, thread: &str, label: &str, start: i64, elapsed: u32) -> bool {
        if let Some(latest) = self.by_thread.get_mut(thread) {
            let is_part = latest.covers(label, start);
            if !is_part {
                latest.set(label, start, elapsed);
            }
            return is_part;
        }
        let mut latest = Sample::default();
        latest.set(label, start, elapsed);
        self.by_thread.insert(thread.into(), latest);
        false
    }
}

impl Sample {
    fn covers(&self, label: &str, start: i64) -> bool {
        let within = start == self.start || (self.start < start && start < self.end);
        within && is_numbered(label, &self.label)
    }

    fn set(&mut self, label: &str, start: i64, elapsed: u32) {
        self.label.clear();
        self.label.push_str(label);
        self.start = start;
        self.end = start.saturating_add(i64::from(elapsed));
    }
}

/// Whether `label` is `parent` with numbers behind: `-0`, `-2-1`.
fn is_numbered(label: &str, parent: &str) -> bool {
    let Some(numbers) = label.strip_prefix(parent).and_then(|rest| rest.strip_prefix('-')) else { return false };
    numbers.split('-').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_after_their_sample_and_begin_within_it() {
        let mut latest = Latest::default();
        for (thread, label, start, elapsed, part) in [
            ("t1", "GET /", 100, 50, false),
            ("t1", "GET /-0", 100, 0, true),
            ("t2", "GET /-1", 110, 10, false), // of another thread
            ("t1", "GET /-1", 149, 1, true),
            ("t1", "GET /-1-12", 120, 1, true),
            ("t1", "GET /-", 120, 1, false), // no number
            ("t1", "step", 200, 50, false),
            ("t1", "step-2", 250, 50, false), // begins when the other has ended
            ("t1", "step-2-0", 299, 1, true),
            ("t1", "step-3", 290, 1, false), // named after another
        ] {
            assert_eq!(latest.covers(thread, label, start, elapsed), part, "{label} at {start}");
        }
    }
}
