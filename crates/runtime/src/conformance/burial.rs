//! How a project goes, and what stays.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Fact, Queue, TimerKind};

use super::build::{configuration, event, fact, queue, run, sequence, service, view};
use super::lab::{Lab, at};
use super::snapshot::snapshot;
use super::writes::{fill, fill_project, timer};
use crate::ports::{
    Deferred, EventFilter, FactFilter, OfferFilter, ProjectId, RunFilter, SequenceFilter, ServiceView, Slice, Store,
    StoreReader,
};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// Not even before the commit, where the transaction itself asks.
pub(super) fn a_buried_project_is_in_no_answer(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let filled = lab.commit(|tx| fill(tx, "shop"));
    let id = filled.project;
    lab.commit(|tx| {
        tx.bury_project(id).unwrap();
        for _ in 0..2 {
            assert_eq!(tx.project("shop").unwrap(), None);
            assert_eq!(tx.service(id, "cart").unwrap(), None);
            assert_eq!(tx.service_view(id, "dev", "cart").unwrap(), ServiceView::default());
            assert_eq!(tx.event(filled.position).unwrap(), None);
            assert_eq!(tx.run(id, "c-1").unwrap(), None);
            assert_eq!(tx.sequence("s-1").unwrap(), None);
            assert_eq!(tx.sequence_of("offer-1").unwrap(), None);
            assert_eq!(tx.queue(id, "dev cart").unwrap(), Queue::default());
            assert_eq!(tx.due_timers(at(1_000_000), 9).unwrap(), []);
            assert_eq!(tx.take_deferred(9).unwrap(), []);
        }
        assert_eq!(tx.answer("key-1").unwrap().as_deref(), Some("'first'"), "answers belong to nobody");
    });
    shows_nothing(&*lab.reader, id);
    assert_eq!(lab.reader.projects(Slice::ALL).unwrap().total, 0);
    assert_eq!(lab.reader.project("shop").unwrap(), None);
    assert_eq!(lab.reader.events(&EventFilter::default(), Slice::ALL).unwrap().total, 0);
    let by_context = EventFilter { context: Some("c-1".to_owned()), roots: true, ..EventFilter::default() };
    assert_eq!(lab.reader.events(&by_context, Slice::ALL).unwrap().total, 0);
    assert_eq!(lab.reader.offers(&OfferFilter::default(), Slice::ALL).unwrap().total, 0);
    assert_eq!(lab.reader.runs_of("c-1").unwrap(), []);
    assert!(lab.reader.has_buried().unwrap());
}

/// Nothing by the id, nor by the name 'shop'.
fn shows_nothing(reader: &dyn StoreReader, id: ProjectId) {
    let shop = || "shop".to_owned();
    assert_eq!(reader.services(id, Slice::ALL).unwrap().total, 0);
    assert_eq!(reader.service(id, "cart").unwrap(), None);
    assert_eq!(reader.service_views(id).unwrap(), []);
    let filter = EventFilter { project: Some(shop()), ..EventFilter::default() };
    assert_eq!(reader.events(&filter, Slice::ALL).unwrap().total, 0);
    let filter = OfferFilter { project: Some(shop()), ..OfferFilter::default() };
    assert_eq!(reader.offers(&filter, Slice::ALL).unwrap().total, 0);
    assert_eq!(reader.runs(&RunFilter { project: shop(), ..RunFilter::default() }, Slice::ALL).unwrap().total, 0);
    let filter = SequenceFilter { project: shop(), ..SequenceFilter::default() };
    assert_eq!(reader.sequences(&filter, Slice::ALL).unwrap().total, 0);
    assert_eq!(reader.facts(id, "c-1").unwrap(), []);
    let filter = FactFilter { project: Some(shop()), ..FactFilter::default() };
    assert_eq!(reader.facts_after(&filter, 0, 100).unwrap().items, []);
    assert_eq!(reader.queue(id, "dev cart").unwrap(), Queue::default());
    assert_eq!(reader.next_timer().unwrap(), None);
    assert!(!reader.has_deferred().unwrap());
}

