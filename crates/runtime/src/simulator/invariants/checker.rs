//! Checks after each step what the step has touched, and the whole where that is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use capstan_engine::orchestrate::{CONTROL_PLANE, Ending, Fact, Limits, Outcome, Sequence, followers};
use capstan_model::event::EventType;
use capstan_model::shipyard::Shipyard;
use jiff::{SignedDuration, Timestamp};

use super::{clock, fold, offers, queue, run, sequence};
use crate::memory::{Counters, State, Touched};
use crate::ports::StoredFact;
use crate::step::REMEMBERED;

/// What a check goes by.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Terms<'a> {
    /// How long, how much and how many.
    pub(in crate::simulator) limits: &'a Limits,
    /// What the clock says.
    pub(in crate::simulator) now: Timestamp,
    /// Since when the server has been up and its clock even; at the beginning of time where that is not known any more.
    pub(in crate::simulator) up_since: Timestamp,
    /// What the clock said when that was carried out which is looked at: it may have been set since.
    pub(in crate::simulator) stepped: Timestamp,
    /// The shipyards by the hash of their text.
    pub(in crate::simulator) shipyards: &'a BTreeMap<String, Arc<Shipyard>>,
    /// By how much the clock was set back without anybody being told.
    pub(in crate::simulator) slack: SignedDuration,
}

/// How often an event was stored.
#[derive(Debug)]
struct Stored {
    /// As often as it may not be.
    times: u32,
    first: Timestamp,
    /// Whether it came again when a repeat was known no more.
    again: bool,
}

/// What was seen of a store so far: its facts folded, its events counted.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Checker {
    folded: BTreeMap<String, Sequence>,
    last_fact: u64,
    last_event: u64,
    ids: BTreeMap<String, Stored>,
    /// Ids of triggers that the control plane has told the end of.
    ended: BTreeSet<String>,
    /// Events that their senders were told are safe.
    acknowledged: BTreeSet<String>,
    hash: DefaultHasher,
    /// How many events changed nothing.
    pub(in crate::simulator) ignored: u64,
}

impl Checker {
    /// Checks what was touched since the last look.
    pub(in crate::simulator) fn look(&mut self, state: &State, touched: &Touched, terms: &Terms<'_>) -> Vec<String> {
        let mut faults = self.read(state, terms);
        for id in &touched.sequences {
            faults.extend(self.check_sequence(state, id, terms));
        }
        for key in &touched.runs {
            faults.extend(run::check(state, key));
        }
        for key in &touched.queues {
            faults.extend(queue::check(state, key));
        }
        faults
    }

    /// Checks everything that is stored.
    pub(in crate::simulator) fn look_at_all(&mut self, state: &State, terms: &Terms<'_>) -> Vec<String> {
        let mut faults = self.read(state, terms);
        let known = |id: &String| state.sequences.get(id).is_some_and(|row| state.lives(row.0));
        for (id, row) in state.sequences.iter().filter(|(_, row)| state.lives(row.0)) {
            faults.extend(self.check_sequence(state, id, terms));
            let run = (row.0, row.1.scope.context.clone());
            if !state.runs.contains_key(&run) {
                faults.push(format!("sequence {id} belongs to no run"));
            }
        }
        let gone = self.folded.keys().filter(|id| !state.sequences.contains_key(*id));
        faults.extend(gone.map(|id| format!("facts tell of a sequence that is not stored: {id}")));
        for key in state.runs.keys().filter(|key| state.lives(key.0)) {
            faults.extend(run::check(state, key));
        }
        for key in state.queues.keys() {
            faults.extend(queue::check(state, key));
        }
        for (id, kind) in state.timers.keys().filter(|(id, _)| !known(id)) {
            faults.push(format!("the timer '{}' is of no sequence: {id}", kind.word()));
        }
        faults.extend(offers::loose(state));
        faults
    }

    /// The process was killed, or a commit had failed: what is there now is what was there before, and at most the commit
    /// that was under way. Everything is checked.
    pub(in crate::simulator) fn look_after_crash(
        &mut self,
        state: &State,
        counters: Counters,
        terms: &Terms<'_>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for (what, last, now) in [("facts", self.last_fact, counters.fact), ("events", self.last_event, counters.event)]
        {
            if now < last {
                faults.push(format!("the store has lost {what} that were committed: {now} are left of {last}"));
            }
        }
        if !faults.is_empty() {
            // What is left is all that there is.
            let (hash, acknowledged) = (std::mem::take(&mut self.hash), std::mem::take(&mut self.acknowledged));
            *self = Self { acknowledged, hash, ..Self::default() };
        }
        faults.extend(self.look_at_all(state, terms));
        faults.extend(self.acknowledged.iter().filter_map(|id| self.stored_once(id)));
        faults
    }

