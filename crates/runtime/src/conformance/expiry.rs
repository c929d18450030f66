//! How runs go that have ended long ago.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_engine::orchestrate::{Fact, Run, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};

use super::build::{DEPLOYMENT, event, event_in, fact, run, sequence};
use super::lab::{Lab, at, nanosecond};
use super::snapshot::snapshot;
use super::writes::{fill, timer};
use crate::ports::{
    ClaimFilter, EventFilter, FactFilter, Keep, NewFact, ProjectId, Retention, RunFilter, SequenceFilter, Slice, Store,
    StoreReader, StoreTx,
};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

const EVALUATED: &str = "sh.keptn.event.evaluation.finished";

fn seconds(seconds: i64) -> Keep {
    Keep::For(SignedDuration::from_secs(seconds))
}

fn keep(runs: i64, evaluations: Option<i64>) -> Retention {
    Retention { runs: Some(seconds(runs)), evaluations: evaluations.map(seconds) }
}

fn over(context: &str, end: Timestamp) -> Run {
    Run { open: BTreeMap::new(), last_end: Some(end), ..run(context, at(1)) }
}

fn of_kind(kind: &str, context: &str, id: &str) -> CloudEvent {
    CloudEvent { kind: kind.to_owned(), ..event_in(context, id, at(2)) }
}

/// A run with a sequence, an offered task, a taker, a timer, facts and an evaluation.
fn whole(tx: &mut dyn StoreTx, project: ProjectId, context: &str, end: Timestamp) {
    tx.put_run(project, &over(context, end)).unwrap();
    let id = format!("{context}-s");
    let mut sequence = sequence(&id, at(1), 1);
    Arc::make_mut(&mut sequence.scope).context = context.to_owned();
    tx.put_sequence(project, &sequence).unwrap();
    let offer = event_in(context, &format!("{context}-offer"), at(2));
    let position = tx.append_event(Some(project), &offer).unwrap();
    tx.offer(project, &id, position, &offer).unwrap();
    tx.add_taker(project, &offer.id, "taker").unwrap();
    tx.arm(&timer(&id, TimerKind::Deadline, at(600))).unwrap();
    tx.append_event(Some(project), &of_kind(EVALUATED, context, &format!("{context}-e"))).unwrap();
    for stated in [Fact::SlotWanted, Fact::SlotHeld] {
        tx.append_fact(&NewFact { context, sequence: Some(&id), ..fact(Some(project), &stated) }).unwrap();
    }
}

fn contexts(reader: &dyn StoreReader) -> Vec<String> {
    let runs = reader.runs(&RunFilter { project: "shop".to_owned(), ..RunFilter::default() }, Slice::ALL).unwrap();
    let mut contexts: Vec<String> = runs.items.into_iter().map(|run| run.context).collect();
    contexts.sort_unstable();
    contexts
}

fn events(reader: &dyn StoreReader, context: &str) -> Vec<String> {
    let filter = EventFilter { context: Some(context.to_owned()), ..EventFilter::default() };
    let page = reader.events(&filter, Slice::ALL).unwrap();
    let mut ids: Vec<String> = page.items.into_iter().map(|stored| stored.event.id).collect();
    ids.sort_unstable();
    ids
}

/// With the project, before and after a reopening; a new project says nothing.
pub(super) fn how_long_runs_are_kept_reads_back(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let other = lab.project("other");
    assert_eq!(lab.reader.project("shop").unwrap().unwrap().retention, Retention::default());
    for retention in [
        keep(30, Some(60)),
        Retention { runs: Some(Keep::Always), evaluations: None },
        Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: Some(Keep::Always) },
        Retention::default(),
    ] {
        lab.commit(|tx| {
            tx.retain(shop, retention).unwrap();
            assert_eq!(tx.project("shop").unwrap().unwrap().retention, retention);
        });
        lab.store.reopen().unwrap();
        assert_eq!(lab.reader.project("shop").unwrap().unwrap().retention, retention);
        assert_eq!(lab.reader.shortest_keep().unwrap(), retention.shortest());
        let listed = lab.reader.projects(Slice::ALL).unwrap().items;
        assert_eq!(listed.iter().map(|it| it.retention).collect::<Vec<_>>(), [Retention::default(), retention]);
    }
    lab.commit(|tx| {
        tx.retain(shop, keep(30, None)).unwrap();
        tx.retain(other, keep(60, None)).unwrap();
    });
    assert_eq!(lab.reader.shortest_keep().unwrap(), Some(SignedDuration::from_secs(30)));
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    assert_eq!(lab.reader.shortest_keep().unwrap(), Some(SignedDuration::from_secs(60)));
    assert_ne!(lab.project("shop"), other);
    assert_eq!(lab.reader.project("shop").unwrap().unwrap().retention, Retention::default());
}

