//! Whatever comes, in whatever order.

use capstan_engine::orchestrate::{
    Control, Fact, Input, Limits, Phase, ReactionKind, Sequence, Slot, apply, born, decide,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::driver::{Driver, birth, definition};

#[derive(Debug, Clone)]
enum Step {
    React {
        source: &'static str,
        kind: ReactionKind,
        task: TaskOf,
        verdict: (&'static str, &'static str),
    },
    OtherRun,
    Grant,
    Blocked,
    Control(Control),
    Pass(i64),
    Restart,
    /// The last reaction once more.
    Again,
}

#[derive(Debug, Clone, Copy)]
enum TaskOf {
    Open,
    Earlier(usize),
    Nobody,
}

fn any_step() -> impl Strategy<Value = Step> {
    let source = prop::sample::select(vec!["a", "b", "c"]);
    let kind = prop::sample::select(vec![ReactionKind::Started, ReactionKind::Finished, ReactionKind::StatusChanged]);
    let task =
        prop_oneof![8 => Just(TaskOf::Open), 1 => (0_usize..4).prop_map(TaskOf::Earlier), 1 => Just(TaskOf::Nobody)];
    let result = prop::sample::select(vec!["pass", "pass", "pass", "warning", "fail", "", "odd"]);
    let status = prop::sample::select(vec!["succeeded", "succeeded", "succeeded", "errored", "aborted", "", "odd"]);
    let react = (source, kind, task, result, status).prop_map(|(source, kind, task, result, status)| Step::React {
        source,
        kind,
        task,
        verdict: (result, status),
    });
    // Seconds around the limits of 60, 600 and 1,000.
    let pass = prop::sample::select(vec![0, 1, 59, 60, 61, 400, 599, 600, 601, 1_000, 5_000]);
    prop_oneof![
        10 => react,
        1 => Just(Step::OtherRun),
        3 => Just(Step::Grant),
        1 => Just(Step::Blocked),
        2 => prop::sample::select(vec![Control::Pause, Control::Resume]).prop_map(Step::Control),
        1 => prop::bool::weighted(0.2).prop_map(|end| if end { Step::Control(Control::Abort) } else { Step::Restart }),
        4 => pass.prop_map(Step::Pass),
        2 => Just(Step::Again),
    ]
}

fn any_tasks() -> impl Strategy<Value = String> {
    let task = prop::sample::select(vec!["build", "check", "approval", "build 1m", "approval 10m"]);
    prop::collection::vec(task, 1..5).prop_map(|tasks| tasks.join(", "))
}

fn limits() -> Limits {
    Limits {
        start_timeout: SignedDuration::from_secs(60),
        task_timeout: SignedDuration::from_secs(600),
        reminder: SignedDuration::from_secs(1_000),
        ..Limits::default()
    }
}

/// What the decision of one input must keep to.
fn check(before: &Sequence, driver: &Driver, from: usize) {
    let new = &driver.facts[from..];
    let ends = driver.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Ended(_))).count();
    assert_eq!(ends, usize::from(driver.sequence.is_over()));
    assert_eq!(driver.published.len(), ends, "its end is told once");
    if before.is_over() {
        assert_eq!(*before, driver.sequence);
        assert!(new.iter().all(|(_, fact)| matches!(fact, Fact::Ignored { .. })), "after the end: {new:?}");
    }
    if driver.sequence.phase == Phase::Queued {
        assert!(driver.offers.is_empty());
    }
    driver.check_clock();
}

/// Stored facts, read again, lead to the state that was decided on.
fn check_fold(driver: &Driver) {
    let stored = serde_json::to_string(&driver.facts.iter().map(|(_, fact)| fact).collect::<Vec<_>>()).unwrap();
    let read: Vec<Fact> = serde_json::from_str(&stored).unwrap();
    let mut times = driver.facts.iter().map(|(at, _)| *at);
    let mut facts = read.iter();
    let Some(Fact::Triggered(birth)) = facts.next() else { panic!("it begins with its birth") };
    let mut folded = born((**birth).clone(), times.next().unwrap());
    for (fact, at) in facts.zip(times) {
        apply(&mut folded, fact, at);
    }
    assert_eq!(folded, driver.sequence);
    let state = serde_json::to_string(&driver.sequence).unwrap();
    assert_eq!(serde_json::from_str::<Sequence>(&state).unwrap(), driver.sequence);
}

