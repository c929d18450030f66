//! How much is open.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_engine::orchestrate::{Outcome, Phase, TimerKind};
use capstan_model::event::CloudEvent;

use super::build::{DEPLOYMENT, ending, event, queue, sequence};
use super::lab::{Lab, at};
use super::writes::timer;
use crate::ports::{Census, ListedTasks, ProjectId, Store, StoreTx};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

const TEST: &str = "sh.keptn.event.test.triggered";

/// Also with a project that was never used.
pub(super) fn an_empty_store_has_nothing_open(make: Make<'_>) {
    let mut lab = Lab::new(make);
    assert_eq!(lab.reader.census().unwrap(), Census::default());
    lab.project("shop");
    assert_eq!(lab.reader.census().unwrap(), Census::default());
}

/// Of one run two sequences, one of them paused; one that is over; tasks, queues and a delay.
fn fill(tx: &mut dyn StoreTx, project: ProjectId, name: &str) {
    let id = |id: &str| format!("{name}-{id}");
    for (ordinal, (of, context)) in [("a", "c"), ("b", "c"), ("d", "other"), ("over", "past")].into_iter().enumerate() {
        let mut sequence = sequence(&id(of), at(ordinal as i64), ordinal as u64);
        Arc::make_mut(&mut sequence.scope).context = context.to_owned();
        sequence.paused = of == "b";
        if of == "over" {
            sequence.phase = Phase::Ended(ending(Outcome::Aborted));
        }
        tx.put_sequence(project, &sequence).unwrap();
    }
    for (offer, kind) in [("1", DEPLOYMENT), ("2", DEPLOYMENT), ("3", TEST), ("4", TEST)] {
        let event = CloudEvent { kind: kind.to_owned(), ..event(&id(offer), at(1)) };
        let position = tx.append_event(Some(project), &event).unwrap();
        tx.offer(project, &id("a"), position, &event).unwrap();
    }
    for tool in ["helm", "other"] {
        tx.add_taker(project, &id("1"), tool).unwrap();
    }
    tx.withdraw(&id("4")).unwrap();
    tx.put_queue(project, "dev cart", &queue(&["a", "b", "c"])).unwrap();
    tx.put_queue(project, "dev db", &queue(&["d", "e"])).unwrap();
    tx.arm(&timer(&id("a"), TimerKind::Delay, at(9))).unwrap();
    tx.arm(&timer(&id("a"), TimerKind::Deadline, at(9))).unwrap();
}

/// Over all projects that live, and nothing of those that were buried.
pub(super) fn what_is_open_is_counted(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| fill(tx, shop, "shop"));
    let waiting = |names: &[&str]| queue(names).waiting.len() as u64;
    let state = |paused: bool| {
        let mut sequence = sequence("s", at(0), 0);
        sequence.paused = paused;
        sequence.state().to_owned()
    };
    let of_one = Census {
        runs: 2,
        sequences: BTreeMap::from([(state(false), 2), (state(true), 1)]),
        tasks: BTreeMap::from([
            (DEPLOYMENT.to_owned(), ListedTasks { free: 1, taken: 1 }),
            (TEST.to_owned(), ListedTasks { free: 1, taken: 0 }),
        ]),
        queued: waiting(&["a", "b", "c"]) + waiting(&["d", "e"]),
        longest_queue: waiting(&["a", "b", "c"]),
        delayed: 1,
    };
    assert!(of_one.queued > of_one.longest_queue && of_one.longest_queue > 0);
    assert_eq!(lab.reader.census().unwrap(), of_one);
    lab.commit(|tx| fill(tx, bank, "bank"));
    let of_both = lab.reader.census().unwrap();
    assert_eq!((of_both.runs, of_both.delayed, of_both.queued), (4, 2, 2 * of_one.queued));
    assert_eq!(of_both.longest_queue, of_one.longest_queue);
    assert_eq!(of_both.tasks[DEPLOYMENT], ListedTasks { free: 2, taken: 2 });
    lab.commit(|tx| tx.bury_project(bank).unwrap());
    assert_eq!(lab.reader.census().unwrap(), of_one);
}
