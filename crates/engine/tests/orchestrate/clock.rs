//! What must always hold of a sequence and of its timers.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Deadline, OpenTask, Phase, Slot, TaskState, TimerKind};

use super::driver::Driver;

impl Driver {
    /// Nothing waits without a clock, what is offered is open, and what is over is over.
    #[track_caller]
    pub(crate) fn check_clock(&self) {
        let sequence = &self.sequence;
        let timer = |kind| self.timers.get(&kind).copied();
        let open: Vec<&String> = self.open.iter().collect();
        let mut attempts: Vec<&String> = sequence.attempts().map(|(_, attempt)| &attempt.triggered_id).collect();
        attempts.sort();
        assert_eq!(open, attempts, "offered is what is open");
        match &sequence.phase {
            Phase::Ended(_) => {
                assert!(self.timers.is_empty(), "timers after the end: {:?}", self.timers);
                assert_eq!(sequence.slot, Slot::None);
                return;
            }
            Phase::Running { open } => {
                assert!(open.iter().any(|open| !open.is_over()), "it runs and nothing is under way");
                for open in open {
                    self.check_open(open);
                }
            }
            Phase::Queued => assert!(sequence.paused || sequence.slot == Slot::Wanted),
        }
        let timeout = sequence.deadline.and_then(Deadline::at);
        assert_eq!(timer(TimerKind::Timeout), timeout, "the timeout of the sequence");
        let deadlines = sequence.attempts().flat_map(|(_, attempt)| {
            attempt.leases.iter().map(|lease| lease.deadline).chain([attempt.deadline]).filter_map(Deadline::at)
        });
        let earliest = deadlines.min();
        assert_eq!(timer(TimerKind::Deadline), earliest, "the earliest deadline");
        self.check_leases();
        if sequence.paused {
            assert_eq!(timer(TimerKind::Deadline), None, "the deadline of a paused one runs");
            assert!(timer(TimerKind::Reminder).is_some(), "a paused one reminds of itself");
            assert_eq!(sequence.slot, Slot::None, "a paused one leaves the slot to others");
        }
    }
}

impl Driver {
    /// One live claim for each task and tool, by somebody who has not answered.
    #[track_caller]
    fn check_leases(&self) {
        for (_, attempt) in self.sequence.attempts() {
            let tools: BTreeSet<&str> = attempt.leases.iter().map(|lease| &*lease.tool).collect();
            assert_eq!(tools.len(), attempt.leases.len(), "two claims of one tool: {:?}", attempt.leases);
            let ids: BTreeSet<&str> = attempt.leases.iter().map(|lease| &*lease.id).collect();
            assert_eq!(ids.len(), attempt.leases.len(), "two claims of one id: {:?}", attempt.leases);
            assert!(tools.iter().all(|tool| attempt.knows(tool)), "a claim is a start");
        }
    }

    #[track_caller]
    fn check_open(&self, open: &OpenTask) {
        let sequence = &self.sequence;
        let timer = |kind| self.timers.get(&kind).copied();
        let clock = |deadline: Deadline| match deadline {
            Deadline::At(at) => {
                assert!(!sequence.paused, "the deadline of a paused one runs");
                assert!(timer(TimerKind::Deadline).is_some_and(|due| due <= at), "nothing wakes it at {at}");
            }
            Deadline::Left(_) => assert!(sequence.paused, "the deadline of a running one stands still"),
            Deadline::None => {
                assert_eq!(sequence.name_of(open.task), "approval");
                assert!(timer(TimerKind::Reminder).is_some(), "an approval reminds of itself");
            }
        };
        match &open.state {
            TaskState::Offered(attempt) => {
                clock(attempt.deadline);
                attempt.leases.iter().for_each(|lease| clock(lease.deadline));
            }
            TaskState::Ready { due } => {
                let is_due = due.is_none_or(|due| due <= self.at);
                let wakes = timer(TimerKind::Delay).is_some_and(|timer| due.is_some_and(|due| timer <= due));
                // What stands still is looked at once it goes on.
                let stands = sequence.paused || sequence.slot != Slot::Held;
                assert!(is_due || wakes || stands, "nothing wakes it at {due:?}");
                assert!(sequence.paused || sequence.slot != Slot::None, "it waits for a slot that it does not want");
                assert!(sequence.paused || sequence.slot != Slot::Held || !is_due, "it could go on and does not");
            }
            TaskState::Over(_) => {}
        }
    }
}
