//! What can only be seen from within: how `SQLite` goes about a question, and what paths mean.

mod contexts;
mod earlier;

use std::path::PathBuf;

use capstan_engine::orchestrate::{Fact, Run, TimerKind};
use capstan_model::event::CloudEvent;
use capstan_runtime::ports::{
    ClaimFilter, Configuration, EventFilter, FactFilter, Keep, NewFact, OfferFilter, PathFilter, ProjectId, Retention,
    RunFilter, SequenceFilter, Slice, Store, StoreReader, StoreTx, Timer,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::SqliteStore;
use super::contexts::Merges;
use super::listed;
use super::statement::{self, SEEN};
use super::transaction::SqliteTx;

const SOME: Slice = Slice { offset: 1, limit: 2 };

struct Fixture {
    store: SqliteStore,
    path: PathBuf,
    project: ProjectId,
    _directory: tempfile::TempDir,
}

/// How `SQLite` goes about a statement. Without values: it does not depend on them.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    plan.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap()
}

/// A store with one project and so many events in it.
fn fixture(events: u64) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let mut tx = store.begin().unwrap();
    let configuration = Configuration { shipyard: "hash".to_owned(), commit: "commit".to_owned() };
    let project = tx.add_project("shop", at(0), Some(&configuration)).unwrap().id;
    for n in 0..events {
        tx.append_event(Some(project), &event(n)).unwrap();
    }
    let (context, sequence) = ("c-1", Some("s-1"));
    tx.append_fact(&NewFact { project: Some(project), context, sequence, at: at(0), fact: &Fact::SlotHeld }).unwrap();
    tx.commit().unwrap();
    Fixture { store, path, project, _directory: directory }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds as i64).unwrap()
}

fn event(n: u64) -> CloudEvent {
    CloudEvent::from_json(json!({
        "id": format!("e-{n}"), "type": "sh.keptn.event.build.finished", "source": "test", "time": at(n).to_string(),
        "shkeptncontext": format!("c-{}", n / 3), "triggeredid": format!("t-{n}"),
        "data": {"project": "shop", "stage": "dev", "service": "cart", "result": "pass"}
    }))
    .unwrap()
}

/// A run that has ended.
fn over(context: &str) -> Run {
    let run = json!({
        "context": context, "project": "shop", "service": "cart", "name": "delivery", "time": at(0), "ordinal": 1,
        "sequences": 1, "following": 0, "open": {}, "paused": false, "last": "finished", "last_end": at(1), "stages": []
    });
    serde_json::from_value(run).unwrap()
}

/// Each filter of events that sets some of the fields.
fn event_filters() -> Vec<EventFilter> {
    let text = |is_set: bool, text: &str| is_set.then(|| text.to_owned());
    let filter = |bits: u32| {
        let has = |bit: u32| bits & 1 << bit != 0;
        EventFilter {
            project: text(has(0), "shop"),
            context: text(has(1), "c-1"),
            kind: text(has(2), "sh.keptn.event.build.finished"),
            source: text(has(3), "test"),
            stage: text(has(4), "dev"),
            service: text(has(5), "cart"),
            id: text(has(6), "e-4"),
            after: has(7).then(|| at(0)),
            before: has(8).then(|| at(9)),
            roots: has(9),
            paths: if has(10) { vec![path(&["data", "result"], &["pass"])] } else { Vec::new() },
            exclude_invalidated: has(11),
        }
    };
    (0..1 << 12).map(filter).collect()
}

fn path(keys: &[&str], values: &[&str]) -> PathFilter {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    PathFilter { path: texts(keys), values: texts(values) }
}

