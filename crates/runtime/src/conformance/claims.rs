//! Which tool has which open task, and which it can still have.

use capstan_model::event::CloudEvent;
use serde_json::json;

use super::build::{DEPLOYMENT, event};
use super::lab::{Lab, at};
use crate::ports::{ClaimFilter, Offered, ProjectId, Store, StoreTx};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

const TEST: &str = "sh.keptn.event.test.triggered";

/// Offers a task of a kind, in a stage and of a service.
fn offer(tx: &mut dyn StoreTx, project: ProjectId, id: &str, [kind, stage, service]: [&str; 3]) -> u64 {
    let data = json!({"project": "shop", "stage": stage, "service": service});
    let event = CloudEvent { kind: kind.to_owned(), data, ..event(id, at(1)) };
    let position = tx.append_event(Some(project), &event).unwrap();
    tx.offer(project, &format!("s-{id}"), position, &event).unwrap();
    position
}

fn deployment(tx: &mut dyn StoreTx, project: ProjectId, id: &str) -> u64 {
    offer(tx, project, id, [DEPLOYMENT, "dev", "cart"])
}

fn by(tool: &str) -> ClaimFilter {
    let kinds = vec![DEPLOYMENT.to_owned(), TEST.to_owned()];
    ClaimFilter { tool: tool.to_owned(), kinds, ..ClaimFilter::default() }
}

fn claimable(lab: &mut Lab, filter: &ClaimFilter) -> Vec<String> {
    let all = lab.peek(|tx| tx.claimable(filter, 100).unwrap());
    all.into_iter().map(|offered| offered.triggered_id).collect()
}

/// With who offers it and where its event is.
pub(super) fn what_is_listed_is_offered(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let position = lab.commit(|tx| deployment(tx, shop, "a"));
    let expected = Offered { triggered_id: "a".to_owned(), sequence: "s-a".to_owned(), position };
    assert_eq!(lab.peek(|tx| tx.offered("a").unwrap()), Some(expected.clone()));
    assert_eq!(lab.peek(|tx| tx.claimable(&by("helm"), 9).unwrap()), [expected]);
    assert_eq!(lab.peek(|tx| tx.offered("A").unwrap()), None);
    assert_eq!(lab.reader.sequence_of("a").unwrap().as_deref(), Some("s-a"));
    lab.commit(|tx| {
        tx.withdraw("a").unwrap();
        assert_eq!(tx.offered("a").unwrap(), None);
    });
    assert_eq!(lab.peek(|tx| tx.offered("a").unwrap()), None);
    assert_eq!(lab.reader.sequence_of("a").unwrap().as_deref(), Some("s-a"), "that is known for ever");
    assert_eq!(lab.reader.sequence_of("b").unwrap(), None);
}

/// Others can, and it can again what it has given back.
pub(super) fn what_a_tool_has_it_cannot_claim(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        deployment(tx, shop, "a");
        deployment(tx, shop, "b");
        for _ in 0..2 {
            tx.add_taker(shop, "a", "helm").unwrap();
        }
    });
    assert_eq!(claimable(&mut lab, &by("helm")), ["b"]);
    assert_eq!(claimable(&mut lab, &by("Helm")), ["a", "b"]);
    assert_eq!(claimable(&mut lab, &by("")), ["a", "b"]);
    lab.commit(|tx| {
        tx.add_taker(shop, "a", "other").unwrap();
        tx.remove_taker("a", "helm").unwrap();
        tx.remove_taker("a", "nobody").unwrap();
        tx.remove_taker("b", "helm").unwrap();
        assert_eq!(tx.claimable(&by("other"), 9).unwrap().len(), 1);
    });
    lab.store.reopen().unwrap();
    assert_eq!(claimable(&mut lab, &by("helm")), ["a", "b"]);
    assert_eq!(claimable(&mut lab, &by("other")), ["b"]);
}

/// Alone and together.
pub(super) fn each_field_filters(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        offer(tx, shop, "a", [DEPLOYMENT, "dev", "cart"]);
        offer(tx, shop, "b", [TEST, "dev", "cart"]);
        offer(tx, shop, "c", [DEPLOYMENT, "prod", "cart"]);
        offer(tx, shop, "d", [DEPLOYMENT, "dev", "order"]);
        offer(tx, bank, "e", [DEPLOYMENT, "dev", "cart"]);
    });
    let text = |text: &str| Some(text.to_owned());
    let all = || by("helm");
    let of = |kind: &str| ClaimFilter { kinds: vec![kind.to_owned()], ..all() };
    let cases: [(ClaimFilter, &[&str]); 11] = [
        (all(), &["a", "b", "c", "d", "e"]),
        (of(TEST), &["b"]),
        (of("test"), &[]),
        (ClaimFilter { kinds: vec![TEST.to_owned(), TEST.to_owned()], ..all() }, &["b"]),
        (ClaimFilter { project: text("shop"), ..all() }, &["a", "b", "c", "d"]),
        (ClaimFilter { project: text("nobody"), ..all() }, &[]),
        (ClaimFilter { stage: text("dev"), ..all() }, &["a", "b", "d", "e"]),
        (ClaimFilter { service: text("order"), ..all() }, &["d"]),
        (ClaimFilter { stage: text("prod"), service: text("order"), ..all() }, &[]),
        (ClaimFilter { project: text("bank"), stage: text("dev"), service: text("cart"), ..of(DEPLOYMENT) }, &["e"]),
        (ClaimFilter { project: text("bank"), ..of(TEST) }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(claimable(&mut lab, &filter), expected, "{filter:?}");
    }
}

/// Whatever their kinds are, and no more than were asked for.
pub(super) fn the_oldest_are_claimed_first(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        for (id, kind) in [("z", TEST), ("b", DEPLOYMENT), ("y", TEST), ("a", DEPLOYMENT)] {
            offer(tx, shop, id, [kind, "dev", "cart"]);
        }
        tx.add_taker(shop, "z", "late").unwrap();
    });
    assert_eq!(claimable(&mut lab, &by("helm")), ["z", "b", "y", "a"]);
    for (limit, expected) in [(0, &[][..]), (1, &["b"]), (2, &["b", "y"]), (u64::MAX, &["b", "y", "a"])] {
        let some = lab.peek(|tx| tx.claimable(&by("late"), limit).unwrap());
        assert_eq!(some.iter().map(|offered| &*offered.triggered_id).collect::<Vec<_>>(), expected, "{limit}");
    }
}

/// What is offered anew under the same id was taken by nobody.
pub(super) fn takers_go_with_the_offer_and_with_the_project(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        for (project, id) in [(shop, "a"), (shop, "ab"), (bank, "b")] {
            deployment(tx, project, id);
            tx.add_taker(project, id, "helm").unwrap();
        }
        tx.withdraw("a").unwrap();
        deployment(tx, shop, "a");
    });
    assert_eq!(claimable(&mut lab, &by("helm")), ["a"]);
    lab.commit(|tx| tx.bury_project(shop).unwrap());
    assert_eq!(claimable(&mut lab, &by("other")), ["b"]);
    assert_eq!(lab.peek(|tx| tx.offered("ab").unwrap()), None);
    assert_eq!(lab.reader.sequence_of("ab").unwrap(), None);
    lab.purge(at(9), 1);
    let shop = lab.project("shop");
    lab.commit(|tx| deployment(tx, shop, "ab"));
    assert_eq!(claimable(&mut lab, &by("helm")), ["ab"]);
    assert_eq!(claimable(&mut lab, &by("other")), ["b", "ab"]);
}
