//! Corners 16 to 19: order and repeats.

use capstan_runtime::command::{Command, CommandError, IdempotencyKey, Ingest, Reply};
use capstan_runtime::simulator::World;
use jiff::SignedDuration;
use serde_json::json;

use super::shipyards::{ONE, hours, minutes, open, pass, state, task, text, trigger, world};

/// A trigger whose sender's clock is off.
fn skewed(world: &mut World, context: &str, by: SignedDuration) {
    let mut event = World::triggered(context, "p", "dev", "delivery", "svc", json!({}));
    event.id = format!("trigger-{context}");
    event.time = Some(world.now() + by);
    world.ingest(event);
}

#[test]
fn corner_16_the_queue_goes_by_what_was_taken_in_first_and_by_no_clock() {
    let mut world = world(ONE);
    skewed(&mut world, "first", hours(5));
    skewed(&mut world, "second", hours(-5));
    skewed(&mut world, "third", hours(9));
    skewed(&mut world, "fourth", hours(-9));
    for run in ["first", "second", "third", "fourth"] {
        assert_eq!(open(&world, run), ["build"], "{run}");
        assert_eq!(world.offered().len(), 1);
        world.jump(hours(if run == "second" { -3 } else { 1 }));
        pass(&mut world, run);
    }
}

#[test]
fn corner_16_older_sequences_of_the_same_run_do_not_block_it() {
    let mut world = world(ONE);
    let other = trigger(&mut world, "dev", "delivery");
    for _ in 0..4 {
        world.trigger_in("run", "p", "dev", "delivery", "svc", json!({}));
    }
    assert_eq!(state(&world, "run"), "waiting");
    pass(&mut world, &other);
    assert_eq!(open(&world, "run"), ["build"; 4]);
}

#[test]
fn corner_17_what_is_due_first_comes_first_however_its_time_is_written() {
    let stages = "{name: dev, sequences: [{name: delivery, tasks: [{name: build, triggeredAfter: 1s}]}]}";
    let mut world = World::new();
    world.project("p", &text(stages));
    // As texts, times of different precision sort otherwise than as times.
    for (service, after) in [("a", 500_000_000), ("b", 250_000_000), ("c", 250_000_000), ("d", 1)] {
        world.advance(SignedDuration::from_nanos(after));
        world.trigger("p", "dev", "delivery", service, json!({}));
    }
    let mut seen = Vec::new();
    for after in [500_000_000 - 1, 250_000_000, 250_000_000, 1] {
        world.advance(SignedDuration::from_nanos(after));
        let services = world.offered().iter().map(|task| task.data["service"].as_str().unwrap().to_owned()).collect();
        let services: Vec<String> = services;
        seen.push(services.concat());
    }
    // 'd' was triggered a nanosecond after 'c'.
    assert_eq!(seen, ["a", "ab", "abc", "abcd"]);
}

fn keyed(world: &mut World, event: &capstan_model::event::CloudEvent) -> Result<Reply, CommandError> {
    let sent = serde_json::to_vec(event).unwrap();
    let key = Some(IdempotencyKey::of_event(&event.source, &event.id, &sent));
    world.submit(Command::Ingest(Box::new(Ingest { event: event.clone(), key })))
}

#[test]
fn corner_19_a_repeat_is_answered_as_the_first_and_starts_nothing() {
    let mut world = world(ONE);
    let mut event = World::triggered("run", "p", "dev", "delivery", "svc", json!({}));
    event.id = "trigger".to_owned();
    let first = keyed(&mut world, &event).unwrap();
    assert_eq!(keyed(&mut world, &event).unwrap(), first);
    world.advance(minutes(5));
    assert_eq!(keyed(&mut world, &event).unwrap(), first);
    assert_eq!(world.sequences("run").len(), 1);
    assert_eq!(world.event_types("run"), ["dev.delivery.triggered", "build.triggered"]);
    let build = task(&world, "run");
    let mut started = World::triggered("run", "p", "dev", "delivery", "svc", json!({}));
    (started.id, started.kind) = ("started".to_owned(), "sh.keptn.event.build.started".to_owned());
    started.triggered_id = Some(build.id.clone());
    keyed(&mut world, &started).unwrap();
    keyed(&mut world, &started).unwrap();
    assert_eq!(world.sequences("run")[0].current().unwrap().1.events.len(), 1);
    // The same id with something else in it is a mistake of the sender.
    event.data["service"] = "other".into();
    assert!(matches!(keyed(&mut world, &event), Err(CommandError::KeyReused)));
    assert_eq!(world.events("run").len(), 3);
}

#[test]
fn corner_19_after_a_day_a_key_may_be_used_anew() {
    let mut world = world(ONE);
    let mut event = World::triggered("run", "p", "dev", "delivery", "svc", json!({}));
    event.id = "trigger".to_owned();
    let first = keyed(&mut world, &event).unwrap();
    // What is past its time goes as soon as the server sees to it.
    for (passed, times) in [(minutes(24 * 60 - 1), 1), (minutes(1), 2)] {
        world.advance(passed);
        world.submit(Command::Purge).unwrap();
        assert_eq!(keyed(&mut world, &event).unwrap(), first);
        assert_eq!(world.sequences("run").len(), times);
    }
}
