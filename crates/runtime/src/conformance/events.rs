//! Events and facts: what is appended stays as it was, in its order.

use capstan_engine::orchestrate::{AttemptEnd, Closing, Deadline, Fact, Outcome, Renewed, TaskEnd, Why};
use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::build::{birth, ending, event, event_in, fact, lease, task_event};
use super::lab::{Lab, at, check_pages, nanosecond};
use crate::ports::{EventFilter, NewFact, Slice, Store, StoredEvent};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn id(stored: &StoredEvent) -> String {
    stored.event.id.clone()
}

/// Equality of JSON objects overlooks the order of their keys, their text does not.
fn check_same(got: &CloudEvent, expected: &CloudEvent) {
    assert_eq!(got, expected);
    let text = |event: &CloudEvent| format!("{} {}", Value::Object(event.extensions.clone()), event.data);
    assert_eq!(text(got), text(expected), "the order of keys in '{}'", expected.id);
}

/// Each attribute, the time to the nanosecond, the extensions and the data in their order.
pub(super) fn an_event_reads_back_as_it_was(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let Value::Object(extensions) = json!({"zeta": "1", "alpha": 2, "mid": {"b": [1], "a": null}, "é": true}) else {
        return;
    };
    let bare = CloudEvent {
        source: String::new(),
        context: None,
        commit: None,
        extensions: Map::new(),
        data: Value::Null,
        ..event("bare", at(2))
    };
    let full = CloudEvent { triggered_id: Some("t-1".to_owned()), extensions, ..event("full", at(1) + nanosecond()) };
    let mut events = vec![full, bare];
    let data = [
        json!({"z": 1, "a": {"y": [1, "2", null, true, {}], "b": []}, "": "empty key"}),
        json!("text"),
        json!(["list", 1]),
        json!(0.1),
        json!({"big": u64::MAX, "small": i64::MIN, "float": 1e300, "sum": 0.1 + 0.2, "one": 1.0}),
        json!({"quote": "it's \"so\"; -- \\ %_", "unicode": "ä \u{1f600} \u{2028}", "nul": "\0", "line": "a\r\nb"}),
    ];
    events.extend(data.into_iter().enumerate().map(|(n, data)| CloudEvent { data, ..event(&format!("d{n}"), at(3)) }));
    // The ends of what RFC 3339 can say, and a moment before 1970 that is no whole second.
    let times = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.000000001Z", "9999-12-30T21:59:59.999999999Z"];
    events.extend(times.map(|time| event(time, time.parse::<Timestamp>().unwrap())));
    // Ids tell events apart for nobody: the same one may come twice.
    events.push(event("full", at(4)));
    let positions = lab.commit(|tx| {
        let positions: Vec<u64> = events.iter().map(|event| tx.append_event(Some(shop), event).unwrap()).collect();
        for (event, position) in events.iter().zip(&positions) {
            check_same(&tx.event(*position).unwrap().unwrap(), event);
        }
        positions
    });
    let listed = lab.reader.events(&EventFilter::default(), Slice::ALL).unwrap();
    assert_eq!(listed.total, events.len() as u64);
    for (event, position) in events.iter().zip(positions) {
        check_same(&lab.peek(|tx| tx.event(position).unwrap()).unwrap(), event);
        check_same(&listed.items.iter().find(|stored| stored.position == position).unwrap().event, event);
    }
}

/// Within a transaction, over transactions and over projects, for events and for facts.
pub(super) fn positions_grow(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let (mut events, mut facts) = (Vec::new(), Vec::new());
    for n in 0..3 {
        lab.commit(|tx| {
            for project in [Some(shop), None, Some(bank)] {
                events.push(tx.append_event(project, &event("e", at(-n))).unwrap());
                facts.push(tx.append_fact(&fact(project, &Fact::SlotHeld)).unwrap());
            }
        });
    }
    assert!(events.is_sorted_by(|a, b| a < b), "positions of events: {events:?}");
    assert!(facts.is_sorted_by(|a, b| a < b), "positions of facts: {facts:?}");
    let last = events.last().unwrap();
    assert_eq!(lab.peek(|tx| tx.event(last + 1_000).unwrap()), None);
    let mut listed: Vec<u64> = lab
        .reader
        .events(&EventFilter::default(), Slice::ALL)
        .unwrap()
        .items
        .iter()
        .map(|stored| stored.position)
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, events);
}