/// In the transaction that buried the old one, and before anything was purged.
pub(super) fn a_new_project_of_the_same_name_starts_empty(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let old = lab.commit(|tx| fill(tx, "shop"));
    let new = lab.commit(|tx| {
        tx.bury_project(old.project).unwrap();
        let new = tx.add_project("shop", at(50), Some(&configuration("b"))).unwrap();
        assert_eq!(tx.project("shop").unwrap(), Some(new.clone()));
        assert_eq!(tx.service(new.id, "cart").unwrap(), None);
        assert_eq!(tx.run(new.id, "c-1").unwrap(), None);
        assert_eq!(tx.service_view(new.id, "dev", "cart").unwrap(), ServiceView::default());
        assert_eq!(tx.queue(new.id, "dev cart").unwrap(), Queue::default());
        new
    });
    assert_ne!(new.id, old.project);
    shows_nothing(&*lab.reader, old.project);
    shows_nothing(&*lab.reader, new.id);
    assert_eq!(lab.reader.projects(Slice::ALL).unwrap().items, [new]);
}

/// Ids of runs, sequences and offers come from events, and those may be sent again after a project came back.
pub(super) fn the_same_ids_may_come_again_in_a_new_project(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let old = lab.commit(|tx| fill(tx, "shop"));
    lab.commit(|tx| tx.bury_project(old.project).unwrap());
    let new = lab.commit(|tx| fill(tx, "shop"));
    lab.commit(|tx| tx.put_sequence(new.project, &sequence("s-1", at(77), 3)).unwrap());
    let all = snapshot(&mut lab, "shop", new.project, &[new.position]);
    assert_eq!(lab.peek(|tx| tx.sequence("s-1").unwrap()), Some((new.project, sequence("s-1", at(77), 3))));
    assert_eq!(lab.reader.events(&EventFilter { roots: true, ..EventFilter::default() }, Slice::ALL).unwrap().total, 1);
    lab.purge(at(0), 3);
    let all = all.replace("reader buried: true", "reader buried: false");
    assert_eq!(snapshot(&mut lab, "shop", new.project, &[new.position]), all, "the purge of the old one took them");
}

/// Neither a burial nor a purge touches another project, or what belongs to none.
pub(super) fn other_projects_stay_as_they_are(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.commit(|tx| {
        tx.append_event(None, &event("loose", at(1))).unwrap();
        fill(tx, "shop")
    });
    let alone = snapshot(&mut lab, "shop", shop.project, &[shop.position]);
    let old = lab.commit(|tx| {
        // Two living projects share contexts and no other ids.
        let old = tx.add_project("old", at(0), Some(&configuration("a"))).unwrap().id;
        tx.add_service(old, &service("cart", at(1))).unwrap();
        tx.put_service_view(old, "dev", "cart", &view("e-9")).unwrap();
        tx.put_queue(old, "dev cart", &queue(&["old-s"])).unwrap();
        tx.put_run(old, &run("c-1", at(1))).unwrap();
        tx.put_sequence(old, &sequence("old-s", at(1), 1)).unwrap();
        let offer = event("old-offer", at(2));
        let position = tx.append_event(Some(old), &offer).unwrap();
        tx.offer(old, "old-s", position, &offer).unwrap();
        tx.append_fact(&fact(Some(old), &Fact::SlotWanted)).unwrap();
        tx.arm(&timer("old-s", TimerKind::Deadline, at(5))).unwrap();
        tx.defer(old, &Deferred::Granted { sequence: "old-s".to_owned() }).unwrap();
        old
    });
    assert_ne!(snapshot(&mut lab, "shop", shop.project, &[shop.position]), alone);
    lab.commit(|tx| tx.bury_project(old).unwrap());
    let buried = snapshot(&mut lab, "shop", shop.project, &[shop.position]);
    assert_eq!(buried.replace("reader buried: true", "reader buried: false"), alone);
    lab.purge(at(0), 2);
    assert_eq!(snapshot(&mut lab, "shop", shop.project, &[shop.position]), alone);
}

