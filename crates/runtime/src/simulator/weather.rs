//! Whatever comes in whatever order: the world checks after each step that what must always hold does.

use capstan_engine::orchestrate::Control;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::World;

const SHIPYARD: &str = "
apiVersion: spec.keptn.sh/0.2.3
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: deployment}, {name: test, triggeredAfter: 7m}]
        - name: rollback
          triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}]
          tasks: [{name: rollback}]
        - name: loop
          triggeredOn: [{event: dev.loop.finished}]
          tasks: [{name: test}]
    - name: prod
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished}]
          tasks: [{name: approval, properties: {pass: manual, warning: automatic}}, {name: release}]
        - name: check
          triggeredOn: [{event: dev.delivery.finished}]
          tasks: [{name: test}, {name: approval}]
";

#[derive(Debug, Clone)]
enum Weather {
    Trigger { run: usize, sequence: usize, service: usize },
    Start { task: usize, source: usize },
    Finish { task: usize, source: usize, result: usize, status: usize },
    Alive { task: usize, source: usize },
    Steer { run: usize, stage: usize, control: usize },
    Pass { minutes: i64 },
    Jump { hours: i64 },
    Kill { minutes: i64 },
    Configure,
}

fn weather() -> impl Strategy<Value = Weather> {
    prop_oneof![
        3 => (0..4usize, 0..7usize, 0..2usize).prop_map(|(run, sequence, service)| Weather::Trigger { run, sequence, service }),
        5 => (0..40usize, 0..3usize).prop_map(|(task, source)| Weather::Start { task, source }),
        7 => (0..40usize, 0..3usize, 0..4usize, 0..4usize)
            .prop_map(|(task, source, result, status)| Weather::Finish { task, source, result, status }),
        1 => (0..40usize, 0..3usize).prop_map(|(task, source)| Weather::Alive { task, source }),
        3 => (0..4usize, 0..3usize, 0..4usize).prop_map(|(run, stage, control)| Weather::Steer { run, stage, control }),
        3 => (0..3000i64).prop_map(|minutes| Weather::Pass { minutes: if minutes > 60 { minutes } else { minutes / 4 } }),
        1 => (-30..60i64).prop_map(|hours| Weather::Jump { hours }),
        1 => (0..200i64).prop_map(|minutes| Weather::Kill { minutes }),
        1 => Just(Weather::Configure),
    ]
}

fn runs() -> [String; 4] {
    ["a", "b", "c", "d"].map(|run| format!("{}-0000-4000-8000-000000000000", run.repeat(8)))
}

/// Lets it happen. `task` counts over all offers there ever were, the newest first.
fn endure(world: &mut World, weather: &[Weather]) {
    let runs = runs();
    world.project("shop", SHIPYARD);
    for what in weather {
        let mut offers: Vec<_> = runs.iter().flat_map(|run| world.events(run)).collect();
        offers.retain(|event| event.source == "shipyard-controller" && event.kind.split('.').count() == 5);
        offers.sort_by_key(|event| std::cmp::Reverse((event.time, event.id.clone())));
        let offer = |task: usize| (!offers.is_empty()).then(|| offers[task % offers.len()].clone());
        let source = |source: usize| ["helm", "jmeter", "a person"][source];
        match what {
            Weather::Trigger { run, sequence, service } => {
                let (stage, sequence) = [
                    ("dev", "delivery"),
                    ("dev", "delivery"),
                    ("dev", "loop"),
                    ("prod", "delivery"),
                    ("prod", "check"),
                    ("prod", "evaluation"),
                    ("qa", "delivery"),
                ][*sequence];
                world.trigger_in(&runs[*run], "shop", stage, sequence, ["cart", "pay"][*service], json!({}));
            }
            Weather::Start { task, source: by } => {
                offer(*task).map(|offer| world.started(&offer, source(*by)));
            }
            Weather::Finish { task, source: by, result, status } => {
                let result = ["pass", "pass", "warning", "fail"][*result];
                let status = ["succeeded", "succeeded", "errored", ""][*status];
                let data = json!({ "result": result, "status": status });
                offer(*task).map(|offer| world.finished(&offer, source(*by), data));
            }
            Weather::Alive { task, source: by } => {
                offer(*task).map(|offer| world.status_changed(&offer, source(*by)));
            }
            Weather::Steer { run, stage, control } => {
                let control = [Control::Pause, Control::Pause, Control::Resume, Control::Abort][*control];
                world.control("shop", &runs[*run], [None, Some("dev"), Some("prod")][*stage], control);
            }
            Weather::Pass { minutes } => world.advance(SignedDuration::from_mins(*minutes)),
            Weather::Jump { hours } => world.jump(SignedDuration::from_hours(*hours)),
            Weather::Kill { minutes } => world.kill_for(SignedDuration::from_mins(*minutes)),
            Weather::Configure => world.project("shop", &SHIPYARD.replace("7m", "9m")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_weather_breaks_an_invariant(weather in prop::collection::vec(weather(), 1..60)) {
        let mut world = World::new();
        endure(&mut world, &weather);
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
    fn the_same_weather_leads_to_the_same_facts(weather in prop::collection::vec(weather(), 1..30)) {
        let facts = || {
            let mut world = World::new();
            endure(&mut world, &weather);
            let contexts: Vec<String> = world.contexts().map(|(_, context)| context.to_owned()).collect();
            contexts.iter().map(|context| world.facts(context)).collect::<Vec<_>>()
        };
        prop_assert_eq!(facts(), facts());
    }
}
