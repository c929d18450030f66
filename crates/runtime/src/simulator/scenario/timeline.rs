//! What happens, in the order in which it stands in the file.

use capstan_engine::orchestrate::{Control, Origin, Wish};
use capstan_model::diagnostic::{Diagnostic, Span};
use capstan_model::yaml::{Decoder, FromYaml, NodeId};
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::decode::{count, length, object, shipyard_text, span_of_time, stage_and_sequence, word};
use super::file::{Event, Happening, SERVICE, ShipyardText};
use crate::memory::Call;
use crate::simulator::Mishap;

/// What can happen, and what can stand beside it. Of these an event has one.
const HAPPENINGS: [(&str, &[&str]); 14] = [
    ("trigger", &["run", "project", "service", "data", "labels"]),
    ("send", &["nested"]),
    ("approve", &["stage"]),
    ("decline", &["stage"]),
    ("pause", &["stage"]),
    ("resume", &["stage"]),
    ("abort", &["stage"]),
    ("rerun", &["stage", "from", "by", "reason"]),
    ("configure", &["shipyard"]),
    ("kill", &["away", "jump", "during", "skip"]),
    ("clock", &[]),
    ("busy", &[]),
    ("fail", &["skip", "times"]),
    ("deliver", &["delay", "skip"]),
];

/// All that can stand beside.
const BESIDE: [&str; 17] = [
    "run", "project", "service", "stage", "data", "labels", "shipyard", "away", "jump", "during", "delay", "skip",
    "times", "from", "by", "reason", "nested",
];

/// How a message can come.
const DELIVERIES: [&str; 2] = ["late", "twice"];

/// An event before it is known in which order it stands.
pub(super) struct EventEntry {
    span: Span,
    /// Keys beside when and what, each with its place.
    beside: Vec<(&'static str, Span)>,
    at: Option<SignedDuration>,
    what: Vec<(&'static str, NodeId)>,
    run: Option<String>,
    project: Option<String>,
    service: Option<String>,
    stage: Option<String>,
    data: Map<String, Value>,
    shipyard: Option<ShipyardText>,
    away: SignedDuration,
    jump: SignedDuration,
    during: Option<Call>,
    delay: SignedDuration,
    skip: u32,
    times: u32,
    nested: u32,
    from: Origin,
    wish: Wish,
}

impl FromYaml for EventEntry {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        let span = decoder.span(node);
        let mut entry = Self {
            span,
            beside: Vec::new(),
            at: None,
            what: Vec::new(),
            run: None,
            project: None,
            service: None,
            stage: None,
            data: Map::new(),
            shipyard: None,
            away: SignedDuration::ZERO,
            jump: SignedDuration::ZERO,
            during: None,
            delay: SignedDuration::ZERO,
            skip: 0,
            times: 1,
            nested: 0,
            from: Origin::default(),
            wish: Wish::default(),
        };
        let known: Vec<&str> = ["at"].into_iter().chain(HAPPENINGS.map(|(key, _)| key)).chain(BESIDE).collect();
        decoder.mapping(node, "a map with 'at' and what happens", &known, |decoder, key, value| {
            if let Some(key) = BESIDE.into_iter().find(|beside| *beside == key) {
                entry.beside.push((key, decoder.span(value)));
            }
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
                "jump" => entry.jump = length(decoder, value).unwrap_or_default(),
                "during" => entry.during = call(decoder, value),
                "delay" => entry.delay = span_of_time(decoder, value).unwrap_or_default(),
                "skip" => entry.skip = count(decoder, value).unwrap_or_default(),
                "times" => entry.times = count(decoder, value).unwrap_or(1).max(1),
                "nested" => entry.nested = count(decoder, value).unwrap_or_default(),
                "from" => {
                    let from = word(decoder, value, &["task", "stage"]);
                    entry.from = from.and_then(|word| Origin::parse(&word)).unwrap_or_default();
                }
                "by" => entry.wish.by = String::from_yaml(decoder, value).unwrap_or_default(),
                "reason" => entry.wish.reason = String::from_yaml(decoder, value).unwrap_or_default(),
                _ => match HAPPENINGS.into_iter().find(|(happening, _)| *happening == key) {
                    Some((happening, _)) => entry.what.push((happening, value)),
                    None => return false,
                },
            }
            true
        })?;
        Some(entry)
    }
}

