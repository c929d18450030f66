//! Queues, timers and deferred inputs.

use capstan_engine::orchestrate::{Queue, TimerKind};

use super::build::{queue, sequence};
use super::lab::{Lab, at, nanosecond};
use super::writes::timer;
use crate::ports::{Deferred, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// A queue is one of a project and a name.
pub(super) fn queues_are_empty_at_first_and_replaced(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    assert_eq!(lab.reader.queue(shop, "dev cart").unwrap(), Queue::default());
    for names in [&["a", "b", "c"][..], &["c"], &[], &["d"]] {
        lab.commit(|tx| {
            tx.put_queue(shop, "dev cart", &queue(names)).unwrap();
            assert_eq!(tx.queue(shop, "dev cart").unwrap(), queue(names));
            assert_eq!(tx.queue(shop, "cart dev").unwrap(), Queue::default());
        });
        assert_eq!(lab.reader.queue(shop, "dev cart").unwrap(), queue(names));
        assert_eq!(lab.peek(|tx| tx.queue(shop, "dev cart").unwrap()), queue(names));
        for (project, name) in
            [(bank, "dev cart"), (shop, "prod cart"), (shop, "dev"), (shop, "dev cart "), (shop, "Dev cart")]
        {
            assert_eq!(lab.reader.queue(project, name).unwrap(), Queue::default());
        }
    }
}

/// Names are any text: that of a key, that of a service in a stage, and such as look like parts of a question.
pub(super) fn a_name_of_a_queue_is_any_text(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let names =
        ["dev\u{1f}cart", "\u{1f}dev", "\u{1f}", "", "it's \"quoted\"", "%", "_", "'; --", "ü", "\u{1f}db-cart"];
    lab.commit(|tx| {
        for (length, name) in names.iter().enumerate() {
            tx.put_queue(shop, name, &queue(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][length..])).unwrap();
        }
    });
    lab.store.reopen().unwrap();
    for (length, name) in names.iter().enumerate() {
        let expected = queue(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][length..]);
        assert_eq!(lab.reader.queue(shop, name).unwrap(), expected, "{name:?}");
        assert_eq!(lab.peek(|tx| tx.queue(shop, name).unwrap()), expected, "{name:?}");
    }
}

/// Those that stand aside are kept with the others.
pub(super) fn a_queue_of_those_that_stand_aside_is_kept(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let mut aside = queue(&["a"]);
    aside.step_aside("a");
    lab.commit(|tx| tx.put_queue(shop, "dev cart", &aside).unwrap());
    assert_eq!(lab.reader.queue(shop, "dev cart").unwrap(), aside);
    assert!(!aside.aside.is_empty() && aside.held.is_empty());
}

/// Armed timers need a sequence that is stored.
fn with_sequences(make: Make<'_>, ids: &[&str]) -> Lab {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    lab.commit(|tx| {
        for (n, id) in ids.iter().enumerate() {
            tx.put_sequence(shop, &sequence(id, at(n as i64), n as u64)).unwrap();
        }
    });
    lab
}

/// Not by one of another kind, nor by one of another sequence.
pub(super) fn a_timer_is_replaced_by_one_of_its_kind(make: Make<'_>) {
    let mut lab = with_sequences(make, &["a", "b"]);
    let kinds = [TimerKind::Delay, TimerKind::Deadline, TimerKind::Reminder];
    lab.commit(|tx| {
        for (n, kind) in kinds.into_iter().enumerate() {
            tx.arm(&timer("a", kind, at(n as i64))).unwrap();
        }
        tx.arm(&timer("b", TimerKind::Deadline, at(10))).unwrap();
    });
    lab.commit(|tx| {
        tx.arm(&timer("a", TimerKind::Delay, at(30) + nanosecond())).unwrap();
        tx.arm(&timer("a", TimerKind::Deadline, at(-5))).unwrap();
    });
    let expected = [
        timer("a", TimerKind::Deadline, at(-5)),
        timer("a", TimerKind::Reminder, at(2)),
        timer("b", TimerKind::Deadline, at(10)),
        timer("a", TimerKind::Delay, at(30) + nanosecond()),
    ];
    assert_eq!(lab.peek(|tx| tx.due_timers(at(100), 100).unwrap()), expected);
}

/// That of the kind alone; one that is not there is no error.
pub(super) fn a_disarmed_timer_is_gone(make: Make<'_>) {
    let mut lab = with_sequences(make, &["a", "b"]);
    lab.commit(|tx| {
        tx.arm(&timer("a", TimerKind::Delay, at(1))).unwrap();
        tx.arm(&timer("a", TimerKind::Deadline, at(2))).unwrap();
        tx.arm(&timer("b", TimerKind::Delay, at(3))).unwrap();
    });
    for _ in 0..2 {
        lab.commit(|tx| {
            tx.disarm("a", TimerKind::Delay).unwrap();
            tx.disarm("unknown", TimerKind::Delay).unwrap();
        });
        let left = [timer("a", TimerKind::Deadline, at(2)), timer("b", TimerKind::Delay, at(3))];
        assert_eq!(lab.peek(|tx| tx.due_timers(at(100), 100).unwrap()), left);
    }
    assert_eq!(lab.reader.next_timer().unwrap(), Some(at(2)));
}

