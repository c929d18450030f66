//! Claims, and those that wait for something to claim, one commit at a time.

use capstan_engine::orchestrate::{Fact, Why};
use capstan_runtime::command::{Answer, Command, CommandError, Grant, IdempotencyKey, Reply};
use capstan_runtime::ports::{EventFilter, Slice, Store};
use capstan_runtime::step::Outcome;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bench::{Bench, ingest, reaction, triggered, wanted};
use super::shipyards::ONE;

const GROUP: &str = "{name: dev, sequences: [{name: delivery, tasks: [
    {name: build, parallel: g}, {name: check, parallel: g}, {name: scan, parallel: g}]}]}";

fn trigger(bench: &mut Bench, run: &str) {
    bench.one(ingest(triggered(&format!("t-{run}"), run, "dev", "delivery"))).unwrap();
}

fn claim(bench: &mut Bench, tool: &str, tasks: &[&str], max: u64) -> Vec<Grant> {
    granted(bench.one(Command::Claim(Box::new(wanted(tool, tasks, max)))))
}

fn granted(reply: Result<Reply, CommandError>) -> Vec<Grant> {
    let Ok(Reply::Claimed(grants)) = reply else { panic!("{reply:?}") };
    grants
}

/// Which of those that wait were granted what.
fn handed_out(outcome: &Outcome) -> Vec<(usize, Vec<&str>)> {
    let mut all: Vec<_> = outcome
        .granted
        .iter()
        .map(|(at, grants)| (*at, grants.iter().map(|grant| grant.task.as_str()).collect()))
        .collect();
    all.sort_unstable();
    all
}

fn answer(lease: &str, id: &str, result: &str) -> Command {
    let data = json!({"status": "succeeded", "result": result});
    let key = IdempotencyKey::of_lease(lease, &serde_json::to_vec(&data).unwrap());
    let Value::Object(data) = data else { panic!("it is a map") };
    Command::Answer(Box::new(Answer {
        lease: lease.to_owned(),
        tool: Some("a".to_owned()),
        id: id.to_owned(),
        data,
        key,
    }))
}

fn release(lease: &str) -> Command {
    Command::Release { lease: lease.to_owned(), reason: "no room".to_owned() }
}

fn beat(lease: &str) -> Command {
    Command::Heartbeat { lease: lease.to_owned(), progress: None }
}

fn ignored(bench: &Bench, run: &str) -> Vec<Why> {
    let facts = bench.store.reader().facts(1, run).unwrap();
    let why = facts.into_iter().filter_map(|stored| match stored.fact {
        Fact::Ignored { why, .. } => Some(why),
        _ => None,
    });
    why.collect()
}

fn events(bench: &Bench, kind: &str) -> u64 {
    let filter = EventFilter { kind: Some(format!("sh.keptn.event.{kind}")), ..EventFilter::default() };
    bench.store.reader().events(&filter, Slice::ALL).unwrap().total
}

#[test]
fn the_oldest_are_granted_up_to_so_many_and_each_once_for_a_tools_name() {
    let mut bench = Bench::new(GROUP);
    trigger(&mut bench, "one");
    let first = claim(&mut bench, "a", &["scan", "check", "build"], 2);
    assert_eq!(first.iter().map(|grant| grant.task.as_str()).collect::<Vec<_>>(), ["build", "check"]);
    assert_eq!((first[0].attempt, &first[0].event), (1, &bench.offered()[0]));
    assert_eq!(claim(&mut bench, "a", &["scan", "check", "build"], 9).len(), 1);
    assert_eq!(claim(&mut bench, "a", &["build"], 9), []);
    assert_eq!(claim(&mut bench, "b", &["build", "build"], 9).len(), 1, "another tool has its own");
    assert_eq!(events(&bench, "build.started"), 2);
    // Who has started without a claim has the task, too.
    let scan = bench.offered().remove(2);
    bench.one(ingest(reaction(&scan, "s", "started", ""))).unwrap();
    assert_eq!(claim(&mut bench, "test", &["scan"], 9), []);
}

