//! Which events a filter means.

use capstan_model::event::CloudEvent;
use serde_json::{Value, json};

use super::build::{DEPLOYMENT, configuration, event, event_in};
use super::lab::{Lab, at, nanosecond};
use crate::ports::{EventFilter, PathFilter, ProjectId, Slice, Store, StoreReader};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

const TEST: &str = "sh.keptn.event.test.finished";

#[allow(clippy::unnecessary_wraps, reason = "fields of filters are optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn none() -> EventFilter {
    EventFilter::default()
}

fn path(path: &[&str], values: &[&str]) -> PathFilter {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    PathFilter { path: owned(path), values: owned(values) }
}

fn paths(filter: PathFilter) -> EventFilter {
    EventFilter { paths: vec![filter], ..none() }
}

fn found(reader: &dyn StoreReader, filter: &EventFilter) -> Vec<String> {
    let page = reader.events(filter, Slice::ALL).unwrap();
    assert_eq!(page.total, page.items.len() as u64, "total of {filter:?}");
    page.items.into_iter().map(|stored| stored.event.id).collect()
}

fn check(lab: &Lab, cases: &[(EventFilter, &[&str])]) {
    for (filter, expected) in cases {
        assert_eq!(found(&*lab.reader, filter), *expected, "{filter:?}");
    }
}

fn append(lab: &mut Lab, project: Option<ProjectId>, events: &[CloudEvent]) {
    lab.commit(|tx| {
        for event in events {
            tx.append_event(project, event).unwrap();
        }
    });
}

fn placed(id: &str, second: i64, stage: &Value, service: &Value) -> CloudEvent {
    CloudEvent { data: json!({"project": "shop", "stage": stage, "service": service}), ..event(id, at(second)) }
}

/// Alone, exactly, and by texts only.
pub(super) fn each_field_filters(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let mut sent = placed("d", 4, &json!("dev"), &json!("order"));
    sent.source = "ci".to_owned();
    sent.kind = TEST.to_owned();
    sent.context = text("c-2");
    let events = [
        placed("a", 1, &json!("dev"), &json!("cart")),
        placed("b", 2, &json!("prod"), &json!("cart")),
        placed("c", 3, &json!(5), &json!(["cart"])),
        sent,
        CloudEvent { data: Value::Null, context: None, ..event("e", at(5)) },
    ];
    append(&mut lab, Some(shop), &events);
    check(
        &lab,
        &[
            (none(), &["e", "d", "c", "b", "a"]),
            (EventFilter { project: text("shop"), ..none() }, &["e", "d", "c", "b", "a"]),
            (EventFilter { project: text("bank"), ..none() }, &[]),
            (EventFilter { project: text("Shop"), ..none() }, &[]),
            (EventFilter { context: text("c-1"), ..none() }, &["c", "b", "a"]),
            (EventFilter { context: text("c-2"), ..none() }, &["d"]),
            (EventFilter { context: text("c"), ..none() }, &[]),
            (EventFilter { kind: text(TEST), ..none() }, &["d"]),
            (EventFilter { kind: text(DEPLOYMENT), ..none() }, &["e", "c", "b", "a"]),
            (EventFilter { kind: text("sh.keptn.event"), ..none() }, &[]),
            (EventFilter { source: text("ci"), ..none() }, &["d"]),
            (EventFilter { source: text("CI"), ..none() }, &[]),
            (EventFilter { stage: text("dev"), ..none() }, &["d", "a"]),
            (EventFilter { stage: text("5"), ..none() }, &[]),
            (EventFilter { service: text("cart"), ..none() }, &["b", "a"]),
            (EventFilter { service: text("[\"cart\"]"), ..none() }, &[]),
            (EventFilter { id: text("c"), ..none() }, &["c"]),
            (EventFilter { id: text("x"), ..none() }, &[]),
            (EventFilter { id: text("' OR 1=1 --"), ..none() }, &[]),
            (EventFilter { after: Some(at(3)), ..none() }, &["e", "d"]),
            (EventFilter { before: Some(at(2)), ..none() }, &["a"]),
        ],
    );
}