fn ask_everything(reader: &dyn StoreReader, project: ProjectId) {
    for filter in event_filters() {
        reader.events(&filter, SOME).unwrap();
    }
    let kind = Some("sh.keptn.event.build.triggered".to_owned());
    reader.offers(&OfferFilter { kind, ..OfferFilter::default() }, SOME).unwrap();
    let runs = RunFilter { project: "shop".to_owned(), state: Some("started".to_owned()), ..RunFilter::default() };
    reader.runs(&runs, SOME).unwrap();
    reader.runs(&RunFilter { contexts: vec!["c-1".to_owned()], ..runs }, SOME).unwrap();
    reader.runs_of("c-1").unwrap();
    let sequences = SequenceFilter { project: "shop".to_owned(), ..SequenceFilter::default() };
    reader.sequences(&sequences, SOME).unwrap();
    reader.sequences(&SequenceFilter { context: Some("c-1".to_owned()), ..sequences.clone() }, SOME).unwrap();
    reader.sequences(&SequenceFilter { open: true, ..sequences }, SOME).unwrap();
    reader.facts(project, "c-1").unwrap();
    reader.sequence("s-1").unwrap();
    reader.sequence_of("e-0").unwrap();
    follow_facts(reader);
    reader.fact_span().unwrap();
    reader.service(project, "cart").unwrap();
    reader.services(project, SOME).unwrap();
    reader.service_views(project).unwrap();
    reader.queue(project, "dev cart").unwrap();
    reader.next_timer().unwrap();
    reader.has_buried().unwrap();
    reader.shortest_keep().unwrap();
    reader.handled_tasks().unwrap();
}

/// Each filter of claims that sets some of the fields, for one kind of task and for two.
fn claim_filters() -> Vec<ClaimFilter> {
    let text = |is_set: bool, text: &str| is_set.then(|| text.to_owned());
    let filter = |bits: u32| {
        let has = |bit: u32| bits & 1 << bit != 0;
        let kinds = ["build", "test"].map(|task| format!("sh.keptn.event.{task}.triggered"));
        ClaimFilter {
            tool: "helm".to_owned(),
            kinds: kinds[usize::from(has(3))..].to_vec(),
            project: text(has(0), "shop"),
            stage: text(has(1), "dev"),
            service: text(has(2), "cart"),
        }
    };
    (0..1 << 4).map(filter).collect()
}

/// Goes through open tasks of the wanted kinds alone, from the oldest on where there is but one kind, and reads of each
/// whether the tool has it.
#[test]
fn what_can_be_claimed_is_found_by_its_kind_and_sorted_only_among_several() {
    let Fixture { mut store, path, project: _project, _directory } = fixture(1);
    let mut tx = store.begin().unwrap();
    let connection = super::open::looking(&path).unwrap();
    for filter in claim_filters() {
        SEEN.take();
        tx.claimable(&filter, 5).unwrap();
        let asked = SEEN.take();
        let sql = asked.iter().find(|sql| sql.contains("FROM offers o")).unwrap();
        let details = plan(&connection, sql);
        let count = |what: &str| details.iter().filter(|detail| detail.contains(what)).count();
        assert_eq!(count("SEARCH o USING COVERING INDEX offers_by_kind (kind=?"), 1, "{details:?}");
        assert_eq!(count("SEARCH t USING PRIMARY KEY (triggered_id=? AND tool=?)"), 1, "{details:?}");
        assert_eq!(count("SCAN o"), 0, "{details:?}");
        assert_eq!(count("USE TEMP B-TREE"), usize::from(filter.kinds.len() > 1), "{details:?}");
    }
}

