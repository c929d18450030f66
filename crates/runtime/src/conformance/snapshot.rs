//! All that a store answers about a project, as text: two looks are equal or they are not.

use std::fmt::Write;

use super::build::DEPLOYMENT;
use super::lab::{Lab, at};
use crate::ports::{
    ClaimFilter, EventFilter, FactFilter, OfferFilter, ProjectId, RunFilter, SequenceFilter, Slice, StoreReader,
    StoreTx,
};

/// All answers about a project of project 'shop' with its id, from a reader and from a transaction.
pub(super) fn snapshot(lab: &mut Lab, name: &str, id: ProjectId, positions: &[u64]) -> String {
    let mut text = of_reader(&*lab.reader, name, id);
    text.push_str(&lab.peek(|tx| of_tx(tx, name, id, positions)));
    text
}

/// What a reader answers.
pub(super) fn of_reader(reader: &dyn StoreReader, name: &str, id: ProjectId) -> String {
    let mut text = String::new();
    let mut add = |what: &str, answer: &dyn std::fmt::Debug| writeln!(text, "reader {what}: {answer:?}").unwrap();
    add("projects", &reader.projects(Slice::ALL).unwrap());
    add("project", &reader.project(name).unwrap());
    add("services", &reader.services(id, Slice::ALL).unwrap());
    for service in ["cart", "order"] {
        add("service", &reader.service(id, service).unwrap());
        add("queue", &reader.queue(id, &format!("dev {service}")).unwrap());
    }
    add("views", &reader.service_views(id).unwrap());
    for hash in ["hash-a", "hash-b"] {
        add("shipyard", &reader.shipyard(hash).unwrap());
    }
    add("events", &reader.events(&EventFilter::default(), Slice::ALL).unwrap());
    let project = Some(name.to_owned());
    add("its events", &reader.events(&EventFilter { project: project.clone(), ..EventFilter::default() }, Slice::ALL));
    add("offers", &reader.offers(&OfferFilter::default(), Slice::ALL).unwrap());
    add("its offers", &reader.offers(&OfferFilter { project, ..OfferFilter::default() }, Slice::ALL).unwrap());
    add("runs", &reader.runs(&RunFilter { project: name.to_owned(), ..RunFilter::default() }, Slice::ALL).unwrap());
    for context in ["c-1", "c-2"] {
        add("runs of", &reader.runs_of(context).unwrap());
        add("facts", &reader.facts(id, context).unwrap());
    }
    add("all facts", &reader.facts_after(&FactFilter::default(), 0, 100).unwrap().items);
    for id in ["s-1", "s-2"] {
        add("sequence", &reader.sequence(id).unwrap());
    }
    for id in ["offer-1", "offer-2"] {
        add("sequence of", &reader.sequence_of(id).unwrap());
    }
    let filter = SequenceFilter { project: name.to_owned(), ..SequenceFilter::default() };
    add("sequences", &reader.sequences(&filter, Slice::ALL).unwrap());
    add("next timer", &reader.next_timer().unwrap());
    add("deferred", &reader.has_deferred().unwrap());
    add("buried", &reader.has_buried().unwrap());
    text
}

/// What a transaction answers; nothing is written.
pub(super) fn of_tx(tx: &mut dyn StoreTx, name: &str, id: ProjectId, positions: &[u64]) -> String {
    let mut text = String::new();
    let mut add = |what: &str, answer: &dyn std::fmt::Debug| writeln!(text, "tx {what}: {answer:?}").unwrap();
    add("project", &tx.project(name).unwrap());
    for service in ["cart", "order"] {
        add("service", &tx.service(id, service).unwrap());
        add("view", &tx.service_view(id, "dev", service).unwrap());
        add("queue", &tx.queue(id, &format!("dev {service}")).unwrap());
    }
    for hash in ["hash-a", "hash-b"] {
        add("shipyard", &tx.shipyard(hash).unwrap());
    }
    for key in ["key-1", "key-2"] {
        add("answer", &tx.answer(key).unwrap());
    }
    for position in positions {
        add("event", &tx.event(*position).unwrap());
    }
    for number in ["1", "2"] {
        add("run", &tx.run(id, &format!("c-{number}")).unwrap());
        add("sequence", &tx.sequence(&format!("s-{number}")).unwrap());
        add("sequence of", &tx.sequence_of(&format!("offer-{number}")).unwrap());
        add("offered", &tx.offered(&format!("offer-{number}")).unwrap());
    }
    for tool in ["taker", "other", "nobody"] {
        let filter =
            ClaimFilter { tool: tool.to_owned(), kinds: vec![DEPLOYMENT.to_owned()], ..ClaimFilter::default() };
        add("claimable", &tx.claimable(&filter, 100).unwrap());
    }
    add("timers", &tx.due_timers(at(1_000_000), 100).unwrap());
    text
}
