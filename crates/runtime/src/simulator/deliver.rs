//! What is said to the server, and what whoever said it does with the answer.

use capstan_engine::orchestrate::Lease;
use capstan_model::event::CloudEvent;
use jiff::SignedDuration;

use super::agenda::Act;
use super::post::Mishap;
use super::world::World;
use crate::command::{Command, CommandError, IdempotencyKey, Ingest, Reply};

/// When somebody who was told of a failure, or was not answered, says it again.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

impl World {
    /// Takes in an event as it is, as often as it is sent; one without a time gets that of now. Gives its id.
    pub fn ingest(&mut self, event: CloudEvent) -> String {
        let id = event.id.clone();
        let command = self.event_in(event, None);
        if let Err(error) = self.submit(command) {
            self.fault(error.to_string());
        }
        id
    }

    /// Something happens. Gives what the server says, where it says anything by now.
    pub(super) fn perform(&mut self, act: Act) -> Option<Result<Reply, CommandError>> {
        if !act.is_said() {
            self.happen(act);
            return None;
        }
        let act = self.named(act);
        match self.post.meet() {
            None => self.tell_server(act),
            Some(Mishap::Late(by)) => {
                self.tally.add(if by.is_zero() { "reordered" } else { "late" }, 1);
                self.agenda.plan(self.elapsed.saturating_add(by), Act::Again(Box::new(act)));
                None
            }
            Some(Mishap::Twice(by)) => {
                self.tally.add("twice", 1);
                self.agenda.plan(self.elapsed.saturating_add(by), Act::Again(Box::new(act.clone())));
                self.tell_server(act)
            }
        }
    }

    /// What is said more than once is so under one name.
    fn named(&mut self, act: Act) -> Act {
        match act {
            Act::Event(mut event) if event.id.is_empty() => {
                event.id = self.new_id();
                Act::Event(event)
            }
            Act::Claim { tool, offer, answer, key } if key.is_empty() => {
                Act::Claim { tool, offer, answer, key: self.new_id() }
            }
            Act::Ask { tool, key } if key.is_empty() => Act::Ask { tool, key: self.new_id() },
            act => act,
        }
    }

    /// What happens without anything being said.
    fn happen(&mut self, act: Act) {
        match act {
            Act::Beat { event, every, until } => {
                let next = self.elapsed.saturating_add(every);
                if next < until {
                    self.agenda.plan(next, Act::Beat { event: event.clone(), every, until });
                }
                self.perform(Act::Event(event));
            }
            Act::Again(act) => {
                self.tell_server(*act);
            }
            Act::Kill { away } => self.kill_for(away),
            Act::Jump { by } => self.jump(by),
            Act::Look => self.look(),
            Act::Serve => self.serve(),
            _ => {}
        }
    }

    /// It reaches the server. Whoever is told of a failure, or told nothing, says it again.
    fn tell_server(&mut self, act: Act) -> Option<Result<Reply, CommandError>> {
        let command = self.command_of(&act)?;
        if let Some(room) = &mut self.room {
            room.push((act, command));
            return None;
        }
        self.note_live(&act);
        let reply = self.carry_out(command);
        self.is_told(act, reply)
    }

    /// What whoever said it does with the answer, or with none.
    pub(super) fn is_told(
        &mut self,
        act: Act,
        reply: Result<Reply, CommandError>,
    ) -> Option<Result<Reply, CommandError>> {
        match &reply {
            Err(CommandError::Store(_)) if is_refused_for_ever(&act) => {
                self.tally.add("refused", 1);
                None
            }
            Err(CommandError::Store(_)) => {
                self.tally.add("said-again", 1);
                self.say_again(act);
                None
            }
            _ => {
                self.hear(act, &reply);
                Some(reply)
            }
        }
    }

    /// Whoever was not answered says it again.
    pub(super) fn say_again(&mut self, act: Act) {
        self.agenda.plan(self.elapsed.saturating_add(AGAIN), Act::Again(Box::new(act)));
    }