/// Row by row as well as in one go; afterwards there is nothing to purge, and what is new is not touched.
pub(super) fn a_purge_in_slices_ends_with_nothing_left(make: Make<'_>) {
    for limit in [1, 7, 1_000] {
        let mut lab = Lab::new(make);
        assert!(!lab.commit(|tx| tx.purge(at(0), limit).unwrap()), "there is nothing in an empty store");
        let old = lab.commit(|tx| {
            let old = fill(tx, "old");
            tx.bury_project(old.project).unwrap();
            let other = tx.add_project("other", at(0), None).unwrap().id;
            fill_project(tx, other);
            tx.bury_project(other).unwrap();
            old
        });
        let shop = lab.commit(|tx| fill(tx, "shop"));
        let living = snapshot(&mut lab, "shop", shop.project, &[old.position, shop.position]);
        assert!(lab.reader.has_buried().unwrap());
        let mut slices = 0;
        while lab.commit(|tx| tx.purge(at(0), limit).unwrap()) {
            slices += 1;
            assert!(slices < 1_000, "a purge of {limit} rows at a time does not end");
            assert!(lab.reader.has_buried().unwrap(), "a purge that has more to remove has buried rows");
            assert_eq!(snapshot(&mut lab, "shop", shop.project, &[old.position, shop.position]), living);
        }
        assert!(limit > 1 || slices >= 10, "a slice of one row removed more than that");
        assert!(!lab.reader.has_buried().unwrap());
        assert!(!lab.commit(|tx| tx.purge(at(0), limit).unwrap()));
        let after = snapshot(&mut lab, "shop", shop.project, &[old.position, shop.position]);
        assert_eq!(after, living.replace("reader buried: true", "reader buried: false"));
    }
}

/// Others stay, and an answer alone is nothing that was buried.
pub(super) fn a_purge_forgets_answers_past_their_time(make: Make<'_>) {
    let mut lab = Lab::new(make);
    lab.commit(|tx| {
        for (key, until) in [("a", 10), ("b", 20), ("c", 30)] {
            tx.remember(key, key, at(until)).unwrap();
        }
    });
    assert!(!lab.reader.has_buried().unwrap());
    assert!(lab.commit(|tx| tx.purge(at(25), 1).unwrap()), "one of two is left");
    assert!(!lab.reader.has_buried().unwrap());
    lab.purge(at(25), 1);
    let left = lab.peek(|tx| ["a", "b", "c"].map(|key| tx.answer(key).unwrap().is_some()));
    assert_eq!(left, [false, false, true]);
}

/// Whatever was buried and purged before, a new project has an id that no project had.
pub(super) fn ids_of_projects_are_never_used_again(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let mut seen = BTreeSet::new();
    for round in 0..4 {
        let id = lab.project("shop");
        assert!(seen.insert(id), "id {id} came again");
        lab.commit(|tx| tx.bury_project(id).unwrap());
        if round % 2 == 1 {
            lab.purge(at(0), 10);
            lab.store.reopen().unwrap();
        }
    }
}

/// It leaves as a project does.
pub(super) fn a_ghost_can_be_buried(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let ghost = lab.commit(|tx| {
        let ghost = tx.add_project("shop", at(0), None).unwrap().id;
        fill_project(tx, ghost);
        ghost
    });
    lab.commit(|tx| tx.bury_project(ghost).unwrap());
    shows_nothing(&*lab.reader, ghost);
    assert_eq!(lab.reader.project("shop").unwrap(), None);
    lab.purge(at(0), 10);
    assert!(!lab.reader.has_buried().unwrap());
}
