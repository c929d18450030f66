//! From text to a scenario, or to the reasons why not.

use capstan_engine::orchestrate::{Control, Limits};
use capstan_model::diagnostic::{Diagnostic, Severity, Span};
use capstan_model::yaml::{self, Decoder, FromYaml, NodeId};
use jiff::SignedDuration;
use serde_json::Map;

use super::decode::{count, length, object, span_of_time, stage_and_sequence, word};
use super::expect::Expectation;
use super::file::{Event, Happening, PROJECT, SERVICE, Scenario, ScriptedTool, ShipyardText};
use crate::simulator::Answer;

/// What an event can say, beside when.
const EVENT: [&str; 19] = [
    "at", "trigger", "send", "approve", "decline", "pause", "resume", "abort", "configure", "kill", "away", "clock",
    "run", "project", "service", "stage", "data", "labels", "shipyard",
];

/// Of these an event has one.
const HAPPENINGS: [&str; 10] =
    ["trigger", "send", "approve", "decline", "pause", "resume", "abort", "configure", "kill", "clock"];

/// Reads a scenario. Here a key that nobody knows is an error: a scenario that does not do what it says shows nothing.
pub fn read(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let document = yaml::compose(text).map_err(|diagnostic| vec![diagnostic])?;
    let mut decoder = Decoder::new(&document);
    let whole = Span { start: 0, end: text.lines().next().map_or(0, str::len) };
    let scenario = document.root.and_then(|root| scenario(&mut decoder, root, whole));
    if scenario.as_ref().is_none_or(|scenario| scenario.projects.is_empty()) {
        let error = Diagnostic::error("SIM010", whole, "the scenario has no shipyard");
        decoder.error(error.help("write 'shipyard: shipyard.yaml', or 'shipyard: |' with the shipyard below it"));
    }
    let (mut errors, unknown) = decoder.finish();
    errors.extend(unknown.into_iter().map(|finding| Diagnostic {
        severity: Severity::Error,
        message: finding.message.trim_end_matches(" and is ignored").to_owned(),
        ..finding
    }));
    errors.sort_by_key(|diagnostic| diagnostic.span);
    if errors.is_empty() { Ok(scenario.unwrap_or_default()) } else { Err(errors) }
}

fn scenario(decoder: &mut Decoder<'_>, node: NodeId, whole: Span) -> Option<Scenario> {
    let mut scenario = Scenario::default();
    let (mut project, mut shipyard) = (PROJECT.to_owned(), None);
    let mut events = Vec::new();
    let known =
        ["about", "project", "shipyard", "projects", "limits", "approval", "tools", "events", "until", "expect"];
    decoder.mapping(node, "a map with 'shipyard' and 'events'", &known, |decoder, key, value| {
        match key {
            "about" => scenario.about = String::from_yaml(decoder, value).unwrap_or_default(),
            "project" => project = String::from_yaml(decoder, value).unwrap_or(PROJECT.to_owned()),
            "shipyard" => shipyard = shipyard_text(decoder, value),
            "projects" => {
                decoder.mapping(value, "a map of projects and shipyards", &[], |decoder, name, value| {
                    scenario.projects.extend(shipyard_text(decoder, value).map(|text| (name.to_owned(), text)));
                    true
                });
            }
            "limits" => limits(decoder, value, &mut scenario.limits),
            "approval" => {
                scenario.approval = word(decoder, value, &["present", "absent"]).as_deref() != Some("absent");
            }
            "tools" => scenario.tools = Vec::<ToolEntry>::from_yaml(decoder, value).unwrap_or_default().into_iter().map(|entry| entry.0).collect(),
            "events" => events = Vec::<EventEntry>::from_yaml(decoder, value).unwrap_or_default(),
            "until" => scenario.until = span_of_time(decoder, value),
            "expect" => scenario.expect = Vec::from_yaml(decoder, value).unwrap_or_default(),
            _ => return false,
        }
        true
    })?;
    scenario.projects.extend(shipyard.map(|text| (project.clone(), text)));
    let first = scenario.projects.first().map_or(project, |(name, _)| name.clone());
    let mut timeline = Timeline { now: SignedDuration::ZERO, triggers: 0, project: first, runs: Vec::new() };
    for entry in events {
        scenario.events.extend(timeline.event(decoder, entry));
    }
    scenario.events.sort_by_key(|event| event.at);
    if scenario.events.is_empty() {
        let error = Diagnostic::error("SIM011", whole, "nothing happens in this scenario");
        decoder.error(error.help("write 'events:', and below it '- trigger: dev.delivery'"));
    }
    let asked = scenario.expect.iter().map(|expectation| &expectation.run);
    let served = scenario.tools.iter().filter_map(|tool| tool.run.as_ref());
    for run in asked.chain(served).filter(|run| !timeline.runs.contains(run)) {
        let error = Diagnostic::error("SIM012", whole, format!("no event triggers a run '{run}'"));
        decoder.error(error.help(format!("runs here: {}", timeline.runs.join(", "))));
    }
    Some(scenario)
}

