//! A world behaves: time passes on demand, tools do what they should, and the same script leads to the same facts.

use capstan_engine::orchestrate::{
    Control, NotPassed, Phase, Place, Queue, RunResult, RunState, Sequence, TimerKind, Why,
};
use jiff::SignedDuration;
use serde_json::json;

use super::invariants::{Checker, Terms};
use super::{Answer, Tool, World};
use crate::memory::{Call, Order};
use crate::ports::{ProjectId, Store, StoreTx};

const SHIPYARD: &str = "
apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata: {name: shop}
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: deployment}, {name: test}]
    - name: prod
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished}]
          tasks:
            - name: approval
              properties: {pass: manual, warning: manual}
            - name: release
              triggeredAfter: 10m
";

fn world() -> World {
    let mut world = World::new();
    world.project("shop", SHIPYARD);
    world
}

#[test]
fn a_delivery_runs_through_both_stages() {
    let mut world = world();
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({"labels": {"build": "1"}}));
    for task in ["deployment", "test"] {
        let offered = world.offered();
        assert_eq!(offered.len(), 1);
        assert_eq!(offered[0].kind, format!("sh.keptn.event.{task}.triggered"));
        world.answer(&offered[0], "tool", "pass");
    }
    let approval = world.offered();
    assert_eq!(world.sequences(&run)[1].state(), "waitingForApproval");
    world.finished(&approval[0], "someone", json!({"status": "succeeded", "result": "pass"}));
    assert!(world.offered().is_empty());
    world.advance(SignedDuration::from_mins(10));
    assert!(world.answer_only("tool", "pass").is_some());
    assert_eq!(world.run(&run).unwrap().state(), RunState::Finished);
    assert_eq!(world.event_types(&run).last().unwrap(), "prod.delivery.finished");
    assert!(world.timers().is_empty() && world.ignored(&run).is_empty() && world.faults().is_empty());
}

#[test]
fn time_passes_step_by_step_and_what_arrives_with_the_deadline_is_in_time() {
    let mut world = world();
    let late = |works| Tool { answers: vec![Answer { works, ..Answer::default() }], ..Tool::new("deployment", "helm") };
    let day = SignedDuration::from_hours(24);
    world.tool(late(day));
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.advance(day);
    assert_eq!(world.offered()[0].kind, "sh.keptn.event.test.triggered");
    world.advance(SignedDuration::from_mins(10));
    assert_eq!(world.run(&run).unwrap().state(), RunState::TimedOut);

    let mut world = self::world();
    world.tool(late(day + SignedDuration::from_nanos(1)));
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.advance(day + day);
    assert_eq!(world.run(&run).unwrap().state(), RunState::TimedOut);
    assert_eq!(world.ignored(&run), [Why::SequenceOver { outcome: "timed out".to_owned() }]);
}

#[test]
fn a_kill_loses_nothing_that_was_committed() {
    let script = |kills: bool| {
        let mut world = world();
        world.tool(Tool::new("deployment", "helm"));
        let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
        if kills {
            world.kill();
        }
        world.control("shop", &run, None, Control::Pause);
        world.advance(SignedDuration::from_hours(1));
        if kills {
            world.kill();
        }
        world.control("shop", &run, None, Control::Resume);
        world.answer_only("tests", "fail");
        world.facts(&run)
    };
    assert_eq!(script(true), script(false));
}

/// Its time had come while it stood behind another run, so that it had no timer when the clock was set back.
#[test]
fn a_delay_that_was_over_before_its_turn_is_not_waited_for_again_by_a_clock_that_was_set_back() {
    let mut world = World::new();
    let tasks = "tasks: [{name: test, triggeredAfter: 7m}]";
    let stages = format!("stages: [{{name: dev, sequences: [{{name: delivery, {tasks}}}]}}]");
    world.project("shop", &format!("apiVersion: spec.keptn.sh/0.2.3\nspec: {{{stages}}}\n"));
    let first = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.control("shop", &first, None, Control::Pause);
    let second = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.control("shop", &first, None, Control::Resume);
    world.advance(SignedDuration::from_mins(8));
    world.jump(SignedDuration::from_hours(-24));
    // Standing still does not change that: seed 751988.
    world.control("shop", &first, None, Control::Pause);
    world.control("shop", &first, None, Control::Resume);
    world.control("shop", &second, None, Control::Abort);
    assert!(world.offered().is_empty());
    world.advance(SignedDuration::from_mins(7));
    assert_eq!(world.offered_in(&first).len(), 1);
}

/// Pulling in fails alone, then a pause has its deadlines stand still as they are.
#[test]
fn what_stood_still_since_a_clock_was_set_back_has_no_more_than_a_full_term() {
    let mut world = world();
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.disk().order(Order { times: 2, ..Order::next(Call::Write) });
    world.jump(SignedDuration::from_hours(-1));
    assert_eq!(world.disk().struck().values().sum::<u64>(), 2);
    world.control("shop", &run, None, Control::Pause);
    world.advance(SignedDuration::from_mins(1));
    world.control("shop", &run, None, Control::Resume);
    let next = world.timers().iter().map(|timer| timer.due).min().unwrap();
    assert!(next <= world.now() + world.limits().start_timeout, "{next}");
}

