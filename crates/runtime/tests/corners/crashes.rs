//! Crashes between any two commits.

use capstan_engine::orchestrate::{Control, Slot};
use capstan_runtime::command::{Command, Reply};
use capstan_runtime::memory::{Call, Order};
use capstan_runtime::ports::{EventFilter, SequenceFilter, Slice, Store};

use super::bench::{Bench, create, ingest, reaction, triggered};
use super::shipyards::{DELIVERY, ONE, open, pass, state, trigger, world};

/// A delivery of two stages and a second run behind it, as commands with their times.
fn story() -> Vec<(jiff::Timestamp, Command)> {
    let mut bench = Bench::new(DELIVERY);
    let mut said = vec![(bench.now, create(DELIVERY))];
    let mut say = |bench: &mut Bench, command: Command| {
        bench.pass(jiff::SignedDuration::from_secs(1));
        said.push((bench.now, command.clone()));
        bench.one(command).unwrap();
    };
    say(&mut bench, ingest(triggered("t1", "one", "dev", "delivery")));
    say(&mut bench, ingest(triggered("t2", "two", "dev", "delivery")));
    for round in 0.. {
        assert!(round < 100, "there is no end to it");
        let Some(offer) = bench.offered().into_iter().next() else { break };
        let result = if round == 2 { "fail" } else { "pass" };
        say(&mut bench, ingest(reaction(&offer, &format!("s{round}"), "started", "")));
        say(&mut bench, ingest(reaction(&offer, &format!("f{round}"), "finished", result)));
    }
    assert_eq!((bench.state("one"), bench.state("two")), ("finished", "finished"));
    said
}

/// Ids and types of all events of a run, oldest first, and its state.
fn told(bench: &Bench, run: &str) -> Vec<String> {
    let filter = EventFilter { context: Some(run.to_owned()), ..EventFilter::default() };
    let mut events = bench.store.reader().events(&filter, Slice::ALL).unwrap().items;
    events.sort_by_key(|event| event.position);
    let mut told: Vec<String> = events.iter().map(|event| format!("{} {}", event.event.kind, event.event.id)).collect();
    told.push(bench.state(run).to_owned());
    told
}

fn tell(bench: &mut Bench, story: &[(jiff::Timestamp, Command)]) {
    for (at, command) in story {
        bench.now = *at;
        // The project may be there already.
        let reply = bench.one(command.clone());
        assert!(reply.is_ok() || matches!(command, Command::CreateProject { .. }), "{reply:?}");
    }
}

#[test]
fn corner_01_whatever_a_crash_tears_off_is_made_good_by_sending_it_again() {
    let story = story();
    let mut whole = Bench::new(DELIVERY);
    tell(&mut whole, &story);
    for kept in 0..=story.len() {
        let mut bench = Bench::new(DELIVERY);
        bench.store.disk().hold_syncs(true);
        tell(&mut bench, &story);
        bench.kill(kept);
        tell(&mut bench, &story);
        for run in ["one", "two"] {
            assert_eq!(told(&bench, run), told(&whole, run), "{kept} commits were kept");
        }
    }
}

/// Wherever a command fails alone, in its batch and then by itself, what is kept decoded is what is stored.
#[test]
fn corner_01_a_command_that_fails_alone_leaves_nothing_behind() {
    let story = story();
    let mut whole = Bench::new(DELIVERY);
    tell(&mut whole, &story);
    for (at, (now, command)) in story.iter().enumerate().skip(1) {
        for well in 0.. {
            let mut bench = Bench::new(DELIVERY);
            tell(&mut bench, &story[..at]);
            let disk = bench.store.disk();
            for skip in [well, 2 * well + 1] {
                disk.order(Order { skip, ..Order::next(Call::Write) });
            }
            bench.now = *now;
            let failed = bench.one(command.clone()).is_err();
            disk.forget_orders();
            tell(&mut bench, &story[at..]);
            for run in ["one", "two"] {
                assert_eq!(told(&bench, run), told(&whole, run), "write {well} of command {at} failed");
            }
            if !failed {
                break;
            }
        }
    }
}

#[test]
fn corner_01_what_could_not_be_kept_is_not_acknowledged_and_has_not_happened() {
    let mut bench = Bench::new(ONE);
    bench.store.disk().fail_next_commit();
    let command = ingest(triggered("t1", "one", "dev", "delivery"));
    assert!(bench.one(command.clone()).is_err());
    bench.store.reopen().unwrap();
    assert!(bench.store.reader().runs_of("one").unwrap().is_empty());
    assert!(matches!(bench.one(command), Ok(Reply::Accepted { .. })));
    bench.work_off();
    assert_eq!(bench.state("one"), "finished");
}