/// Tools poll: what one of them is shown, and how much there is, is found in one index in its order, and the events that are
/// shown are read alone.
#[test]
fn open_tasks_are_found_by_their_kind_without_a_look_at_other_events() {
    let Fixture { store, path, project: _project, _directory } = fixture(1);
    let text = |is_set: bool, text: &str| is_set.then(|| text.to_owned());
    let reader = store.reader();
    SEEN.take();
    for bits in 0..1 << 4 {
        let has = |bit: u32| bits & 1 << bit != 0;
        let (project, stage, service) = (text(has(0), "shop"), text(has(1), "dev"), text(has(2), "cart"));
        let kind = Some("sh.keptn.event.build.triggered".to_owned());
        reader
            .offers(&OfferFilter { kind, project, stage, service, id: None, after: has(3).then_some(1) }, SOME)
            .unwrap();
    }
    let asked = SEEN.take();
    let connection = super::open::looking(&path).unwrap();
    let mut counted = 0;
    for sql in asked.iter().filter(|sql| sql.contains("FROM offers o")) {
        let details = plan(&connection, sql);
        assert!(details[0].starts_with("SEARCH o USING COVERING INDEX offers_by_kind (kind=?"), "{details:?}\n{sql}");
        let of_events = ["CORRELATED SCALAR SUBQUERY 1", "SEARCH events USING INTEGER PRIMARY KEY (rowid=?)"];
        counted += usize::from(sql.contains("COUNT(*)"));
        let expected: &[&str] = if sql.contains("COUNT(*)") { &[] } else { &of_events };
        assert_eq!(details[1..], *expected, "{sql}");
    }
    assert_eq!(counted, 16, "{asked:?}");
}

/// With each filter.
fn follow_facts(reader: &dyn StoreReader) {
    let text = |is_set: bool, text: &str| is_set.then(|| text.to_owned());
    for bits in 0..1 << 3 {
        let has = |bit: u32| bits & 1 << bit != 0;
        let (project, service, context) = (text(has(0), "shop"), text(has(1), "cart"), text(has(2), "c-1"));
        // There has to be something to look at.
        assert_eq!(reader.facts_after(&FactFilter { project, service, context }, 0, 100).unwrap().last, 1);
    }
}

/// What grows without end is only ever searched, or read from the newest on until there is enough.
#[test]
fn no_question_and_no_step_reads_a_whole_table() {
    let Fixture { mut store, path, project, _directory } = fixture(12);
    SEEN.take();
    ask_everything(&*store.reader(), project);
    let mut tx = store.begin().unwrap();
    tx.append_event(Some(project), &event(20)).unwrap();
    tx.offer(project, "s-1", 1, &event(0)).unwrap();
    tx.offered("e-0").unwrap();
    tx.add_taker(project, "e-0", "helm").unwrap();
    tx.remove_taker("e-0", "helm").unwrap();
    for filter in claim_filters() {
        tx.claimable(&filter, 5).unwrap();
    }
    tx.withdraw("e-0").unwrap();
    tx.arm(&Timer { sequence: "s-1".to_owned(), kind: TimerKind::Delay, due: at(1) }).unwrap();
    tx.due_timers(at(0), 5).unwrap();
    tx.sequence("s-1").unwrap();
    tx.sequence_of("e-0").unwrap();
    tx.run(project, "c-1").unwrap();
    tx.answer("key").unwrap();
    tx.remove_facts(1).unwrap();
    let nothing = Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: None };
    tx.put_run(project, &over("c-1")).unwrap();
    tx.retain(project, nothing).unwrap();
    tx.expire(at(9), Retention::default(), 5).unwrap();
    tx.purge(at(0), 1_000).unwrap();
    tx.bury_project(project).unwrap();
    tx.purge(at(0), 1_000).unwrap();
    drop(tx);

    let connection = super::open::looking(&path).unwrap();
    let statements = SEEN.take();
    assert!(statements.len() > 200, "only {} statements were seen", statements.len());
    let large = [
        "events",
        "e",
        "i",
        "facts",
        "runs",
        "r",
        "sequences",
        "s",
        "attempts",
        "a",
        "answers",
        "offers",
        "o",
        "takers",
        "t",
        "b",
        "event_contexts",
        "fact_contexts",
        "k",
        "f",
    ];
    for sql in statements.iter().filter(|sql| sql.starts_with(['S', 'D', 'U', 'I'])) {
        if sql.starts_with("SAVEPOINT") {
            continue;
        }
        for detail in plan(&connection, sql) {
            let words: Vec<&str> = detail.split(' ').collect();
            let newest_first = ["listed_by_time", "events_roots"].iter().any(|index| detail.contains(index));
            assert!(words[0] != "SCAN" || !large.contains(&words[1]) || newest_first, "{detail}\n{sql}");
        }
    }
}