fn shipyard_text(decoder: &mut Decoder<'_>, node: NodeId) -> Option<ShipyardText> {
    let span = decoder.span(node);
    String::from_yaml(decoder, node).map(|text| ShipyardText { text, span })
}

fn limits(decoder: &mut Decoder<'_>, node: NodeId, limits: &mut Limits) {
    let known = ["start_timeout", "task_timeout", "reminder", "payload", "sequences"];
    decoder.mapping(node, "a map of limits", &known, |decoder, key, value| {
        let mut set = |target: &mut SignedDuration| {
            if let Some(length) = span_of_time(decoder, value) {
                *target = length;
            }
        };
        match key {
            "start_timeout" => set(&mut limits.start_timeout),
            "task_timeout" => set(&mut limits.task_timeout),
            "reminder" => set(&mut limits.reminder),
            "payload" => limits.payload = count(decoder, value).map_or(limits.payload, |bytes| bytes as usize),
            "sequences" => limits.sequences = count(decoder, value).unwrap_or(limits.sequences),
            _ => return false,
        }
        true
    });
}

struct ToolEntry(ScriptedTool);

/// What one answer can say.
const ANSWER: [&str; 10] =
    ["starts", "after", "works", "dies", "heartbeat", "twice", "times", "result", "status", "data"];

impl FromYaml for ToolEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let (mut task, mut source, mut stage, mut service, mut run) = (None, None, None, None, None);
        let (mut answer, mut answers) = (Answer::default(), None);
        let known: Vec<&str> =
            ["task", "source", "stage", "service", "run", "answers"].into_iter().chain(ANSWER).collect();
        decoder.mapping(node, "a map with 'task'", &known, |decoder, key, value| {
            match key {
                "task" => task = String::from_yaml(decoder, value),
                "source" => source = String::from_yaml(decoder, value),
                "stage" => stage = String::from_yaml(decoder, value),
                "service" => service = String::from_yaml(decoder, value),
                "run" => run = String::from_yaml(decoder, value),
                "answers" => answers = Some(value),
                _ => return say(decoder, key, value, &mut answer),
            }
            true
        })?;
        // What stands beside them holds for all answers that do not say otherwise.
        let answers = match answers {
            None => vec![answer],
            Some(list) => {
                let list = Vec::<Node>::from_yaml(decoder, list).unwrap_or_default();
                let each = list.into_iter().map(|Node(node)| {
                    let mut own = answer.clone();
                    decoder.mapping(node, "a map of one answer", &ANSWER, |decoder, key, value| {
                        say(decoder, key, value, &mut own)
                    });
                    own
                });
                each.collect()
            }
        };
        let Some(task) = task else {
            let span = decoder.span(node);
            decoder.error(Diagnostic::error("SIM013", span, "a tool has no task").help("write 'task: deployment'"));
            return None;
        };
        let mut scripted = ScriptedTool::new(&task, answers);
        let tool = &mut scripted.tool;
        (tool.stage, tool.service, scripted.run) = (stage, service, run);
        tool.source = source.unwrap_or(tool.source.clone());
        Some(Self(scripted))
    }
}

/// One key of an answer. Whether it is one.
fn say(decoder: &mut Decoder<'_>, key: &str, value: NodeId, answer: &mut Answer) -> bool {
    match key {
        "starts" => answer.starts = bool::from_yaml(decoder, value).unwrap_or(true),
        "dies" => answer.dies = bool::from_yaml(decoder, value).unwrap_or(false),
        "twice" => answer.times = if bool::from_yaml(decoder, value).unwrap_or(false) { 2 } else { 1 },
        "times" => answer.times = count(decoder, value).unwrap_or(1),
        "after" => answer.after = span_of_time(decoder, value).unwrap_or_default(),
        "works" => answer.works = length(decoder, value).unwrap_or_default(),
        "heartbeat" => answer.heartbeat = span_of_time(decoder, value),
        "result" | "status" => {
            if let Some(text) = String::from_yaml(decoder, value) {
                answer.data.insert(key.to_owned(), text.into());
            }
        }
        "data" => answer.data.extend(object(decoder, value).unwrap_or_default()),
        _ => return false,
    }
    true
}

/// A node that is read later.
struct Node(NodeId);

impl FromYaml for Node {
    fn from_yaml(_: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        Some(Self(node))
    }
}

