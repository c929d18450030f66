//! One sequence hears of something: load, decide, fold, write.

use capstan_engine::orchestrate::{Decision, Effect, Fact, Input, Place, Run, Sequence, apply, decide, followers};
use capstan_model::event::{CloudEvent, event_type};

use super::work::{Caused, Work};
use crate::command::CommandError;
use crate::ports::{LastEvent, NewFact, ProjectId, Timer};

impl Work<'_> {
    /// Delivers an input; one to a sequence that is gone with its project is dropped.
    pub(super) fn deliver(&mut self, id: &str, input: &Input) -> Result<(), CommandError> {
        let Some((project, sequence)) = self.tx.sequence(id)? else { return Ok(()) };
        let Some(run) = self.tx.run(project, &sequence.scope.context)? else { return Ok(()) };
        let decision = decide(&sequence, input, self.now, &self.setting.limits);
        self.write(project, sequence, run, decision)
    }

    /// Writes a decision: facts, the state that they fold to, and effects.
    pub(super) fn write(
        &mut self,
        project: ProjectId,
        mut sequence: Sequence,
        mut run: Run,
        decision: Decision,
    ) -> Result<(), CommandError> {
        if decision == Decision::default() {
            return Ok(());
        }
        for fact in &decision.facts {
            let image = sequence.attempt().and_then(|attempt| attempt.image.clone());
            apply(&mut sequence, fact, self.now);
            run.observe(&sequence, fact, self.now);
            self.show(project, &sequence, fact, image)?;
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
        self.tx.put_sequence(project, &sequence)?;
        self.tx.put_run(project, &run)?;
        for effect in decision.effects {
            self.carry_through(project, &sequence, effect)?;
        }
        for event in followers {
            let position = self.tx.append_event(Some(project), &event)?;
            self.caused.push_back(Caused::Follow { project, position, event });
        }
        Ok(())
    }

    fn carry_through(&mut self, project: ProjectId, sequence: &Sequence, effect: Effect) -> Result<(), CommandError> {
        match effect {
            Effect::Publish(event) => {
                self.tx.append_event(Some(project), &event)?;
            }
            Effect::Offer(event) => {
                let position = self.tx.append_event(Some(project), &event)?;
                self.tx.offer(project, &sequence.id, position, &event)?;
                self.signals.offered = true;
            }
            Effect::Withdraw { triggered_id } => self.tx.withdraw(&triggered_id)?,
            Effect::Arm(kind, due) => {
                self.tx.arm(&Timer { sequence: sequence.id.clone(), kind, due })?;
                self.signals.next_timer = [self.signals.next_timer, Some(due)].into_iter().flatten().min();
            }
            Effect::Disarm(kind) => self.tx.disarm(&sequence.id, kind)?,
            Effect::WantSlot => self.want_slot(project, sequence)?,
            Effect::FreeSlot => {
                let (stage, service) = (&sequence.scope.stage, &sequence.scope.service);
                let mut queue = self.tx.queue(project, stage, service)?;
                let granted = queue.free(&sequence.id);
                self.tx.put_queue(project, stage, service, &queue)?;
                self.granted(granted);
            }
            // Written behind all other effects: what ends comes before what follows.
            Effect::Follow => {}
        }
        Ok(())
    }

    fn want_slot(&mut self, project: ProjectId, sequence: &Sequence) -> Result<(), CommandError> {
        let (stage, service) = (&sequence.scope.stage, &sequence.scope.service);
        let mut queue = self.tx.queue(project, stage, service)?;
        let place =
            Place { sequence: sequence.id.clone(), context: sequence.scope.context.clone(), ordinal: sequence.ordinal };
        let granted = queue.want(place);
        self.tx.put_queue(project, stage, service, &queue)?;
        if !granted.iter().any(|place| place.sequence == sequence.id) {
            let input = Input::Blocked { behind: queue.ahead_of(&sequence.id) };
            self.caused.push_back(Caused::Deliver { sequence: sequence.id.clone(), input });
        }
        self.granted(granted);
        Ok(())
    }

    /// A slot was granted to these.
    fn granted(&mut self, places: Vec<Place>) {
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
        let shipyard = self.shipyards.get(self.tx, hash)?;
        Ok(shipyard.map(|shipyard| followers(sequence, &shipyard, self.now)).unwrap_or_default())
    }

    /// Keeps what is shown of a service: the last event of each task, and the image of a deployment that went well.
    fn show(
        &mut self,
        project: ProjectId,
        sequence: &Sequence,
        fact: &Fact,
        image: Option<String>,
    ) -> Result<(), CommandError> {
        let (stage, service) = (&sequence.scope.stage, &sequence.scope.service);
        let last =
            |id: &str| LastEvent { event_id: id.to_owned(), context: sequence.scope.context.clone(), time: self.now };
        let (kind, event) = match fact {
            Fact::TaskOffered { task, triggered_id, .. } => {
                (event_type::of_task(sequence.name_of(*task), "triggered"), last(triggered_id))
            }
            Fact::TaskStarted { event, .. } | Fact::TaskAnswered { event, .. } => {
                (event.event_type.clone(), last(&event.id))
            }
            Fact::TaskDone { task, result, status, .. } => {
                let deployed = sequence.name_of(*task) == "deployment" && result != "fail" && status == "succeeded";
                if let Some(image) = image.filter(|_| deployed) {
                    let mut view = self.tx.service_view(project, stage, service)?;
                    view.deployed_image = Some(image);
                    self.tx.put_service_view(project, stage, service, &view)?;
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        let mut view = self.tx.service_view(project, stage, service)?;
        view.last_events.insert(kind, event);
        self.tx.put_service_view(project, stage, service, &view)?;
        Ok(())
    }
}
