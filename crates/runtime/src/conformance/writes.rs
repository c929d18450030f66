//! One write of each kind, on top of a project that has one of everything.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{Fact, Run, TimerKind};
use jiff::{SignedDuration, Timestamp};

use super::build::{configuration, event, event_in, fact, queue, run, sequence, service, view};
use super::lab::{Lab, at};
use crate::ports::{Deferred, Keep, ProjectId, Retention, StoreTx, Timer};

/// Where the things are that [`fill`] wrote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filled {
    pub(super) project: ProjectId,
    pub(super) position: u64,
}

/// A kind of write with its name.
pub(super) type Write = (&'static str, fn(&mut dyn StoreTx, Filled));

/// Adds a project with one of everything, under the keys that a snapshot asks for.
pub(super) fn fill(tx: &mut dyn StoreTx, name: &str) -> Filled {
    let project = tx.add_project(name, at(0), Some(&configuration("a"))).unwrap().id;
    fill_project(tx, project)
}

/// Gives a project one of everything.
pub(super) fn fill_project(tx: &mut dyn StoreTx, project: ProjectId) -> Filled {
    tx.put_shipyard("hash-a", "stages: []\n").unwrap();
    tx.add_service(project, &service("cart", at(1))).unwrap();
    tx.put_service_view(project, "dev", "cart", &view("e-1")).unwrap();
    tx.remember("key-1", "'first'", at(100)).unwrap();
    tx.put_run(project, &run("c-1", at(1))).unwrap();
    tx.put_sequence(project, &sequence("s-1", at(1), 1)).unwrap();
    let offer = event("offer-1", at(2));
    let position = tx.append_event(Some(project), &offer).unwrap();
    tx.offer(project, "s-1", position, &offer).unwrap();
    tx.add_taker(project, "offer-1", "taker").unwrap();
    tx.append_fact(&fact(Some(project), &Fact::SlotWanted)).unwrap();
    tx.put_queue(project, "dev cart", &queue(&["s-1", "s-9"])).unwrap();
    tx.arm(&timer("s-1", TimerKind::Deadline, at(600))).unwrap();
    tx.defer(project, &Deferred::Granted { sequence: "s-1".to_owned() }).unwrap();
    Filled { project, position }
}

/// A store with a full project 'shop' and a buried one.
pub(super) fn filled(lab: &mut Lab) -> Filled {
    lab.commit(|tx| {
        let old = fill(tx, "old");
        tx.bury_project(old.project).unwrap();
        fill(tx, "shop")
    })
}

pub(super) fn timer(sequence: &str, kind: TimerKind, due: Timestamp) -> Timer {
    Timer { sequence: sequence.to_owned(), kind, due }
}

/// Every kind of write; each changes something that a snapshot of a filled store sees.
pub(super) const WRITES: &[Write] = &[
    ("add_project", |tx, _| {
        tx.add_project("new", at(9), Some(&configuration("b"))).unwrap();
    }),
    ("configure_project", |tx, filled| tx.configure_project(filled.project, &configuration("b")).unwrap()),
    ("retain", |tx, filled| {
        tx.retain(filled.project, Retention { runs: Some(Keep::Always), evaluations: None }).unwrap();
    }),
    ("expire", |tx, filled| {
        let over = Run { open: BTreeMap::new(), ..run("c-1", at(1)) };
        tx.put_run(filled.project, &over).unwrap();
        tx.expire(at(1_000), Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: None }, 9).unwrap();
    }),
    ("bury_project", |tx, filled| tx.bury_project(filled.project).unwrap()),
    ("purge", |tx, _| {
        assert!(!tx.purge(at(0), 1_000).unwrap(), "a thousand rows are more than there are");
    }),
    ("purge of answers", |tx, _| {
        tx.purge(at(1_000), 1_000).unwrap();
    }),
    ("add_service", |tx, filled| tx.add_service(filled.project, &service("order", at(9))).unwrap()),
    ("remove_service", |tx, filled| tx.remove_service(filled.project, "cart").unwrap()),
    ("put_service_view, new", |tx, filled| {
        tx.put_service_view(filled.project, "dev", "order", &view("e-2")).unwrap();
    }),
    ("put_service_view, replaced", |tx, filled| {
        tx.put_service_view(filled.project, "dev", "cart", &view("e-2")).unwrap();
    }),
    ("put_shipyard", |tx, _| tx.put_shipyard("hash-b", "b").unwrap()),
    ("remember, new", |tx, _| tx.remember("key-2", "second", at(100)).unwrap()),
    ("remember, replaced", |tx, _| tx.remember("key-1", "second", at(100)).unwrap()),
    ("append_event", |tx, filled| {
        tx.append_event(Some(filled.project), &event_in("c-2", "e-2", at(9))).unwrap();
    }),
    ("append_event, without a project", |tx, _| {
        tx.append_event(None, &event_in("c-2", "e-2", at(9))).unwrap();
    }),
    ("append_fact", |tx, filled| {
        tx.append_fact(&fact(Some(filled.project), &Fact::SlotHeld)).unwrap();
    }),
    ("remove_facts", |tx, _| tx.remove_facts(u64::MAX).unwrap()),
    ("put_run, new", |tx, filled| tx.put_run(filled.project, &run("c-2", at(9))).unwrap()),
    ("put_run, replaced", |tx, filled| tx.put_run(filled.project, &run("c-1", at(9))).unwrap()),
    ("put_run, twice", |tx, filled| {
        // An undo in the wrong order would bring the first of these back.
        tx.put_run(filled.project, &run("c-1", at(8))).unwrap();
        tx.put_run(filled.project, &run("c-1", at(9))).unwrap();
    }),
    ("put_sequence, new", |tx, filled| tx.put_sequence(filled.project, &sequence("s-2", at(9), 9)).unwrap()),
    ("put_sequence, replaced", |tx, filled| tx.put_sequence(filled.project, &sequence("s-1", at(9), 9)).unwrap()),
    ("put_queue, new", |tx, filled| tx.put_queue(filled.project, "dev order", &queue(&["s-2"])).unwrap()),
    ("put_queue, replaced", |tx, filled| tx.put_queue(filled.project, "dev cart", &queue(&["s-9"])).unwrap()),
    ("put_queue, emptied", |tx, filled| tx.put_queue(filled.project, "dev cart", &queue(&[])).unwrap()),
    ("offer", |tx, filled| {
        let offer = event("offer-2", at(9));
        let position = tx.append_event(Some(filled.project), &offer).unwrap();
        tx.offer(filled.project, "s-1", position, &offer).unwrap();
    }),
    ("add_taker", |tx, filled| tx.add_taker(filled.project, "offer-1", "other").unwrap()),
    ("remove_taker", |tx, _| tx.remove_taker("offer-1", "taker").unwrap()),
    ("remove_taker and add_taker", |tx, filled| {
        tx.remove_taker("offer-1", "taker").unwrap();
        tx.add_taker(filled.project, "offer-1", "other").unwrap();
    }),
    ("withdraw", |tx, _| tx.withdraw("offer-1").unwrap()),
    ("arm, new", |tx, _| tx.arm(&timer("s-1", TimerKind::Delay, at(9))).unwrap()),
    ("arm, replaced", |tx, _| tx.arm(&timer("s-1", TimerKind::Deadline, at(9))).unwrap()),
    ("disarm", |tx, _| tx.disarm("s-1", TimerKind::Deadline).unwrap()),
    ("take_deferred", |tx, _| assert_eq!(tx.take_deferred(9).unwrap().len(), 1)),
    ("take_deferred and defer", |tx, filled| {
        tx.take_deferred(9).unwrap();
        tx.defer(filled.project, &Deferred::Follow { project: filled.project, position: filled.position }).unwrap();
        assert_eq!(tx.take_deferred(9).unwrap().len(), 1);
    }),
];
