//! Everything that a store can be asked, without the ids that are its own.

use std::fmt::Debug;

use capstan_engine::orchestrate::{Run, Sequence};
use jiff::SignedDuration;

use super::super::lab::at;
use super::apply::{KINDS, named};
use super::book::{Book, Side};
use crate::ports::{
    EventFilter, FactFilter, OfferFilter, Page, PathFilter, PlacedFact, RunFilter, SequenceFilter, Slice, StoreReader,
    StoreTx, StoredFact,
};

const SLICES: [Slice; 3] = [Slice::ALL, Slice { offset: 0, limit: 2 }, Slice { offset: 1, limit: 3 }];

/// What a transaction answers.
pub(super) fn tx_answers(tx: &mut dyn StoreTx, side: Side, book: &Book) -> Vec<String> {
    let mut all = Vec::new();
    for name in 0..3 {
        let project = tx.project(&named("p", name)).unwrap();
        all.push(format!("project p{name}: {:?}", project.map(|project| book.project(side, &project))));
        for number in 0..3 {
            let id = format!("p{name}-s{number}");
            let sequence = tx.sequence(&id).unwrap();
            let sequence = sequence.map(|(owner, sequence)| (book.number(side, owner), sequence));
            all.push(format!("sequence {id}: {sequence:?}"));
        }
        for number in 0..4 {
            let id = format!("p{name}-offer{number}");
            all.push(format!("sequence of {id}: {:?}", tx.sequence_of(&id).unwrap()));
            let offered = tx.offered(&id).unwrap();
            all.push(format!("offered {id}: {:?}", offered.map(|offered| book.offered(side, &offered))));
        }
    }
    for (number, id) in book.projects(side).enumerate() {
        for n in 0..3 {
            let service = named("svc", n);
            all.push(format!("service {service} of {number}: {:?}", tx.service(id, &service).unwrap()));
            for stage in ["stage0", "stage1"] {
                let view = tx.service_view(id, stage, &service).unwrap();
                all.push(format!("view {stage} {service} of {number}: {view:?}"));
                all.push(format!(
                    "queue {stage} {service} of {number}: {:?}",
                    tx.queue(id, &format!("{stage} {service}")).unwrap()
                ));
            }
            all.push(format!("run c{n} of {number}: {:?}", tx.run(id, &named("c", n)).unwrap()));
        }
    }
    for n in 0..2 {
        all.push(format!("shipyard {n}: {:?}", tx.shipyard(&named("h", n)).unwrap()));
        all.push(format!("answer {n}: {:?}", tx.answer(&named("k", n)).unwrap()));
    }
    for (place, position) in book.positions(side).enumerate() {
        all.push(format!("event {place}: {:?}", tx.event(position).unwrap()));
    }
    all.push(format!("timers: {:?}", tx.due_timers(at(1_000_000), 1_000).unwrap()));
    all
}

/// The filters that readers are asked with.
pub(super) struct Questions {
    events: Vec<EventFilter>,
    offers: Vec<OfferFilter>,
    runs: Vec<RunFilter>,
    sequences: Vec<SequenceFilter>,
    facts: Vec<FactFilter>,
}

impl Questions {
    pub(super) fn new() -> Self {
        Self {
            events: event_filters(),
            offers: offer_filters(),
            runs: run_filters(),
            sequences: sequence_filters(),
            facts: fact_filters(),
        }
    }

