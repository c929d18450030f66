//! What a scenario means.

use std::sync::Arc;

use capstan_engine::orchestrate::{Control, Limits, Origin, Wish};
use capstan_model::diagnostic::Span;
use capstan_model::shipyard::Shipyard;
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::expect::Expectation;
use crate::memory::Call;
use crate::simulator::{Answer, Mishap, Tool};

/// The project of a scenario that names none.
pub(super) const PROJECT: &str = "shop";

/// The service of an event that names none.
pub(super) const SERVICE: &str = "cart";

/// A scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows; may be empty.
    pub about: String,
    /// The projects by name, each with its shipyard.
    pub projects: Vec<(String, ShipyardText)>,
    /// How long, how much and how many.
    pub limits: Limits,
    /// Whether the approval service is there.
    pub approval: bool,
    /// The tools.
    pub tools: Vec<ScriptedTool>,
    /// What happens, in order.
    pub events: Vec<Event>,
    /// Whether at its end all that waits for people is resumed and then aborted, so that everything comes to an end.
    pub drain: bool,
    /// When it ends; without it once all that is open waits for people.
    pub until: Option<SignedDuration>,
    /// What has to hold at its end.
    pub expect: Vec<Expectation>,
}

/// Where a shipyard stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipyardText {
    /// The text itself, or the path of its file, relative to that of the scenario.
    pub text: String,
    /// Where either stands in the scenario.
    pub span: Span,
    /// What it means, where the text was made from that: then nobody has to read it.
    pub made: Option<Arc<Shipyard>>,
}

impl ShipyardText {
    /// One that stands in no file.
    pub fn of(shipyard: Shipyard) -> Self {
        let text = capstan_model::shipyard::write(&shipyard);
        Self { text, span: Span { start: 0, end: 0 }, made: Some(Arc::new(shipyard)) }
    }

    /// The path, where it is one: a shipyard has more than one line.
    pub fn path(&self) -> Option<&str> {
        (!self.text.contains('\n')).then_some(&*self.text)
    }
}

/// A tool whose run is given by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptedTool {
    /// What it does; its context is left out.
    pub tool: Tool,
    /// The name of the only run that it serves.
    pub run: Option<String>,
}

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, since the beginning.
    pub at: SignedDuration,
    /// What.
    pub happening: Happening,
}

/// What can happen from outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// A sequence is triggered.
    Trigger {
        /// Name of its run.
        run: String,
        /// The project.
        project: String,
        /// The stage.
        stage: String,
        /// The sequence.
        sequence: String,
        /// The service.
        service: String,
        /// Further data.
        data: Map<String, Value>,
    },
    /// An event is sent as it stands, but for names of runs and tasks.
    Send {
        /// The event.
        attributes: Map<String, Value>,
        /// So many arrays are in each other in its data, under `deep`.
        nested: u32,
    },
    /// A person decides on an open approval.
    Decide {
        /// Name of the run.
        run: String,
        /// In this stage.
        stage: Option<String>,
        /// `pass` or `fail`.
        result: &'static str,
    },
    /// Somebody steers a run.
    Control {
        /// Name of the run.
        run: String,
        /// In this stage.
        stage: Option<String>,
        /// How.
        control: Control,
    },
    /// Somebody wants what failed done again.
    Rerun {
        /// Name of the run.
        run: String,
        /// In this stage.
        stage: Option<String>,
        /// From where it goes on.
        origin: Origin,
        /// Who wants it, and why.
        wish: Wish,
    },
    /// A project gets another shipyard.
    Configure {
        /// Name of the project.
        project: String,
        /// The shipyard.
        shipyard: ShipyardText,
    },
    /// The server is killed and comes back.
    Kill {
        /// After so long.
        away: SignedDuration,
        /// By how much its clock is set meanwhile.
        jump: SignedDuration,
        /// At this call of its store; none: now.
        during: Option<Call>,
        /// How many such calls go well before.
        skip: u32,
    },
    /// Calls of the store fail.
    Fail {
        /// Which.
        call: Call,
        /// How many such calls go well before.
        skip: u32,
        /// How many fail.
        times: u32,
    },
    /// A message to the server goes wrong on its way.
    Mislead {
        /// How.
        mishap: Mishap,
        /// How many messages go well before.
        skip: u32,
    },
    /// The clock of the server is set.
    Clock {
        /// By how much.
        by: SignedDuration,
    },
    /// The writer is busy: what is said to it meanwhile is carried out in one step.
    Busy {
        /// For so long.
        span: SignedDuration,
    },
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            about: String::new(),
            projects: Vec::new(),
            limits: Limits::default(),
            approval: true,
            tools: Vec::new(),
            events: Vec::new(),
            drain: false,
            until: None,
            expect: Vec::new(),
        }
    }
}

impl ScriptedTool {
    /// A tool for a task, with the source that it has unless it names one.
    pub(in crate::simulator) fn new(task: &str, answers: Vec<Answer>) -> Self {
        Self { tool: Tool { answers, ..Tool::new(task, &format!("{task}-service")) }, run: None }
    }
}
