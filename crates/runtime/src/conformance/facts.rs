//! Facts as those follow them who look at all of them, and how they go.

use std::sync::Arc;

use capstan_engine::orchestrate::Fact;

use super::build::{run, sequence};
use super::lab::{Lab, at};
use crate::ports::{FactFilter, FactPage, FactSpan, NewFact, PlacedFact, ProjectId, Store, StoreReader, StoreTx};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// States a fact and gives its position.
fn state(tx: &mut dyn StoreTx, project: Option<ProjectId>, context: &str, sequence: Option<&str>) -> u64 {
    tx.append_fact(&NewFact { project, context, sequence, at: at(1), fact: &Fact::SlotHeld }).unwrap()
}

/// A store with facts of two projects and of none, and their positions.
fn stated(make: Make<'_>) -> (Lab, [u64; 6]) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let positions = lab.commit(|tx| {
        let mut of_bank = sequence("s-2", at(1), 1);
        Arc::make_mut(&mut of_bank.scope).stage = "prod".to_owned();
        Arc::make_mut(&mut of_bank.scope).service = "till".to_owned();
        Arc::make_mut(&mut of_bank.definition).name = "evaluation".to_owned();
        tx.put_sequence(shop, &sequence("s-1", at(1), 1)).unwrap();
        tx.put_sequence(bank, &of_bank).unwrap();
        tx.put_run(shop, &run("c-1", at(1))).unwrap();
        [
            state(tx, Some(shop), "c-1", Some("s-1")),
            state(tx, Some(bank), "c-2", Some("s-2")),
            state(tx, Some(shop), "c-1", None),
            state(tx, None, "c-1", None),
            // A sequence of another project, and none that anybody knows.
            state(tx, Some(bank), "c-1", Some("s-1")),
            state(tx, Some(shop), "c-3", Some("s-9")),
        ]
    });
    (lab, positions)
}

fn after(reader: &dyn StoreReader, filter: &FactFilter, position: u64, limit: u64) -> FactPage {
    reader.facts_after(filter, position, limit).unwrap()
}

fn positions(page: &FactPage) -> Vec<u64> {
    page.items.iter().map(|placed| placed.stored.position).collect()
}

/// Project, service, stage, sequence.
fn place(placed: &PlacedFact) -> [&str; 4] {
    let all = [&placed.project, &placed.service, &placed.stage, &placed.sequence_name];
    all.map(|text| text.as_deref().unwrap_or("-"))
}

/// The service is that of the sequence, or of the run where the fact is about that.
pub(super) fn facts_are_followed_in_order_with_their_places(make: Make<'_>) {
    let (lab, all) = stated(make);
    let page = after(&*lab.reader, &FactFilter::default(), 0, 100);
    assert_eq!((positions(&page), page.last), (all.to_vec(), all[5]));
    let places: Vec<_> = page.items.iter().map(place).collect();
    let expected = [
        ["shop", "cart", "dev", "delivery"],
        ["bank", "till", "prod", "evaluation"],
        ["shop", "cart", "-", "-"],
        ["-", "-", "-", "-"],
        ["bank", "-", "-", "-"],
        ["shop", "-", "-", "-"],
    ];
    assert_eq!(places, expected);
    let stored = &page.items[0].stored;
    assert_eq!((&*stored.context, stored.sequence.as_deref(), stored.at), ("c-1", Some("s-1"), at(1)));
    assert_eq!(stored.fact, Fact::SlotHeld);
    assert_eq!(page.items[2].stored.sequence, None);
}

/// Alone and together. What is not meant was looked at all the same.
pub(super) fn each_field_filters(make: Make<'_>) {
    let (lab, all) = stated(make);
    let text = |text: &str| Some(text.to_owned());
    let none = FactFilter::default;
    let cases: [(FactFilter, &[usize]); 9] = [
        (FactFilter { project: text("shop"), ..none() }, &[0, 2, 5]),
        (FactFilter { project: text("sho"), ..none() }, &[]),
        (FactFilter { service: text("cart"), ..none() }, &[0, 2]),
        (FactFilter { service: text("till"), ..none() }, &[1]),
        (FactFilter { context: text("c-1"), ..none() }, &[0, 2, 3, 4]),
        (FactFilter { project: text("bank"), context: text("c-1"), ..none() }, &[4]),
        (FactFilter { project: text("shop"), service: text("cart"), context: text("c-1") }, &[0, 2]),
        (FactFilter { project: text("shop"), service: text("till"), ..none() }, &[]),
        (FactFilter { service: text("cart"), context: text("c-3"), ..none() }, &[]),
    ];
    for (filter, expected) in cases {
        let page = after(&*lab.reader, &filter, 0, 100);
        let expected: Vec<u64> = expected.iter().map(|at| all[*at]).collect();
        assert_eq!((positions(&page), page.last), (expected, all[5]), "{filter:?}");
    }
}