/// In slices of any size: the run at once, then events, facts, sequences, and what is open of its tasks. Another run, other
/// projects, and events that are of no run stay.
pub(super) fn a_run_past_its_time_goes_with_all_that_belongs_to_it(make: Make<'_>) {
    for limit in [1, 3, 1_000] {
        let mut lab = Lab::new(make);
        let (shop, other) = (lab.project("shop"), lab.project("other"));
        lab.commit(|tx| {
            whole(tx, shop, "late", at(101));
            whole(tx, other, "else", at(101));
            tx.append_event(Some(shop), &event_in("loose", "loose", at(1))).unwrap();
            // In the same context, but of another project, or of none.
            tx.append_event(Some(other), &event_in("early", "other", at(1))).unwrap();
            tx.append_event(None, &event_in("early", "none", at(1))).unwrap();
        });
        let before = [("shop", shop), ("other", other)].map(|(name, id)| snapshot(&mut lab, name, id, &[]));
        lab.commit(|tx| whole(tx, shop, "early", at(100)));
        let retention = keep(50, Some(0));
        lab.expire(at(150) - nanosecond(), retention, limit);
        assert_eq!(contexts(&*lab.reader), ["early", "late"]);
        lab.commit(|tx| {
            assert_eq!(tx.expire(at(150), retention, limit).unwrap(), limit == 1, "whether there may be more");
            assert_eq!(tx.run(shop, "early").unwrap(), None);
        });
        assert_eq!(contexts(&*lab.reader), ["late"], "before anything was purged");
        assert_eq!(lab.reader.runs_of("early").unwrap(), []);
        assert!(lab.reader.has_buried().unwrap());
        lab.purge(at(0), limit);
        // Its evaluation is past its time as well.
        lab.expire(at(150), retention, limit);
        let after = [("shop", shop), ("other", other)].map(|(name, id)| snapshot(&mut lab, name, id, &[]));
        assert_eq!(after, before);
        assert_eq!(lab.reader.facts(shop, "early").unwrap(), []);
        assert_eq!(lab.reader.sequence("early-s").unwrap(), None);
        assert_eq!(lab.reader.sequence_of("early-offer").unwrap(), None);
        lab.commit(|tx| {
            assert_eq!(tx.offered("early-offer").unwrap(), None);
            // Nobody has it any more.
            let again = event_in("late", "early-offer", at(9));
            let position = tx.append_event(Some(shop), &again).unwrap();
            tx.offer(shop, "late-s", position, &again).unwrap();
            let filter =
                ClaimFilter { tool: "taker".to_owned(), kinds: vec![DEPLOYMENT.to_owned()], ..ClaimFilter::default() };
            let claimable = tx.claimable(&filter, 9).unwrap();
            assert_eq!(claimable.iter().map(|it| &*it.triggered_id).collect::<Vec<_>>(), ["early-offer"]);
        });
    }
}

/// However old it is; also one that has ended before and goes on.
pub(super) fn a_run_that_is_open_stays(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let filled = lab.commit(|tx| fill(tx, "shop"));
    lab.commit(|tx| {
        tx.put_run(filled.project, &Run { following: 1, ..over("c-2", at(1)) }).unwrap();
        tx.put_run(filled.project, &over("c-3", at(1))).unwrap();
        tx.put_run(filled.project, &run("c-3", at(1))).unwrap();
        tx.put_run(filled.project, &Run { last_end: None, ..over("c-4", at(1)) }).unwrap();
    });
    let before = snapshot(&mut lab, "shop", filled.project, &[filled.position]);
    lab.expire(at(1_000_000_000), keep(0, Some(0)), 10);
    assert_eq!(snapshot(&mut lab, "shop", filled.project, &[filled.position]), before);
}