/// Also where others would do as well: a context is of few events, whatever else is asked of them.
#[test]
fn events_of_a_context_are_found_by_its_key_and_no_others_are_read() {
    let Fixture { store, path, project: _project, _directory } = fixture(12);
    SEEN.take();
    let with_context = event_filters().into_iter().filter(|filter| filter.context.is_some() && filter.id.is_none());
    with_context.for_each(|filter| drop(store.reader().events(&filter, SOME).unwrap()));
    let connection = super::open::looking(&path).unwrap();
    let asked = SEEN.take();
    let asked: Vec<&String> = asked.iter().filter(|sql| sql.contains("FROM events e ")).collect();
    assert!(asked.len() >= 1 << 10, "{}", asked.len());
    for sql in asked {
        let details = plan(&connection, sql);
        for step in ["SEARCH e USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH event_contexts USING PRIMARY KEY (key=?)"]
        {
            assert_eq!(details.iter().filter(|detail| *detail == step).count(), 1, "{details:?}\n{sql}");
        }
    }
}

/// The usual lists are walked in order, so that a page costs what it shows.
#[test]
fn the_usual_lists_need_no_sorting() {
    let Fixture { store, path, project: _project, _directory } = fixture(12);
    SEEN.take();
    let reader = store.reader();
    for filter in event_filters() {
        // What is of one context is sorted once it is found.
        let is_usual =
            filter.id.is_none() && filter.context.is_none() && (filter.project.is_some() || filter.kind.is_none());
        if is_usual {
            reader.events(&filter, SOME).unwrap();
        }
    }
    reader.runs(&RunFilter { project: "shop".to_owned(), ..RunFilter::default() }, SOME).unwrap();
    for open in [false, true] {
        reader
            .sequences(&SequenceFilter { project: "shop".to_owned(), open, ..SequenceFilter::default() }, SOME)
            .unwrap();
    }
    follow_facts(&*reader);
    let connection = super::open::looking(&path).unwrap();
    for sql in SEEN.take().iter().filter(|sql| sql.contains("ORDER BY")) {
        let details = plan(&connection, sql);
        // The few events that are not listed yet are sorted.
        let listed = details.split(|detail| detail == "RIGHT").next().unwrap_or_default();
        assert!(!listed.iter().any(|detail| detail.contains("USE TEMP B-TREE")), "{details:?}\n{sql}");
    }
}

/// At most so many, besides those of a commit, wait to be listed; all of them are in answers.
#[test]
fn events_are_listed_and_counted_once_they_are_many() {
    let mut fixture = fixture(5);
    let connection = super::open::looking(&fixture.path).unwrap();
    let shop = EventFilter { project: Some("shop".to_owned()), ..EventFilter::default() };
    for (more, listed) in [(0, 0), (listed::LIMIT - 5, 0), (1, listed::LIMIT + 1), (1, listed::LIMIT + 1)] {
        let mut tx = fixture.store.begin().unwrap();
        for n in 0..more {
            tx.append_event(Some(fixture.project), &event(n)).unwrap();
        }
        tx.commit().unwrap();
        for sql in ["SELECT SUM(n) FROM event_counts", "SELECT COUNT(*) FROM listed_events"] {
            assert_eq!(statement::number(&connection, "count", sql, []).unwrap(), listed, "{sql}");
        }
        let all = statement::number(&connection, "count", "SELECT COUNT(*) FROM events", []).unwrap();
        assert_eq!(fixture.store.reader().events(&shop, SOME).unwrap().total, all);
    }
}

#[test]
fn a_full_disk_is_said_and_costs_one_transaction() {
    let Fixture { store, path, _directory, .. } = fixture(1);
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    // Stands in for the end of the disk.
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    let mut writer = Some(connection);
    let mut merges = Merges::new(0);
    let mut tx = SqliteTx::begin(&mut writer, &path, &mut merges, 0).unwrap();
    tx.append_event(None, &event(1)).unwrap();
    let large = CloudEvent { data: json!("x".repeat(100_000)), ..event(2) };
    let told = tx.append_event(None, &large).unwrap_err().to_string();
    assert!(
        told.contains(&format!("could not append an event in '{}': the disk is full; free", path.display())),
        "{told}"
    );
    drop(tx);
    drop(writer);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.reader().events(&EventFilter::default(), SOME).unwrap().total, 1);
}