/// Every field that is set has to match.
pub(super) fn fields_are_combined(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let bank = lab.project("bank");
    let twin = |id: &str, second, stage: &str, kind: &str, context: &str| CloudEvent {
        kind: kind.to_owned(),
        context: text(context),
        ..placed(id, second, &json!(stage), &json!("cart"))
    };
    let events = [
        twin("a", 1, "dev", DEPLOYMENT, "c-1"),
        twin("b", 2, "dev", TEST, "c-1"),
        twin("c", 3, "prod", DEPLOYMENT, "c-1"),
        twin("d", 4, "dev", DEPLOYMENT, "c-2"),
    ];
    append(&mut lab, Some(shop), &events);
    append(&mut lab, Some(bank), &events);
    let base = EventFilter { project: text("shop"), ..none() };
    let dev = EventFilter { stage: text("dev"), kind: text(DEPLOYMENT), ..base.clone() };
    let all = EventFilter {
        context: text("c-1"),
        source: text("shipyard-controller"),
        service: text("cart"),
        id: text("a"),
        after: Some(at(0)),
        before: Some(at(2)),
        roots: true,
        paths: vec![path(&["data", "project"], &["shop"]), path(&["type"], &[DEPLOYMENT])],
        exclude_invalidated: true,
        ..dev.clone()
    };
    check(
        &lab,
        &[
            (dev.clone(), &["d", "a"]),
            (EventFilter { context: text("c-1"), ..dev.clone() }, &["a"]),
            (EventFilter { after: Some(at(1)), ..dev.clone() }, &["d"]),
            (EventFilter { after: Some(at(1)), before: Some(at(4)), ..base.clone() }, &["c", "b"]),
            (EventFilter { after: Some(at(4)), before: Some(at(1)), ..base.clone() }, &[]),
            (EventFilter { context: text("c-1"), kind: text(TEST), ..base.clone() }, &["b"]),
            (EventFilter { context: text("c-1"), kind: text(TEST), ..none() }, &["b", "b"]),
            (EventFilter { id: text("a"), stage: text("prod"), ..base }, &[]),
            (all.clone(), &["a"]),
            (EventFilter { source: text("ci"), ..all.clone() }, &[]),
            (EventFilter { paths: vec![path(&["type"], &[DEPLOYMENT]), path(&["data", "x"], &["y"])], ..all }, &[]),
        ],
    );
}

/// Not the one that its data names; the name is that of a living project, or of a ghost.
pub(super) fn the_project_is_the_one_that_it_was_appended_under(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let old = lab.project("shop");
    append(&mut lab, Some(old), &[event("old", at(1))]);
    lab.commit(|tx| tx.bury_project(old).unwrap());
    let shop = || EventFilter { project: text("shop"), ..none() };
    check(&lab, &[(shop(), &[])]);
    let ghost = lab.commit(|tx| tx.add_project("shop", at(2), None).unwrap().id);
    append(&mut lab, Some(ghost), &[event("new", at(3))]);
    let bank = lab.project("bank");
    append(&mut lab, Some(bank), &[event("bank", at(4))]);
    check(&lab, &[(shop(), &["new"]), (EventFilter { project: text("bank"), ..none() }, &["bank"])]);
    lab.commit(|tx| tx.configure_project(ghost, &configuration("a")).unwrap());
    check(&lab, &[(shop(), &["new"]), (none(), &["bank", "new"])]);
}

/// Later than, and earlier than.
pub(super) fn times_are_exclusive_to_the_nanosecond(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let events = [event("early", at(1) - nanosecond()), event("sharp", at(1)), event("late", at(1) + nanosecond())];
    append(&mut lab, None, &events);
    let (before, after) = (at(1) - nanosecond(), at(1) + nanosecond());
    check(
        &lab,
        &[
            (EventFilter { after: Some(at(1)), ..none() }, &["late"]),
            (EventFilter { before: Some(at(1)), ..none() }, &["early"]),
            (EventFilter { after: Some(before), before: Some(after), ..none() }, &["sharp"]),
            (EventFilter { after: Some(after), ..none() }, &[]),
        ],
    );
}

/// The first that was stored, whatever its time, of each context in each project.
pub(super) fn a_root_is_the_first_event_of_its_context(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    append(&mut lab, Some(shop), &[event("s1", at(5)), event("s2", at(1))]);
    append(&mut lab, Some(bank), &[event("b1", at(6)), event("b2", at(9)), event_in("c-2", "b3", at(2))]);
    append(&mut lab, None, &[event("n1", at(4)), event("n2", at(3))]);
    append(&mut lab, Some(shop), &[CloudEvent { kind: TEST.to_owned(), ..event("s3", at(7)) }]);
    lab.commit(|tx| {
        tx.savepoint().unwrap();
        tx.append_event(Some(shop), &event_in("c-3", "undone", at(1))).unwrap();
        tx.rollback().unwrap();
        tx.append_event(Some(shop), &event_in("c-3", "s4", at(0))).unwrap();
    });
    let roots = || EventFilter { roots: true, ..none() };
    check(
        &lab,
        &[
            (roots(), &["b1", "s1", "n1", "b3", "s4"]),
            (EventFilter { project: text("shop"), ..roots() }, &["s1", "s4"]),
            (EventFilter { project: text("bank"), context: text("c-1"), ..roots() }, &["b1"]),
            (EventFilter { context: text("c-1"), ..roots() }, &["b1", "s1", "n1"]),
            // A filter does not make another event the first.
            (EventFilter { project: text("shop"), kind: text(TEST), ..roots() }, &[]),
            (EventFilter { project: text("shop"), before: Some(at(2)), ..roots() }, &["s4"]),
        ],
    );
    let page = lab.reader.events(&roots(), Slice { offset: 1, limit: 2 }).unwrap();
    assert_eq!((page.items.len(), page.total), (2, 5));
}