/// What says that one does not count as well; then they go, too.
pub(super) fn evaluations_stay_longer(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        whole(tx, shop, "c-1", at(100));
        let invalidated = of_kind("sh.keptn.event.evaluation.invalidated", "c-1", "invalidated");
        tx.append_event(Some(shop), &invalidated).unwrap();
        tx.append_event(Some(shop), &of_kind("sh.keptn.event.evaluation.started", "c-1", "started")).unwrap();
    });
    for retention in [keep(10, Some(50)), keep(10, None)] {
        lab.expire(at(149), retention, 2);
        assert_eq!(contexts(&*lab.reader), [""; 0]);
        assert_eq!(events(&*lab.reader, "c-1"), ["c-1-e", "invalidated"]);
        assert_eq!(lab.reader.fact_span().unwrap().oldest, None);
        let roots = EventFilter { roots: true, ..EventFilter::default() };
        assert_eq!(lab.reader.events(&roots, Slice::ALL).unwrap().total, 0, "what is left does not begin anything");
    }
    lab.store.reopen().unwrap();
    lab.expire(at(150), keep(10, Some(50)), 2);
    assert_eq!(events(&*lab.reader, "c-1"), [""; 0]);
    assert!(!lab.commit(|tx| tx.purge(at(0), 1).unwrap()));
}

/// Never shorter.
pub(super) fn evaluations_stay_as_long_as_their_run(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| whole(tx, shop, "c-1", at(100)));
    lab.expire(at(149), keep(50, Some(10)), 5);
    assert_eq!(events(&*lab.reader, "c-1").len(), 2);
    // Of a run that is gone as well.
    lab.expire(at(150), keep(50, Some(100)), 5);
    assert_eq!(events(&*lab.reader, "c-1"), ["c-1-e"]);
    lab.expire(at(150), keep(60, Some(10)), 5);
    assert_eq!(events(&*lab.reader, "c-1"), ["c-1-e"]);
    let ever = Retention { runs: Some(Keep::Always), evaluations: Some(seconds(0)) };
    lab.expire(at(1_000), ever, 5);
    assert_eq!(events(&*lab.reader, "c-1"), ["c-1-e"]);
    lab.expire(at(150), keep(50, Some(10)), 5);
    assert_eq!(events(&*lab.reader, "c-1"), [""; 0]);
}

/// Each of the two by itself.
pub(super) fn what_a_project_says_comes_before_what_the_server_says(make: Make<'_>) {
    let ever = Some(Keep::Always);
    let server = keep(50, Some(100));
    for (own, gone, evaluated_gone) in [
        (Retention::default(), true, false),
        (Retention { runs: ever, evaluations: None }, false, false),
        (Retention { runs: Some(seconds(51)), evaluations: None }, false, false),
        (Retention { runs: Some(seconds(10)), evaluations: None }, true, false),
        (Retention { runs: None, evaluations: Some(seconds(10)) }, true, true),
        (Retention { runs: None, evaluations: ever }, true, false),
    ] {
        let mut lab = Lab::new(make);
        let shop = lab.project("shop");
        lab.commit(|tx| {
            tx.retain(shop, own).unwrap();
            whole(tx, shop, "c-1", at(100));
        });
        for _ in 0..2 {
            lab.expire(at(150), server, 5);
        }
        assert_eq!(contexts(&*lab.reader).is_empty(), gone, "{own:?}");
        assert_eq!(events(&*lab.reader, "c-1").is_empty(), evaluated_gone, "{own:?}");
    }
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| whole(tx, shop, "c-1", at(100)));
    lab.expire(at(1_000_000), Retention::default(), 5);
    assert_eq!(contexts(&*lab.reader), ["c-1"], "where nobody says anything all stay");
    lab.commit(|tx| tx.retain(shop, keep(50, Some(0))).unwrap());
    lab.expire(at(1_000), Retention::default(), 5);
    assert_eq!(contexts(&*lab.reader), [""; 0]);
}

