//! Who may run on a service of a stage: its own small reducer (contract: core.md 3.2; corner 16 of section 9).

use serde::{Deserialize, Serialize};

/// A sequence in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Id of the sequence.
    pub sequence: String,
    /// Its run.
    pub context: String,
    /// Commit position of the event that triggered it.
    pub ordinal: u64,
}

/// The queue of one key in a project, as a rule of one service in one stage. Sequences of one run may hold the slot together; whoever was triggered
/// first goes first, by commit position and by no clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// All of one run.
    pub held: Vec<Place>,
    /// In the order of their triggers.
    pub waiting: Vec<Place>,
    /// Those that do without for a while, because a person decides or has paused them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Place>,
}

impl Queue {
    /// A sequence enters. Answers who may go on now.
    pub fn want(&mut self, place: Place) -> Vec<Place> {
        if self.contains(&place.sequence) {
            return Vec::new();
        }
        self.aside.retain(|other| other.sequence != place.sequence);
        let at = self.waiting.partition_point(|other| other.ordinal <= place.ordinal);
        self.waiting.insert(at, place);
        self.grant()
    }

    /// A sequence leaves for good. Answers who may go on now.
    pub fn free(&mut self, sequence: &str) -> Vec<Place> {
        self.aside.retain(|place| place.sequence != sequence);
        self.held.retain(|place| place.sequence != sequence);
        self.waiting.retain(|place| place.sequence != sequence);
        self.grant()
    }

    /// A sequence leaves for a while. Answers who may go on now.
    pub fn step_aside(&mut self, sequence: &str) -> Vec<Place> {
        let place = self.held.iter().chain(&self.waiting).find(|place| place.sequence == sequence).cloned();
        let granted = self.free(sequence);
        self.aside.extend(place);
        granted
    }

    /// The sequences of other runs that hold the slot, wait for it or do without for a while; those that hold it first.
    pub fn others<'a>(&'a self, context: &'a str) -> impl Iterator<Item = &'a Place> {
        let all = self.held.iter().chain(&self.waiting).chain(&self.aside);
        all.filter(move |place| place.context != context)
    }

    /// Ids of those that a waiting sequence stands behind: the holders and who waits before it.
    pub fn ahead_of(&self, sequence: &str) -> Vec<String> {
        let before = self.waiting.iter().take_while(|place| place.sequence != sequence);
        self.held.iter().chain(before).map(|place| place.sequence.clone()).collect()
    }

    /// Whether nobody holds or waits.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.waiting.is_empty() && self.aside.is_empty()
    }

    fn contains(&self, sequence: &str) -> bool {
        self.held.iter().chain(&self.waiting).any(|place| place.sequence == sequence)
    }

    fn grant(&mut self) -> Vec<Place> {
        let mut granted = Vec::new();
        while let Some(next) = self.waiting.first() {
            if self.held.iter().any(|holder| holder.context != next.context) {
                break;
            }
            let next = self.waiting.remove(0);
            self.held.push(next.clone());
            granted.push(next);
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(sequence: &str, context: &str, ordinal: u64) -> Place {
        Place { sequence: sequence.to_owned(), context: context.to_owned(), ordinal }
    }

    fn names(places: &[Place]) -> Vec<&str> {
        places.iter().map(|place| &*place.sequence).collect()
    }

    #[test]
    fn sequences_of_one_run_share_others_wait_in_order() {
        let mut queue = Queue::default();
        assert_eq!(names(&queue.want(place("a1", "a", 1))), ["a1"]);
        assert_eq!(names(&queue.want(place("a2", "a", 2))), ["a2"]);
        assert!(queue.want(place("b", "b", 3)).is_empty());
        assert!(queue.want(place("c", "c", 4)).is_empty());
        assert_eq!(queue.ahead_of("c"), ["a1", "a2", "b"]);
        assert!(queue.free("a1").is_empty());
        assert_eq!(names(&queue.free("a2")), ["b"]);
        assert_eq!(names(&queue.free("b")), ["c"]);
        assert!(queue.free("c").is_empty() && queue.is_empty());
    }

    #[test]
    fn corner_16_the_order_is_that_of_the_commits_however_late_one_comes_back() {
        let mut queue = Queue::default();
        queue.want(place("first", "a", 1));
        queue.free("first"); // an approval is open
        queue.want(place("second", "b", 2));
        queue.want(place("third", "c", 3));
        assert!(queue.want(place("first", "a", 1)).is_empty());
        assert_eq!(names(&queue.free("second")), ["first"]);
        assert_eq!(names(&queue.free("first")), ["third"]);
    }

    #[test]
    fn corner_16_several_waiting_sequences_of_one_run_do_not_block_each_other() {
        let mut queue = Queue::default();
        queue.want(place("b", "b", 1));
        queue.want(place("a1", "a", 2));
        queue.want(place("a2", "a", 3));
        queue.want(place("a3", "a", 4));
        assert_eq!(names(&queue.free("b")), ["a1", "a2", "a3"]);
    }

    proptest! {
        #[test]
        fn holders_are_of_one_run_and_nobody_waits_for_a_free_slot(steps in prop::collection::vec((any::<bool>(), 0_u64..8), 0..60)) {
            let mut queue = Queue::default();
            for (wants, n) in steps {
                let name = n.to_string();
                if wants {
                    queue.want(place(&name, &(n % 3).to_string(), n));
                } else {
                    queue.free(&name);
                }
                prop_assert!(queue.held.windows(2).all(|pair| pair[0].context == pair[1].context));
                prop_assert!(!queue.held.is_empty() || queue.waiting.is_empty());
                prop_assert!(queue.waiting.is_sorted_by_key(|place| place.ordinal));
            }
        }
    }
}