#[test]
fn what_is_offered_goes_to_who_has_waited_longest_in_the_same_commit() {
    let mut bench = Bench::new(GROUP);
    let waiting = [
        wanted("a", &["check"], 1),
        wanted("a", &["build", "check", "scan"], 2),
        wanted("b", &["build", "scan"], 9),
        wanted("b", &["scan"], 9),
        wanted("c", &["deploy"], 9),
    ];
    let outcome = bench.step_with(&[ingest(triggered("t", "one", "dev", "delivery"))], &waiting).unwrap();
    assert_eq!(
        handed_out(&outcome),
        [(0, vec!["check"]), (1, vec!["build", "scan"]), (2, vec!["build", "scan"])],
        "one for each name and task, up to so many, the oldest first"
    );
    assert_eq!(events(&bench, "build.started"), 2);
    let mut limited = wanted("d", &["build"], 1);
    limited.stage = Some("prod".to_owned());
    let elsewhere = bench.step_with(&[ingest(triggered("t2", "one", "dev", "delivery"))], &[limited]).unwrap();
    assert_eq!(handed_out(&elsewhere), []);
}

#[test]
fn who_was_served_by_one_command_of_a_batch_is_not_served_by_the_next() {
    let mut bench = Bench::new(ONE);
    let commands = ["one", "two"].map(|run| {
        let mut event = triggered(&format!("t-{run}"), run, "dev", "delivery");
        event.data["service"] = run.into();
        ingest(event)
    });
    let waiting = [wanted("a", &["build"], 1), wanted("a", &["build"], 1)];
    let outcome = bench.step_with(&commands, &waiting).unwrap();
    assert_eq!(handed_out(&outcome), [(0, vec!["build"]), (1, vec!["build"])]);
    assert_ne!(outcome.granted[0].1[0].lease.id, outcome.granted[1].1[0].lease.id);
}

#[test]
fn a_command_that_fails_grants_nothing_and_a_failed_commit_leaves_those_who_wait() {
    let mut bench = Bench::new(ONE);
    let waiting = [wanted("a", &["build"], 1)];
    let trigger = ingest(triggered("t", "one", "dev", "delivery"));
    bench.store.disk().fail_next_commit();
    assert!(bench.step_with(std::slice::from_ref(&trigger), &waiting).is_err());
    bench.store.reopen().unwrap();
    assert_eq!(events(&bench, "build.started"), 0);
    let outcome = bench.step_with(&[trigger], &waiting).unwrap();
    assert_eq!(handed_out(&outcome), [(0, vec!["build"])]);
}

#[test]
fn what_is_given_back_goes_to_who_waits_under_that_name() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let first = claim(&mut bench, "a", &["build"], 1).remove(0);
    let waiting = [wanted("a", &["check"], 1), wanted("a", &["build"], 1), wanted("b", &["build"], 1)];
    // The third has not claimed before only because it came first here; it is served, too.
    let outcome = bench.step_with(&[release(&first.lease.id)], &waiting).unwrap();
    assert_eq!(handed_out(&outcome), [(1, vec!["build"]), (2, vec!["build"])]);
    let second = &outcome.granted.iter().find(|(at, _)| *at == 1).unwrap().1[0];
    assert_eq!((second.attempt, &second.event), (1, &first.event));
    assert_ne!(second.lease.id, first.lease.id);
    // Where the others had answered nothing is left to take.
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let a = claim(&mut bench, "a", &["build"], 1).remove(0);
    let b = claim(&mut bench, "b", &["build"], 1).remove(0);
    bench.one(answer(&a.lease.id, "f", "pass")).unwrap();
    let outcome = bench.step_with(&[release(&b.lease.id)], &[wanted("b", &["build"], 1)]).unwrap();
    assert_eq!((handed_out(&outcome), bench.state("one")), (Vec::new(), "finished"));
}

