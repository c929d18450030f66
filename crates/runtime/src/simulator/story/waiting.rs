//! What is open waits for something: who holds it, until when, and what follows if nothing comes.

use capstan_engine::orchestrate::{Deadline, Phase, Queue, Sequence, TimerKind};
use jiff::Timestamp;
use serde::Serialize;

use super::words::Speaker;
use crate::ports::Timer;

/// What an open sequence waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// For what.
    pub holder: String,
    /// When anything was last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Timestamp>,
    /// Until when; none: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What follows then, or meanwhile.
    pub consequence: String,
    /// All of it in a sentence.
    pub sentence: String,
}

impl Waiting {
    pub(super) fn of(
        sequence: &Sequence,
        queue: &Queue,
        timers: &[Timer],
        now: Timestamp,
        speaker: &Speaker<'_>,
    ) -> Option<Self> {
        let timer = |kind| {
            timers.iter().find(|timer| timer.sequence == sequence.id && timer.kind == kind).map(|timer| timer.due)
        };
        let reminder = || timer(TimerKind::Reminder);
        let heard = sequence.attempt().map(|attempt| attempt.last_sign);
        let waits = |holder: String, until: Option<Timestamp>, consequence: &str| {
            let mut sentence = format!("waits for {holder}");
            if let Some(heard) = heard {
                sentence.push_str(&format!(", heard of at {}", speaker.time(heard)));
            }
            match (until, reminder()) {
                (Some(until), _) => sentence.push_str(&format!("; at {} {consequence}", speaker.time(until))),
                (None, Some(next)) => sentence.push_str(&format!("; {consequence}, next at {}", speaker.time(next))),
                (None, None) => sentence.push_str(&format!("; {consequence}")),
            }
            Some(Self { holder, heard, until, consequence: consequence.to_owned(), sentence })
        };
        if sequence.paused && !sequence.is_over() {
            return waits("somebody to resume it".to_owned(), None, "it reminds of that");
        }
        match &sequence.phase {
            Phase::Ended(_) => None,
            Phase::Ready { task, due: Some(due) } if *due > now => {
                waits(format!("the time of '{}'", sequence.name_of(*task)), Some(*due), "it is offered")
            }
            Phase::Queued | Phase::Ready { .. } => {
                let ahead = queue.ahead_of(&sequence.id);
                let names: Vec<String> = ahead.iter().map(|id| (speaker.name)(id)).collect();
                waits(names.join(", "), None, "it goes on once they are through")
            }
            Phase::Task(attempt) => {
                let task = sequence.name_of(attempt.task);
                let holders = attempt.holders();
                let holders = holders.iter().map(|holder| format!("'{holder}'")).collect::<Vec<_>>().join(", ");
                match attempt.deadline {
                    Deadline::None => waits(format!("a person to decide on '{task}'"), None, "it reminds of that"),
                    Deadline::At(at) if attempt.started() == 0 => {
                        waits(format!("somebody to start on '{task}'"), Some(at), "it times out")
                    }
                    Deadline::At(at) => waits(format!("{holders} to answer '{task}'"), Some(at), "it times out"),
                    Deadline::Left(_) => waits(format!("'{task}'"), None, "it stands still"),
                }
            }
        }
    }
}
