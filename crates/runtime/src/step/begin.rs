//! A `.triggered` event begins a sequence, and with the first one a run.

use capstan_engine::orchestrate::{
    Admission, Begun, Birth, Fact, Input, Place, Refusal, Run, Subject, admit, begin, born, decide,
};
use capstan_model::event::CloudEvent;

use super::cache::Known;
use super::work::Work;
use crate::command::CommandError;
use crate::ports::{NewFact, ProjectId};

impl Work<'_> {
    /// A sequence that follows another one begins.
    pub(super) fn follow(&mut self, project: ProjectId, position: u64, event: &CloudEvent) -> Result<(), CommandError> {
        let context = event.context.as_deref().unwrap_or_default();
        if let Some(mut run) = self.take_run(project, context)? {
            run.followed();
            self.put_run(project, run);
        }
        self.begin(project, position, event)
    }

    /// A stored `.triggered` event begins a sequence, or is refused.
    pub(super) fn begin(&mut self, project: ProjectId, position: u64, event: &CloudEvent) -> Result<(), CommandError> {
        // Who calls has looked at the type and the data.
        let Some(Ok(subject)) = Subject::of(event) else { return Ok(()) };
        let context = event.context.as_deref().unwrap_or_default();
        let run = match self.run(project, context)? {
            Some(run) => run,
            None => self.new_run(event, position, subject, context)?,
        };
        let shipyard = match &run.shipyard {
            Some(hash) => self.cache.shipyards.get(self.tx, hash)?,
            None => None,
        };
        match begin(event, subject, position, &run, shipyard.as_deref(), &self.setting.limits, self.now) {
            Begun::Sequence(birth) => {
                let now = self.now;
                match admit(&birth, event, self.queue(project, &birth.queue())?, now) {
                    Admission::Enters(superseded) => self.enter(project, run, *birth, superseded),
                    Admission::Refused(refusal) => self.refuse(project, run, event, subject, *refusal),
                }
            }
            Begun::Refused(refusal) => self.refuse(project, run, event, subject, *refusal),
        }
    }

    /// A sequence comes to be, in the place of those that it supersedes.
    pub(super) fn enter(
        &mut self,
        project: ProjectId,
        run: Run,
        birth: Birth,
        superseded: Vec<Place>,
    ) -> Result<(), CommandError> {
        // Before it asks for its turn, so that one that stood aside tidies up first.
        for place in superseded {
            self.deliver(&place.sequence, &Input::Superseded { by: birth.scope.context.clone() })?;
        }
        let fact = Fact::Triggered(Box::new(birth.clone()));
        let sequence = born(birth, self.now);
        let mut decision = decide(&sequence, &Input::Born, self.now, &self.setting.limits);
        decision.facts.insert(0, fact);
        self.write(Known { project, sequence, put: None }, run, decision)
    }

    fn refuse(
        &mut self,
        project: ProjectId,
        mut run: Run,
        event: &CloudEvent,
        subject: Subject<'_>,
        refusal: Refusal,
    ) -> Result<(), CommandError> {
        self.tx.append_event(Some(project), &refusal.finished)?;
        self.signals.tally.events_derived += 1;
        run.refused(subject.stage, subject.sequence, &refusal.finished, self.now);
        let (event_id, event_type) = (event.id.clone(), event.kind.clone());
        let fact = Fact::Refused { event_id, event_type, message: refusal.message };
        self.signals.tally.note(&fact);
        let context = run.context.as_str();
        self.tx.append_fact(&NewFact { project: Some(project), context, sequence: None, at: self.now, fact: &fact })?;
        self.put_run(project, run);
        Ok(())
    }

    /// The run of a first trigger, pinned to the shipyard and the commit that its project has now.
    fn new_run(
        &mut self,
        event: &CloudEvent,
        position: u64,
        subject: Subject<'_>,
        context: &str,
    ) -> Result<Run, CommandError> {
        let mut run = Run::new(context, event, position, subject, self.now);
        if let Some(configuration) = self.project(subject.project)?.and_then(|project| project.configuration.clone()) {
            run.shipyard = Some(configuration.shipyard);
            run.commit.get_or_insert(configuration.commit);
        }
        Ok(run)
    }
}