    /// A sender was told that its event is safe. What is wrong with that.
    pub(in crate::simulator) fn acknowledged(&mut self, id: &str) -> Option<String> {
        let fault = self.stored_once(id);
        self.acknowledged.insert(id.to_owned());
        fault
    }

    fn stored_once(&self, id: &str) -> Option<String> {
        match self.ids.get(id) {
            Some(Stored { times: 1, .. }) => None,
            None => Some(format!("an event that was acknowledged is not stored: {id}")),
            Some(Stored { times, .. }) => {
                Some(format!("an event that was acknowledged is stored more than once, {times} times: {id}"))
            }
        }
    }

    /// Tells schedules apart: a hash of all that happened.
    pub(in crate::simulator) fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// Reads on: facts are folded, events are counted.
    fn read(&mut self, state: &State, terms: &Terms<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        for (position, row) in state.events.range(self.last_event + 1..) {
            self.last_event = *position;
            let event = &row.event;
            (&event.id, &event.source, &event.kind).hash(&mut self.hash);
            let at = event.time.unwrap_or(Timestamp::MIN);
            let seen = self.ids.entry(event.id.clone()).or_insert_with(|| Stored {
                times: 0,
                // The day for which a repeat is known begins when the event is carried out.
                first: at.min(terms.stepped),
                again: false,
            });
            // A repeat is known for so long and no longer; it may have waited since it came.
            if seen.times == 0 || at.max(terms.now).duration_since(seen.first) < REMEMBERED {
                seen.times += 1;
            } else {
                seen.again = true;
            }
            let times = seen.times;
            if event.source != CONTROL_PLANE {
                continue;
            }
            if times > 1 {
                faults.push(format!("two events have the id {}", event.id));
            }
            if let (EventType::Sequence { phase: "finished", .. }, Some(of)) =
                (EventType::parse(&event.kind), &event.triggered_id)
                && !self.ended.insert(of.clone())
                && self.ids.get(of).is_none_or(|trigger| !trigger.again)
                // Others can say so of what is no sequence.
                && state.sequences.values().any(|row| row.1.scope.triggered_id == *of)
            {
                faults.push(format!("the end of a sequence was told twice, that of {of}"));
            }
        }
        for (position, (project, context)) in state.facts_by_position.range(self.last_fact + 1..) {
            self.last_fact = *position;
            let Some(stored) = state.facts.get(&(*project, context.clone(), *position)) else { continue };
            std::mem::discriminant(&stored.fact).hash(&mut self.hash);
            (stored.at.as_nanosecond(), &stored.sequence).hash(&mut self.hash);
            self.ignored += u64::from(matches!(stored.fact, Fact::Ignored { .. }));
            faults.extend(fold::next(&mut self.folded, stored, terms));
            faults.extend(self.followers(state, stored, terms));
            faults.extend(offers::condition(&self.folded, state, stored));
        }
        faults
    }

    /// What is to follow a sequence that has ended follows, each under its own id.
    fn followers(&self, state: &State, stored: &StoredFact, terms: &Terms<'_>) -> Vec<String> {
        let Fact::Ended(Ending { outcome: Outcome::Finished, .. }) = &stored.fact else { return Vec::new() };
        let sequence = stored.sequence.as_ref().and_then(|id| Some((self.folded.get(id)?, state.sequences.get(id)?.0)));
        let Some((sequence, project)) = sequence else { return Vec::new() };
        let run = state.runs.get(&(project, stored.context.clone()));
        let shipyard = run.and_then(|run| terms.shipyards.get(run.shipyard.as_ref()?));
        let expected = shipyard.map(|shipyard| followers(sequence, shipyard, stored.at)).unwrap_or_default();
        let missing = expected.into_iter().filter(|event| !self.ids.contains_key(&event.id));
        missing
            .map(|event| format!("what is to follow a sequence does not follow: {}, {}", sequence.id, event.kind))
            .collect()
    }

    fn check_sequence(&self, state: &State, id: &str, terms: &Terms<'_>) -> Vec<String> {
        let Some(row) = state.sequences.get(id) else { return Vec::new() };
        let (project, stored) = &**row;
        if !state.lives(*project) {
            return Vec::new();
        }
        let mut faults = sequence::shape(stored, terms.limits);
        match self.folded.get(id) {
            Some(folded) if folded == stored => {}
            Some(folded) => {
                faults.push(format!("facts do not lead to what is stored: to {folded:?}, stored is {stored:?}"));
            }
            None => faults.push(format!("no facts tell of the sequence that is stored: {id}")),
        }
        faults.extend(queue::place_of(stored, state.queues.get(&(*project, stored.queue()))));
        faults.extend(clock::check(stored, state, terms));
        faults.extend(offers::check(stored, state));
        faults
    }
}