/// As an unknown one does: what is new is not removed with what is old.
pub(super) fn a_context_may_come_again_while_its_old_run_goes(make: Make<'_>) {
    for slices in 0..12 {
        let mut lab = Lab::new(make);
        let shop = lab.project("shop");
        lab.commit(|tx| {
            whole(tx, shop, "c-1", at(100));
            tx.expire(at(200), keep(10, None), 9).unwrap();
        });
        for _ in 0..slices {
            lab.commit(|tx| tx.purge(at(0), 1).unwrap());
        }
        lab.commit(|tx| {
            let again = event("again", at(201));
            let position = tx.append_event(Some(shop), &again).unwrap();
            tx.put_run(shop, &Run { ordinal: position, ..run("c-1", at(201)) }).unwrap();
            tx.put_sequence(shop, &sequence("again-s", at(201), position)).unwrap();
            tx.append_fact(&fact(Some(shop), &Fact::Paused)).unwrap();
        });
        lab.purge(at(0), 1);
        assert_eq!(contexts(&*lab.reader), ["c-1"]);
        assert_eq!(events(&*lab.reader, "c-1"), ["again", "c-1-e"]);
        let facts = lab.reader.facts(shop, "c-1").unwrap();
        assert_eq!(facts.into_iter().map(|stored| stored.fact).collect::<Vec<_>>(), [Fact::Paused]);
        let filter = SequenceFilter { project: "shop".to_owned(), ..SequenceFilter::default() };
        let sequences = lab.reader.sequences(&filter, Slice::ALL).unwrap().items;
        assert_eq!(sequences.iter().map(|it| &*it.id).collect::<Vec<_>>(), ["again-s"]);
        // The new one goes in its turn, and takes along what the old one has left.
        lab.commit(|tx| tx.put_run(shop, &over("c-1", at(300))).unwrap());
        for _ in 0..2 {
            lab.expire(at(400), keep(10, Some(100)), 3);
        }
        assert_eq!(events(&*lab.reader, "c-1"), [""; 0]);
        assert_eq!(lab.reader.facts_after(&FactFilter::default(), 0, 9).unwrap().items, []);
    }
}

/// Of events of a project, of a type, and of tasks that were handled.
pub(super) fn the_lists_know_their_length_afterwards(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        whole(tx, shop, "c-1", at(100));
        whole(tx, shop, "c-2", at(200));
        tx.append_event(Some(shop), &of_kind("sh.keptn.event.test.started", "c-1", "started")).unwrap();
    });
    assert_eq!(lab.reader.handled_tasks().unwrap(), ["test"]);
    lab.expire(at(150), keep(10, None), 2);
    for (kind, total) in [(None, 3), (Some(EVALUATED), 2), (Some(DEPLOYMENT), 1)] {
        let project = Some("shop".to_owned());
        let filter = EventFilter { project, kind: kind.map(str::to_owned), ..EventFilter::default() };
        let page = lab.reader.events(&filter, Slice { offset: 0, limit: 1 }).unwrap();
        assert_eq!((page.items.len(), page.total), (1, total), "{kind:?}");
    }
    assert_eq!(lab.reader.handled_tasks().unwrap(), [""; 0]);
}

/// Whether something of them is still to be removed or only evaluations are left.
pub(super) fn a_project_is_buried_with_its_buried_runs(make: Make<'_>) {
    for purged in [false, true] {
        let mut lab = Lab::new(make);
        let shop = lab.project("shop");
        lab.commit(|tx| {
            whole(tx, shop, "c-1", at(100));
            tx.expire(at(150), keep(10, None), 9).unwrap();
        });
        if purged {
            lab.purge(at(0), 9);
        }
        lab.commit(|tx| tx.bury_project(shop).unwrap());
        lab.purge(at(0), 2);
        assert!(!lab.reader.has_buried().unwrap());
        let again = lab.project("shop");
        lab.commit(|tx| whole(tx, again, "c-1", at(100)));
        assert_eq!(lab.reader.events(&EventFilter::default(), Slice::ALL).unwrap().total, 2);
        lab.expire(at(150), keep(10, None), 9);
        assert_eq!(events(&*lab.reader, "c-1"), ["c-1-e"]);
    }
}