fn run(driver: &mut Driver, steps: Vec<Step>) {
    let mut last = None;
    for step in steps {
        let before = driver.sequence.clone();
        let from = driver.facts.len();
        let had_slot = before.slot;
        match step {
            Step::React { source, kind, task, verdict: (result, status) } => {
                let id = match task {
                    TaskOf::Open => driver.id_of(None),
                    TaskOf::Earlier(at) => driver.offers.get(at).map_or_else(String::new, |offer| offer.id.clone()),
                    TaskOf::Nobody => "nobody".to_owned(),
                };
                let data = json!({ "result": result, "status": status, "n": from, "list": [result] });
                let reaction = driver.reaction(source, kind, &id, data);
                driver.hear(&Input::Reaction(reaction.clone()));
                last = Some(reaction);
            }
            Step::Again => {
                let Some(reaction) = last.clone() else { continue };
                let owed = before.current().map_or(0, |(_, attempt)| {
                    let of = |finished| {
                        attempt.events.iter().filter(|e| e.finished == finished && e.source == reaction.source).count()
                    };
                    of(false).saturating_sub(of(true))
                });
                let is_answer = reaction.kind == ReactionKind::Finished;
                let was_heard = before
                    .current()
                    .is_some_and(|(_, attempt)| attempt.events.iter().any(|event| event.id == reaction.event_id));
                let decision = driver.hear(&Input::Reaction(reaction));
                if is_answer && (before.is_over() || (was_heard && owed == 0)) {
                    assert!(matches!(decision.facts[..], [Fact::Ignored { .. }]), "{decision:?}");
                    assert!(decision.effects.is_empty());
                }
            }
            Step::OtherRun => {
                let id = driver.id_of(None);
                let mut reaction = driver.reaction("a", ReactionKind::Finished, &id, Value::Null);
                reaction.context = "another".to_owned();
                let decision = driver.hear(&Input::Reaction(reaction));
                assert!(matches!(decision.facts[..], [Fact::Ignored { .. }]), "{decision:?}");
            }
            Step::Grant => {
                driver.hear(&Input::SlotGranted);
                if had_slot != Slot::Wanted {
                    assert_eq!(driver.sequence, before, "a grant that it did not wait for");
                }
            }
            Step::Blocked => {
                driver.hear(&Input::Blocked { behind: vec!["other".to_owned()] });
                assert_eq!(driver.sequence, before);
            }
            Step::Control(control) => {
                driver.hear(&Input::Control(control));
                if control == Control::Abort {
                    assert!(driver.sequence.is_over());
                }
            }
            Step::Pass(seconds) => {
                driver.pass(SignedDuration::from_secs(seconds));
            }
            Step::Restart => driver.up_since = driver.at,
        }
        check(&before, driver, from);
    }
    check_fold(driver);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_waits_without_a_clock_and_nothing_ends_twice(
        tasks in any_tasks(),
        paused in prop::bool::weighted(0.1),
        grants in any::<bool>(),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut birth = birth(definition(&tasks), Value::Null);
        birth.paused = paused;
        let mut driver = Driver::under(birth, limits(), grants);
        run(&mut driver, steps);
    }

    /// A tool that answers, others that fall silent: sooner or later it is over.
    #[test]
    fn whoever_starts_and_is_silent_holds_nothing_up_for_ever(
        tasks in prop::collection::vec(prop::sample::select(vec!["build", "check", "test 1m"]), 1..4),
        steps in prop::collection::vec(any_step(), 0..40),
    ) {
        let mut driver = Driver::under(birth(definition(&tasks.join(", ")), Value::Null), limits(), true);
        run(&mut driver, steps);
        driver.hear(&Input::Control(Control::Resume));
        driver.pass(SignedDuration::from_hours(1));
        prop_assert!(driver.sequence.is_over(), "{:?}", driver.sequence.phase);
    }

    /// Nothing of what it is told can make it panic, least of all at the ends of time.
    #[test]
    fn no_time_is_too_early_or_too_late(late in any::<bool>(), steps in prop::collection::vec(any_step(), 0..20)) {
        let at = if late { jiff::Timestamp::MAX } else { jiff::Timestamp::MIN };
        let mut driver = Driver::of("build, check 1h");
        for step in steps {
            let id = driver.id_of(None);
            let input = match step {
                Step::React { source, kind, .. } => Input::Reaction(driver.reaction(source, kind, &id, Value::Null)),
                Step::Control(control) => Input::Control(control),
                Step::Pass(_) => Input::Timer { kind: capstan_engine::orchestrate::TimerKind::Deadline, up_since: at },
                _ => Input::SlotGranted,
            };
            let decision = decide(&driver.sequence, &input, at, &limits());
            for fact in &decision.facts {
                apply(&mut driver.sequence, fact, at);
            }
        }
    }
}