/// A run that a crash came upon does not hold up the next one, wherever it came.
#[test]
fn corner_05_a_crash_while_it_starts_blocks_nobody() {
    let mut commits = 1;
    for kept in 0.. {
        if kept > commits {
            break;
        }
        let mut bench = Bench::new(DELIVERY);
        bench.store.disk().hold_syncs(true);
        bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
        bench.settle();
        let offer = bench.offered().remove(0);
        for phase in ["started", "finished"] {
            bench.one(ingest(reaction(&offer, &format!("{phase}-{}", offer.id), phase, "pass"))).unwrap();
        }
        commits = bench.store.disk().unsynced();
        bench.kill(kept);
        bench.one(ingest(triggered("t2", "two", "dev", "delivery"))).unwrap();
        bench.work_off();
        assert_eq!(bench.state("two"), "finished", "{kept} commits were kept");
        if kept > 0 {
            assert_eq!(bench.state("one"), "finished", "{kept} commits were kept");
        }
        for stage in ["dev", "prod"] {
            assert!(
                bench.store.reader().queue(1, &format!("{stage}\u{1f}svc")).unwrap().is_empty(),
                "{kept} commits were kept"
            );
        }
    }
    assert_eq!(commits, 3);
}

#[test]
fn corner_06_what_is_stored_is_queued() {
    for kept in 0..=2 {
        let mut bench = Bench::new(ONE);
        bench.store.disk().hold_syncs(true);
        bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
        bench.one(ingest(triggered("t2", "two", "dev", "delivery"))).unwrap();
        bench.kill(kept);
        let filter = SequenceFilter { project: "p".to_owned(), ..SequenceFilter::default() };
        let reader = bench.store.reader();
        let sequences = reader.sequences(&filter, Slice::ALL).unwrap().items;
        assert_eq!(sequences.len(), kept);
        let queue = reader.queue(1, "dev\u{1f}svc").unwrap();
        for sequence in &sequences {
            let is =
                |slot: &[capstan_engine::orchestrate::Place]| slot.iter().any(|place| place.sequence == sequence.id);
            assert_eq!(is(&queue.held), sequence.slot == Slot::Held);
            assert_eq!(is(&queue.waiting), sequence.slot == Slot::Wanted);
            assert_ne!(sequence.slot, Slot::None);
        }
        bench.work_off();
        assert!((1..=kept).all(|run| bench.state(["one", "two"][run - 1]) == "finished"));
    }
}

#[test]
fn corner_06_with_tools_that_never_hear_of_the_crash() {
    // What it tears off was acknowledged in this world, which is noticed.
    let mut world = world(ONE).watched();
    let first = trigger(&mut world, "dev", "delivery");
    world.disk().hold_syncs(true);
    let second = trigger(&mut world, "dev", "delivery");
    world.kill();
    world.disk().hold_syncs(false);
    assert!(world.run(&second).is_none(), "it was torn off, and its sender was told nothing");
    let third = trigger(&mut world, "dev", "delivery");
    assert_eq!(state(&world, &third), "waiting");
    pass(&mut world, &first);
    assert_eq!(open(&world, &third), ["build"]);
}

/// A task is known to be open if and only if it is offered, and it is offered with all that was answered before it.
#[test]
fn corner_12_a_task_that_is_open_is_offered() {
    for kept in 0..=4 {
        let mut bench = Bench::new(DELIVERY);
        bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
        let build = bench.offered().remove(0);
        bench.store.disk().hold_syncs(true);
        bench.one(ingest(reaction(&build, "s", "started", ""))).unwrap();
        bench.one(ingest(reaction(&build, "f", "finished", "pass"))).unwrap();
        bench.kill(kept);
        let filter = SequenceFilter { project: "p".to_owned(), ..SequenceFilter::default() };
        let sequences = bench.store.reader().sequences(&filter, Slice::ALL).unwrap().items;
        let attempt = sequences[0].current().unwrap().1;
        let offers = bench.offered();
        assert_eq!(offers.len(), 1);
        assert_eq!(offers[0].id, attempt.triggered_id);
        assert_eq!(
            offers[0].kind,
            if kept < 2 { "sh.keptn.event.build.triggered" } else { "sh.keptn.event.check.triggered" }
        );
        let of_type = EventFilter { kind: Some(offers[0].kind.clone()), ..EventFilter::default() };
        assert_eq!(bench.store.reader().events(&of_type, Slice::ALL).unwrap().total, 1, "it is stored, too");
        // Sent again, nothing happens twice.
        bench.one(ingest(reaction(&build, "s", "started", ""))).unwrap();
        bench.one(ingest(reaction(&build, "f", "finished", "pass"))).unwrap();
        assert_eq!(bench.offered()[0].kind, "sh.keptn.event.check.triggered");
    }
}

