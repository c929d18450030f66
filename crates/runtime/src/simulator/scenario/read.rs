//! From text to a scenario, or to the reasons why not.

use capstan_engine::orchestrate::Limits;
use capstan_model::diagnostic::{Diagnostic, Severity, Span};
use capstan_model::yaml::{self, Decoder, FromYaml, NodeId};
use jiff::SignedDuration;

use super::decode::{count, shipyard_text, span_of_time, word};
use super::file::{PROJECT, Scenario};
use super::timeline::{EventEntry, Timeline};
use super::tools::ToolEntry;

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
    let (mut tools, mut events) = (Vec::new(), Vec::new());
    let known = [
        "about", "project", "shipyard", "projects", "limits", "approval", "tools", "events", "drain", "until", "expect",
    ];
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
            "tools" => tools = Vec::<ToolEntry>::from_yaml(decoder, value).unwrap_or_default(),
            "events" => events = Vec::<EventEntry>::from_yaml(decoder, value).unwrap_or_default(),
            "drain" => scenario.drain = bool::from_yaml(decoder, value).unwrap_or(false),
            "until" => scenario.until = span_of_time(decoder, value),
            "expect" => scenario.expect = Vec::from_yaml(decoder, value).unwrap_or_default(),
            _ => return false,
        }
        true
    })?;
    scenario.projects.extend(shipyard.map(|text| (project.clone(), text)));
    let first = scenario.projects.first().map_or(project, |(name, _)| name.clone());
    let mut timeline = Timeline::new(first);
    for entry in events {
        scenario.events.extend(timeline.event(decoder, entry));
    }
    scenario.events.sort_by_key(|event| event.at);
    if scenario.events.is_empty() {
        let error = Diagnostic::error("SIM011", whole, "nothing happens in this scenario");
        decoder.error(error.help("write 'events:', and below it '- trigger: dev.delivery'"));
    }
    let asked = scenario.expect.iter().map(|expectation| (&expectation.run, expectation.span));
    let served = tools.iter().filter_map(|tool| Some((tool.scripted.run.as_ref()?, tool.span)));
    for (run, span) in asked.chain(served) {
        timeline.check_run(decoder, run, span);
    }
    scenario.tools = tools.into_iter().map(|tool| tool.scripted).collect();
    Some(scenario)
}

fn limits(decoder: &mut Decoder<'_>, node: NodeId, limits: &mut Limits) {
    let known = ["start_timeout", "task_timeout", "reminder", "leases", "payload", "sequences"];
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
            "leases" => limits.leases = count(decoder, value).unwrap_or(limits.leases),
            "payload" => limits.payload = count(decoder, value).map_or(limits.payload, |bytes| bytes as usize),
            "sequences" => limits.sequences = count(decoder, value).unwrap_or(limits.sequences),
            _ => return false,
        }
        true
    });
}
