//! Whatever comes, in whatever order.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{
    Claim, Control, Effect, Fact, Input, Lease, Limits, Origin, Outcome, Phase, ReactionKind, Sequence, Slot, apply,
    born, decide,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::driver::{Driver, birth, definition, written};

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
    Superseded,
    Claim {
        source: &'static str,
        task: TaskOf,
        seconds: i64,
    },
    Beat(&'static str),
    Release(&'static str),
    /// An answer by the last lease of a tool, which may be over.
    ByLease(&'static str, &'static str),
    Pass(i64),
    SetBack(i64),
    Restart,
    /// The last reaction once more.
    Again,
}

#[derive(Debug, Clone, Copy)]
enum TaskOf {
    Open,
    /// That of a group.
    OpenAt(usize),
    Earlier(usize),
    Nobody,
}

fn any_step() -> impl Strategy<Value = Step> {
    let source = prop::sample::select(vec!["a", "b", "c"]);
    let kind = prop::sample::select(vec![ReactionKind::Started, ReactionKind::Finished, ReactionKind::StatusChanged]);
    let task = || {
        prop_oneof![
            4 => Just(TaskOf::Open),
            6 => (0_usize..3).prop_map(TaskOf::OpenAt),
            1 => (0_usize..6).prop_map(TaskOf::Earlier),
            1 => Just(TaskOf::Nobody),
        ]
    };
    let tool = || prop::sample::select(vec!["a", "b", "c"]);
    let result = prop::sample::select(vec!["pass", "pass", "pass", "warning", "fail", "", "odd"]);
    let status = prop::sample::select(vec!["succeeded", "succeeded", "succeeded", "errored", "aborted", "", "odd"]);
    let react = (source, kind, task(), result, status).prop_map(|(source, kind, task, result, status)| Step::React {
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
        1 => prop::bool::weighted(0.2).prop_map(|it| if it { Step::Superseded } else { Step::Blocked }),
        5 => (tool(), task(), prop::sample::select(vec![30, 300, 3_000]))
            .prop_map(|(source, task, seconds)| Step::Claim { source, task, seconds }),
        2 => tool().prop_map(Step::Beat),
        1 => tool().prop_map(Step::Release),
        3 => (tool(), prop::sample::select(vec!["pass", "pass", "warning", "fail"]))
            .prop_map(|(tool, result)| Step::ByLease(tool, result)),
        4 => pass.prop_map(Step::Pass),
        1 => prop::sample::select(vec![1, 60, 700]).prop_map(Step::SetBack),
        2 => Just(Step::Again),
    ]
}

fn any_tasks() -> impl Strategy<Value = String> {
    let task = prop::sample::select(vec!["build", "check", "approval", "build 1m", "approval 10m"]);
    prop::collection::vec(task, 1..5).prop_map(|tasks| tasks.join(", "))
}

/// A sequence with all that a shipyard can say of one.
fn any_definition(tasks: &'static [&'static str]) -> impl Strategy<Value = String> {
    let keys = || {
        let retry = prop::sample::select(vec!["", "", ", retry: {attempts: 2}", ", retry: {attempts: 3, backoff: 1m}"]);
        let limits = prop::sample::select(vec!["", "", "", ", timeout: 2m", ", startTimeout: 5m"]);
        let when =
            prop::sample::select(vec!["", "", "", ", when: n > 2", ", when: result != 'warning'", ", when: false"]);
        let delay = prop::sample::select(vec!["", "", "", ", triggeredAfter: 1m"]);
        (retry, limits, when, delay).prop_map(|(retry, limits, when, delay)| format!("{retry}{limits}{when}{delay}"))
    };
    let name = move || prop::sample::select(tasks);
    // A step is a group where it has more than one task.
    let step = move || (prop::collection::vec((name(), keys()), 1..4), any::<bool>());
    let steps = (prop::collection::vec(step(), 0..4), prop::collection::vec(step(), 0..3));
    let timeout = prop::sample::select(vec!["", "", "timeout: 20m, "]);
    (steps, timeout).prop_filter_map("it has tasks", |((steps, at_the_end), timeout)| {
        let mut tasks = Vec::new();
        let all = steps.iter().map(|step| (step, "")).chain(at_the_end.iter().map(|step| (step, ", finally: true")));
        for (group, ((members, any), finally)) in all.enumerate() {
            for (at, (name, keys)) in members.iter().enumerate() {
                let parallel = if members.len() > 1 { format!(", parallel: g{group}") } else { String::new() };
                let join = if members.len() > 1 && *any && at == 0 { ", join: any" } else { "" };
                tasks.push(format!("{{name: {name}{keys}{parallel}{join}{finally}}}"));
            }
        }
        (!tasks.is_empty()).then(|| format!("{timeout}tasks: [{}]", tasks.join(", ")))
    })
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
    let told = driver.published.iter().filter(|event| event.triggered_id.as_deref() == Some("trigger")).count();
    let ends = driver.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Ended(_))).count();
    assert_eq!(ends, usize::from(driver.sequence.is_over()));
    assert_eq!(told, ends, "its end is told once");
    if before.is_over() {
        assert_eq!(*before, driver.sequence);
        assert!(new.iter().all(|(_, fact)| matches!(fact, Fact::Ignored { .. })), "after the end: {new:?}");
    }
    if driver.sequence.phase == Phase::Queued {
        assert!(driver.offers.is_empty());
    }
    let (mut paused, mut slot) = (before.paused, before.slot);
    for (_, fact) in new {
        match fact {
            Fact::Paused => paused = true,
            Fact::Resumed => paused = false,
            Fact::Closing(closing) => paused &= closing.outcome != Outcome::Aborted,
            Fact::SlotWanted => slot = Slot::Wanted,
            Fact::SlotHeld => slot = Slot::Held,
            Fact::SlotFreed => slot = Slot::None,
            Fact::TaskOffered { .. } => assert!(!paused && slot == Slot::Held, "offered out of turn: {new:?}"),
            _ => {}
        }
    }
    // An approval is offered in its turn, which it then leaves to others; what is offered is withdrawn once: the driver sees.
    let ids: BTreeSet<&str> = driver.offers.iter().map(|offer| &*offer.id).collect();
    assert_eq!(ids.len(), driver.offers.len(), "an id for each attempt");
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
    for fact in &read {
        assert_eq!(serde_json::from_value::<Fact>(serde_json::to_value(fact).unwrap()).unwrap(), *fact);
    }
    let state = serde_json::to_string(&driver.sequence).unwrap();
    assert_eq!(serde_json::from_str::<Sequence>(&state).unwrap(), driver.sequence);
}

