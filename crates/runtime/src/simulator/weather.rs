//! Whatever comes in whatever order: the world checks after each step that what must always hold does.

use capstan_engine::orchestrate::{Control, Lease, Limits, Origin, Wish, ids};
use capstan_model::event::CloudEvent;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::World;
use crate::command::{self, Command, CommandError, IdempotencyKey, Reply, Wanted};

/// The sequences, each with its stage, with what it has in any case, and with its triggers.
const SEQUENCES: [(&str, &str, &str); 6] = [
    ("dev", "delivery", ""),
    ("dev", "rollback", "triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}]"),
    ("dev", "loop", "triggeredOn: [{event: dev.loop.finished}]"),
    ("prod", "delivery", "triggeredOn: [{event: dev.delivery.finished}]"),
    ("prod", "check", "triggeredOn: [{event: dev.delivery.finished}]"),
    ("prod", "free", ""),
];

/// A line of YAML, now and then.
fn maybe(lines: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just(""), 1 => select(lines)]
}

/// A task, without what says where it stands.
fn task() -> impl Strategy<Value = String> {
    (
        select(&["deployment", "test", "release", "approval"][..]),
        maybe(&["triggeredAfter: 7m"]),
        maybe(&["startTimeout: 3m", "startTimeout: 2h"]),
        maybe(&["timeout: 5m", "timeout: 40m"]),
        maybe(&["retry: {attempts: 2}", "retry: {attempts: 3, backoff: 2m}"]),
        maybe(&[
            "when: \"result == 'pass'\"",
            "when: \"n >= 1\"",
            "when: \"labels.x != null\"",
            "when: \"true == false\"",
        ]),
        maybe(&["properties: {pass: manual, warning: automatic}"]),
    )
        .prop_map(|(name, after, start, timeout, retry, when, properties)| {
            let keys = [after, start, timeout, retry, when, properties].into_iter().filter(|key| !key.is_empty());
            keys.fold(format!("name: {name}"), |task, key| format!("{task}, {key}"))
        })
}

/// One step: a task, or a group of them.
fn a_step() -> impl Strategy<Value = (Vec<String>, &'static str)> {
    prop_oneof![
        2 => task().prop_map(|task| (vec![task], "")),
        1 => (prop::collection::vec(task(), 2..4), select(&["join: all", "join: any"][..])),
    ]
}

/// The keys of a sequence beside its name and its triggers.
fn a_sequence() -> impl Strategy<Value = String> {
    let steps = (prop::collection::vec(a_step(), 1..4), prop::collection::vec(a_step(), 0..2));
    let timeout = maybe(&["timeout: 6m", "timeout: 1h"]);
    let key = maybe(&["key: all", "key: 'of-{service}'", "key: '{labels.x}'"]);
    (steps, timeout, key, maybe(&["policy: supersede", "policy: reject"])).prop_map(
        |((steps, at_the_end), timeout, key, policy)| {
            let mut tasks = Vec::new();
            let all = steps
                .into_iter()
                .map(|step| (step, ""))
                .chain(at_the_end.into_iter().map(|step| (step, ", finally: true")));
            for (group, ((members, join), finally)) in all.enumerate() {
                for (at, task) in members.into_iter().enumerate() {
                    let parallel = if join.is_empty() { String::new() } else { format!(", parallel: g{group}") };
                    let join = if at == 0 && !join.is_empty() { format!(", {join}") } else { String::new() };
                    tasks.push(format!("{{{task}{parallel}{join}{finally}}}"));
                }
            }
            let concurrency: Vec<&str> = [key, policy].into_iter().filter(|key| !key.is_empty()).collect();
            let concurrency = format!("concurrency: {{{}}}", concurrency.join(", "));
            let keys = [timeout.to_owned(), concurrency, format!("tasks: [{}]", tasks.join(", "))];
            keys.into_iter().filter(|key| !key.is_empty()).collect::<Vec<_>>().join(", ")
        },
    )
}

fn shipyard() -> impl Strategy<Value = String> {
    prop::collection::vec(a_sequence(), SEQUENCES.len()).prop_map(|sequences| {
        let mut text = "apiVersion: spec.keptn.sh/0.2.3\nspec:\n  stages:\n".to_owned();
        for stage in ["dev", "prod"] {
            text.push_str(&format!("    - name: {stage}\n      sequences:\n"));
            for ((_, name, triggers), keys) in
                SEQUENCES.into_iter().zip(&sequences).filter(|((of, ..), _)| *of == stage)
            {
                let triggers = if triggers.is_empty() { String::new() } else { format!("{triggers}, ") };
                text.push_str(&format!("        - {{name: {name}, {triggers}{keys}}}\n"));
            }
        }
        text
    })
}