/// One of the values, exactly, at that place; nothing but a text matches a text.
pub(super) fn paths_match_texts_alone(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let values = [
        ("pass", json!({"result": "pass"})),
        ("fail", json!({"result": "fail", "deep": {"er": {"still": "here"}}})),
        ("number", json!({"result": 5})),
        ("truth", json!({"result": true})),
        ("null", json!({"result": null})),
        ("object", json!({"result": {"a": 1}})),
        ("list", json!({"result": ["pass"]})),
        ("empty", json!({"result": ""})),
        ("text", json!("pass")),
        ("missing", json!({})),
    ];
    let events: Vec<CloudEvent> =
        values.into_iter().map(|(id, data)| CloudEvent { data, ..event(id, at(1)) }).collect();
    append(&mut lab, None, &events);
    let mut other = event("other", at(9));
    other.triggered_id = text("t-1");
    other.extensions.insert("traceparent".to_owned(), json!("00-1"));
    other.extensions.insert("sampled".to_owned(), json!({"by": "us"}));
    append(&mut lab, None, &[other]);
    let result = |values: &[&str]| paths(path(&["data", "result"], values));
    check(
        &lab,
        &[
            (result(&["pass"]), &["pass"]),
            (result(&["fail", "pass", "pass"]), &["fail", "pass"]),
            (result(&["PASS"]), &[]),
            (result(&["pas"]), &[]),
            (result(&["pas_"]), &[]),
            (result(&["5", "1", "true", "null", "{\"a\":1}", "[\"pass\"]"]), &[]),
            (result(&[""]), &["empty"]),
            (result(&[]), &[]),
            (paths(path(&["data"], &["pass"])), &["text"]),
            (paths(path(&["data", "deep", "er", "still"], &["here"])), &["fail"]),
            (paths(path(&["data", "deep", "er"], &["here"])), &[]),
            (paths(path(&["data", "deep", "er", "still", "more"], &["here"])), &[]),
            (paths(path(&["data", "result", "0"], &["pass"])), &[]),
            (paths(path(&["deep", "er", "still"], &["here"])), &[]),
            (paths(path(&["id"], &["fail", "other"])), &["other", "fail"]),
            (paths(path(&["triggeredid"], &["t-1"])), &["other"]),
            (paths(path(&["traceparent"], &["00-1"])), &["other"]),
            (paths(path(&["sampled", "by"], &["us"])), &["other"]),
            (
                EventFilter { paths: vec![path(&["data", "result"], &["pass"]), path(&["id"], &["fail"])], ..none() },
                &[],
            ),
        ],
    );
    let everyone = events.len() as u64 + 1;
    for (name, value) in
        [("type", DEPLOYMENT), ("source", "shipyard-controller"), ("shkeptncontext", "c-1"), ("gitcommitid", "0a1b2c")]
    {
        let page = lab.reader.events(&paths(path(&[name], &[value])), Slice::ALL).unwrap();
        assert_eq!(page.total, everyone, "by '{name}'");
    }
}

/// Those with the `triggeredid` of an event whose type ends so, that event too; only where asked for.
pub(super) fn invalidated_events_are_left_out(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let answer = |id: &str, second, triggered_id: &str, kind: &str| CloudEvent {
        triggered_id: text(triggered_id),
        kind: kind.to_owned(),
        ..event(id, at(second))
    };
    let finished = "sh.keptn.event.evaluation.finished";
    let events = [
        answer("a", 1, "t-1", finished),
        answer("b", 2, "t-2", finished),
        answer("c", 3, "t-1", "sh.keptn.event.evaluation.invalidated"),
        event("d", at(4)),
        answer("e", 5, "t-3", finished),
        answer("f", 6, "t-3", "sh.keptn.event.evaluation.invalidated.not"),
        answer("g", 7, "t-3", "sh.keptn.event.evaluationinvalidated"),
        CloudEvent { triggered_id: None, ..answer("h", 8, "", "sh.keptn.event.evaluation.invalidated") },
        answer("i", 9, "t-1", finished),
    ];
    append(&mut lab, Some(shop), &events);
    let valid = || EventFilter { exclude_invalidated: true, ..none() };
    check(
        &lab,
        &[
            (none(), &["i", "h", "g", "f", "e", "d", "c", "b", "a"]),
            (valid(), &["h", "g", "f", "e", "d", "b"]),
            // That event is found whatever else the filter says.
            (EventFilter { kind: text(finished), ..valid() }, &["e", "b"]),
            (EventFilter { before: Some(at(2)), ..valid() }, &[]),
        ],
    );
}
