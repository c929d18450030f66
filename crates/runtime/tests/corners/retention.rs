//! Runs go when they have ended long enough ago.

use capstan_engine::orchestrate::{Control, Origin, Wish};
use capstan_runtime::command::{Command, CommandError, Reply};
use capstan_runtime::ports::{EventFilter, Keep, Retention, Slice, Store};
use jiff::SignedDuration;

use super::bench::{Bench, ingest, reaction, triggered, wanted};

const ONE: &str = "{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn keeping(days: i64) -> Retention {
    Retention { runs: Some(Keep::For(DAY * days as i32)), evaluations: None }
}

fn purge(bench: &mut Bench) {
    for slices in 0.. {
        assert!(slices < 1_000, "there is no end to it");
        if bench.one(Command::Purge).unwrap() == Reply::Done {
            return;
        }
    }
}

fn is_there(bench: &Bench, context: &str) -> bool {
    !bench.store.reader().runs_of(context).unwrap().is_empty()
}

fn events_of(bench: &Bench, context: &str) -> u64 {
    let filter = EventFilter { context: Some(context.to_owned()), ..EventFilter::default() };
    bench.store.reader().events(&filter, Slice::ALL).unwrap().total
}

#[test]
fn a_run_counts_from_its_end_and_an_open_one_stays() {
    let mut bench = Bench::new(ONE);
    bench.retention = keeping(30);
    bench.one(ingest(triggered("t1", "open", "dev", "delivery"))).unwrap();
    bench.one(ingest(triggered("t2", "waiting", "dev", "delivery"))).unwrap();
    bench.pass(DAY * 100);
    purge(&mut bench);
    assert!(is_there(&bench, "open") && is_there(&bench, "waiting"));
    bench.work_off();
    bench.one(ingest(triggered("t3", "refused", "dev", "else"))).unwrap();
    bench.pass(DAY * 30 - SignedDuration::from_nanos(1));
    purge(&mut bench);
    for context in ["open", "waiting", "refused"] {
        assert!(is_there(&bench, context), "{context}");
    }
    bench.pass(SignedDuration::from_nanos(1));
    purge(&mut bench);
    for context in ["open", "waiting", "refused"] {
        assert!(!is_there(&bench, context) && events_of(&bench, context) == 0, "{context}");
    }
    let facts = bench.store.reader().fact_span().unwrap();
    assert_eq!(facts.oldest, None);
}

#[test]
fn a_run_that_is_done_again_is_open_again() {
    let mut bench = Bench::new(ONE);
    bench.retention = keeping(30);
    bench.one(ingest(triggered("t", "one", "dev", "delivery"))).unwrap();
    let abort = Command::Control { project: "p".into(), context: "one".into(), stage: None, control: Control::Abort };
    bench.one(abort).unwrap();
    bench.pass(DAY * 29);
    let wish = Wish { by: String::new(), reason: String::new() };
    let (project, context) = ("p".to_owned(), "one".to_owned());
    bench.one(Command::Rerun { project, context, stage: None, origin: Origin::Task, wish }).unwrap();
    bench.pass(DAY * 29);
    purge(&mut bench);
    assert!(is_there(&bench, "one"));
    bench.work_off();
    bench.pass(DAY * 29);
    purge(&mut bench);
    assert!(is_there(&bench, "one"), "its second end counts");
}

/// As for a run that never was: nothing fails, and what begins anew stays.
#[test]
fn what_comes_late_for_a_run_that_is_gone_meets_nobody() {
    // With nothing removed yet, with something, and with all.
    for slices in [0, 1, 1_000] {
        let mut bench = Bench::new(ONE);
        bench.retention = keeping(1);
        bench.one(ingest(triggered("t", "one", "dev", "delivery"))).unwrap();
        let grants = bench.one(Command::Claim(Box::new(wanted("helm", &["build"], 1)))).unwrap();
        let Reply::Claimed(grants) = grants else { panic!("{grants:?}") };
        let offer = bench.offered().remove(0);
        let control = Control::Abort;
        let abort = Command::Control { project: "p".into(), context: "one".into(), stage: None, control };
        bench.one(abort.clone()).unwrap();
        bench.pass(DAY * 2);
        let mut tx = bench.store.begin().unwrap();
        tx.expire(bench.now, bench.retention, 10).unwrap();
        for _ in 0..slices {
            tx.purge(bench.now, 1).unwrap();
        }
        tx.commit().unwrap();
        bench.forget();

        let late = bench.one(ingest(reaction(&offer, "late", "finished", "pass"))).unwrap();
        let Reply::Accepted { ignored, .. } = late else { panic!("{late:?}") };
        assert!(slices < 1_000 || ignored.is_some_and(|why| why.contains("nobody") || why.contains("no task")));
        let lease = &grants[0].lease.id;
        let beat = bench.one(Command::Heartbeat { lease: lease.clone(), progress: None });
        assert!(matches!(beat, Err(CommandError::LeaseOver { .. } | CommandError::UnknownLease(_))), "{beat:?}");
        assert_eq!(bench.one(abort).unwrap(), Reply::Nothing);
        let wish = Wish { by: String::new(), reason: String::new() };
        let (project, context) = ("p".to_owned(), "one".to_owned());
        let again = bench.one(Command::Rerun { project, context, stage: None, origin: Origin::Task, wish });
        assert!(matches!(again, Ok(Reply::Nothing)), "{again:?}");

        bench.one(ingest(triggered("t-new", "one", "dev", "delivery"))).unwrap();
        assert_eq!((bench.state("one"), bench.run("one").sequences), ("started", 1));
        purge(&mut bench);
        bench.work_off();
        assert_eq!(bench.state("one"), "finished");
        let sequences = bench.store.reader().facts(1, "one").unwrap();
        assert!(
            sequences
                .iter()
                .filter_map(|fact| fact.sequence.as_deref())
                .all(|id| id == sequences.last().unwrap().sequence.as_deref().unwrap())
        );
    }
}

/// Not before, and not only after an hour.
#[test]
fn what_a_project_says_counts_at_once() {
    let mut bench = Bench::new(ONE);
    bench.one(ingest(triggered("t", "one", "dev", "delivery"))).unwrap();
    bench.work_off();
    bench.pass(DAY * 400);
    purge(&mut bench);
    assert!(is_there(&bench, "one"));
    let retain = |project: &str| Command::Retain { project: project.to_owned(), retention: keeping(30) };
    let outcome = bench.step(&[retain("p")]).unwrap();
    assert!(outcome.buried && matches!(outcome.replies[..], [Ok(Reply::Done)]));
    purge(&mut bench);
    assert!(!is_there(&bench, "one"));
    assert!(matches!(bench.one(retain("q")), Err(CommandError::UnknownProject(_))));
}
