//! That no fact of a project that goes is left behind, whatever its context, and that each slice is short.

use capstan_model::event::CloudEvent;
use capstan_runtime::ports::{Keep, Retention, Store as _};
use jiff::SignedDuration;

use super::super::super::bury::LOOKED_AT;
use super::super::{at, over};
use super::ops::{project, state};
use super::{Lab, event};

/// Others are in between, more of them than are looked at in one go.
#[test]
fn all_facts_of_a_buried_project_go_also_those_of_contexts_without_an_event() {
    let mut lab = Lab::new(3);
    let (shop, bank) = lab.commit(|tx| (project(tx, 0).unwrap(), project(tx, 1).unwrap()));
    for part in 0..3 {
        lab.commit(|tx| {
            tx.append_event(Some(shop), &event(Some("a"), 0)).unwrap();
            // An event without a context is ignored; of "b" there was never one, or it is removed already.
            for context in ["a", "", "b"] {
                state(tx, Some(shop), context, 0);
            }
            for _ in 0..if part < 2 { LOOKED_AT } else { 1 } {
                state(tx, Some(bank), "a", 0);
            }
            state(tx, None, "a", 0);
        });
    }
    let of = |lab: &Lab, project: Option<u64>| {
        lab.facts().iter().filter(|row| row.project == project.map(|id| id as i64)).count() as i64
    };
    let others = 2 * LOOKED_AT + 1;
    assert_eq!((of(&lab, Some(shop)), of(&lab, Some(bank)), of(&lab, None)), (9, others, 3));
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    let (mut slices, mut left) = (0, 9);
    while lab.commit(|tx| tx.purge(at(9), 100).unwrap()) {
        slices += 1;
        let now_left = of(&lab, Some(shop));
        // Of three parts that are far from each other no slice sees more than one.
        assert!(left - now_left <= 3, "a slice of {LOOKED_AT} facts was looked at");
        left = now_left;
        // What others append meanwhile does not hold it up.
        lab.commit(|tx| {
            for _ in 0..LOOKED_AT {
                state(tx, Some(bank), "a", 0);
            }
        });
        assert!(slices < 10, "it does not end");
    }
    assert_eq!((of(&lab, Some(shop)), of(&lab, Some(bank)), of(&lab, None)), (0, others + slices * LOOKED_AT, 3));
    assert!(!lab.store.reader().has_buried().unwrap());
    lab.check_answers();
    lab.check_notes();
}

/// The same with events: an attempt goes with the event that offered it, and counts.
#[test]
fn all_events_of_a_buried_project_go_in_short_slices_with_their_attempts() {
    let mut lab = Lab::new(3);
    let (shop, bank) = lab.commit(|tx| (project(tx, 0).unwrap(), project(tx, 1).unwrap()));
    for part in 0..2 {
        lab.commit(|tx| {
            for (number, context) in [Some("a"), None].into_iter().enumerate() {
                let event = CloudEvent { id: format!("{part}-{number}"), ..event(context, 0) };
                let position = tx.append_event(Some(shop), &event).unwrap();
                tx.offer(shop, "s-1", position, &event).unwrap();
            }
            for _ in 0..LOOKED_AT {
                tx.append_event(Some(bank), &event(Some("a"), 0)).unwrap();
            }
        });
    }
    let count = |lab: &Lab, table: &str| {
        let sql = format!("SELECT project, 0, NULL, NULL, 0, 0 FROM {table} WHERE project = {shop}");
        lab.look(&sql).len()
    };
    assert_eq!((count(&lab, "events"), count(&lab, "attempts")), (4, 4));
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    for (limit, left) in [(100, (4, 4)), (3, (3, 2)), (1, (2, 2)), (100, (2, 2)), (100, (0, 0))] {
        lab.commit(|tx| tx.purge(at(9), limit).unwrap());
        assert_eq!((count(&lab, "events"), count(&lab, "attempts")), left, "after a slice of {limit}");
    }
    assert!(!lab.store.reader().has_buried().unwrap());
    assert_eq!(lab.rows().len() as i64, 2 * LOOKED_AT, "those of others stay");
    lab.check_answers();
    lab.check_notes();
}

/// A slice takes as many as it may, and the next goes on behind them, also where all is read anew in between.
#[test]
fn a_slice_removes_no_more_facts_than_it_may() {
    let mut lab = Lab::new(3);
    let (shop, bank) = lab.commit(|tx| (project(tx, 0).unwrap(), project(tx, 1).unwrap()));
    lab.commit(|tx| {
        for n in 0..20 {
            state(tx, Some(if n % 4 == 3 { bank } else { shop }), &format!("{n}"), 0);
        }
        tx.bury_project(shop).unwrap();
    });
    let mut left = 20;
    while lab.commit(|tx| tx.purge(at(9), 4).unwrap()) {
        let now_left = lab.facts().len();
        assert!(left - now_left <= 4, "{left}, {now_left}");
        left = now_left;
        lab.store.reopen().unwrap();
        lab.check_notes();
    }
    assert!(lab.facts().iter().all(|row| row.project == Some(bank as i64)));
    assert_eq!(lab.facts().len(), 5);
}

/// The context may come again: what is stated once the run is buried stays.
#[test]
fn facts_of_a_run_go_up_to_its_burial() {
    for limit in [0, 2, 100] {
        let mut lab = Lab::new(limit);
        let shop = lab.commit(|tx| {
            let shop = project(tx, 0).unwrap();
            for context in ["a", "b", "a", "a"] {
                state(tx, Some(shop), context, 0);
            }
            tx.put_run(shop, &over("a")).unwrap();
            shop
        });
        lab.commit(|tx| {
            let at_once = Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: None };
            tx.retain(shop, at_once).unwrap();
            state(tx, Some(shop), "a", 0);
            while tx.expire(at(9), Retention::default(), 5).unwrap() {}
            state(tx, Some(shop), "a", 0);
            while tx.purge(at(9), 2).unwrap() {}
            state(tx, Some(shop), "a", 0);
        });
        assert_eq!(lab.facts().iter().map(|row| row.position).collect::<Vec<_>>(), [2, 6, 7]);
        lab.check_answers();
        lab.check_notes();
    }
}