#[derive(Debug, Clone)]
enum Weather {
    Trigger { run: usize, sequence: usize, service: usize, data: Value },
    Start { task: usize, source: usize },
    Finish { task: usize, source: usize, data: Value },
    Alive { task: usize, source: usize },
    Claim { task: usize, source: usize, seconds: i64, many: u64 },
    Heartbeat { lease: usize },
    Release { lease: usize },
    Answer { lease: usize, data: Value },
    Steer { run: usize, stage: usize, control: usize },
    Rerun { run: usize, stage: usize, origin: Origin },
    Pass { minutes: i64 },
    Moment { seconds: i64 },
    Jump { hours: i64 },
    Kill { minutes: i64 },
    Configure,
}

/// What a tool answers.
fn answer() -> impl Strategy<Value = Value> {
    (
        select(&["pass", "pass", "warning", "fail"][..]),
        select(&["succeeded", "succeeded", "errored", ""][..]),
        select(vec![json!({}), json!({"n": 1}), json!({"n": "text"}), json!({"labels": {"x": "1"}, "list": ["a"]})]),
    )
        .prop_map(|(result, status, mut data)| {
            data["result"] = result.into();
            data["status"] = status.into();
            data
        })
}

fn weather() -> impl Strategy<Value = Weather> {
    let labels = select(vec![json!({}), json!({"labels": {"x": "1"}}), json!({"labels": {"x": "2"}, "n": 2})]);
    prop_oneof![
        4 => (0..4usize, 0..9usize, 0..2usize, labels)
            .prop_map(|(run, sequence, service, data)| Weather::Trigger { run, sequence, service, data }),
        4 => (0..12usize, 0..3usize).prop_map(|(task, source)| Weather::Start { task, source }),
        6 => (0..12usize, 0..3usize, answer()).prop_map(|(task, source, data)| Weather::Finish { task, source, data }),
        1 => (0..12usize, 0..3usize).prop_map(|(task, source)| Weather::Alive { task, source }),
        5 => (0..12usize, 0..3usize, 1..400i64, 1..3u64)
            .prop_map(|(task, source, seconds, many)| Weather::Claim { task, source, seconds, many }),
        2 => (0..6usize).prop_map(|lease| Weather::Heartbeat { lease }),
        2 => (0..6usize).prop_map(|lease| Weather::Release { lease }),
        5 => (0..6usize, answer()).prop_map(|(lease, data)| Weather::Answer { lease, data }),
        3 => (0..4usize, 0..3usize, 0..4usize).prop_map(|(run, stage, control)| Weather::Steer { run, stage, control }),
        2 => (0..4usize, 0..3usize, select(vec![Origin::Task, Origin::Stage]))
            .prop_map(|(run, stage, origin)| Weather::Rerun { run, stage, origin }),
        2 => (0..3000i64).prop_map(|minutes| Weather::Pass { minutes: if minutes > 60 { minutes } else { minutes / 4 } }),
        4 => (1..400i64).prop_map(|seconds| Weather::Moment { seconds }),
        1 => (-30..60i64).prop_map(|hours| Weather::Jump { hours }),
        1 => (0..200i64).prop_map(|minutes| Weather::Kill { minutes }),
        1 => Just(Weather::Configure),
    ]
}

fn runs() -> [String; 4] {
    ["a", "b", "c", "d"].map(|run| format!("{}-0000-4000-8000-000000000000", run.repeat(8)))
}

/// All offers that there ever were, the newest first.
fn offers(world: &World) -> Vec<CloudEvent> {
    let mut offers: Vec<_> = runs().iter().flat_map(|run| world.events(run)).collect();
    offers.retain(|event| event.source == "shipyard-controller" && event.kind.split('.').count() == 5);
    offers.retain(|event| event.kind.ends_with(".triggered"));
    offers.sort_by_key(|event| std::cmp::Reverse((event.time, event.id.clone())));
    offers
}

