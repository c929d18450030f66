//! Open `.triggered` events of tasks, and who offered them.

use capstan_model::event::CloudEvent;
use capstan_model::event::rest::RestEvent;
use serde_json::{Value, json};

use super::build::{DEPLOYMENT, event};
use super::lab::{Lab, at, check_pages, nanosecond};
use crate::ports::{OfferFilter, OpenTask, ProjectId, Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn id(task: &OpenTask) -> String {
    task.event.clone().into_event().unwrap().id
}

/// Stores events and lists each as an offer of a sequence named after it.
fn offer(lab: &mut Lab, project: ProjectId, events: &[CloudEvent]) {
    lab.commit(|tx| {
        for event in events {
            let position = tx.append_event(Some(project), event).unwrap();
            tx.offer(project, &format!("s-{}", event.id), position, event).unwrap();
        }
    });
}

/// Only what was offered is listed, as it was stored.
pub(super) fn offers_come_newest_first_in_pages(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let offers: Vec<CloudEvent> = ["d", "c", "b"].iter().zip(1..).map(|(id, n)| event(id, at(n))).collect();
    offer(&mut lab, shop, &offers);
    lab.commit(|tx| tx.append_event(Some(shop), &event("no offer", at(4))).unwrap());
    offer(&mut lab, bank, &[event("a", at(5))]);
    check_pages(&["a", "b", "c", "d"], id, |slice| lab.reader.offers(&OfferFilter::default(), slice).unwrap());
    let filter = OfferFilter { project: Some("shop".to_owned()), ..OfferFilter::default() };
    check_pages(&["b", "c", "d"], id, |slice| lab.reader.offers(&filter, slice).unwrap());
    let listed = lab.reader.offers(&filter, Slice::ALL).unwrap().items;
    assert!(listed.iter().map(|task| task.event.clone().into_event().unwrap()).eq(offers.into_iter().rev()));
    for (at, task) in listed.iter().enumerate() {
        let after = OfferFilter { after: Some(task.position), ..filter.clone() };
        let later = lab.reader.offers(&after, Slice::ALL).unwrap();
        assert_eq!(later.items.iter().map(id).collect::<Vec<_>>(), listed[..at].iter().map(id).collect::<Vec<_>>());
        assert_eq!(later.total, at as u64);
    }
}

/// As text and as event, whatever the data are: to the byte what reading it and writing it again would give.
pub(super) fn an_offer_is_passed_on_as_it_was_stored(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let data = [
        json!({"project": "shop", "z": 1, "a": {"y": [1, "2", null, true, {}], "b": []}, "": "empty key"}),
        json!({"big": u64::MAX, "small": i64::MIN, "float": 1e300, "sum": 0.1 + 0.2, "one": 1.0, "zero": -0.0}),
        json!({"quote": "it's \"so\"; -- \\ %_ /", "unicode": "ä \u{1f600} \u{2028}", "nul": "\0\u{7f}", "line": "a\r\nb"}),
        Value::Null,
    ];
    let offers: Vec<CloudEvent> = data
        .into_iter()
        .zip(1..)
        .map(|(data, n)| CloudEvent { data, ..event(&format!("e{n}"), at(n) + nanosecond()) })
        .collect();
    offer(&mut lab, shop, &offers);
    let listed = lab.reader.offers(&OfferFilter::default(), Slice::ALL).unwrap();
    assert_eq!(listed.total, offers.len() as u64);
    for (event, OpenTask { event: kept, .. }) in offers.iter().rev().zip(listed.items) {
        let written = |event: &CloudEvent| serde_json::to_string(&RestEvent(event)).unwrap();
        let decoded = kept.clone().into_event().unwrap();
        assert_eq!(&decoded, event);
        assert_eq!(kept.into_text().unwrap(), written(event));
        assert_eq!(written(&decoded), written(event));
    }
}

/// Alone and together.
pub(super) fn each_field_filters(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let placed = |id: &str, second, kind: &str, stage: &str, service: &str| CloudEvent {
        kind: kind.to_owned(),
        data: json!({"project": "shop", "stage": stage, "service": service}),
        ..event(id, at(second))
    };
    let test = "sh.keptn.event.test.triggered";
    let offers = [
        placed("a", 1, DEPLOYMENT, "dev", "cart"),
        placed("b", 2, test, "dev", "cart"),
        placed("c", 3, DEPLOYMENT, "prod", "cart"),
        placed("d", 4, DEPLOYMENT, "dev", "order"),
    ];
    offer(&mut lab, shop, &offers);
    let data = json!({"project": "bank", "stage": "dev", "service": "cart"});
    offer(&mut lab, bank, &[CloudEvent { data, ..event("e", at(5)) }]);
    let text = |text: &str| Some(text.to_owned());
    let none = OfferFilter::default;
    let cases: [(OfferFilter, &[&str]); 13] = [
        (none(), &["e", "d", "c", "b", "a"]),
        (OfferFilter { kind: text(test), ..none() }, &["b"]),
        (OfferFilter { kind: text("test"), ..none() }, &[]),
        (OfferFilter { project: text("shop"), ..none() }, &["d", "c", "b", "a"]),
        (OfferFilter { project: text("bank"), ..none() }, &["e"]),
        (OfferFilter { project: text("nobody"), ..none() }, &[]),
        (OfferFilter { stage: text("dev"), ..none() }, &["e", "d", "b", "a"]),
        (OfferFilter { service: text("order"), ..none() }, &["d"]),
        (OfferFilter { id: text("c"), ..none() }, &["c"]),
        (OfferFilter { id: text("x"), ..none() }, &[]),
        (OfferFilter { kind: text(DEPLOYMENT), stage: text("dev"), service: text("cart"), ..none() }, &["e", "a"]),
        (
            OfferFilter {
                kind: text(DEPLOYMENT),
                project: text("shop"),
                stage: text("dev"),
                service: text("cart"),
                id: text("a"),
                after: Some(0),
            },
            &["a"],
        ),
        (OfferFilter { id: text("a"), stage: text("prod"), ..none() }, &[]),
    ];
    for (filter, expected) in cases {
        let page = lab.reader.offers(&filter, Slice::ALL).unwrap();
        assert_eq!(page.items.iter().map(id).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(page.total, expected.len() as u64, "total of {filter:?}");
    }
}

/// Its event stays; to withdraw what is not listed is no error.
pub(super) fn a_withdrawn_offer_is_listed_no_more(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    offer(&mut lab, shop, &[event("a", at(1)), event("b", at(2)), event("c", at(3))]);
    for _ in 0..2 {
        lab.commit(|tx| {
            tx.withdraw("b").unwrap();
            tx.withdraw("unknown").unwrap();
        });
        check_pages(&["c", "a"], id, |slice| lab.reader.offers(&OfferFilter::default(), slice).unwrap());
    }
    assert_eq!(lab.reader.events(&crate::ports::EventFilter::default(), Slice::ALL).unwrap().total, 3);
    lab.commit(|tx| {
        let event = event("d", at(4));
        let position = tx.append_event(Some(shop), &event).unwrap();
        tx.offer(shop, "s-d", position, &event).unwrap();
        tx.withdraw("d").unwrap();
    });
    assert_eq!(lab.reader.offers(&OfferFilter::default(), Slice::ALL).unwrap().total, 2, "also within one transaction");
}

/// Whether it is listed or was withdrawn, and whatever became of the sequence.
pub(super) fn who_offered_a_task_is_known_for_ever(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    offer(&mut lab, shop, &[event("a", at(1)), event("b", at(2))]);
    let who = |lab: &mut Lab, id: &str| lab.peek(|tx| tx.sequence_of(id).unwrap());
    assert_eq!(who(&mut lab, "a").as_deref(), Some("s-a"));
    lab.commit(|tx| {
        tx.withdraw("a").unwrap();
        assert_eq!(tx.sequence_of("a").unwrap().as_deref(), Some("s-a"));
        tx.purge(at(1_000_000_000), 1_000).unwrap();
    });
    lab.store.reopen().unwrap();
    assert_eq!(who(&mut lab, "a").as_deref(), Some("s-a"));
    assert_eq!(who(&mut lab, "b").as_deref(), Some("s-b"));
    assert_eq!(who(&mut lab, "A"), None);
    assert_eq!(who(&mut lab, "s-a"), None);
}
