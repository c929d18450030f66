//! How everything stands at the end.

use capstan_engine::orchestrate::{Phase, Sequence};
use serde::Serialize;

use super::lines::name_of;
use super::waiting::Waiting;
use super::words::Speaker;
use crate::simulator::Played;

/// A run at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunStanding {
    /// Its name in the scenario.
    pub run: String,
    /// Its context.
    pub context: String,
    /// Its state, as the API names it.
    pub state: String,
    /// Its sequences, in the order of their triggers.
    pub sequences: Vec<SequenceStanding>,
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
        let speaker = Speaker { beginning: self.world.beginning(), name: &name };
        let mut runs = Vec::new();
        for (run, context) in self.contexts() {
            let Some(state) = self.world.run(&context).map(|run| run.state()) else { continue };
            let of_run = self.world.sequences(&context).into_iter().map(|sequence| {
                let scope = &sequence.scope;
                let queue = self.world.queue(&scope.project, &scope.stage, &scope.service);
                let waiting = Waiting::of(&sequence, &queue, &timers, self.world.now(), &speaker);
                stand(sequence, waiting)
            });
            runs.push(RunStanding { sequences: of_run.collect(), run, context, state: state.word().to_owned() });
        }
        runs
    }
}

fn stand(sequence: Sequence, waiting: Option<Waiting>) -> SequenceStanding {
    let state = sequence.state().to_owned();
    let (result, status) = match sequence.phase {
        Phase::Ended(ending) => (ending.result, ending.status),
        _ => (String::new(), String::new()),
    };
    let (stage, service) = (sequence.scope.stage, sequence.scope.service);
    SequenceStanding { stage, sequence: sequence.definition.name, service, state, result, status, waiting }
}