/// A limit bounds what is looked at, and whoever goes on from the last position misses nothing and sees nothing twice.
pub(super) fn facts_are_followed_in_slices(make: Make<'_>) {
    let (lab, all) = stated(make);
    let nobody = FactFilter { project: Some("nobody".to_owned()), ..FactFilter::default() };
    for limit in 1..=7 {
        let (mut last, mut seen) = (0, Vec::new());
        loop {
            let page = after(&*lab.reader, &FactFilter::default(), last, limit);
            assert!(page.items.len() as u64 <= limit);
            assert_eq!(after(&*lab.reader, &nobody, last, limit), FactPage { items: Vec::new(), last: page.last });
            seen.extend(positions(&page));
            if page.last == last {
                break;
            }
            last = page.last;
        }
        assert_eq!(seen, all, "{limit} at a time");
    }
    for beyond in [all[5], all[5] + 7, u64::MAX] {
        let page = after(&*lab.reader, &FactFilter::default(), beyond, 100);
        assert_eq!(page, FactPage { items: Vec::new(), last: beyond });
    }
}

/// However much is asked for.
pub(super) fn one_look_at_facts_is_bounded(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let all: Vec<u64> =
        lab.commit(|tx| (0..=FactPage::LOOKED_AT).map(|_| state(tx, Some(shop), "c-1", None)).collect());
    let page = after(&*lab.reader, &FactFilter::default(), 0, u64::MAX);
    assert_eq!(page.items.len() as u64, FactPage::LOOKED_AT);
    assert_eq!(page.last, all[all.len() - 2]);
    assert_eq!(positions(&after(&*lab.reader, &FactFilter::default(), page.last, u64::MAX)), all[all.len() - 1..]);
}

/// They are looked at and not shown, before they were removed and after.
pub(super) fn facts_of_a_buried_project_are_passed_over(make: Make<'_>) {
    let (mut lab, all) = stated(make);
    let shop = lab.peek(|tx| tx.project("shop").unwrap().unwrap().id);
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    let left = vec![all[1], all[3], all[4]];
    let page = after(&*lab.reader, &FactFilter::default(), 0, 100);
    assert_eq!((positions(&page), page.last), (left.clone(), all[5]));
    assert_eq!(lab.reader.sequence("s-1").unwrap(), None);
    assert!(lab.reader.sequence("s-2").unwrap().is_some());
    lab.purge(at(0), 3);
    assert_eq!(positions(&after(&*lab.reader, &FactFilter::default(), 0, 100)), left);
    assert_eq!(lab.reader.fact_span().unwrap(), FactSpan { oldest: Some(all[1]), next: all[5] + 1 });
}

/// As committed, and also when all facts were removed.
pub(super) fn the_span_is_that_of_the_committed_facts(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let empty = lab.reader.fact_span().unwrap();
    assert_eq!((empty.oldest, empty.first()), (None, empty.next));
    {
        let mut tx = lab.store.begin().unwrap();
        state(&mut *tx, Some(shop), "c-1", None);
        assert_eq!(lab.reader.fact_span().unwrap(), empty, "before the commit");
    }
    assert_eq!(lab.reader.fact_span().unwrap(), empty, "after a transaction that was dropped");
    let first = lab.commit(|tx| state(tx, Some(shop), "c-1", None));
    assert_eq!(first, empty.next);
    let second = lab.commit(|tx| {
        tx.savepoint().unwrap();
        state(tx, Some(shop), "c-1", None);
        tx.rollback().unwrap();
        state(tx, None, "c-1", None)
    });
    let span = lab.reader.fact_span().unwrap();
    assert_eq!(span, FactSpan { oldest: Some(first), next: second + 1 });
    assert_eq!(span.first(), first);
    lab.commit(|tx| tx.remove_facts(second + 1).unwrap());
    for _ in 0..2 {
        assert_eq!(lab.reader.fact_span().unwrap(), FactSpan { oldest: None, next: second + 1 });
        lab.store.reopen().unwrap();
    }
    assert_eq!(lab.commit(|tx| state(tx, Some(shop), "c-1", None)), second + 1);
}

/// Whosever they are; from there on they stay.
pub(super) fn facts_below_a_position_are_removed(make: Make<'_>) {
    let (mut lab, all) = stated(make);
    let [shop, bank] = ["shop", "bank"].map(|name| lab.peek(|tx| tx.project(name).unwrap().unwrap().id));
    lab.commit(|tx| tx.remove_facts(all[0]).unwrap());
    assert_eq!(positions(&after(&*lab.reader, &FactFilter::default(), 0, 100)), all);
    lab.commit(|tx| tx.remove_facts(all[2]).unwrap());
    assert_eq!(positions(&after(&*lab.reader, &FactFilter::default(), 0, 100)), all[2..]);
    let facts = lab.reader.facts(shop, "c-1").unwrap();
    assert_eq!(facts.iter().map(|fact| fact.position).collect::<Vec<_>>(), [all[2]]);
    assert_eq!(lab.reader.facts(bank, "c-2").unwrap(), []);
    assert_eq!(lab.reader.fact_span().unwrap().oldest, Some(all[2]));
}
