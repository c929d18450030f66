//! Runs: how they are kept and asked for.

use std::collections::BTreeMap;

use capstan_engine::orchestrate::{OpenSequence, Outcome, Run, RunState};

use super::build::run;
use super::lab::{Lab, at, check_pages, nanosecond};
use crate::ports::{ProjectId, RunFilter, Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

fn shop() -> RunFilter {
    RunFilter { project: "shop".to_owned(), ..RunFilter::default() }
}

fn context(run: &Run) -> String {
    run.context.clone()
}

fn put(lab: &mut Lab, project: ProjectId, runs: &[Run]) {
    lab.commit(|tx| {
        for run in runs {
            tx.put_run(project, run).unwrap();
        }
    });
}

/// With all that it says; a second one of the same context takes its place.
pub(super) fn a_run_reads_back_and_is_replaced(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (project, bank) = (lab.project("shop"), lab.project("bank"));
    let first = run("c-1", at(1) + nanosecond());
    let mut second = run("c-1", at(2));
    second.open.clear();
    second.problem_title = None;
    second.commit = Some("0a1b2c".to_owned());
    second.paused_stages.clear();
    second.stages.clear();
    for run in [&first, &second] {
        lab.commit(|tx| {
            tx.put_run(project, run).unwrap();
            assert_eq!(tx.run(project, "c-1").unwrap().as_ref(), Some(run));
            assert_eq!(tx.run(bank, "c-1").unwrap(), None);
            assert_eq!(tx.run(project, "c-2").unwrap(), None);
        });
        let page = lab.reader.runs(&shop(), Slice::ALL).unwrap();
        assert_eq!((page.items, page.total), (vec![run.clone()], 1));
        assert_eq!(lab.reader.runs_of("c-1").unwrap(), std::slice::from_ref(run));
        assert_eq!(lab.peek(|tx| tx.run(project, "c-1").unwrap()).as_ref(), Some(run));
    }
    assert_eq!(lab.reader.runs_of("c-2").unwrap(), []);
}

/// By the time of the first trigger to the nanosecond, whatever the order in which they were put.
pub(super) fn runs_come_newest_first_in_pages(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (project, bank) = (lab.project("shop"), lab.project("bank"));
    let times = [("c", at(5)), ("e", at(-9_000_000)), ("b", at(5) + nanosecond()), ("d", at(4)), ("a", at(6))];
    put(&mut lab, project, &times.map(|(context, time)| run(context, time)));
    put(&mut lab, bank, &[run("x", at(5)), run("a", at(1))]);
    put(&mut lab, project, &[run("d", at(4))]);
    // Of one time: that of the later position first.
    put(&mut lab, project, &[Run { ordinal: 3, ..run("b2", at(6)) }, Run { ordinal: 2, ..run("b1", at(6)) }]);
    check_pages(&["b2", "b1", "a", "b", "c", "d", "e"], context, |slice| lab.reader.runs(&shop(), slice).unwrap());
    check_pages(&["b", "d"], context, |slice| {
        let contexts = vec!["d".to_owned(), "b".to_owned()];
        lab.reader.runs(&RunFilter { contexts, ..shop() }, slice).unwrap()
    });
}

/// Alone and together; the project always.
pub(super) fn each_field_filters(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (project, bank) = (lab.project("shop"), lab.project("bank"));
    let named = |context: &str, second, name: &str| Run { name: name.to_owned(), ..run(context, at(second)) };
    let mut over = named("c", 3, "delivery");
    over.open.clear();
    put(&mut lab, project, &[named("a", 1, "delivery"), named("b", 2, "evaluation"), over]);
    put(&mut lab, bank, &[named("d", 4, "delivery")]);
    let text = |text: &str| Some(text.to_owned());
    let contexts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let finished = RunFilter { state: text("finished"), ..shop() };
    let cases: [(RunFilter, &[&str]); 16] = [
        (shop(), &["c", "b", "a"]),
        (RunFilter { project: "bank".to_owned(), ..shop() }, &["d"]),
        (RunFilter { project: "nobody".to_owned(), ..shop() }, &[]),
        (RunFilter { name: text("delivery"), ..shop() }, &["c", "a"]),
        (RunFilter { name: text("deliver"), ..shop() }, &[]),
        (RunFilter { state: text("started"), ..shop() }, &["b", "a"]),
        (finished.clone(), &["c"]),
        (RunFilter { state: text("Finished"), ..shop() }, &[]),
        (RunFilter { after: Some(at(2)), ..shop() }, &["c"]),
        (RunFilter { before: Some(at(2)), ..shop() }, &["a"]),
        (RunFilter { after: Some(at(2) - nanosecond()), before: Some(at(2) + nanosecond()), ..shop() }, &["b"]),
        (RunFilter { contexts: contexts(&["a", "c", "d", "a"]), ..shop() }, &["c", "a"]),
        (RunFilter { contexts: contexts(&["x"]), ..shop() }, &[]),
        (RunFilter { contexts: contexts(&["a", "b"]), name: text("delivery"), ..shop() }, &["a"]),
        (RunFilter { name: text("delivery"), after: Some(at(1)), ..finished.clone() }, &["c"]),
        (RunFilter { name: text("evaluation"), ..finished }, &[]),
    ];
    for (filter, expected) in cases {
        let page = lab.reader.runs(&filter, Slice::ALL).unwrap();
        assert_eq!(page.items.iter().map(context).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(page.total, expected.len() as u64, "total of {filter:?}");
    }
}

/// By its word, also after the run has come to another one.
pub(super) fn every_state_can_be_asked_for(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let project = lab.project("shop");
    let states = [
        RunState::Waiting,
        RunState::Started,
        RunState::Paused,
        RunState::Finished,
        RunState::Aborted,
        RunState::TimedOut,
    ];
    for state in states {
        let mut run = run("c-1", at(1));
        run.paused = state == RunState::Paused;
        run.last = match state {
            RunState::Aborted => Outcome::Aborted,
            RunState::TimedOut => Outcome::TimedOut,
            _ => Outcome::Finished,
        };
        let open = OpenSequence { stage: "dev".to_owned(), queued: state == RunState::Waiting };
        let is_over = matches!(state, RunState::Finished | RunState::Aborted | RunState::TimedOut);
        run.open = if is_over { BTreeMap::new() } else { BTreeMap::from([("s".to_owned(), open)]) };
        assert_eq!(run.state(), state);
        put(&mut lab, project, &[run]);
        for asked in states {
            let filter = RunFilter { state: Some(asked.word().to_owned()), ..shop() };
            let total = lab.reader.runs(&filter, Slice::ALL).unwrap().total;
            assert_eq!(total, u64::from(asked == state), "a run that is {state:?}, asked for {asked:?}");
        }
    }
}

/// The newest project comes first, whatever the times of the runs.
pub(super) fn one_context_may_be_in_several_projects(make: Make<'_>) {
    let mut lab = Lab::new(make);
    // Names in no order, so that a list by name shows.
    let projects = ["b", "c", "a"].map(|name| lab.project(name));
    for (n, project) in [(1, projects[2]), (3, projects[0]), (2, projects[1])] {
        let name = format!("of-{n}");
        put(&mut lab, project, &[Run { name, ..run("c-1", at(n)) }, run(&format!("c-1{n}"), at(1))]);
    }
    let names =
        |lab: &Lab| -> Vec<String> { lab.reader.runs_of("c-1").unwrap().into_iter().map(|run| run.name).collect() };
    assert_eq!(names(&lab), ["of-1", "of-2", "of-3"]);
    lab.commit(|tx| tx.bury_project(projects[1]).unwrap());
    assert_eq!(names(&lab), ["of-1", "of-3"]);
    for (name, time) in [("b", 3), ("a", 1)] {
        let filter = RunFilter { project: name.to_owned(), contexts: vec!["c-1".to_owned()], ..RunFilter::default() };
        assert_eq!(lab.reader.runs(&filter, Slice::ALL).unwrap().items[0].time, at(time));
    }
}
