//! What happens, of chance: triggers and steering, odd events, and everything that can go wrong.

use capstan_engine::orchestrate::{Control, Origin, Wish};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::shipyard::{self, TASKS};
use crate::memory::Call;
use crate::simulator::{Event, Happening, Mishap, ShipyardText};

const RUNS: [&str; 4] = ["a", "b", "c", "d"];

/// Triggers that there can be, also some that lead nowhere.
const TRIGGERS: [(&str, &str); 11] = [
    ("dev", "delivery"),
    ("dev", "delivery"),
    ("dev", "delivery"),
    ("dev", "loop"),
    ("dev", "rollback"),
    ("prod", "delivery"),
    ("prod", "check"),
    ("prod", "free"),
    ("prod", "evaluation"),
    ("qa", "delivery"),
    ("dev", "mend"),
];

/// Events by their time; the first one triggers a sequence.
pub(super) fn events(dice: &mut Dice, hostile: bool, projects: &[String]) -> Vec<Event> {
    let long = dice.once_in(5);
    // Many runs want one turn.
    let crowd = dice.once_in(3);
    let mut triggered = Vec::new();
    let mut events = Vec::new();
    let mut at = SignedDuration::ZERO;
    for number in 0..dice.within(4, if crowd { 24 } else { 16 }) {
        let happening = match dice.below(if hostile { 26 } else { 13 }) {
            _ if number == 0 => trigger(dice, projects, crowd, &mut triggered),
            0..4 => trigger(dice, projects, crowd, &mut triggered),
            4..11 => on_a_run(dice, &triggered),
            11 => configure(dice, projects),
            12 | 13 => busy(dice),
            14 | 15 => odd(dice, &triggered),
            16..19 => kill(dice),
            19 | 20 => Happening::Clock { by: jump(dice) },
            21..24 => fail(dice),
            _ => mislead(dice),
        };
        events.push(Event { at, happening });
        let steps: &[i64] = if long { &[0, 60, 600, 7_200, 90_000] } else { &[0, 0, 1, 10, 30, 60, 90, 300] };
        at = at.saturating_add(SignedDuration::from_secs(dice.one(steps).copied().unwrap_or_default()));
    }
    events
}

fn trigger(dice: &mut Dice, projects: &[String], crowd: bool, triggered: &mut Vec<&'static str>) -> Happening {
    let run = dice.word(&RUNS);
    if !triggered.contains(&run) {
        triggered.push(run);
    }
    let triggers = if crowd { &TRIGGERS[..1] } else { &TRIGGERS[..] };
    let (stage, sequence) = dice.one(triggers).copied().unwrap_or(TRIGGERS[0]);
    let all =
        [json!({}), json!({"labels": {"x": "1"}}), json!({"labels": {"x": "2"}, "n": 2}), json!({"result": "pass"})];
    let data = dice.one(&all).and_then(Value::as_object).cloned().unwrap_or_default();
    Happening::Trigger {
        run: run.to_owned(),
        project: dice.one(projects).cloned().unwrap_or_default(),
        stage: stage.to_owned(),
        sequence: sequence.to_owned(),
        service: if crowd { "cart" } else { dice.word(&["cart", "cart", "pay"]) }.to_owned(),
        data,
    }
}

