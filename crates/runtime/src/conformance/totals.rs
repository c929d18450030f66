//! How long a list is, when it is long.

use capstan_model::event::CloudEvent;
use serde_json::json;

use super::build::{DEPLOYMENT, event};
use super::lab::{Lab, at};
use crate::ports::{EventFilter, PathFilter, Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// Beyond this many a filtered list need not be counted.
const COUNTED: u64 = 10_000;
const MANY: u64 = COUNTED + 100;

/// A store with many deployments and one test in 'shop', and three in 'bank'.
fn many(make: Make<'_>) -> Lab {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        for n in 0..MANY {
            let mut event = event(&format!("e-{n}"), at(n as i64));
            event.data = json!({"project": "shop", "stage": "dev", "service": "cart"});
            tx.append_event(Some(shop), &event).unwrap();
        }
        tx.append_event(Some(shop), &CloudEvent { kind: "test".to_owned(), ..event("test", at(-1)) }).unwrap();
        for n in 0..3 {
            tx.append_event(Some(bank), &event("bank", at(n))).unwrap();
        }
    });
    lab
}

/// However many there are.
pub(super) fn totals_of_a_project_and_of_a_type_in_it_are_exact(make: Make<'_>) {
    let mut lab = many(make);
    let filter = |project: &str, kind: Option<&str>| EventFilter {
        project: Some(project.to_owned()),
        kind: kind.map(str::to_owned),
        ..EventFilter::default()
    };
    let check = |lab: &Lab, filter: &EventFilter, expected: u64| {
        for slice in [Slice { offset: 0, limit: 20 }, Slice { offset: 10_050, limit: 1 }, Slice { offset: 0, limit: 0 }]
        {
            let page = lab.reader.events(filter, slice).unwrap();
            assert_eq!(page.total, expected, "{filter:?} {slice:?}");
            assert_eq!(page.items.len() as u64, slice.limit.min(expected.saturating_sub(slice.offset)));
        }
    };
    check(&lab, &filter("shop", None), MANY + 1);
    check(&lab, &filter("shop", Some(DEPLOYMENT)), MANY);
    check(&lab, &filter("shop", Some("test")), 1);
    check(&lab, &filter("bank", None), 3);
    check(&lab, &filter("bank", Some(DEPLOYMENT)), 3);
    check(&lab, &filter("bank", Some("test")), 0);
    lab.commit(|tx| {
        let bank = tx.project("bank").unwrap().unwrap().id;
        tx.savepoint().unwrap();
        tx.append_event(Some(bank), &event("undone", at(0))).unwrap();
        tx.rollback().unwrap();
        tx.append_event(Some(bank), &event("four", at(0))).unwrap();
        tx.append_event(None, &event("loose", at(0))).unwrap();
    });
    lab.peek(|tx| {
        let bank = tx.project("bank").unwrap().unwrap().id;
        tx.append_event(Some(bank), &event("dropped", at(0))).unwrap();
    });
    check(&lab, &filter("bank", None), 4);
    let shop = lab.peek(|tx| tx.project("shop").unwrap().unwrap().id);
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    check(&lab, &filter("shop", None), 0);
    check(&lab, &filter("bank", Some(DEPLOYMENT)), 4);
    let all = lab.reader.events(&EventFilter::default(), Slice { offset: 0, limit: 9 }).unwrap();
    assert_eq!((all.items.len(), all.total), (5, 5));
    lab.project("shop");
    check(&lab, &filter("shop", None), 0);
    check(&lab, &filter("shop", Some(DEPLOYMENT)), 0);
}

/// Whoever asks for the next part as long as the total says so has seen all of it.
pub(super) fn a_long_filtered_list_says_that_more_follows(make: Make<'_>) {
    let lab = many(make);
    let stage = EventFilter { stage: Some("dev".to_owned()), after: Some(at(-1)), ..EventFilter::default() };
    let stage = EventFilter { project: Some("shop".to_owned()), ..stage };
    let path = PathFilter { path: vec!["data".to_owned(), "stage".to_owned()], values: vec!["dev".to_owned()] };
    let path = EventFilter { project: Some("shop".to_owned()), paths: vec![path], ..EventFilter::default() };
    for (filter, length) in [(stage, MANY), (path, MANY + 1)] {
        for (offset, limit) in [(0, 20), (0, COUNTED), (9_990, 20), (10_000, 1), (10_050, 49), (length - 1, 0)] {
            let page = lab.reader.events(&filter, Slice { offset, limit }).unwrap();
            assert_eq!(page.items.len() as u64, limit, "{filter:?} {offset} {limit}");
            assert!(page.total > offset + limit, "{filter:?} {offset} {limit}: {} although more follows", page.total);
        }
        for (offset, limit) in [(length - 1, 1), (length - 1, 50), (0, length), (0, i64::MAX as u64)] {
            let page = lab.reader.events(&filter, Slice { offset, limit }).unwrap();
            assert_eq!(page.items.len() as u64, limit.min(length - offset));
            let more = page.total > offset.saturating_add(limit);
            assert!(!more, "{filter:?} {offset} {limit}: {} although nothing follows", page.total);
        }
        let short = EventFilter { id: Some("e-9".to_owned()), ..filter.clone() };
        assert_eq!(
            lab.reader.events(&short, Slice { offset: 0, limit: 20 }).unwrap().total,
            1,
            "a short list is exact"
        );
        let exact = EventFilter { after: Some(at((MANY - COUNTED) as i64 - 1)), before: None, ..filter };
        let page = lab.reader.events(&exact, Slice { offset: 0, limit: 1 }).unwrap();
        assert_eq!(page.total, COUNTED, "one of this length is exact");
    }
}