/// By time to the nanosecond and whatever the order of the commits; ties by the later position.
pub(super) fn events_come_newest_first_with_ties_by_position(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let appended = [
        ("third", at(5)),
        ("oldest", at(-9_000_000)),
        ("second", at(5)),
        ("newest", at(5) + nanosecond()),
        ("fourth", at(5) - nanosecond()),
    ];
    for (id, time) in appended {
        lab.commit(|tx| tx.append_event(Some(shop), &event(id, time)).unwrap());
    }
    let expected = ["newest", "second", "third", "fourth", "oldest"];
    let filters = [
        EventFilter::default(),
        EventFilter { project: Some("shop".to_owned()), ..EventFilter::default() },
        EventFilter { project: Some("shop".to_owned()), context: Some("c-1".to_owned()), ..EventFilter::default() },
        EventFilter { kind: Some(super::build::DEPLOYMENT.to_owned()), ..EventFilter::default() },
    ];
    for filter in filters {
        let got: Vec<String> = lab.reader.events(&filter, Slice::ALL).unwrap().items.iter().map(id).collect();
        assert_eq!(got, expected, "{filter:?}");
    }
}

/// Each part with the length of the whole.
pub(super) fn events_come_in_pages(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        for n in 0..5 {
            tx.append_event(Some(shop), &event_in("c-2", &format!("e{n}"), at(n))).unwrap();
            tx.append_event(Some(bank), &event_in("c-3", &format!("f{n}"), at(n))).unwrap();
        }
    });
    let project = EventFilter { project: Some("shop".to_owned()), ..EventFilter::default() };
    let context = EventFilter { context: Some("c-2".to_owned()), ..EventFilter::default() };
    for filter in [project, context] {
        check_pages(&["e4", "e3", "e2", "e1", "e0"], id, |slice| lab.reader.events(&filter, slice).unwrap());
    }
    let all = ["f4", "e4", "f3", "e3", "f2", "e2", "f1", "e1", "f0", "e0"];
    check_pages(&all, id, |slice| lab.reader.events(&EventFilter::default(), slice).unwrap());
}

/// Whatever its data says; it is found by everything else.
pub(super) fn an_event_without_a_project_is_in_no_project(make: Make<'_>) {
    let mut lab = Lab::new(make);
    lab.project("shop");
    let position = lab.commit(|tx| tx.append_event(None, &event("loose", at(1))).unwrap());
    let found = |filter: EventFilter| lab.reader.events(&filter, Slice::ALL).unwrap();
    assert_eq!(found(EventFilter { project: Some("shop".to_owned()), ..EventFilter::default() }).total, 0);
    assert_eq!(found(EventFilter { context: Some("c-1".to_owned()), ..EventFilter::default() }).total, 1);
    assert_eq!(found(EventFilter { roots: true, ..EventFilter::default() }).items[0].position, position);
    assert_eq!(lab.peek(|tx| tx.event(position).unwrap()).unwrap(), event("loose", at(1)));
}

/// Of whatever project lives, or of none.
pub(super) fn tasks_are_handled_that_were_started(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    assert_eq!(lab.reader.handled_tasks().unwrap(), [] as [String; 0]);
    let kinds = [
        (Some(shop), "sh.keptn.event.test.started"),
        (Some(shop), "sh.keptn.event.test.started"),
        (Some(shop), "sh.keptn.event.build.started"),
        (Some(shop), "sh.keptn.event.build-image.started"),
        (Some(bank), "sh.keptn.event.test.started"),
        (Some(bank), "sh.keptn.event.audit.started"),
        (None, "sh.keptn.event.loose.started"),
        (Some(shop), "sh.keptn.event.deployment.finished"),
        (Some(shop), "sh.keptn.event.dev.delivery.started"),
        (Some(shop), "com.example.event.other.started"),
        (Some(shop), "sh.keptn.event..started"),
    ];
    lab.commit(|tx| {
        for (project, kind) in kinds {
            tx.append_event(project, &CloudEvent { kind: kind.to_owned(), ..event("e", at(1)) }).unwrap();
        }
    });
    assert_eq!(lab.reader.handled_tasks().unwrap(), ["audit", "build", "build-image", "loose", "test"]);
    lab.commit(|tx| tx.bury_project(bank).unwrap());
    let left = ["build", "build-image", "loose", "test"];
    assert_eq!(lab.reader.handled_tasks().unwrap(), left);
    lab.purge(at(0), 2);
    assert_eq!(lab.reader.handled_tasks().unwrap(), left);
}

