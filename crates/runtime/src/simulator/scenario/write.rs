//! From a scenario to its file.

use capstan_engine::orchestrate::{Limits, Origin};
use capstan_model::yaml;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::file::{Event, Happening, Scenario, ScriptedTool};
use crate::simulator::{Answer, Mishap, span};

/// Writes a file that reads as the same scenario. Its shipyards have to stand in it, instead of their paths. What is
/// expected of it is left out.
pub fn write(scenario: &Scenario) -> String {
    let mut file = Map::new();
    if !scenario.about.is_empty() {
        file.insert("about".to_owned(), json!(scenario.about));
    }
    let projects = scenario.projects.iter().map(|(name, shipyard)| (name.clone(), shipyard.text.as_str().into()));
    file.insert("projects".to_owned(), Value::Object(projects.collect()));
    let limits = limits(&scenario.limits);
    if !limits.is_empty() {
        file.insert("limits".to_owned(), Value::Object(limits));
    }
    if !scenario.approval {
        file.insert("approval".to_owned(), json!("absent"));
    }
    if !scenario.tools.is_empty() {
        file.insert("tools".to_owned(), scenario.tools.iter().map(tool).collect());
    }
    let first = scenario.projects.first().map(|(name, _)| name.as_str()).unwrap_or_default();
    file.insert("events".to_owned(), scenario.events.iter().map(|happened| event(happened, first)).collect());
    if scenario.drain {
        file.insert("drain".to_owned(), json!(true));
    }
    if let Some(until) = scenario.until {
        file.insert("until".to_owned(), length(until));
    }
    yaml::emit(&Value::Object(file))
}

fn length(length: SignedDuration) -> Value {
    span(length).into()
}

/// Those that are not as they are by default.
fn limits(limits: &Limits) -> Map<String, Value> {
    let usual = Limits::default();
    let all = [
        ("start_timeout", length(limits.start_timeout), limits.start_timeout != usual.start_timeout),
        ("task_timeout", length(limits.task_timeout), limits.task_timeout != usual.task_timeout),
        ("reminder", length(limits.reminder), limits.reminder != usual.reminder),
        ("leases", limits.leases.into(), limits.leases != usual.leases),
        ("payload", limits.payload.into(), limits.payload != usual.payload),
        ("sequences", limits.sequences.into(), limits.sequences != usual.sequences),
    ];
    all.into_iter().filter(|(.., differs)| *differs).map(|(key, value, _)| (key.to_owned(), value)).collect()
}

/// A map of what is there.
fn map<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    Value::Object(entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn tool(scripted: &ScriptedTool) -> Value {
    let tool = &scripted.tool;
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    map([
        ("task", Some(tool.task.as_str().into())),
        ("source", Some(tool.source.as_str().into())),
        ("stage", text(&tool.stage)),
        ("service", text(&tool.service)),
        ("run", text(&scripted.run)),
        ("claims", tool.lease.map(|_| true.into())),
        ("waits", tool.waits.then(|| true.into())),
        ("lease", tool.lease.map(length)),
        ("answers", Some(tool.answers.iter().map(answer).collect())),
    ])
}

fn answer(answer: &Answer) -> Value {
    let usual = Answer::default();
    map([
        ("starts", (!answer.starts).then(|| false.into())),
        ("after", (answer.after != usual.after).then(|| length(answer.after))),
        ("works", (answer.works != usual.works).then(|| length(answer.works))),
        ("dies", answer.dies.then(|| true.into())),
        ("heartbeat", answer.heartbeat.map(length)),
        ("progress", answer.progress.as_deref().map(Value::from)),
        ("releases", answer.releases.as_deref().map(Value::from)),
        ("times", (answer.times != usual.times).then(|| answer.times.into())),
        ("data", (answer.data != usual.data).then(|| Value::Object(answer.data.clone()))),
    ])
}

fn event(event: &Event, first: &str) -> Value {
    let at = ("at", Some(length(event.at)));
    let of_run = |what: &'static str, run: &str, stage: &Option<String>| {
        map([at.clone(), (what, Some(run.into())), ("stage", stage.as_deref().map(Value::from))])
    };
    let count = |count: u32, usual: u32| (count != usual).then(|| count.into());
    let some = |by: SignedDuration| (!by.is_zero()).then(|| length(by));
    match &event.happening {
        Happening::Trigger { run, project, stage, sequence, service, data } => map([
            at,
            ("trigger", Some(format!("{stage}.{sequence}").into())),
            ("run", Some(run.as_str().into())),
            ("project", (project != first).then(|| project.as_str().into())),
            ("service", Some(service.as_str().into())),
            ("data", (!data.is_empty()).then(|| Value::Object(data.clone()))),
        ]),
        Happening::Send { attributes, nested } => {
            map([at, ("send", Some(Value::Object(attributes.clone()))), ("nested", count(*nested, 0))])
        }
        Happening::Busy { span } => map([at, ("busy", Some(length(*span)))]),
        Happening::Decide { run, stage, result } => {
            of_run(if *result == "pass" { "approve" } else { "decline" }, run, stage)
        }
        Happening::Control { run, stage, control } => of_run(control.word(), run, stage),
        Happening::Rerun { run, stage, origin, wish } => map([
            at,
            ("rerun", Some(run.as_str().into())),
            ("stage", stage.as_deref().map(Value::from)),
            (
                "from",
                (*origin != Origin::default()).then(|| if *origin == Origin::Task { "task" } else { "stage" }.into()),
            ),
            ("by", (!wish.by.is_empty()).then(|| wish.by.as_str().into())),
            ("reason", (!wish.reason.is_empty()).then(|| wish.reason.as_str().into())),
        ]),
        Happening::Configure { project, shipyard } => {
            map([at, ("configure", Some(project.as_str().into())), ("shipyard", Some(shipyard.text.as_str().into()))])
        }
        Happening::Kill { away, jump, during, skip } => map([
            at,
            ("kill", Some(true.into())),
            ("away", some(*away)),
            ("jump", some(*jump)),
            ("during", during.map(|call| call.word().into())),
            ("skip", count(*skip, 0)),
        ]),
        Happening::Clock { by } => map([at, ("clock", Some(length(*by)))]),
        Happening::Fail { call, skip, times } => {
            map([at, ("fail", Some(call.word().into())), ("skip", count(*skip, 0)), ("times", count(*times, 1))])
        }
        Happening::Mislead { mishap, skip } => {
            let (how, by) = match mishap {
                Mishap::Late(by) => ("late", *by),
                Mishap::Twice(by) => ("twice", *by),
            };
            map([at, ("deliver", Some(how.into())), ("delay", some(by)), ("skip", count(*skip, 0))])
        }
    }
}
