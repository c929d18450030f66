//! What is carried out, and small words about what came of it.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Fact, Outcome, Phase};
use capstan_model::event::CloudEvent;
use capstan_runtime::ports::ServiceView;
use capstan_runtime::simulator::World;
use capstan_runtime::views::service_views;
use serde_json::{Value, json};

pub(crate) const TOOL: &str = "tool";

/// Two tasks, a rollback, an approval in the next stage.
pub(crate) const DELIVERY: &str = "
{name: dev, sequences: [
  {name: delivery, tasks: [{name: build, properties: {flavour: plain}}, {name: check}]},
  {name: rollback, triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: fail}}}], tasks: [{name: undo}]}]},
{name: prod, sequences: [
  {name: delivery, triggeredOn: [{event: dev.delivery.finished}],
   tasks: [{name: approval, properties: {pass: manual, warning: manual}}, {name: release}]}]}";

/// One task, nothing follows.
pub(crate) const ONE: &str = "{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}";

/// One start, then two stages side by side; the task of `b` comes ten minutes later.
pub(crate) const PARALLEL: &str = "
{name: dev, sequences: [{name: start, tasks: [{name: build}]}]},
{name: a, sequences: [{name: go, triggeredOn: [{event: dev.start.finished}], tasks: [{name: left}]}]},
{name: b, sequences: [{name: go, triggeredOn: [{event: dev.start.finished}], tasks: [{name: right, triggeredAfter: 10m}, {name: last}]}]}";

pub(crate) fn text(stages: &str) -> String {
    format!("apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {{name: s}}\nspec: {{stages: [{stages}]}}\n")
}

pub(crate) fn world(stages: &str) -> World {
    let mut world = World::new();
    world.project("p", &text(stages));
    world
}

pub(crate) fn trigger(world: &mut World, stage: &str, sequence: &str) -> String {
    world.trigger("p", stage, sequence, "svc", json!({}))
}

/// The names of the tasks that a run has open.
pub(crate) fn open(world: &World, run: &str) -> Vec<String> {
    world.offered_in(run).iter().map(|task| name(task).to_owned()).collect()
}

pub(crate) fn name(task: &CloudEvent) -> &str {
    task.kind.split('.').nth(3).unwrap()
}

/// The one open task of a run.
#[track_caller]
pub(crate) fn task(world: &World, run: &str) -> CloudEvent {
    let mut open = world.offered_in(run);
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// Answers the one open task of a run.
#[track_caller]
pub(crate) fn pass(world: &mut World, run: &str) {
    let task = task(world, run);
    world.answer(&task, TOOL, "pass");
}

#[track_caller]
pub(crate) fn fail(world: &mut World, run: &str) {
    let task = task(world, run);
    world.answer(&task, TOOL, "fail");
}

pub(crate) fn state(world: &World, run: &str) -> &'static str {
    world.run(run).unwrap().state().word()
}

/// What is shown of the services of project `p`, by stage and service.
pub(crate) fn views(world: &World) -> BTreeMap<(String, String), ServiceView> {
    let reader = world.reader();
    let project = reader.project("p").unwrap().unwrap();
    service_views(&*reader, &project).unwrap()
}

/// How its sequences ended: `dev.delivery finished pass/succeeded`; `open` for those that did not.
pub(crate) fn endings(world: &World, run: &str) -> Vec<String> {
    let of = |sequence: &capstan_engine::orchestrate::Sequence| {
        let how = match &sequence.phase {
            Phase::Ended(ending) => {
                let outcome = match ending.outcome {
                    Outcome::Finished => "finished",
                    Outcome::TimedOut => "timedOut",
                    Outcome::Aborted => "aborted",
                };
                format!("{outcome} {}/{}", ending.result, ending.status)
            }
            _ => "open".to_owned(),
        };
        format!("{}.{} {how}", sequence.scope.stage, sequence.definition.name)
    };
    world.sequences(run).iter().map(of).collect()
}

/// Events of a run of this type.
pub(crate) fn events(world: &World, run: &str, kind: &str) -> Vec<CloudEvent> {
    let kind = format!("sh.keptn.event.{kind}");
    world.events(run).into_iter().filter(|event| event.kind == kind).collect()
}

/// How often something of this kind stands among the facts of a run.
pub(crate) fn count(world: &World, run: &str, is: impl Fn(&Fact) -> bool) -> usize {
    world.facts(run).iter().filter(|stored| is(&stored.fact)).count()
}

pub(crate) fn succeeded(result: &str) -> Value {
    json!({ "status": "succeeded", "result": result })
}

pub(crate) fn minutes(minutes: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_mins(minutes)
}

pub(crate) fn hours(hours: i64) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(hours)
}