/// What is said while the server is busy comes in one step: one of the commands fails alone, and a claim that waits is granted
/// what another one offers.
#[test]
fn a_busy_server_carries_out_all_at_once() {
    let mut world = world();
    let claims = Tool { lease: Some(SignedDuration::from_secs(60)), waits: true, ..Tool::new("deployment", "helm") };
    world.tool(claims);
    world.advance(SignedDuration::ZERO);
    world.be_busy(SignedDuration::from_secs(5));
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    let deep = (0..126).fold(json!([]), |inner, _| json!([inner]));
    let refused = world.trigger("shop", "dev", "delivery", "pay", json!({ "deep": deep }));
    let other = world.trigger("shop", "dev", "delivery", "bill", json!({}));
    assert!(world.sequences(&run).is_empty());
    let before = world.steps();
    world.advance(SignedDuration::from_secs(5));
    assert!(world.steps() > before);
    assert!(world.events(&refused).is_empty());
    for run in [&run, &other] {
        let said = world.event_types(run).iter().filter(|kind| *kind == "deployment.started").count();
        assert_eq!(said, 1);
    }
    let tally = world.tally();
    assert_eq!((tally.of("batched"), tally.of("refused"), tally.of("granted-waiting")), (3, 1, 1));
}

#[test]
fn a_claim_that_waits_is_granted_once() {
    let mut world = world().watched();
    world.tool(Tool { lease: Some(SignedDuration::from_secs(60)), waits: true, ..Tool::new("deployment", "helm") });
    world.advance(SignedDuration::ZERO);
    world.hand_to_waiting(vec![(0, Vec::new()), (0, Vec::new())]);
    assert!(world.faults()[0].starts_with("a claim that waits is granted more than it asks for"));
}

#[test]
fn what_was_not_synced_never_was() {
    let mut world = world().watched();
    let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
    world.disk().hold_syncs(true);
    world.answer_only("helm", "pass");
    world.kill();
    assert_eq!(world.offered()[0].kind, "sh.keptn.event.deployment.triggered");
    assert_eq!(world.event_types(&run).len(), 2);
    // A store may not do so, and it is noticed.
    assert!(world.faults()[0].starts_with("the store has lost facts"), "{:?}", world.faults());
}

/// The check itself is checked: whatever is bent behind the back of the step is found.
#[test]
fn what_is_bent_is_found() {
    type Bend = fn(&mut dyn StoreTx, ProjectId, Sequence);
    let bends: [(&str, Bend); 12] = [
        ("waits without a clock", |tx, _, sequence| tx.disarm(&sequence.id, TimerKind::Deadline).unwrap()),
        ("an open task is not offered", |tx, _, sequence| {
            tx.withdraw(&sequence.current().unwrap().1.triggered_id).unwrap();
        }),
        ("stands otherwise in the queue", |tx, project, sequence| {
            tx.put_queue(project, &sequence.queue(), &Queue::default()).unwrap();
        }),
        ("a queue holds a sequence that is not open", |tx, project, sequence| {
            let mut queue = tx.queue(project, &sequence.queue()).unwrap();
            queue.want(Place { sequence: "gone".to_owned(), context: sequence.scope.context.clone(), ordinal: 1 });
            tx.put_queue(project, &sequence.queue(), &queue).unwrap();
        }),
        ("facts do not lead to what is stored", |tx, project, sequence| {
            tx.put_sequence(project, &Sequence { triggered_at: jiff::Timestamp::UNIX_EPOCH, ..sequence }).unwrap();
        }),
        ("knows other open sequences", |tx, project, sequence| {
            let mut run = tx.run(project, &sequence.scope.context).unwrap().unwrap();
            run.open.clear();
            tx.put_run(project, &run).unwrap();
        }),
        ("other tools are kept as takers", |tx, project, sequence| {
            tx.add_taker(project, &sequence.current().unwrap().1.triggered_id, "helm").unwrap();
        }),
        ("stands otherwise in the queue", |tx, project, sequence| {
            let mut queue = tx.queue(project, &sequence.queue()).unwrap();
            queue.aside.extend(queue.held.clone());
            tx.put_queue(project, &sequence.queue(), &queue).unwrap();
        }),
        ("takes other sequences for failed", |tx, project, sequence| {
            let mut run = tx.run(project, &sequence.scope.context).unwrap().unwrap();
            let (stage, sequence) = ("dev".to_owned(), sequence.id);
            let end = NotPassed { stage, sequence: sequence.clone(), result: RunResult::Fail, began: true };
            run.not_passed.insert(sequence, end);
            tx.put_run(project, &run).unwrap();
        }),
        ("nothing is under way", |tx, project, sequence| {
            tx.put_sequence(project, &Sequence { phase: Phase::Running { open: Vec::new() }, ..sequence }).unwrap();
        }),
        ("it comes to its end: true", |tx, project, sequence| {
            let closing = serde_json::from_value(json!({"outcome": "finished", "status": "", "result": ""})).unwrap();
            tx.put_sequence(project, &Sequence { closing: Some(closing), ..sequence }).unwrap();
        }),
        ("two events have the id", |tx, project, sequence| {
            let offer = tx.event(sequence.ordinal + 1).unwrap().unwrap();
            tx.append_event(Some(project), &offer).unwrap();
        }),
    ];
    for (told, bend) in bends {
        let mut world = world();
        let run = world.trigger("shop", "dev", "delivery", "cart", json!({}));
        let sequence = world.sequences(&run).remove(0);
        let project = world.reader().project("shop").unwrap().unwrap().id;
        let (limits, now) = (*world.limits(), world.now());
        let check = |world: &World| {
            let terms = Terms {
                limits: &limits,
                now,
                up_since: jiff::Timestamp::MIN,
                stepped: now,
                shipyards: &world.read,
                slack: SignedDuration::ZERO,
            };
            world.disk().look(|state, _| Checker::default().look_at_all(state, &terms))
        };
        assert!(check(&world).is_empty());
        let mut tx = world.store().begin().unwrap();
        bend(&mut *tx, project, sequence);
        tx.commit().unwrap();
        let faults = check(&world);
        assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:?}");
    }
}