/// More followers than one step works off, and a crash between the steps.
#[test]
fn corner_05_what_was_left_for_the_next_step_outlives_a_crash() {
    let followers: Vec<String> = (0..70)
        .map(|n| format!(", {{name: s{n}, sequences: [{{name: go, triggeredOn: [{{event: dev.delivery.finished}}], tasks: [{{name: t}}]}}]}}"))
        .collect();
    let mut bench = Bench::new(&format!("{ONE}{}", followers.concat()));
    bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
    let offer = bench.offered().remove(0);
    bench.one(ingest(reaction(&offer, "s", "started", ""))).unwrap();
    bench.store.disk().hold_syncs(true);
    bench.one(ingest(reaction(&offer, "f", "finished", "pass"))).unwrap();
    bench.store.disk().sync();
    bench.settle();
    bench.kill(0);
    assert!(bench.store.reader().has_deferred().unwrap());
    assert_ne!(bench.state("one"), "finished");
    bench.settle();
    assert_eq!(bench.offered().len(), 70);
    bench.work_off();
    assert_eq!(bench.state("one"), "finished");
}

/// So many sequences of one run in one place that their turns are left for the next step; a pause comes before it.
fn wide() -> (Bench, Vec<Command>) {
    let followers: Vec<String> = (0..100)
        .map(|n| format!(", {{name: s{n}, triggeredOn: [{{event: dev.delivery.finished}}], tasks: [{{name: t}}]}}"))
        .collect();
    let stages =
        format!("{{name: dev, sequences: [{{name: delivery, tasks: [{{name: build}}]}}{}]}}", followers.concat());
    let mut bench = Bench::new(&stages);
    bench.one(ingest(triggered("t1", "one", "dev", "delivery"))).unwrap();
    let offer = bench.offered().remove(0);
    bench.one(ingest(reaction(&offer, "s", "started", ""))).unwrap();
    let finished = ingest(reaction(&offer, "f", "finished", "pass"));
    (bench, vec![finished])
}

fn steer(control: Control) -> Command {
    Command::Control { project: "p".to_owned(), context: "one".to_owned(), stage: None, control }
}

#[test]
fn a_turn_that_comes_after_a_pause_is_none() {
    let (mut bench, mut commands) = wide();
    commands.push(steer(Control::Pause));
    bench.step(&commands).unwrap();
    bench.settle();
    assert!(bench.offered().is_empty(), "a paused run offers nothing");
    bench.one(ingest(triggered("t2", "two", "dev", "delivery"))).unwrap();
    assert_eq!(bench.offered().len(), 1, "a paused run blocks nobody");
    bench.one(steer(Control::Resume)).unwrap();
    bench.settle();
    assert_eq!(bench.offered().len(), 1, "two runs never hold one slot");
    bench.work_off();
    assert_eq!((bench.state("one"), bench.state("two")), ("finished", "finished"));
}

/// Pause and resume, and another run in between: the turn that was left belongs to the queue of then.
#[test]
fn a_turn_that_was_left_counts_only_while_the_queue_says_so() {
    let (mut bench, mut commands) = wide();
    commands.extend([steer(Control::Pause), ingest(triggered("t2", "two", "dev", "delivery")), steer(Control::Resume)]);
    bench.step(&commands).unwrap();
    bench.settle();
    let runs: std::collections::BTreeSet<_> = bench.offered().into_iter().map(|offer| offer.context.unwrap()).collect();
    assert_eq!(runs.into_iter().collect::<Vec<_>>(), ["two"]);
    bench.work_off();
    assert_eq!((bench.state("one"), bench.state("two")), ("finished", "finished"));
}

#[test]
fn an_abort_ends_what_was_left_for_the_next_step_as_well() {
    let (mut bench, mut commands) = wide();
    commands.push(steer(Control::Abort));
    bench.step(&commands).unwrap();
    bench.settle();
    assert!(bench.offered().is_empty(), "{} tasks are offered after the abort", bench.offered().len());
    assert_eq!(bench.state("one"), "aborted");
}