    /// Asks both readers everything, and compares.
    pub(super) fn ask(&self, readers: [&dyn StoreReader; 2], book: &Book) {
        let both = Both { readers, book };
        for slice in SLICES {
            both.agree(&("projects", slice), |reader, side| {
                listed(&reader.projects(slice).unwrap(), |project| book.project(side, project))
            });
            for number in 0..book.projects.len() {
                both.agree(&("services of", number, slice), |reader, side| {
                    listed(&reader.services(book.id(side, number), slice).unwrap(), debug)
                });
            }
            for filter in &self.events {
                // The place says which event it is; all of it is compared once, here as below.
                let is_full = *filter == EventFilter::default();
                both.agree(&(filter, slice), |reader, side| {
                    listed(&reader.events(filter, slice).unwrap(), |stored| {
                        let place = book.place(side, stored.position);
                        if is_full { format!("{place:?} {:?}", stored.event) } else { format!("{place:?}") }
                    })
                });
            }
            for filter in &self.offers {
                both.agree(&(filter, slice), |reader, _| {
                    listed(&reader.offers(filter, slice).unwrap(), |task| task.event.clone().into_text().unwrap())
                });
            }
            for filter in &self.runs {
                let is_full = *filter == RunFilter { project: filter.project.clone(), ..RunFilter::default() };
                both.agree(&(filter, slice), |reader, _| {
                    let show = |run: &Run| if is_full { debug(run) } else { run.context.clone() };
                    listed(&reader.runs(filter, slice).unwrap(), show)
                });
            }
            for filter in &self.sequences {
                let is_full =
                    *filter == SequenceFilter { project: filter.project.clone(), ..SequenceFilter::default() };
                both.agree(&(filter, slice), |reader, _| {
                    let show = |sequence: &Sequence| if is_full { debug(sequence) } else { sequence.id.clone() };
                    listed(&reader.sequences(filter, slice).unwrap(), show)
                });
            }
        }
        for filter in &self.facts {
            for limit in [2, 1_000] {
                both.agree(&(filter, limit), |reader, side| followed(reader, side, book, filter, limit));
            }
        }
        // Where a purge stopped half way it is each store's own affair which of its rows are left.
        if !book.is_half_purged {
            both.agree(&"the span of facts", |reader, side| {
                let span = reader.fact_span().unwrap();
                debug(&(
                    span.oldest.map(|position| book.fact(side, position)),
                    book.facts(side).all(|at| at < span.next),
                ))
            });
        }
        for n in 0..3 {
            let (name, context, service) = (named("p", n), named("c", n), named("svc", n));
            both.agree(&("project", &name), |reader, side| {
                debug(&reader.project(&name).unwrap().map(|project| book.project(side, &project)))
            });
            both.agree(&("runs of", &context), |reader, _| debug(&reader.runs_of(&context).unwrap()));
            both.agree(&("shipyard", n), |reader, _| debug(&reader.shipyard(&named("h", n)).unwrap()));
            for number in 0..book.projects.len() {
                both.agree(&("facts", number, &context), |reader, side| {
                    let facts = reader.facts(book.id(side, number), &context).unwrap();
                    assert!(facts.is_sorted_by(|a, b| a.position < b.position), "positions of facts grow");
                    facts.into_iter().map(|fact| debug(&StoredFact { position: 0, ..fact })).collect()
                });
                both.agree(&("service", number, &service), |reader, side| {
                    debug(&reader.service(book.id(side, number), &service).unwrap())
                });
                for stage in ["stage0", "stage1"] {
                    both.agree(&("queue", number, stage, &service), |reader, side| {
                        debug(&reader.queue(book.id(side, number), &format!("{stage} {service}")).unwrap())
                    });
                }
            }
        }
        for number in 0..book.projects.len() {
            both.agree(&("views of", number), |reader, side| {
                debug(&reader.service_views(book.id(side, number)).unwrap())
            });
        }
        for name in 0..3 {
            for number in 0..4 {
                let id = format!("p{name}-offer{number}");
                both.agree(&("sequence of", &id), |reader, _| debug(&reader.sequence_of(&id).unwrap()));
            }
        }
        both.agree(&"handled tasks", |reader, _| debug(&reader.handled_tasks().unwrap()));
        both.agree(&"census", |reader, _| debug(&reader.census().unwrap()));
        both.agree(&"next timer", |reader, _| debug(&reader.next_timer().unwrap()));
        both.agree(&"has deferred", |reader, _| debug(&reader.has_deferred().unwrap()));
        if !book.is_half_purged {
            both.agree(&"has buried", |reader, _| debug(&reader.has_buried().unwrap()));
        }
    }
}

struct Both<'a> {
    readers: [&'a dyn StoreReader; 2],
    book: &'a Book,
}

impl Both<'_> {
    /// Asks both and compares; the question is written only where they differ.
    fn agree(&self, question: &dyn Debug, ask: impl Fn(&dyn StoreReader, Side) -> String) {
        let [a, b] = self.readers;
        let (a, b) = (ask(a, Side::A), ask(b, Side::B));
        assert_eq!(a, b, "asked from outside: {question:?}, after {} events", self.book.positions.len());
    }
}

fn debug(value: &impl Debug) -> String {
    format!("{value:?}")
}

fn listed<T>(page: &Page<T>, show: impl Fn(&T) -> String) -> String {
    format!("{} of {}: {}", page.items.len(), page.total, page.items.iter().map(show).collect::<Vec<_>>().join("; "))
}