impl TaskOf {
    fn id(self, driver: &Driver) -> String {
        match self {
            Self::Open => driver.id_of(None),
            Self::OpenAt(at) => {
                let open = driver.sequence.attempts().nth(at).map(|(_, attempt)| attempt.triggered_id.clone());
                open.unwrap_or_else(|| driver.id_of(None))
            }
            Self::Earlier(at) => driver.offers.get(at).map_or_else(String::new, |offer| offer.id.clone()),
            Self::Nobody => "nobody".to_owned(),
        }
    }
}

fn run(driver: &mut Driver, steps: Vec<Step>) {
    let mut last = None;
    for step in steps {
        let before = driver.sequence.clone();
        let from = driver.facts.len();
        let had_slot = before.slot;
        match step {
            Step::React { source, kind, task, verdict: (result, status) } => {
                let id = task.id(driver);
                let data = json!({ "result": result, "status": status, "n": from, "list": [result] });
                let reaction = driver.reaction(source, kind, &id, data);
                driver.hear(&Input::Reaction(reaction.clone()));
                last = Some(reaction);
            }
            Step::Again => {
                let Some(reaction) = last.clone() else { continue };
                let owed = before.attempt_of(&reaction.triggered_id).map_or(0, |(_, attempt)| {
                    let of = |finished| {
                        attempt.events.iter().filter(|e| e.finished == finished && e.source == reaction.source).count()
                    };
                    of(false).saturating_sub(of(true))
                });
                let is_answer = reaction.kind == ReactionKind::Finished;
                let was_heard = before
                    .attempt_of(&reaction.triggered_id)
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
                    let ends = driver.sequence.definition.tasks.iter().any(|task| task.finally);
                    assert!(driver.sequence.is_over() || (ends && before.closing.is_none()));
                }
            }
            Step::Superseded => {
                driver.hear(&Input::Superseded { by: "run-2".to_owned() });
                let again = driver.hear(&Input::Superseded { by: "run-3".to_owned() });
                assert!(driver.sequence.is_over() || driver.sequence.closing.is_some());
                assert!(again.facts.is_empty() && again.effects.is_empty(), "{again:?}");
            }
            Step::Claim { source, task, seconds } => {
                let (triggered_id, tool) = (task.id(driver), source.to_owned());
                let claim = Input::Claimed(Claim { triggered_id, tool, term: SignedDuration::from_secs(seconds) });
                driver.hear(&claim);
                let again = driver.hear(&claim);
                assert!(again.facts.is_empty() && again.effects.is_empty(), "{again:?}");
            }
            Step::Beat(tool) => {
                let lease = driver.lease_of(tool);
                let lives = before.lease(&lease).is_some();
                let decision = driver.hear(&Input::Heartbeat { lease, progress: Some("n".to_owned()) });
                assert_eq!(decision.facts.len(), usize::from(lives));
                assert!(decision.effects.iter().all(|effect| matches!(effect, Effect::Arm(..))), "{decision:?}");
            }
            Step::Release(tool) => {
                let lease = driver.lease_of(tool);
                let release = Input::Released { lease, reason: String::new() };
                driver.hear(&release);
                assert!(driver.hear(&release).facts.is_empty());
            }
            Step::ByLease(tool, result) => {
                let lease = driver.lease_of(tool);
                let id = Lease::triggered_id(&lease).unwrap_or("none").to_owned();
                let lives = before.lease(&lease).is_some();
                let data = json!({ "result": result, "status": "succeeded", "n": from });
                let mut reaction = driver.reaction(tool, ReactionKind::Finished, &id, data);
                reaction.lease = Some(lease);
                let first = driver.hear(&Input::Reaction(reaction.clone()));
                assert_eq!(matches!(first.facts[..], [Fact::Ignored { .. }]), !lives, "{first:?}");
                let again = driver.hear(&Input::Reaction(reaction));
                assert!(matches!(again.facts[..], [Fact::Ignored { .. }]), "{again:?}");
            }
            Step::SetBack(seconds) => {
                driver.at -= SignedDuration::from_secs(seconds);
                driver.up_since = driver.at;
                driver.hear(&Input::ClockSetBack);
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

    #[test]
    fn whatever_a_shipyard_says_nothing_waits_without_a_clock(
        definition in any_definition(&["build", "check", "approval"]),
        paused in prop::bool::weighted(0.1),
        grants in prop::bool::weighted(0.8),
        steps in prop::collection::vec(any_step(), 0..80),
    ) {
        let mut birth = birth(written(&definition), json!({ "n": 1 }));
        birth.paused = paused;
        let mut driver = Driver::under(birth, limits(), grants);
        run(&mut driver, steps);
    }

    /// Without a person in it: once time goes by and nothing is said, it is over. What failed can be done again, with new ids.
    #[test]
    fn whatever_a_shipyard_says_it_comes_to_an_end(
        definition in any_definition(&["build", "check", "deployment"]),
        steps in prop::collection::vec(any_step(), 0..60),
        stage in any::<bool>(),
    ) {
        let mut driver = Driver::under(birth(written(&definition), json!({ "n": 1 })), limits(), true);
        run(&mut driver, steps);
        driver.hear(&Input::Control(Control::Resume));
        driver.pass(SignedDuration::from_hours(24));
        prop_assert!(driver.sequence.is_over(), "{:?}", driver.sequence.phase);
        check_fold(&driver);

        let mut again = driver.again(if stage { Origin::Stage } else { Origin::Task });
        again.pass(SignedDuration::from_hours(24 * 30));
        prop_assert!(again.sequence.is_over(), "{:?}", again.sequence.phase);
        check_fold(&again);
        let number = |facts: &Driver, of: usize| {
            let numbers = facts.facts.iter().filter_map(|(_, fact)| match fact {
                Fact::TaskOffered { task, attempt, .. } if *task == of => Some(*attempt),
                _ => None,
            });
            numbers.collect::<Vec<_>>()
        };
        for task in 0..driver.sequence.definition.tasks.len() {
            let numbers = [number(&driver, task), number(&again, task)].concat();
            let expected: Vec<u32> = (1..=numbers.len() as u32).collect();
            prop_assert_eq!(numbers, expected, "attempts of task {}", task);
        }
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