fn on_a_run(dice: &mut Dice, triggered: &[&'static str]) -> Happening {
    let run = dice.word(triggered).to_owned();
    let stage = dice.once_in(2).then(|| dice.word(&["dev", "prod"]).to_owned());
    match dice.below(8) {
        0 | 1 => Happening::Control { run, stage, control: Control::Pause },
        2 | 3 => Happening::Control { run, stage, control: Control::Resume },
        4 => Happening::Control { run, stage, control: Control::Abort },
        5 => Happening::Decide { run, stage, result: "pass" },
        6 => Happening::Decide { run, stage, result: "fail" },
        _ => {
            let origin = if dice.once_in(2) { Origin::Task } else { Origin::Stage };
            Happening::Rerun { run, stage, origin, wish: Wish::default() }
        }
    }
}

fn configure(dice: &mut Dice, projects: &[String]) -> Happening {
    let project = dice.one(projects).cloned().unwrap_or_default();
    Happening::Configure { project, shipyard: ShipyardText::of(shipyard::shipyard(dice)) }
}

/// An event that no tool sends, or not so.
fn odd(dice: &mut Dice, triggered: &[&'static str]) -> Happening {
    let run = dice.word(triggered);
    let task = dice.word(&TASKS);
    let phase = dice.word(&["started", "finished", "finished", "status.changed"]);
    let mut event = Map::new();
    let kind = match dice.below(8) {
        0 => "sh.keptn.event.finished".to_owned(),
        1 => "nonsense".to_owned(),
        2 => "sh.keptn.event.dev.delivery.finished".to_owned(),
        _ => format!("sh.keptn.event.{task}.{phase}"),
    };
    event.insert("type".to_owned(), kind.into());
    if !dice.once_in(6) {
        let id = if dice.once_in(5) { "nobody".to_owned() } else { format!("{run}/{task}") };
        event.insert("triggeredid".to_owned(), id.into());
    }
    event.insert("source".to_owned(), dice.word(&["helm", "jmeter", "stranger", "shipyard-controller"]).into());
    if dice.once_in(4) {
        event.insert("shkeptncontext".to_owned(), dice.word(triggered).into());
    }
    let data = [
        json!({"result": "pass", "status": "succeeded"}),
        json!({"result": "fail"}),
        json!({"project": "elsewhere", "stage": "dev", "service": "cart"}),
        json!({"stage": 5, "service": []}),
        json!([1, 2]),
        json!("text"),
    ];
    event.insert("data".to_owned(), dice.one(&data).cloned().unwrap_or_default());
    // At the edge of what the store takes: in the event, in what is told of it.
    let nested = if dice.once_in(4) { dice.within(122, 128) } else { 0 };
    Happening::Send { attributes: event, nested: u32::try_from(nested).unwrap_or_default() }
}

fn busy(dice: &mut Dice) -> Happening {
    Happening::Busy { span: SignedDuration::from_secs(dice.one(&[1, 10, 30, 60, 120]).copied().unwrap_or_default()) }
}

fn kill(dice: &mut Dice) -> Happening {
    let away = SignedDuration::from_secs(dice.one(&[0, 0, 1, 60, 1_000, 90_000]).copied().unwrap_or_default());
    let jump = if dice.once_in(4) { jump(dice) } else { SignedDuration::ZERO };
    let calls =
        [Call::Begin, Call::Savepoint, Call::Read, Call::Write, Call::Commit, Call::Commit, Call::Sync, Call::Sync];
    let during = if dice.once_in(3) { None } else { dice.one(&calls).copied() };
    let skip = if during.is_some() { skip(dice, during) } else { 0 };
    Happening::Kill { away, jump, during, skip }
}

fn fail(dice: &mut Dice) -> Happening {
    let calls = [
        Call::Begin,
        Call::Savepoint,
        Call::Read,
        Call::Write,
        Call::Write,
        Call::Commit,
        Call::Commit,
        Call::Sync,
        Call::Sync,
        Call::Reopen,
    ];
    let call = dice.one(&calls).copied().unwrap_or(Call::Commit);
    let times = if dice.once_in(3) { dice.within(2, 3) } else { 1 };
    Happening::Fail { call, skip: skip(dice, Some(call)), times: u32::try_from(times).unwrap_or(1) }
}

/// How many calls go well before: a step begins once, and reads and writes often.
fn skip(dice: &mut Dice, call: Option<Call>) -> u32 {
    let most = match call {
        Some(Call::Read | Call::Write) => 60,
        Some(Call::Savepoint) => 12,
        Some(Call::Reopen) => 0,
        _ => 8,
    };
    u32::try_from(dice.within(0, most)).unwrap_or_default()
}

fn jump(dice: &mut Dice) -> SignedDuration {
    let by = [-100_000, -3_600, -60, -6, -4, -1, 3, 5, 60, 3_600, 100_000];
    SignedDuration::from_secs(dice.one(&by).copied().unwrap_or_default())
}

fn mislead(dice: &mut Dice) -> Happening {
    let by = SignedDuration::from_secs(dice.one(&[0, 0, 1, 30, 300, 7_200]).copied().unwrap_or_default());
    let mishap = if dice.once_in(2) { Mishap::Late(by) } else { Mishap::Twice(by) };
    Happening::Mislead { mishap, skip: u32::try_from(dice.within(0, 8)).unwrap_or_default() }
}
