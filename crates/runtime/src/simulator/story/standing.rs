//! How everything stands at the end.

use capstan_engine::orchestrate::{self, Fact, Phase, Sequence, TimerKind};
use serde::Serialize;

use super::lines::{name_of, run_names, run_of};
use super::waiting::Waiting;
use super::words::Speaker;
use crate::ports::Timer;
use crate::simulator::{Played, World};

/// A run at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunStanding {
    /// Its name in the scenario.
    pub run: String,
    /// Its context.
    pub context: String,
    /// Its state, as the API names it.
    pub state: String,
    /// How it ended, as the API names it; none while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Its sequences, in the order of their triggers.
    pub sequences: Vec<SequenceStanding>,
    /// Why others could not start, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,
}

/// A sequence at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SequenceStanding {
    /// Its stage.
    pub stage: String,
    /// Its name.
    pub sequence: String,
    /// Its service.
    pub service: String,
    /// Its state, as the API names it.
    pub state: String,
    /// With which result it ended; empty while it is open.
    pub result: String,
    /// With which status it ended; empty while it is open.
    pub status: String,
    /// What it waits for; none once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

impl Played {
    /// All runs, in the order of the scenario.
    pub fn standing(&mut self) -> Vec<RunStanding> {
        let timers = self.world.timers();
        let sequences = self.all_sequences();
        let name = |id: &str| name_of(&sequences, id);
        let contexts = self.contexts();
        let run = |context: &str| run_of(&contexts, context);
        let speaker = Speaker { beginning: self.world.beginning(), name: &name, run: &run };
        let mut runs = Vec::new();
        for (run, context) in &contexts {
            let Some(of) = self.world.run(context) else { continue };
            let of_run = self.world.sequences(context).into_iter().map(|sequence| {
                let mine = |timer: &&Timer| timer.sequence == sequence.id && timer.kind == TimerKind::Reminder;
                let reminder = timers.iter().find(mine).map(|timer| timer.due);
                let waiting = Waiting::of(waits(&self.world, &sequence), reminder, &speaker);
                stand(sequence, waiting)
            });
            let refused = self.world.facts(context).into_iter().filter_map(|stored| match stored.fact {
                Fact::Refused { message, .. } => Some(run_names(&contexts, message)),
                _ => None,
            });
            runs.push(RunStanding {
                sequences: of_run.collect(),
                refused: refused.collect(),
                run: run.clone(),
                context: context.clone(),
                state: of.state().word().to_owned(),
                result: of.result().map(|result| result.word().to_owned()),
            });
        }
        runs
    }
}

/// What a sequence waits for, by the engine's rule.
fn waits(world: &World, sequence: &Sequence) -> Vec<orchestrate::Waiting> {
    let scope = &sequence.scope;
    let queue = world.queue(&scope.project, &sequence.queue());
    // Whoever holds the slot is of one run.
    let mut holders = queue.held.first().map(|place| world.sequences(&place.context)).unwrap_or_default();
    holders.retain(|holder| queue.held.iter().any(|place| place.sequence == holder.id));
    let setting = world.setting();
    let seen = sequence.clone().since_up(&setting.limits, setting.up_since);
    let all = orchestrate::waiting(&seen, &queue, world.now()).into_iter();
    all.map(|waiting| waiting.with_holders(&holders)).collect()
}

fn stand(sequence: Sequence, waiting: Option<Waiting>) -> SequenceStanding {
    let state = sequence.state().to_owned();
    let (result, status) = match sequence.phase {
        Phase::Ended(ending) => (ending.result, ending.status),
        _ => (String::new(), String::new()),
    };
    let (stage, service) = (sequence.scope.stage.clone(), sequence.scope.service.clone());
    let sequence = sequence.definition.name.clone();
    SequenceStanding { stage, sequence, service, state, result, status, waiting }
}