/// A call of the store.
fn call(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Call> {
    // The last one is for those alone who want to see that a store that lies is found out.
    let words = Call::ALL.map(Call::word);
    let known: Vec<&str> = words.into_iter().filter(|word| *word != Call::Promise.word()).collect();
    let lies = String::from_yaml(decoder, node).is_some_and(|word| word == Call::Promise.word());
    if lies { Some(Call::Promise) } else { word(decoder, node, &known).and_then(|word| Call::parse(&word)) }
}

/// What events take over from those before them.
pub(super) struct Timeline {
    now: SignedDuration,
    triggers: u32,
    project: String,
    /// Names of runs, in the order of their triggers.
    runs: Vec<String>,
}

impl Timeline {
    /// An empty one; `project` is that of events that name none.
    pub(super) fn new(project: String) -> Self {
        Self { now: SignedDuration::ZERO, triggers: 0, project, runs: Vec::new() }
    }

    pub(super) fn event(&mut self, decoder: &mut Decoder<'_>, entry: EventEntry) -> Option<Event> {
        self.now = entry.at.unwrap_or(self.now);
        let [(what, node)] = entry.what[..] else {
            let message = if entry.what.is_empty() { "nothing happens here" } else { "two things happen here" };
            let error = Diagnostic::error("SIM014", entry.span, message);
            let names = HAPPENINGS.map(|(key, _)| key).join(", ");
            decoder.error(error.help(format!("each event has one of: {names}")));
            return None;
        };
        let useful = HAPPENINGS.iter().find(|(key, _)| *key == what).map_or(&[][..], |(_, beside)| beside);
        for (key, span) in entry.beside.iter().filter(|(key, _)| !useful.contains(key)) {
            let error = Diagnostic::error("SIM016", *span, format!("'{key}' says nothing beside '{what}'"));
            let useful = if useful.is_empty() { "nothing".to_owned() } else { useful.join(", ") };
            decoder.error(error.help(format!("beside '{what}' can stand: {useful}")));
        }
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
            "send" => Happening::Send { attributes: object(decoder, node)?, nested: entry.nested },
            "busy" => Happening::Busy { span: span_of_time(decoder, node)? },
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
                let EventEntry { away, jump, during, skip, .. } = entry;
                Happening::Kill { away, jump, during, skip }
            }
            "fail" => Happening::Fail { call: call(decoder, node)?, skip: entry.skip, times: entry.times },
            "deliver" => {
                let mishap = match &*word(decoder, node, &DELIVERIES)? {
                    "late" => Mishap::Late(entry.delay),
                    _ => Mishap::Twice(entry.delay),
                };
                Happening::Mislead { mishap, skip: entry.skip }
            }
            "clock" => Happening::Clock { by: length(decoder, node)? },
            what => {
                let run = self.known_run(decoder, node)?;
                let stage = entry.stage;
                match (what, Control::parse(what)) {
                    ("rerun", _) => Happening::Rerun { run, stage, origin: entry.from, wish: entry.wish },
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
        let span = decoder.span(node);
        self.check_run(decoder, &run, span).then_some(run)
    }

    /// Whether an event so far triggers a run; otherwise that is an error.
    pub(super) fn check_run(&self, decoder: &mut Decoder<'_>, run: &str, span: Span) -> bool {
        let is_known = self.runs.iter().any(|known| known == run);
        if !is_known {
            let error = Diagnostic::error("SIM012", span, format!("no event triggers a run '{run}' before"));
            decoder.error(error.help(format!("runs here: {}", self.runs.join(", "))));
        }
        is_known
    }
}
