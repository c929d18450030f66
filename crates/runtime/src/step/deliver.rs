//! One sequence hears of something: load, decide, fold, write.

use std::sync::Arc;

use capstan_engine::orchestrate::{
    Decision, Effect, Fact, Input, LatestEvent, Place, Queue, Run, RunResult, Scope, Sequence, apply, decide, followers,
};
use capstan_model::event::{CloudEvent, event_type};
use serde_json::Value;

use super::cache::Known;
use super::work::{Caused, Work};
use crate::command::CommandError;
use crate::ports::{LastEnd, NewFact, Offered, ProjectId, Timer};

impl Work<'_> {
    /// Delivers an input; one to a sequence that is gone with its project is dropped.
    pub(super) fn deliver(&mut self, id: &str, input: &Input) -> Result<(), CommandError> {
        let Some(known) = self.take_sequence(id)? else { return Ok(()) };
        let decision = decide(&known.sequence, input, self.now, &self.setting.limits);
        let context = &known.sequence.scope.context;
        let run = if decision == Decision::default() { None } else { self.take_run(known.project, context)? };
        let Some(run) = run else {
            self.leave_as_it_is(known);
            return Ok(());
        };
        self.write(known, run, decision)
    }

    /// Writes a decision: facts, the state that they fold to, and effects.
    pub(super) fn write(&mut self, known: Known, mut run: Run, decision: Decision) -> Result<(), CommandError> {
        let Known { project, mut sequence, put } = known;
        for fact in &decision.facts {
            let before = Before::of(&sequence, fact);
            apply(&mut sequence, fact, self.now);
            self.signals.tally.note(fact);
            run.observe(&sequence, fact, self.now);
            self.note_taker(project, &sequence, fact)?;
            self.note_ignored(fact);
            self.show(project, &sequence, fact, before)?;
            self.tx.append_fact(&NewFact {
                project: Some(project),
                context: &sequence.scope.context,
                sequence: Some(&sequence.id),
                at: self.now,
                fact,
            })?;
        }
        let followers = self.followers(&sequence, &run, &decision)?;
        if sequence.is_over() {
            run.ended(followers.len());
        }
        self.put_run(project, run);
        for effect in decision.effects {
            self.carry_through(project, &sequence, effect)?;
        }
        self.put_sequence(Known { project, sequence, put });
        self.signals.tally.events_derived += followers.len() as u64;
        for event in followers {
            let position = self.tx.append_event(Some(project), &event)?;
            self.caused.push_back(Caused::Follow { project, position, event });
        }
        Ok(())
    }

    fn carry_through(&mut self, project: ProjectId, sequence: &Sequence, effect: Effect) -> Result<(), CommandError> {
        match effect {
            Effect::Publish(event) => {
                self.signals.tally.events_derived += 1;
                self.tx.append_event(Some(project), &event)?;
            }
            Effect::Offer(event) => {
                self.signals.tally.events_derived += 1;
                let position = self.tx.append_event(Some(project), &event)?;
                self.tx.offer(project, &sequence.id, position, &event)?;
                self.signals.offered = true;
                if !self.waiting.claims.is_empty() {
                    let offered = Offered { triggered_id: event.id.clone(), sequence: sequence.id.clone(), position };
                    self.caused.push_back(Caused::Grant { offered, event });
                }
            }
            Effect::Withdraw { triggered_id } => self.tx.withdraw(&triggered_id)?,
            Effect::Arm(kind, due) => {
                self.tx.arm(&Timer { sequence: sequence.id.clone(), kind, due })?;
                self.signals.next_timer = [self.signals.next_timer, Some(due)].into_iter().flatten().min();
            }
            Effect::Disarm(kind) => self.tx.disarm(&sequence.id, kind)?,
            Effect::WantSlot => self.want_slot(project, sequence)?,
            Effect::FreeSlot => self.leave(project, sequence, Queue::free)?,
            Effect::StepAside => self.leave(project, sequence, Queue::step_aside)?,
            // Written behind all other effects: what ends comes before what follows.
            Effect::Follow => {}
        }
        Ok(())
    }

    fn leave(
        &mut self,
        project: ProjectId,
        sequence: &Sequence,
        how: impl Fn(&mut Queue, &str) -> Vec<Place>,
    ) -> Result<(), CommandError> {
        let granted = self.change_queue(project, sequence.queue(), |queue| how(queue, &sequence.id))?;
        self.slot_granted(granted);
        Ok(())
    }

    fn want_slot(&mut self, project: ProjectId, sequence: &Sequence) -> Result<(), CommandError> {
        let place =
            Place { sequence: sequence.id.clone(), context: sequence.scope.context.clone(), ordinal: sequence.ordinal };
        let (granted, behind) = self.change_queue(project, sequence.queue(), |queue| {
            let granted = queue.want(place);
            (granted, queue.ahead_of(&sequence.id))
        })?;
        if !granted.iter().any(|place| place.sequence == sequence.id) {
            self.caused.push_back(Caused::Deliver { sequence: sequence.id.clone(), input: Input::Blocked { behind } });
        }
        self.slot_granted(granted);
        Ok(())
    }

    /// A slot was granted to these.
    fn slot_granted(&mut self, places: Vec<Place>) {
        for place in places {
            self.caused.push_back(Caused::Deliver { sequence: place.sequence, input: Input::SlotGranted });
        }
    }

    /// The events of all sequences that a decision lets follow.
    fn followers(
        &mut self,
        sequence: &Sequence,
        run: &Run,
        decision: &Decision,
    ) -> Result<Vec<CloudEvent>, CommandError> {
        let follow = decision.effects.contains(&Effect::Follow);
        let Some(hash) = run.shipyard.as_ref().filter(|_| follow) else { return Ok(Vec::new()) };
        let shipyard = self.cache.shipyards.get(self.tx, hash)?;
        Ok(shipyard.map(|shipyard| followers(sequence, &shipyard, self.now)).unwrap_or_default())
    }

    /// Keeps which tool has which task.
    fn note_taker(&mut self, project: ProjectId, sequence: &Sequence, fact: &Fact) -> Result<(), CommandError> {
        let (task, tool, takes) = match fact {
            Fact::TaskStarted { task, event, .. } | Fact::TaskAnswered { task, event, .. } => {
                (*task, &event.source, true)
            }
            Fact::LeaseReleased { task, source, .. } => (*task, source, false),
            _ => return Ok(()),
        };
        let Some(attempt) = sequence.open_attempt(task) else { return Ok(()) };
        if takes {
            self.tx.add_taker(project, &attempt.triggered_id, tool)?;
        } else {
            self.tx.remove_taker(&attempt.triggered_id, tool)?;
        }
        Ok(())
    }

    /// Keeps, for whoever sent it, why an event changed nothing.
    pub(super) fn note_ignored(&mut self, fact: &Fact) {
        if let Fact::Ignored { why, .. } = fact {
            self.ignored = Some(why.sentence());
        }
    }

    /// Keeps what is shown of a service: the image of a deployment that went well, the score of an evaluation, and how a
    /// sequence ended; with that the last event of each type, which until then the sequence alone knows.
    fn show(
        &mut self,
        project: ProjectId,
        sequence: &Sequence,
        fact: &Fact,
        before: Before,
    ) -> Result<(), CommandError> {
        let Scope { stage, service, context, .. } = &*sequence.scope;
        match fact {
            Fact::TaskAnswered { event, .. } if event.event_type == event_type::of_task("evaluation", "finished") => {
                let score = event.data.pointer("/evaluation/score").and_then(Value::as_number);
                if let Some(score) = score.cloned() {
                    self.change_view(project, stage, service, |view| view.last_score = Some(score))?;
                }
            }
            Fact::TaskDone { task, result, status, .. } => {
                let deployed = sequence.name_of(*task) == "deployment" && result != "fail" && status == "succeeded";
                if let Some(image) = before.image.filter(|_| deployed) {
                    self.change_view(project, stage, service, |view| view.deployed_image = Some(image))?;
                }
            }
            Fact::Ended(ending) => {
                let result = RunResult::of(ending).word().to_owned();
                let end = LastEnd { result, context: context.clone(), at: ending.at };
                self.change_view(project, stage, service, |view| {
                    view.last_end = Some(end);
                    view.saw(context, &before.latest_events);
                })?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a sequence knows before a fact that ends what it belongs to.
struct Before {
    /// The image that a deployment is about.
    image: Option<String>,
    /// The last event of each type.
    latest_events: Vec<Arc<LatestEvent>>,
}

impl Before {
    fn of(sequence: &Sequence, fact: &Fact) -> Self {
        let image_of = |task| sequence.open_task(task)?.attempt()?.image.clone();
        let image = if let Fact::TaskDone { task, .. } = fact { image_of(*task) } else { None };
        let is_end = matches!(fact, Fact::Ended(_));
        Self { image, latest_events: if is_end { sequence.latest_events.clone() } else { Vec::new() } }
    }
}