/// By context and project, whatever the times say.
pub(super) fn facts_come_in_the_order_in_which_they_were_stated(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let stated = |n: i64| Fact::Queued { behind: vec![n.to_string()] };
    for n in 0..6 {
        lab.commit(|tx| {
            let sequence = (n % 2 == 0).then_some("s-1");
            for (project, context) in [(Some(shop), "c-1"), (Some(bank), "c-1"), (Some(shop), "c-2"), (None, "c-1")] {
                tx.append_fact(&NewFact { project, context, sequence, at: at(-n), fact: &stated(n) }).unwrap();
            }
        });
    }
    for (project, context) in [(shop, "c-1"), (bank, "c-1"), (shop, "c-2")] {
        let facts = lab.reader.facts(project, context).unwrap();
        assert_eq!(facts.len(), 6);
        assert!(facts.is_sorted_by(|a, b| a.position < b.position));
        for (n, got) in facts.iter().enumerate() {
            assert_eq!((&*got.context, got.at), (context, at(-(n as i64))));
            assert_eq!(got.sequence.as_deref(), (n % 2 == 0).then_some("s-1"));
            assert_eq!(got.fact, stated(n as i64));
        }
    }
    assert_eq!(lab.reader.facts(bank, "c-2").unwrap(), []);
    assert_eq!(lab.reader.facts(shop, "c").unwrap(), []);
}

/// With all that it says.
pub(super) fn every_kind_of_fact_reads_back(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let facts = all_facts();
    let positions: Vec<u64> =
        lab.commit(|tx| facts.iter().map(|it| tx.append_fact(&fact(Some(shop), it)).unwrap()).collect());
    let read = lab.reader.facts(shop, "c-1").unwrap();
    assert_eq!(read.len(), facts.len());
    for ((read, fact), position) in read.iter().zip(&facts).zip(positions) {
        assert_eq!((&read.fact, read.at, read.position), (fact, at(5), position));
    }
}

fn all_facts() -> Vec<Fact> {
    let text = |text: &str| text.to_owned();
    let (event_id, event_type, source) = (text("e-1"), text("sh.keptn.event.build.started"), text("ci"));
    let why = Why::WrongScope { attribute: text("data.project"), got: text("bank"), expected: text("shop") };
    vec![
        Fact::Triggered(Box::new(birth("s-1"))),
        Fact::Refused { event_id: event_id.clone(), event_type: event_type.clone(), message: text("no stage 'x'") },
        Fact::SlotWanted,
        Fact::Queued { behind: vec![text("s-7"), text("s-8")] },
        Fact::SlotHeld,
        Fact::SlotFreed,
        Fact::TaskReady { task: 1, due: Some(at(60) + nanosecond()) },
        Fact::TaskOffered {
            task: 1,
            attempt: 2,
            triggered_id: text("t-1"),
            deadline: at(600),
            result: text("pass"),
            status: String::new(),
            image: Some(text("registry/cart:1.2")),
            asks: true,
        },
        Fact::TaskStarted { task: 1, event: task_event("a", false), deadline: Deadline::None, lease: None },
        Fact::TaskStarted {
            task: 1,
            event: task_event("c", false),
            deadline: Deadline::None,
            lease: Some(Box::new(lease())),
        },
        Fact::TaskAnswered {
            task: 1,
            event: task_event("b", true),
            deadline: Deadline::Left(SignedDuration::from_nanos(-1)),
        },
        Fact::SignOfLife {
            task: 1,
            event_id: Some(event_id.clone()),
            source: source.clone(),
            deadline: Deadline::At(at(9)),
            renewed: None,
        },
        Fact::SignOfLife {
            task: 1,
            event_id: None,
            source: source.clone(),
            deadline: Deadline::At(at(9)),
            renewed: Some(Renewed {
                lease: text("t-1.1"),
                deadline: Deadline::At(at(69)),
                progress: Some(text("'half'")),
            }),
        },
        Fact::DeadlineMoved { task: Some(1), lease: Some(text("t-1.1")), deadline: at(60) },
        Fact::DeadlineMoved { task: None, lease: None, deadline: at(60) },
        Fact::LeaseReleased {
            task: 1,
            lease: text("t-1.1"),
            source: source.clone(),
            reason: text("it goes away"),
            deadline: Deadline::At(at(9)),
        },
        Fact::AttemptEnded {
            task: 1,
            attempt: 1,
            triggered_id: text("t-1"),
            end: AttemptEnd::TimedOut,
            message: text("nobody started"),
            due: Some(at(9) + nanosecond()),
        },
        Fact::TaskEnded { task: 1, end: TaskEnd::Skipped, message: text("its condition does not hold: false") },
        Fact::Closing(Box::new(Closing {
            outcome: Outcome::Aborted,
            status: text("aborted"),
            result: text("pass"),
            message: text("superseded by run 'c-2'"),
            labels: serde_json::json!({"build": "17"}),
        })),
        Fact::TaskDone { task: 0, result: text("pass"), status: text("succeeded") },
        Fact::Reminded { since: at(1) },
        Fact::Paused,
        Fact::Resumed,
        Fact::Ended(ending(Outcome::TimedOut)),
        Fact::Controlled { action: text("pause"), stage: Some(text("dev")), by: text("kim"), reason: String::new() },
        Fact::Ignored { event_id, event_type, source, why },
    ]
}