#[test]
fn a_lost_lease_goes_to_who_waits() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let first = claim(&mut bench, "a", &["build"], 1).remove(0);
    bench.pass(SignedDuration::from_secs(60));
    let outcome = bench.step_with(&[Command::Timers], &[wanted("a", &["build"], 1)]).unwrap();
    assert_eq!(handed_out(&outcome), [(0, vec!["build"])]);
    let second = &outcome.granted[0].1[0];
    assert_eq!(second.attempt, 2);
    assert_ne!(second.event.id, first.event.id);
}

#[test]
fn grants_count_among_what_a_command_may_cause_and_none_of_them_is_lost() {
    let mut stages = String::from("{name: dev, sequences: [{name: delivery, tasks: [{name: first}]}]}");
    for n in 0..80 {
        stages += &format!(
            ", {{name: s{n}, sequences: [{{name: go, triggeredOn: [{{event: dev.delivery.finished}}], tasks: [{{name: build}}]}}]}}"
        );
    }
    let mut bench = Bench::new(&stages);
    trigger(&mut bench, "one");
    let first = claim(&mut bench, "a", &["first"], 1).remove(0);
    let waiting = vec![wanted("a", &["build"], 200)];
    let outcome = bench.step_with(&[answer(&first.lease.id, "f", "pass")], &waiting).unwrap();
    assert!(outcome.deferred);
    let offered = bench.offered().len();
    let at_once: usize = outcome.granted.iter().map(|(_, grants)| grants.len()).sum();
    assert_eq!(at_once, offered, "whatever was offered was granted");
    let mut all = at_once;
    while bench.store.reader().has_deferred().unwrap() {
        let outcome = bench.step_with(&[Command::Deferred], &waiting).unwrap();
        all += outcome.granted.iter().map(|(_, grants)| grants.len()).sum::<usize>();
    }
    assert_eq!((all, bench.offered().len()), (80, 80));
}

#[test]
fn a_claim_repeated_under_its_key_gets_what_it_has_still() {
    let mut bench = Bench::new(GROUP);
    trigger(&mut bench, "one");
    let mut keyed = wanted("a", &["build", "check"], 1);
    keyed.key = Some("k".to_owned());
    let mut again = || granted(bench.one(Command::Claim(Box::new(keyed.clone()))));
    let first = again();
    assert_eq!((first.len(), again()), (1, first.clone()));
    bench.one(release(&first[0].lease.id)).unwrap();
    let mut again = || granted(bench.one(Command::Claim(Box::new(keyed.clone()))));
    let second = again();
    assert_eq!((second.len(), second[0].event == first[0].event), (1, true));
    assert_ne!(second[0].lease.id, first[0].lease.id);
    assert_eq!(again(), second);
    bench.pass(SignedDuration::from_mins(61));
    bench.step(&[Command::Timers]).unwrap();
    // Also what was granted to one that waited.
    let mut bench = Bench::new(GROUP);
    let outcome = bench.step_with(&[ingest(triggered("t", "one", "dev", "delivery"))], &[keyed.clone()]).unwrap();
    let granted_then = outcome.granted[0].1.clone();
    assert_eq!(granted(bench.one(Command::Claim(Box::new(keyed)))), granted_then);
}

#[test]
fn an_answer_by_lease_counts_once() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    let first = bench.one(answer(&lease, "f-1", "pass")).unwrap();
    assert!(matches!(&first, Reply::Accepted { context, id, ignored: None } if context == "one" && id == "f-1"));
    assert_eq!(bench.one(answer(&lease, "f-2", "pass")).unwrap(), first);
    let another = bench.one(answer(&lease, "f-3", "fail"));
    assert!(matches!(another, Err(CommandError::AnsweredOtherwise(_))), "{another:?}");
    assert_eq!((events(&bench, "build.finished"), bench.state("one")), (1, "finished"));
    let finished = bench.store.reader().events(
        &EventFilter { kind: Some("sh.keptn.event.build.finished".to_owned()), ..EventFilter::default() },
        Slice::ALL,
    );
    let finished = finished.unwrap().items.remove(0).event;
    assert_eq!((finished.source.as_str(), finished.data["stage"].as_str()), ("a", Some("dev")));
}