/// Whether the path filter matches an event whose data is this.
fn matches(fixture: &mut Fixture, data: &Value, filter: &PathFilter) -> bool {
    let mut tx = fixture.store.begin().unwrap();
    let mut event = event(0);
    event.data = data.clone();
    tx.append_event(Some(fixture.project), &event).unwrap();
    tx.commit().unwrap();
    let filter = EventFilter { paths: vec![filter.clone()], ..EventFilter::default() };
    let newest = fixture.store.reader().events(&filter, Slice { offset: 0, limit: 1 }).unwrap();
    let total = fixture.store.reader().events(&EventFilter::default(), Slice { offset: 0, limit: 0 }).unwrap().total;
    newest.items.first().is_some_and(|item| item.position == total)
}

fn text_at<'a>(data: &'a Value, path: &[String]) -> Option<&'a str> {
    path.iter().try_fold(data, |value, key| value.as_object()?.get(key)).and_then(Value::as_str)
}

#[test]
fn a_path_matches_texts_alone_whatever_its_keys_are() {
    let mut fixture = fixture(0);
    let data = json!({
        "n": 1, "yes": true, "none": null, "o": {"a": 1}, "l": ["x"], "a.b": "dots", "": "empty", "a\"b": "quote",
        "a\\b": "slash", "$": "dollar", "line\nbreak": "line", "ü": "umlaut", "l[0]": "bracket", "x": {"y": "deep"},
        "'; --": "sql"
    });
    for (keys, value, expect) in [
        (&["n"][..], "1", false),
        (&["yes"], "1", false),
        (&["yes"], "true", false),
        (&["none"], "", false),
        (&["o"], "{\"a\":1}", false),
        (&["l"], "[\"x\"]", false),
        (&["l", "0"], "x", false),
        (&["l[0]"], "bracket", true),
        (&["a.b"], "dots", true),
        (&["a", "b"], "dots", false),
        (&[""], "empty", true),
        (&["a\"b"], "quote", true),
        (&["a\\b"], "slash", true),
        (&["$"], "dollar", true),
        (&["line\nbreak"], "line", true),
        (&["ü"], "umlaut", true),
        (&["x", "y"], "deep", true),
        (&["x", "y", "z"], "deep", false),
        (&["'; --"], "sql", true),
    ] {
        let keys = [&["data"], keys].concat();
        assert_eq!(matches(&mut fixture, &data, &path(&keys, &["other", value])), expect, "{keys:?}");
        assert!(!matches(&mut fixture, &data, &path(&keys, &[])), "{keys:?} matches without values");
    }
    assert!(!matches(&mut fixture, &data, &path(&[], &["x"])));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn paths_find_what_a_walk_through_the_value_finds(
        keys in prop::collection::vec("[a-c\"\\\\.\\[\\]$ü\n ]{0,3}", 1..4),
        value in "[a-c\"\\\\ü\n']{0,4}",
        other in "[a-c\"\\\\ü\n']{0,4}",
        wanted in "[a-c\"\\\\.]{0,3}",
    ) {
        let mut fixture = fixture(0);
        let data = keys.iter().rev().fold(json!(value), |inner, key| json!({key.as_str(): inner}));
        let mut asked = keys.clone();
        for last in [keys.last().cloned().unwrap_or_default(), wanted] {
            asked.pop();
            asked.push(last);
            for value in [&value, &other] {
                let mut path = vec!["data".to_owned()];
                path.extend(asked.iter().cloned());
                let filter = PathFilter { path, values: vec![value.clone()] };
                let expect = text_at(&data, &asked) == Some(value.as_str());
                prop_assert_eq!(matches(&mut fixture, &data, &filter), expect, "{:?} in {}", filter, data);
            }
        }
    }
}
