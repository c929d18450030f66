//! A run that failed is done again.

use capstan_engine::orchestrate::{Control, Fact, Origin, RunResult, Wish};
use capstan_runtime::command::{Command, CommandError, Reply};
use capstan_runtime::ports::Store;

use super::bench::{Bench, ingest, reaction, triggered};

const TWO: &str = "
{name: dev, sequences: [{name: delivery, tasks: [{name: build}, {name: check}]}]},
{name: a, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: left}]}]},
{name: b, sequences: [{name: go, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: right}]}]}";

fn rerun(run: &str, stage: Option<&str>, origin: Origin) -> Command {
    Command::Rerun {
        project: "p".to_owned(),
        context: run.to_owned(),
        stage: stage.map(str::to_owned),
        origin,
        wish: Wish { by: "kim".to_owned(), reason: "it was full".to_owned() },
    }
}

/// Answers the task that was offered first.
fn play(bench: &mut Bench, task: &str, result: &str) {
    let kind = format!("sh.keptn.event.{task}.triggered");
    let offer = bench.offered().into_iter().find(|offer| offer.kind == kind).unwrap();
    for phase in ["started", "finished"] {
        bench.one(ingest(reaction(&offer, &format!("{phase}-{}", offer.id), phase, result))).unwrap();
    }
    bench.settle();
}

fn names(bench: &Bench) -> Vec<String> {
    bench.offered().iter().map(|offer| offer.kind.split('.').nth(3).unwrap().to_owned()).collect()
}

fn begun(bench: &mut Bench) {
    bench.one(ingest(triggered("t", "one", "dev", "delivery"))).unwrap();
}

fn refusal(bench: &mut Bench, command: Command) -> String {
    let Err(CommandError::NotAgain(why)) = bench.one(command) else { panic!("it is refused") };
    why
}

#[test]
fn a_run_goes_on_where_it_failed_and_ends_as_if_it_never_had() {
    let mut bench = Bench::new(TWO);
    begun(&mut bench);
    play(&mut bench, "build", "pass");
    play(&mut bench, "check", "fail");
    assert_eq!((bench.state("one"), bench.run("one").result()), ("finished", Some(RunResult::Fail)));
    let reply = bench.one(rerun("one", None, Origin::Task)).unwrap();
    let Reply::Begun { sequence } = reply else { panic!("{reply:?}") };
    assert_eq!((names(&bench), bench.run("one").result()), (vec!["check".to_owned()], None));
    let (_, again) = bench.store.reader().sequence(&sequence).unwrap().unwrap();
    assert_eq!(again.open_task(1).unwrap().number, 2);
    play(&mut bench, "check", "warning");
    assert_eq!(names(&bench), ["left", "right"], "what follows, follows now");
    play(&mut bench, "left", "pass");
    play(&mut bench, "right", "pass");
    assert_eq!(bench.run("one").result(), Some(RunResult::Warning));
    let facts = bench.store.reader().facts(1, "one").unwrap();
    let said = facts.iter().any(|stored| {
        matches!(&stored.fact, Fact::Controlled { action, by, reason, stage: Some(stage) }
            if action == "rerun" && by == "kim" && reason == "it was full" && stage == "dev")
    });
    assert!(said, "who and why is on record");
}

#[test]
fn what_cannot_be_done_again_says_why() {
    let mut bench = Bench::new(TWO);
    assert_eq!(bench.one(rerun("one", None, Origin::Task)).unwrap(), Reply::Nothing);
    begun(&mut bench);
    let nothing = "nothing of the run has failed so far, so there is nothing to do again; it is still under way";
    assert_eq!(refusal(&mut bench, rerun("one", None, Origin::Task)), nothing);
    play(&mut bench, "build", "warning");
    play(&mut bench, "check", "pass");
    play(&mut bench, "left", "fail");
    assert_eq!(
        refusal(&mut bench, rerun("one", Some("b"), Origin::Task)),
        "nothing has failed in stage 'b'; what has failed: a.go"
    );
    play(&mut bench, "right", "fail");
    assert_eq!(
        refusal(&mut bench, rerun("one", None, Origin::Task)).split(" (").next(),
        Some("several of its sequences have failed")
    );
    assert!(refusal(&mut bench, rerun("one", None, Origin::Task)).ends_with("; name one stage"));
    assert!(matches!(bench.one(rerun("one", Some("b"), Origin::Stage)), Ok(Reply::Begun { .. })));
    assert_eq!(names(&bench), ["right"]);
    assert!(
        refusal(&mut bench, rerun("one", Some("b"), Origin::Stage)).starts_with("nothing has failed in stage 'b'; ")
    );
    // What was done again counts no more; what was not does.
    play(&mut bench, "right", "pass");
    assert_eq!(bench.run("one").result(), Some(RunResult::Fail));
    // There is one left, so that no stage needs to be named.
    assert!(matches!(bench.one(rerun("one", None, Origin::Task)), Ok(Reply::Begun { .. })));
    play(&mut bench, "left", "pass");
    assert_eq!(bench.run("one").result(), Some(RunResult::Pass));
}

#[test]
fn it_takes_its_turn_and_an_aborted_task_is_done_again() {
    let mut bench = Bench::new(TWO);
    begun(&mut bench);
    play(&mut bench, "build", "pass");
    let (project, context) = ("p".to_owned(), "one".to_owned());
    bench.one(Command::Control { project, context, stage: None, control: Control::Abort }).unwrap();
    bench.one(ingest(triggered("t2", "two", "dev", "delivery"))).unwrap();
    bench.one(rerun("one", None, Origin::Task)).unwrap();
    assert_eq!((names(&bench), bench.state("one")), (vec!["build".to_owned()], "waiting"));
    play(&mut bench, "build", "fail");
    assert_eq!(names(&bench), ["check"]);
    play(&mut bench, "check", "pass");
    assert_eq!(bench.run("two").result(), Some(RunResult::Fail));
}

#[test]
fn one_that_may_not_enter_stays_failed() {
    let mut bench = Bench::new(
        "{name: dev, sequences: [{name: delivery, concurrency: {key: env, policy: reject}, tasks: [{name: build}]}]}",
    );
    begun(&mut bench);
    play(&mut bench, "build", "fail");
    bench.one(ingest(triggered("t2", "two", "dev", "delivery"))).unwrap();
    let why = refusal(&mut bench, rerun("one", None, Origin::Task));
    assert!(why.contains("rejected, since run 'two' has 'env'"), "{why}");
    assert_eq!(bench.run("one").result(), Some(RunResult::Fail));
    // One that could not start at all was never begun, and cannot be done again.
    bench.one(ingest(triggered("t3", "three", "dev", "delivery"))).unwrap();
    assert!(refusal(&mut bench, rerun("three", None, Origin::Task)).starts_with("what has failed could not begin"));
}