#[test]
fn an_answer_after_the_loss_is_stored_and_ignored() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    bench.pass(SignedDuration::from_secs(60));
    bench.one(Command::Timers).unwrap();
    let reply = bench.one(answer(&lease, "f", "pass")).unwrap();
    let Reply::Accepted { ignored: Some(why), .. } = &reply else { panic!("{reply:?}") };
    assert_eq!(
        why,
        "attempt 1 of task 'build' was over before it came: 'a', which had claimed task 'build', gave no sign of life for \
         1 min"
    );
    assert_eq!(bench.one(answer(&lease, "f-2", "pass")).unwrap(), reply, "a repeat is told the same");
    assert_eq!(events(&bench, "build.finished"), 1);
    assert!(matches!(ignored(&bench, "one")[..], [Why::AttemptOver { attempt: 1, .. }]));
    // And after it was given back.
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    bench.one(release(&lease)).unwrap();
    bench.one(answer(&lease, "f-3", "pass")).unwrap();
    assert!(matches!(&ignored(&bench, "one")[..], [_, Why::LeaseOver { lease: it }] if *it == lease));
}

#[test]
fn a_dead_lease_says_why() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    let why = |reply: Result<Reply, CommandError>| reply.unwrap_err().to_string();
    bench.pass(SignedDuration::from_secs(30));
    let Ok(Reply::Renewed(renewed)) = bench.one(beat(&lease)) else { panic!("it lives") };
    assert_eq!(renewed.last_sign, bench.now);
    bench.pass(SignedDuration::from_secs(60));
    bench.one(Command::Timers).unwrap();
    let over = format!("lease '{lease}' is over: ");
    let lost = "attempt 1 of task 'build' was over before it came: 'a', which had claimed task 'build', gave no sign of \
                life for 1 min";
    assert_eq!(why(bench.one(beat(&lease))), format!("{over}{lost}"));
    assert_eq!(why(bench.one(release(&lease))), format!("{over}{lost}"));
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    bench.one(release(&lease)).unwrap();
    assert_eq!(bench.one(release(&lease)).unwrap(), Reply::Done, "said twice is said once");
    assert_eq!(why(bench.one(beat(&lease))), format!("lease '{lease}' is over: it was answered or given back"));
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    bench.one(answer(&lease, "f", "pass")).unwrap();
    assert!(why(bench.one(beat(&lease))).ends_with("the sequence had ended before it came (finished)"));
    for unknown in ["", "x", "x.1", ".1", "x.", "no.such.lease"] {
        assert_eq!(why(bench.one(beat(unknown))), format!("there is no lease '{unknown}'"));
        assert!(matches!(bench.one(answer(unknown, "f", "pass")), Err(CommandError::UnknownLease(_))));
    }
}

#[test]
fn a_start_of_the_holder_is_stored_and_ignored() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    claim(&mut bench, "test", &["build"], 1);
    let build = bench.offered().remove(0);
    bench.one(ingest(reaction(&build, "s", "started", ""))).unwrap();
    assert!(matches!(ignored(&bench, "one")[..], [Why::Claimed { .. }]));
    bench.one(ingest(reaction(&build, "f", "finished", "pass"))).unwrap();
    assert_eq!((bench.state("one"), events(&bench, "build.started")), ("finished", 2));
}

#[test]
fn a_claimed_task_stays_listed() {
    let mut bench = Bench::new(ONE);
    trigger(&mut bench, "one");
    let lease = claim(&mut bench, "a", &["build"], 1).remove(0).lease.id;
    assert_eq!(bench.offered().len(), 1);
    bench.one(answer(&lease, "f", "pass")).unwrap();
    assert_eq!(bench.offered().len(), 0);
}