    fn command_of(&mut self, act: &Act) -> Option<Command> {
        match act {
            Act::Event(event) => {
                let content = serde_json::to_vec(&event.data).unwrap_or_default();
                let key = IdempotencyKey::of_event(&event.source, &event.id, &content);
                Some(self.event_in((**event).clone(), Some(key)))
            }
            Act::Control { project, context, stage, control } => {
                let (project, context, stage) = (project.clone(), context.clone(), stage.clone());
                Some(Command::Control { project, context, stage, control: *control })
            }
            Act::Rerun { project, context, stage, origin, wish } => {
                let (project, context, stage) = (project.clone(), context.clone(), stage.clone());
                Some(Command::Rerun { project, context, stage, origin: *origin, wish: wish.clone() })
            }
            Act::Claim { tool, offer, key, .. } => self.claim(*tool, offer, key),
            Act::Ask { tool, key } => Some(Command::Claim(Box::new(self.wish(*tool, key)?))),
            Act::Alive { lease, progress, .. } => {
                Some(Command::Heartbeat { lease: lease.clone(), progress: progress.clone() })
            }
            Act::Release { lease, reason, .. } => {
                Some(Command::Release { lease: lease.clone(), reason: reason.clone() })
            }
            // Whoever has heard that its lease is over has stopped.
            Act::Answer(answer) if self.tools.over.contains(&answer.lease) => None,
            Act::Answer(answer) => Some(Command::Answer(answer.clone())),
            Act::Configure(of) => Some(self.configure(of)),
            _ => None,
        }
    }

    /// What whoever said it does with the answer.
    fn hear(&mut self, act: Act, reply: &Result<Reply, CommandError>) {
        match (act, reply) {
            (Act::Event(event), Ok(_)) => {
                let fault = self.checker.acknowledged(&event.id);
                if let Some(fault) = fault {
                    self.fault(fault);
                }
            }
            (Act::Claim { tool, answer, .. }, Ok(Reply::Claimed(grants))) => {
                for grant in grants {
                    self.work_on(tool, grant.clone(), &answer);
                }
            }
            (Act::Ask { tool, key }, Ok(Reply::Claimed(grants))) => self.is_granted(tool, &key, grants),
            (Act::Alive { lease, progress, every, until }, Ok(_)) => {
                if self.elapsed.saturating_add(every) < until {
                    self.plan(every, Act::Alive { lease, progress, every, until });
                }
            }
            (Act::Alive { lease, .. }, Err(CommandError::LeaseOver { .. })) => {
                self.tools.over.insert(lease);
            }
            (Act::Release { tool, offer, .. }, Ok(_)) => {
                let now = self.elapsed;
                self.tools.given_back(tool, &offer, now, &mut self.agenda);
            }
            (Act::Answer(answer), Ok(Reply::Accepted { id, ignored, .. })) => {
                if ignored.is_none() && !self.tools.answered.contains(&answer.lease) {
                    self.fault(format!("an answer counts although its lease was over: {}", answer.lease));
                }
                let fault = self.checker.acknowledged(id);
                if let Some(fault) = fault {
                    self.fault(fault);
                }
            }
            // There is nothing to give, nothing to answer, nothing to do again.
            (Act::Release { .. }, Err(CommandError::LeaseOver { .. }))
            | (Act::Event(_), Err(CommandError::KeyReused))
            | (Act::Answer(_), Err(CommandError::AnsweredOtherwise(_)))
            | (Act::Rerun { .. }, Err(CommandError::NotAgain(_)))
            | (Act::Configure(_), Err(CommandError::ProjectExists(_)))
            | (_, Ok(_)) => {}
            (_, Err(error)) => self.fault(format!("the server refuses what it should not: {error}")),
        }
    }

    /// Keeps whether the lease lives by which somebody answers.
    pub(super) fn note_live(&mut self, act: &Act) {
        let Act::Answer(answer) = act else { return };
        let Some(triggered_id) = Lease::triggered_id(&answer.lease) else { return };
        let lives = self.store.disk().look(|state, _| {
            let sequence = state.links.get(triggered_id).and_then(|link| state.sequences.get(&link.sequence));
            sequence.is_some_and(|row| row.1.lease(&answer.lease).is_some())
        });
        if lives {
            self.tools.answered.insert(answer.lease.clone());
        }
    }

    pub(super) fn event_in(&mut self, mut event: CloudEvent, key: Option<IdempotencyKey>) -> Command {
        event.time.get_or_insert(self.now());
        let project = capstan_model::event::rest::data_text(&event.data, "project").to_owned();
        self.contexts.insert((project, event.context.clone().unwrap_or_default()));
        Command::Ingest(Box::new(Ingest { event, key }))
    }

    fn configure(&mut self, of: &(String, crate::ports::Configuration, String)) -> Command {
        let (name, configuration, shipyard) = of.clone();
        let known = self
            .store
            .disk()
            .look(|state, _| state.project_named(&name).is_some_and(|project| project.configuration.is_some()));
        if known {
            return Command::ConfigureProject { name, configuration, shipyard };
        }
        let context = self.new_id();
        Command::CreateProject { name, configuration, shipyard, context }
    }
}

/// Whether the store can never take it: then who said it gives up.
fn is_refused_for_ever(act: &Act) -> bool {
    matches!(act, Act::Event(event) if crate::memory::is_too_deep(&event.data))
}
