//! What the writer tells, counted.

use capstan_engine::orchestrate::AttemptEnd;
use capstan_runtime::command::{Command, CommandError};
use capstan_runtime::observe::{CommittedBatch, Observer, Tally};

use super::set::{CarriedOut, End, Ended, Metrics, Origin, Started};

impl Observer for Metrics {
    fn committed(&self, batch: &CommittedBatch<'_>) {
        self.batch.observe(batch.commands.len() as f64);
        self.work.observe(batch.work.as_secs_f64());
        self.commit.observe(batch.commit.as_secs_f64());
        let outcomes = batch.replies.iter().map(|reply| match reply {
            Ok(_) => "done",
            Err(CommandError::Store(_)) => "failed",
            Err(_) => "refused",
        });
        self.count(batch.commands.iter().map(Command::word).zip(outcomes));
        self.tally(&batch.tally);
    }

    fn failed(&self, commands: &[Command]) {
        self.failed.inc();
        self.count(commands.iter().map(|command| (command.word(), "failed")));
    }
}

impl Metrics {
    fn count(&self, commands: impl Iterator<Item = (&'static str, &'static str)>) {
        // A batch is of few kinds, so that few counters have to be looked up.
        let mut counts: Vec<(CarriedOut, u64)> = Vec::new();
        for (command, outcome) in commands {
            let labels = CarriedOut { command, outcome };
            match counts.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, count)) => *count += 1,
                None => counts.push((labels, 1)),
            }
        }
        for (labels, count) in counts {
            self.commands.get_or_create(&labels).inc_by(count);
        }
    }

    fn tally(&self, tally: &Tally) {
        for (origin, count) in [("outside", tally.events_taken_in), ("derived", tally.events_derived)] {
            self.events.get_or_create(&Origin { origin }).inc_by(count);
        }
        for (counter, count) in [
            (&self.ignored, tally.events_ignored),
            (&self.triggered, tally.sequences_triggered),
            (&self.not_begun, tally.sequences_refused),
            (&self.offered, tally.tasks_offered),
            (&self.answered, tally.tasks_answered),
            (&self.released, tally.leases_released),
            (&self.alive, tally.signs_of_life),
        ] {
            counter.inc_by(count);
        }
        for (by, count) in [("claim", tally.tasks_claimed), ("event", tally.tasks_started)] {
            self.started.get_or_create(&Started { by }).inc_by(count);
        }
        // What has not happened yet is there with zero, so that its rate can be asked for.
        for (result, count) in Tally::RESULTS.iter().zip(tally.sequences_ended) {
            self.ended.get_or_create(&Ended { result: result.word() }).inc_by(count);
        }
        for (end, count) in Tally::ENDS.iter().zip(tally.tasks_ended) {
            self.tasks_ended.get_or_create(&End { end: end.word() }).inc_by(count);
        }
        for (end, count) in Tally::RETRIES.iter().zip(tally.attempts_retried) {
            let end = match end {
                AttemptEnd::Failed => "failed",
                AttemptEnd::TimedOut => "timed_out",
                AttemptEnd::LeaseLost => "lease_lost",
            };
            self.retried.get_or_create(&End { end }).inc_by(count);
        }
    }
}