#[allow(clippy::unnecessary_wraps, reason = "fields of filters are optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn event_filters() -> Vec<EventFilter> {
    let none = EventFilter::default;
    let path = |path: &[&str], values: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        PathFilter { path: owned(path), values: owned(values) }
    };
    let mut bases = vec![none()];
    bases.extend(["p0", "p1", "p2"].map(|name| EventFilter { project: text(name), ..none() }));
    let mut filters = vec![
        EventFilter { source: text("source0"), ..none() },
        EventFilter { service: text("svc1"), ..none() },
        EventFilter { paths: vec![path(&["source"], &["source1"])], ..none() },
        EventFilter { paths: vec![path(&["triggeredid"], &["p0-t1", "none-t1"])], ..none() },
    ];
    let nanosecond = SignedDuration::from_nanos(1);
    for base in &bases {
        filters.push(base.clone());
        filters.push(EventFilter { roots: true, ..base.clone() });
        filters.push(EventFilter { context: text("c1"), ..base.clone() });
        filters.push(EventFilter { context: text("c2"), roots: true, ..base.clone() });
        filters.extend(KINDS.map(|kind| EventFilter { kind: text(kind), ..base.clone() }));
        filters.push(EventFilter { stage: text("stage1"), exclude_invalidated: true, ..base.clone() });
        filters.push(EventFilter { kind: text(KINDS[1]), exclude_invalidated: true, ..base.clone() });
        filters.push(EventFilter { id: text("e1"), ..base.clone() });
        filters.push(EventFilter { after: Some(at(1)), ..base.clone() });
        filters.push(EventFilter { after: Some(at(0)), before: Some(at(2) + nanosecond), ..base.clone() });
        filters.push(EventFilter { paths: vec![path(&["data", "result"], &["pass", "5"])], ..base.clone() });
        filters.push(EventFilter {
            kind: text(KINDS[0]),
            stage: text("stage0"),
            paths: vec![path(&["data", "result"], &["pass"]), path(&["data", "service"], &["svc1"])],
            ..base.clone()
        });
    }
    filters
}

/// All facts that a filter means, slice by slice.
fn followed(reader: &dyn StoreReader, side: Side, book: &Book, filter: &FactFilter, limit: u64) -> String {
    let (mut last, mut all) = (0, Vec::new());
    loop {
        let page = reader.facts_after(filter, last, limit).unwrap();
        for placed in page.items {
            let number = book.fact(side, placed.stored.position);
            let stored = StoredFact { position: 0, ..placed.stored };
            all.push(format!("{number:?} {:?}", PlacedFact { stored, ..placed }));
        }
        if page.last == last {
            return all.join("; ");
        }
        last = page.last;
    }
}

fn fact_filters() -> Vec<FactFilter> {
    let none = FactFilter::default;
    vec![
        none(),
        FactFilter { project: text("p0"), ..none() },
        FactFilter { service: text("cart"), ..none() },
        FactFilter { service: text("svc1"), context: text("c1"), ..none() },
        FactFilter { project: text("p1"), context: text("c0"), ..none() },
    ]
}

fn offer_filters() -> Vec<OfferFilter> {
    let none = OfferFilter::default;
    vec![
        none(),
        OfferFilter { project: text("p0"), ..none() },
        OfferFilter { project: text("p1"), kind: text(KINDS[0]), ..none() },
        OfferFilter { kind: text(KINDS[1]), ..none() },
        OfferFilter { stage: text("dev"), service: text("cart"), ..none() },
        OfferFilter { id: text("p0-offer1"), ..none() },
        OfferFilter { after: Some(7), ..none() },
        OfferFilter { kind: text(KINDS[0]), after: Some(0), ..none() },
        OfferFilter { after: Some(u64::MAX), ..none() },
    ]
}

fn run_filters() -> Vec<RunFilter> {
    let mut filters = Vec::new();
    for name in ["p0", "p1", "p2"] {
        let base = || RunFilter { project: name.to_owned(), ..RunFilter::default() };
        filters.push(base());
        filters.push(RunFilter { name: text("name1"), ..base() });
        let states = ["waiting", "started", "paused", "finished", "aborted", "timedOut"];
        filters.extend(states.map(|state| RunFilter { state: text(state), ..base() }));
        filters.push(RunFilter { after: Some(at(1)), before: Some(at(11)), ..base() });
        filters.push(RunFilter { contexts: vec!["c0".to_owned(), "c2".to_owned()], ..base() });
    }
    filters
}

fn sequence_filters() -> Vec<SequenceFilter> {
    let mut filters = Vec::new();
    for name in ["p0", "p1", "p2"] {
        let base = || SequenceFilter { project: name.to_owned(), ..SequenceFilter::default() };
        filters.push(base());
        filters.push(SequenceFilter { stage: text("stage1"), name: text("name1"), ..base() });
        filters.push(SequenceFilter { service: text("svc1"), context: text("c1"), ..base() });
        filters.push(SequenceFilter { open: true, ..base() });
        filters.push(SequenceFilter { begun: true, ..base() });
        filters.push(SequenceFilter { open: true, stage: text("stage1"), context: text("c1"), ..base() });
        let states = ["triggered", "started", "paused", "waitingForApproval", "finished", "timedOut"];
        filters.extend(states.map(|state| SequenceFilter { state: text(state), ..base() }));
    }
    filters
}