/// Carries out what a tool wants of a lease; that it may be over is no fault.
fn of_lease(world: &mut World, command: Command) {
    match world.submit(command) {
        Ok(_) | Err(CommandError::LeaseOver { .. } | CommandError::AnsweredOtherwise(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Lets it happen. `task` counts over all offers that there ever were, `lease` over all leases, the newest first.
fn endure(world: &mut World, shipyard: &str, weather: &[Weather]) {
    let runs = runs();
    let mut leases: Vec<Lease> = Vec::new();
    world.project("shop", shipyard);
    for what in weather {
        let offers = offers(world);
        let offer = |task: usize| (!offers.is_empty()).then(|| offers[task % offers.len()].clone());
        let source = |source: usize| ["helm", "jmeter", "a person"][source];
        let stage = |stage: usize| [None, Some("dev"), Some("prod")][stage];
        let lease = |lease: usize| leases.len().checked_sub(1).map(|last| leases[last - lease % leases.len()].clone());
        match what {
            Weather::Trigger { run, sequence, service, data } => {
                let others = [("prod", "evaluation", ""), ("qa", "delivery", ""), ("dev", "delivery", "")];
                let (stage, sequence, _) = SEQUENCES.into_iter().chain(others).nth(*sequence).unwrap();
                world.trigger_in(&runs[*run], "shop", stage, sequence, ["cart", "pay"][*service], data.clone());
            }
            Weather::Start { task, source: by } => {
                offer(*task).map(|offer| world.started(&offer, source(*by)));
            }
            Weather::Finish { task, source: by, data } => {
                offer(*task).map(|offer| world.finished(&offer, source(*by), data.clone()));
            }
            Weather::Alive { task, source: by } => {
                offer(*task).map(|offer| world.status_changed(&offer, source(*by)));
            }
            Weather::Claim { task, source: by, seconds, many } => {
                let Some(offer) = offer(*task) else { continue };
                let wanted = Wanted {
                    tool: source(*by).to_owned(),
                    tasks: vec![super::tool::task_of(&offer).to_owned()],
                    project: None,
                    stage: None,
                    service: None,
                    max: *many,
                    term: SignedDuration::from_secs(*seconds),
                    key: None,
                };
                let Ok(Reply::Claimed(grants)) = world.submit(Command::Claim(Box::new(wanted))) else { continue };
                leases.extend(grants.into_iter().map(|grant| grant.lease));
            }
            Weather::Heartbeat { lease: at } => {
                let Some(lease) = lease(*at) else { continue };
                of_lease(world, Command::Heartbeat { lease: lease.id, progress: Some("going on".to_owned()) });
            }
            Weather::Release { lease: at } => {
                let Some(lease) = lease(*at) else { continue };
                of_lease(world, Command::Release { lease: lease.id, reason: "no room".to_owned() });
            }
            Weather::Answer { lease: at, data } => {
                let Some(Lease { id, tool, .. }) = lease(*at) else { continue };
                let key = IdempotencyKey::of_lease(&id, data.to_string().as_bytes());
                let event = ids::derive(world.now(), &[&id, "answer"]);
                let data = data.as_object().cloned().unwrap_or(Map::new());
                let answer = command::Answer { lease: id, tool: Some(tool), id: event, data, key };
                of_lease(world, Command::Answer(Box::new(answer)));
            }
            Weather::Steer { run, stage: at, control } => {
                let control = [Control::Pause, Control::Pause, Control::Resume, Control::Abort][*control];
                world.control("shop", &runs[*run], stage(*at), control);
            }
            Weather::Rerun { run, stage: at, origin } => {
                match world.rerun("shop", &runs[*run], stage(*at), *origin, Wish::default()) {
                    Ok(_) | Err(CommandError::NotAgain(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Weather::Pass { minutes } => world.advance(SignedDuration::from_mins(*minutes)),
            Weather::Moment { seconds } => world.advance(SignedDuration::from_secs(*seconds)),
            Weather::Jump { hours } => world.jump(SignedDuration::from_hours(*hours)),
            Weather::Kill { minutes } => world.kill_for(SignedDuration::from_mins(*minutes)),
            Weather::Configure => world.project("shop", &shipyard.replace("7m", "9m")),
        }
    }
}

/// A run has so few sequences that a loop is short.
fn world() -> World {
    World::new().with_limits(Limits { sequences: 30, ..Limits::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_weather_breaks_an_invariant(shipyard in shipyard(), weather in prop::collection::vec(weather(), 1..60)) {
        let mut world = world();
        endure(&mut world, &shipyard, &weather);
        prop_assert!(world.faults().is_empty());
        // Whoever is not waited for any more ends: nothing stays but what a person has to decide.
        for context in runs() {
            world.control("shop", &context, None, Control::Resume);
        }
        world.advance(SignedDuration::from_hours(24 * 60));
        for context in runs() {
            for sequence in world.sequences(&context) {
                prop_assert!(sequence.is_over() || sequence.unpaused_state() == "waitingForApproval", "{sequence:?}");
            }
        }
    }

    #[test]
    fn the_same_weather_leads_to_the_same_facts(shipyard in shipyard(), weather in prop::collection::vec(weather(), 1..30)) {
        let facts = || {
            let mut world = world();
            endure(&mut world, &shipyard, &weather);
            let contexts: Vec<String> = world.contexts().map(|(_, context)| context.to_owned()).collect();
            contexts.iter().map(|context| world.facts(context)).collect::<Vec<_>>()
        };
        prop_assert_eq!(facts(), facts());
    }
}