/// One has elapsed at its very time: whoever sleeps until [`crate::ports::StoreReader::next_timer`] has to find it.
pub(super) fn elapsed_timers_come_oldest_first_and_stay(make: Make<'_>) {
    let mut lab = with_sequences(make, &["a", "b", "c", "d"]);
    let due = [("b", at(20)), ("d", at(40)), ("a", at(-9_000_000)), ("c", at(20) + nanosecond())];
    lab.commit(|tx| {
        for (id, due) in due {
            tx.arm(&timer(id, TimerKind::Deadline, due)).unwrap();
        }
    });
    let mut ask = |now, limit| -> Vec<String> {
        let timers = lab.commit(|tx| tx.due_timers(now, limit).unwrap());
        timers.into_iter().map(|timer| timer.sequence).collect()
    };
    for _ in 0..2 {
        assert_eq!(ask(at(100), 100), ["a", "b", "c", "d"]);
        assert_eq!(ask(at(100), u64::from(u32::MAX)), ["a", "b", "c", "d"]);
        assert_eq!(ask(at(100), 2), ["a", "b"]);
        assert_eq!(ask(at(100), 0), [""; 0]);
        assert_eq!(ask(at(20) + nanosecond(), 100), ["a", "b", "c"]);
        assert_eq!(ask(at(20), 100), ["a", "b"]);
        assert_eq!(ask(at(20) - nanosecond(), 100), ["a"]);
        assert_eq!(ask(at(-9_000_001), 100), [""; 0]);
    }
}

/// To the nanosecond, over all projects.
pub(super) fn the_next_timer_is_the_earliest(make: Make<'_>) {
    let mut lab = with_sequences(make, &["a"]);
    let bank = lab.project("bank");
    assert_eq!(lab.reader.next_timer().unwrap(), None);
    lab.commit(|tx| tx.arm(&timer("a", TimerKind::Deadline, at(20) + nanosecond())).unwrap());
    assert_eq!(lab.reader.next_timer().unwrap(), Some(at(20) + nanosecond()));
    lab.commit(|tx| {
        tx.put_sequence(bank, &sequence("z", at(1), 1)).unwrap();
        tx.arm(&timer("z", TimerKind::Delay, at(20))).unwrap();
    });
    assert_eq!(lab.reader.next_timer().unwrap(), Some(at(20)));
    lab.commit(|tx| tx.arm(&timer("z", TimerKind::Delay, at(50))).unwrap());
    assert_eq!(lab.reader.next_timer().unwrap(), Some(at(20) + nanosecond()));
    lab.commit(|tx| tx.disarm("a", TimerKind::Deadline).unwrap());
    assert_eq!(lab.reader.next_timer().unwrap(), Some(at(50)));
    lab.commit(|tx| tx.disarm("z", TimerKind::Delay).unwrap());
    assert_eq!(lab.reader.next_timer().unwrap(), None);
}

/// The same input may be left twice.
pub(super) fn deferred_inputs_are_taken_once_and_oldest_first(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let granted = |id: &str| Deferred::Granted { sequence: id.to_owned() };
    assert!(!lab.reader.has_deferred().unwrap());
    assert_eq!(lab.commit(|tx| tx.take_deferred(9).unwrap()), []);
    let follow = Deferred::Follow { project: bank, position: u64::from(u32::MAX) + 7 };
    lab.commit(|tx| {
        tx.defer(shop, &granted("c")).unwrap();
        tx.defer(bank, &follow).unwrap();
        tx.defer(shop, &granted("a")).unwrap();
    });
    assert!(lab.reader.has_deferred().unwrap());
    lab.commit(|tx| {
        assert_eq!(tx.take_deferred(0).unwrap(), []);
        assert_eq!(tx.take_deferred(2).unwrap(), [granted("c"), follow.clone()]);
        tx.defer(shop, &granted("c")).unwrap();
        tx.defer(shop, &granted("c")).unwrap();
    });
    assert!(lab.reader.has_deferred().unwrap());
    assert_eq!(lab.peek(|tx| tx.take_deferred(1).unwrap()), [granted("a")], "in a transaction that is dropped");
    let rest = [granted("a"), granted("c"), granted("c")];
    lab.commit(|tx| assert_eq!(tx.take_deferred(u64::from(u32::MAX)).unwrap(), rest));
    assert!(!lab.reader.has_deferred().unwrap());
    assert_eq!(lab.commit(|tx| tx.take_deferred(9).unwrap()), []);
}
