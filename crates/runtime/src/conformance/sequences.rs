//! Sequences: how they are kept and asked for.

use std::sync::Arc;

use capstan_engine::orchestrate::{Outcome, Phase, Sequence, Slot};

use super::build::{ending, offered, ready, sequence};
use super::lab::{Lab, at, check_pages, nanosecond};
use crate::ports::{ProjectId, SequenceFilter, Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn shop() -> SequenceFilter {
    SequenceFilter { project: "shop".to_owned(), ..SequenceFilter::default() }
}

fn id(sequence: &Sequence) -> String {
    sequence.id.clone()
}

fn put(lab: &mut Lab, project: ProjectId, sequences: &[Sequence]) {
    lab.commit(|tx| {
        for sequence in sequences {
            tx.put_sequence(project, sequence).unwrap();
        }
    });
}

/// All that a sequence can be, with its state.
fn stages_of_life() -> Vec<(Sequence, &'static str)> {
    let base = || sequence("s-1", at(1) + nanosecond(), u64::from(u32::MAX) + 1);
    let with = |phase, slot| Sequence { phase, slot, ..base() };
    let ended = |outcome| with(Phase::Ended(ending(outcome)), Slot::None);
    vec![
        (with(Phase::Queued, Slot::Wanted), "triggered"),
        (with(ready(1, None), Slot::Held), "started"),
        (with(ready(0, Some(at(9))), Slot::Held), "started"),
        (Sequence { paused: true, ..with(ready(0, None), Slot::None) }, "paused"),
        (base(), "started"),
        (Sequence { paused: true, ..base() }, "paused"),
        (with(offered(1), Slot::None), "waitingForApproval"),
        (ended(Outcome::Finished), "finished"),
        (ended(Outcome::TimedOut), "timedOut"),
        (Sequence { paused: true, ..ended(Outcome::Aborted) }, "finished"),
    ]
}

/// In each phase, with its project; a second one of the same id takes its place.
pub(super) fn a_sequence_reads_back_and_is_replaced(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let project = lab.project("shop");
    assert_eq!(lab.peek(|tx| tx.sequence("s-1").unwrap()), None);
    for (sequence, state) in stages_of_life() {
        assert_eq!(sequence.state(), state);
        lab.commit(|tx| {
            tx.put_sequence(project, &sequence).unwrap();
            assert_eq!(tx.sequence("s-1").unwrap(), Some((project, sequence.clone())));
        });
        assert_eq!(lab.peek(|tx| tx.sequence("s-1").unwrap()), Some((project, sequence.clone())));
        let page = lab.reader.sequences(&shop(), Slice::ALL).unwrap();
        assert_eq!((&page.items[..], page.total), (std::slice::from_ref(&sequence), 1));
        let keys = |sequence: &Sequence| serde_json::to_string(sequence).unwrap();
        assert_eq!(keys(&page.items[0]), keys(&sequence), "the order of keys");
    }
    assert_eq!(lab.peek(|tx| tx.sequence("S-1").unwrap()), None);
}

/// By the time of the trigger to the nanosecond, whatever the order in which they were put.
pub(super) fn sequences_come_newest_first_in_pages(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (project, bank) = (lab.project("shop"), lab.project("bank"));
    let times = [("c", at(5)), ("e", at(-9_000_000)), ("b", at(5) + nanosecond()), ("d", at(4)), ("a", at(6))];
    put(&mut lab, project, &times.map(|(id, time)| sequence(id, time, 1)));
    put(&mut lab, bank, &[sequence("x", at(5), 2)]);
    put(&mut lab, project, &[sequence("d", at(4), 1)]);
    check_pages(&["a", "b", "c", "d", "e"], id, |slice| lab.reader.sequences(&shop(), slice).unwrap());
}

/// Alone and together; the project always.
pub(super) fn each_field_filters(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (project, bank) = (lab.project("shop"), lab.project("bank"));
    let mut all = ["a", "b", "c", "d"].map(|id| sequence(id, at(i64::from(id.as_bytes()[0])), 1));
    Arc::make_mut(&mut all[1].scope).stage = "prod".to_owned();
    Arc::make_mut(&mut all[1].definition).name = "evaluation".to_owned();
    Arc::make_mut(&mut all[2].scope).service = "order".to_owned();
    Arc::make_mut(&mut all[2].scope).context = "c-2".to_owned();
    all[3].phase = Phase::Queued;
    put(&mut lab, project, &all);
    put(&mut lab, bank, &[sequence("e", at(1), 1)]);
    let text = |text: &str| Some(text.to_owned());
    let dev = SequenceFilter { stage: text("dev"), ..shop() };
    let full = SequenceFilter {
        service: text("cart"),
        context: text("c-1"),
        name: text("delivery"),
        state: text("started"),
        ..dev.clone()
    };
    let cases: [(SequenceFilter, &[&str]); 20] = [
        (shop(), &["d", "c", "b", "a"]),
        (SequenceFilter { project: "bank".to_owned(), ..shop() }, &["e"]),
        (SequenceFilter { project: "nobody".to_owned(), ..shop() }, &[]),
        (dev.clone(), &["d", "c", "a"]),
        (SequenceFilter { stage: text("de"), ..shop() }, &[]),
        (SequenceFilter { service: text("cart"), ..shop() }, &["d", "b", "a"]),
        (SequenceFilter { service: text("order"), ..shop() }, &["c"]),
        (SequenceFilter { context: text("c-1"), ..shop() }, &["d", "b", "a"]),
        (SequenceFilter { context: text("c-2"), ..shop() }, &["c"]),
        (SequenceFilter { name: text("evaluation"), ..shop() }, &["b"]),
        (SequenceFilter { state: text("triggered"), ..shop() }, &["d"]),
        (SequenceFilter { state: text("started"), ..dev.clone() }, &["c", "a"]),
        (SequenceFilter { service: text("cart"), ..dev.clone() }, &["d", "a"]),
        (full.clone(), &["a"]),
        (SequenceFilter { context: text("c-2"), ..full }, &[]),
        (SequenceFilter { name: text("evaluation"), ..dev.clone() }, &[]),
        (SequenceFilter { open: true, ..shop() }, &["d", "c", "b", "a"]),
        (SequenceFilter { open: true, ..dev.clone() }, &["d", "c", "a"]),
        (SequenceFilter { begun: true, ..shop() }, &["c", "b", "a"]),
        (SequenceFilter { begun: true, ..dev }, &["c", "a"]),
    ];
    for (filter, expected) in cases {
        let page = lab.reader.sequences(&filter, Slice::ALL).unwrap();
        assert_eq!(page.items.iter().map(id).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(page.total, expected.len() as u64, "total of {filter:?}");
    }
}

/// By its word, also after the sequence has come to another one.
pub(super) fn every_state_can_be_asked_for(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let project = lab.project("shop");
    for (sequence, state) in stages_of_life() {
        let is_over = sequence.is_over();
        put(&mut lab, project, &[sequence]);
        for asked in ["triggered", "started", "paused", "waitingForApproval", "finished", "timedOut", "aborted"] {
            let filter = SequenceFilter { state: Some(asked.to_owned()), ..shop() };
            let total = lab.reader.sequences(&filter, Slice::ALL).unwrap().total;
            assert_eq!(total, u64::from(asked == state), "one that is '{state}', asked for '{asked}'");
        }
        for context in [None, Some("c-1".to_owned())] {
            let open = SequenceFilter { open: true, context, ..shop() };
            let total = lab.reader.sequences(&open, Slice::ALL).unwrap().total;
            assert_eq!(total, u64::from(!is_over), "one that is '{state}', asked for the open ones");
        }
    }
}
