//! An event from outside: stored, then handed to whom it concerns.

use capstan_engine::orchestrate::{Fact, ReactionKind, Subject, Why};
use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, EventType};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::work::Work;
use crate::command::{CommandError, Ingest, Reply};
use crate::ports::{NewFact, ProjectId};

/// How long a repeat is known.
pub(crate) const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What is remembered of an event under its key.
#[derive(Serialize, Deserialize)]
struct Remembered {
    fingerprint: String,
    context: String,
    id: String,
    /// Why it changed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
}

impl Work<'_> {
    /// Takes in an event; `lease` is the claim by which it answers.
    pub(super) fn ingest(&mut self, ingest: &Ingest, lease: Option<String>) -> Result<Reply, CommandError> {
        let event = &ingest.event;
        let context = event.context.clone().unwrap_or_default();
        if let Some(key) = &ingest.key {
            let answer = self.tx.answer(&key.key)?;
            if let Some(first) = answer.and_then(|text| serde_json::from_str::<Remembered>(&text).ok()) {
                if first.fingerprint != key.fingerprint {
                    return Err(CommandError::KeyReused);
                }
                return Ok(Reply::Accepted { context: first.context, id: first.id, ignored: first.ignored });
            }
        }
        let name = data_text(&event.data, "project");
        let project = if name.is_empty() { None } else { Some(self.project_or_ghost(name)?) };
        let position = self.tx.append_event(project, event)?;
        self.signals.tally.events_taken_in += 1;
        match (Subject::of(event), project) {
            (Some(Ok(_)), Some(project)) => {
                self.begin(project, position, event)?;
            }
            (Some(Err(why)), _) => self.ignore(project, event, why)?,
            _ => self.react(project, event, lease)?,
        }
        let ignored = self.ignored.take();
        if let Some(key) = &ingest.key {
            let (fingerprint, context, id) = (key.fingerprint.clone(), context.clone(), event.id.clone());
            let first = Remembered { fingerprint, context, id, ignored: ignored.clone() };
            // A few texts always have a form in JSON.
            let text = serde_json::to_string(&first).unwrap_or_default();
            let until = self.now.saturating_add(REMEMBERED).unwrap_or(jiff::Timestamp::MAX);
            self.tx.remember(&key.key, &text, until)?;
        }
        Ok(Reply::Accepted { context, id: event.id.clone(), ignored })
    }

    /// Hands a task's event to the sequence that offered the task.
    fn react(
        &mut self,
        project: Option<ProjectId>,
        event: &CloudEvent,
        lease: Option<String>,
    ) -> Result<(), CommandError> {
        let kind = match EventType::parse(&event.kind) {
            EventType::Task { phase: "started", .. } => ReactionKind::Started,
            EventType::Task { phase: "finished", .. } => ReactionKind::Finished,
            EventType::StatusChanged { .. } => ReactionKind::StatusChanged,
            _ => return Ok(()),
        };
        let Some(triggered_id) = &event.triggered_id else {
            return self.ignore(project, event, Why::NoTriggeredId);
        };
        let Some(sequence) = self.tx.sequence_of(triggered_id)? else {
            return self.ignore(project, event, Why::UnknownTriggeredId { triggered_id: triggered_id.clone() });
        };
        self.deliver(&sequence, &Self::reaction(event, kind, triggered_id, lease))
    }

    /// Puts on record, with the run that the event names, that it changed nothing.
    fn ignore(&mut self, project: Option<ProjectId>, event: &CloudEvent, why: Why) -> Result<(), CommandError> {
        let fact = Fact::Ignored {
            event_id: event.id.clone(),
            event_type: event.kind.clone(),
            source: event.source.clone(),
            why,
        };
        self.note_ignored(&fact);
        self.signals.tally.note(&fact);
        let context = event.context.as_deref().unwrap_or_default();
        self.tx.append_fact(&NewFact { project, context, sequence: None, at: self.now, fact: &fact })?;
        Ok(())
    }
}