/// An event before it is known in which order it stands.
struct EventEntry {
    node: NodeId,
    span: Span,
    at: Option<SignedDuration>,
    what: Vec<(&'static str, NodeId)>,
    run: Option<String>,
    project: Option<String>,
    service: Option<String>,
    stage: Option<String>,
    data: Map<String, serde_json::Value>,
    shipyard: Option<ShipyardText>,
    away: SignedDuration,
}

impl FromYaml for EventEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let span = decoder.span(node);
        let mut entry = Self {
            node,
            span,
            at: None,
            what: Vec::new(),
            run: None,
            project: None,
            service: None,
            stage: None,
            data: Map::new(),
            shipyard: None,
            away: SignedDuration::ZERO,
        };
        decoder.mapping(node, "a map with 'at' and what happens", &EVENT, |decoder, key, value| {
            match key {
                "at" => entry.at = span_of_time(decoder, value),
                "run" => entry.run = String::from_yaml(decoder, value),
                "project" => entry.project = String::from_yaml(decoder, value),
                "service" => entry.service = String::from_yaml(decoder, value),
                "stage" => entry.stage = String::from_yaml(decoder, value),
                "data" => entry.data.extend(object(decoder, value).unwrap_or_default()),
                "labels" => {
                    entry.data.extend(object(decoder, value).map(|labels| ("labels".to_owned(), labels.into())));
                }
                "shipyard" => entry.shipyard = shipyard_text(decoder, value),
                "away" => entry.away = span_of_time(decoder, value).unwrap_or_default(),
                _ => match HAPPENINGS.into_iter().find(|happening| *happening == key) {
                    Some(happening) => entry.what.push((happening, value)),
                    None => return false,
                },
            }
            true
        })?;
        Some(entry)
    }
}

/// What events take over from those before them.
struct Timeline {
    now: SignedDuration,
    triggers: u32,
    project: String,
    runs: Vec<String>,
}

impl Timeline {
    fn event(&mut self, decoder: &mut Decoder<'_>, entry: EventEntry) -> Option<Event> {
        self.now = entry.at.unwrap_or(self.now);
        let [(what, node)] = entry.what[..] else {
            let message = if entry.what.is_empty() { "nothing happens here" } else { "two things happen here" };
            let error = Diagnostic::error("SIM014", decoder.span(entry.node), message);
            decoder.error(error.help(format!("each event has one of: {}", HAPPENINGS.join(", "))));
            return None;
        };
        let project = entry.project.unwrap_or_else(|| self.project.clone());
        let happening = match what {
            "trigger" => {
                self.triggers += 1;
                let (stage, sequence) = stage_and_sequence(decoder, node)?;
                let run = entry.run.unwrap_or_else(|| format!("run-{}", self.triggers));
                if !self.runs.contains(&run) {
                    self.runs.push(run.clone());
                }
                let service = entry.service.unwrap_or(SERVICE.to_owned());
                Happening::Trigger { run, project, stage, sequence, service, data: entry.data }
            }
            "send" => Happening::Send(object(decoder, node)?),
            "configure" => {
                let project = String::from_yaml(decoder, node)?;
                let Some(shipyard) = entry.shipyard else {
                    let error = Diagnostic::error("SIM015", entry.span, "it is not said how to configure it");
                    decoder.error(error.help("write 'shipyard:' beside it"));
                    return None;
                };
                Happening::Configure { project, shipyard }
            }
            "kill" => {
                bool::from_yaml(decoder, node).filter(|kill| *kill)?;
                Happening::Kill { away: entry.away }
            }
            "clock" => Happening::Clock { by: length(decoder, node)? },
            what => {
                let run = self.known_run(decoder, node)?;
                let stage = entry.stage;
                match (what, Control::parse(what)) {
                    (_, Some(control)) => Happening::Control { run, stage, control },
                    ("approve", _) => Happening::Decide { run, stage, result: "pass" },
                    _ => Happening::Decide { run, stage, result: "fail" },
                }
            }
        };
        Some(Event { at: self.now, happening })
    }

    /// A run that an event further up triggers.
    fn known_run(&self, decoder: &mut Decoder<'_>, node: NodeId) -> Option<String> {
        let run = String::from_yaml(decoder, node)?;
        if self.runs.contains(&run) {
            return Some(run);
        }
        let error = Diagnostic::error("SIM012", decoder.span(node), format!("no event further up triggers a run '{run}'"));
        decoder.error(error.help(format!("runs here: {}", self.runs.join(", "))));
        None
    }
}

impl FromYaml for Expectation {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let mut expectation = Self { span: decoder.span(node), ..Self::default() };
        let known = ["run", "sequence", "task", "state", "status", "result", "times", "sequences", "ignored"];
        decoder.mapping(node, "a map with 'run'", &known, |decoder, key, value| {
            match key {
                "run" => expectation.run = String::from_yaml(decoder, value).unwrap_or_default(),
                "sequence" => expectation.sequence = stage_and_sequence(decoder, value),
                "task" => expectation.task = String::from_yaml(decoder, value),
                "state" => expectation.state = String::from_yaml(decoder, value),
                "status" => expectation.status = String::from_yaml(decoder, value),
                "result" => expectation.result = String::from_yaml(decoder, value),
                "times" => expectation.times = count(decoder, value),
                "sequences" => expectation.sequences = count(decoder, value),
                "ignored" => expectation.ignored = count(decoder, value),
                _ => return false,
            }
            true
        })?;
        Some(expectation)
    }
}
