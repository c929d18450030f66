//! `concurrency`: runs that share a key wait for, give way to, or refuse each other.

use capstan_engine::orchestrate::{Control, RunResult};
use capstan_runtime::command::{Command, Reply};
use capstan_runtime::ports::{EventFilter, Slice, Store};

use super::bench::{Bench, ingest, reaction, triggered};

fn shipyard(concurrency: &str) -> String {
    format!(
        "{{name: dev, sequences: [{{name: delivery, concurrency: {concurrency}, tasks: [{{name: approval}}, {{name: build}}]}}]}},
         {{name: prod, sequences: [{{name: delivery, concurrency: {concurrency}, tasks: [{{name: release}}, {{name: clean, finally: true}}]}}]}}"
    )
}

fn begin(bench: &mut Bench, run: &str, stage: &str, service: &str) {
    let mut event = triggered(&format!("t-{run}-{stage}"), run, stage, "delivery");
    event.data["service"] = service.into();
    bench.one(ingest(event)).unwrap();
    bench.settle();
}

/// Tasks that are offered, with their runs.
fn open(bench: &Bench) -> Vec<String> {
    let name = |kind: &str| kind.split('.').nth(3).unwrap().to_owned();
    bench.offered().iter().map(|offer| format!("{} {}", offer.context.as_deref().unwrap(), name(&offer.kind))).collect()
}

/// Results and messages of what has ended in a run.
fn ends(bench: &Bench, run: &str) -> Vec<String> {
    let filter = EventFilter { context: Some(run.to_owned()), ..EventFilter::default() };
    let mut events = bench.store.reader().events(&filter, Slice::ALL).unwrap().items;
    events.sort_by_key(|event| event.position);
    let ends = events.iter().filter(|event| event.event.kind.ends_with("delivery.finished"));
    ends.map(|event| {
        let data = &event.event.data;
        let text = |field: &str| data[field].as_str().unwrap_or_default().to_owned();
        format!("{}/{} {}", text("result"), text("status"), text("message"))
    })
    .collect()
}

#[test]
fn a_key_makes_stages_and_services_take_turns() {
    let mut bench = Bench::new(&shipyard("{key: 'db-{service}'}"));
    begin(&mut bench, "one", "prod", "cart");
    begin(&mut bench, "two", "prod", "cart");
    begin(&mut bench, "three", "dev", "cart");
    begin(&mut bench, "four", "prod", "order");
    assert_eq!(open(&bench), ["one release", "four release"]);
    assert_eq!((bench.state("two"), bench.state("three")), ("waiting", "waiting"));
    let release = bench.offered().remove(0);
    bench.one(ingest(reaction(&release, "s", "started", ""))).unwrap();
    bench.one(ingest(reaction(&release, "f", "finished", "pass"))).unwrap();
    assert_eq!(open(&bench), ["four release", "one clean"], "the slot is left last");
    let clean = bench.offered().remove(1);
    bench.one(ingest(reaction(&clean, "s2", "started", ""))).unwrap();
    bench.one(ingest(reaction(&clean, "f2", "finished", "pass"))).unwrap();
    assert_eq!(open(&bench), ["four release", "two release"]);
}

#[test]
fn a_key_that_cannot_be_made_refuses_the_sequence() {
    let mut bench = Bench::new(&shipyard("{key: 'db-{labels.region}'}"));
    begin(&mut bench, "one", "prod", "cart");
    assert_eq!(open(&bench), Vec::<String>::new());
    let end = ends(&bench, "one").remove(0);
    assert!(end.starts_with("fail/errored Unable to start sequence delivery: "), "{end}");
    assert!(end.contains("labels.region"), "{end}");
}

#[test]
fn a_newer_run_supersedes_who_holds_who_waits_and_who_stands_aside() {
    let mut bench = Bench::new(&shipyard("{key: env, policy: supersede}"));
    begin(&mut bench, "aside", "dev", "cart");
    assert_eq!(open(&bench), ["aside approval"]);
    begin(&mut bench, "holder", "prod", "cart");
    assert_eq!(ends(&bench, "aside"), ["pass/aborted superseded by run 'holder'"]);
    assert_eq!(open(&bench), ["holder release"]);
    begin(&mut bench, "waiter", "prod", "cart");
    assert_eq!(open(&bench), ["holder clean"], "what runs at the end runs first");
    assert_eq!((bench.state("holder"), bench.state("waiter")), ("started", "waiting"));
    begin(&mut bench, "last", "prod", "cart");
    assert_eq!(ends(&bench, "waiter"), ["pass/aborted superseded by run 'last'"]);
    assert_eq!(open(&bench), ["holder clean"], "and to its end");
    let clean = bench.offered().remove(0);
    bench.one(ingest(reaction(&clean, "s", "started", ""))).unwrap();
    bench.one(ingest(reaction(&clean, "f", "finished", "pass"))).unwrap();
    assert_eq!(ends(&bench, "holder"), ["pass/aborted superseded by run 'waiter'"]);
    assert_eq!(open(&bench), ["last release"]);
    assert_eq!((bench.state("holder"), bench.run("waiter").result()), ("aborted", Some(RunResult::Aborted)));
}

#[test]
fn a_paused_run_is_superseded_too() {
    let mut bench = Bench::new(&shipyard("{key: env, policy: supersede}"));
    begin(&mut bench, "one", "prod", "cart");
    let (project, context) = ("p".to_owned(), "one".to_owned());
    let pause = Command::Control { project, context, stage: None, control: Control::Pause };
    assert_eq!(bench.one(pause).unwrap(), Reply::Done);
    begin(&mut bench, "two", "prod", "cart");
    bench.settle();
    assert_eq!(open(&bench), ["one clean"], "what the paused one does at the end comes first");
}

#[test]
fn one_that_is_rejected_says_by_what_and_has_failed() {
    let mut bench = Bench::new(&shipyard("{key: env, policy: reject}"));
    begin(&mut bench, "one", "dev", "cart");
    begin(&mut bench, "two", "prod", "order");
    assert_eq!(
        ends(&bench, "two"),
        [
            "fail/errored Unable to start sequence delivery: rejected, since run 'one' has 'env' and the sequence's policy is \
          'reject'"
        ]
    );
    assert_eq!((bench.state("two"), bench.run("two").result()), ("finished", Some(RunResult::Fail)));
    assert_eq!(open(&bench), ["one approval"], "although it only stands aside");
    // Sequences of its own run are not in its way, and once it is over neither are those of others.
    begin(&mut bench, "one", "prod", "cart");
    assert_eq!(open(&bench), ["one approval", "one release"]);
    let (project, context) = ("p".to_owned(), "one".to_owned());
    for _ in 0..2 {
        let (project, context) = (project.clone(), context.clone());
        bench.one(Command::Control { project, context, stage: None, control: Control::Abort }).unwrap();
    }
    begin(&mut bench, "three", "prod", "order");
    assert_eq!(open(&bench), ["three release"]);
}
