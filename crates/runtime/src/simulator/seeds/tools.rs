//! Tools of chance: they answer well and badly, late, twice and never, and some of them claim.

use capstan_engine::orchestrate::APPROVAL;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::shipyard::TASKS;
use crate::simulator::{Answer, ScriptedTool};

/// Tools for most of the tasks, for some of them two.
pub(super) fn tools(dice: &mut Dice, hostile: bool) -> Vec<ScriptedTool> {
    let mut tools = Vec::new();
    for task in TASKS.into_iter().filter(|task| *task != APPROVAL) {
        let many = if dice.once_in(12) { 0 } else { dice.within(1, 6) / 5 + 1 };
        for number in 0..many {
            tools.push(tool(dice, task, number, hostile));
        }
    }
    if hostile && dice.once_in(6) {
        tools.push(tool(dice, APPROVAL, 0, hostile));
    }
    tools
}

fn tool(dice: &mut Dice, task: &str, number: u64, hostile: bool) -> ScriptedTool {
    let claims = dice.once_in(3);
    let lease = seconds(dice, &[5, 30, 60, 600]);
    let mut answers: Vec<Answer> = (0..dice.within(1, 3)).map(|_| answer(dice, claims, hostile)).collect();
    // Who would have to say so too often falls silent.
    for answer in answers.iter_mut().filter(|answer| claims && answer.works > lease * 3) {
        answer.heartbeat.get_or_insert(SignedDuration::ZERO);
    }
    let mut scripted = ScriptedTool::new(task, answers);
    // Several tasks can have a tool of one name.
    scripted.tool.source = match number {
        0 => dice.word(&["helm", "jmeter", "argo"]).to_owned(),
        _ => format!("{task}-{number}"),
    };
    scripted.tool.lease = claims.then_some(lease);
    scripted.tool.waits = claims && dice.once_in(3);
    if dice.once_in(8) {
        scripted.tool.stage = Some(dice.word(&["dev", "prod"]).to_owned());
    }
    scripted
}

fn seconds(dice: &mut Dice, of: &[i64]) -> SignedDuration {
    SignedDuration::from_secs(dice.one(of).copied().unwrap_or_default())
}

fn answer(dice: &mut Dice, claims: bool, hostile: bool) -> Answer {
    let mut answer = Answer {
        after: seconds(dice, &[0, 0, 0, 1, 30, 60]),
        works: seconds(dice, &[0, 0, 1, 30, 60, 90, 300]),
        data: said(dice),
        ..Answer::default()
    };
    if dice.once_in(4) {
        answer.heartbeat = Some(seconds(dice, &[1, 20, 60]));
    }
    if claims {
        answer.progress = dice.once_in(3).then(|| "going on".to_owned());
        answer.releases = dice.once_in(8).then(|| "no room".to_owned());
    }
    if hostile {
        answer.dies = dice.once_in(8);
        answer.starts = claims || !dice.once_in(10);
        if dice.once_in(6) {
            answer.after = seconds(dice, &[170, 180, 181, 599, 600, 601, 7200]);
        }
        if dice.once_in(6) {
            answer.works = seconds(dice, &[119, 120, 121, 299, 300, 301, 2400, 7200, 90_000]);
        }
        // An answer that is there before its start.
        if !claims && dice.once_in(12) {
            answer.works = SignedDuration::from_secs(-10);
        }
        if dice.once_in(6) {
            answer.times = 2 + u32::from(dice.once_in(3));
        }
        if dice.once_in(8) {
            answer.data.extend(garbage(dice));
        }
    }
    // It says so a few times, however long it works.
    answer.heartbeat = answer.heartbeat.map(|every| every.max(answer.works / 6));
    answer
}

/// What a tool that is well says.
fn said(dice: &mut Dice) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("status".to_owned(), dice.word(&["succeeded", "succeeded", "succeeded", "errored"]).into());
    data.insert("result".to_owned(), dice.word(&["pass", "pass", "pass", "warning", "fail"]).into());
    if dice.once_in(3) {
        let more =
            [json!({"n": 1}), json!({"n": "text"}), json!({"labels": {"x": "1"}, "list": ["a"]}), json!({"n": 0})];
        if let Some(Value::Object(more)) = dice.one(&more) {
            data.extend(more.clone());
        }
    }
    data
}

/// What no tool should say.
fn garbage(dice: &mut Dice) -> Map<String, Value> {
    let all = [
        json!({"result": 5}),
        json!({"result": null, "status": null}),
        json!({"status": "excellent"}),
        json!({"stage": ""}),
        json!({"stage": "qa", "service": "nobody"}),
        json!({"project": "elsewhere"}),
        json!({"labels": "none"}),
        json!({"message": {"deep": [[[{}]]]}}),
        json!({"deployment": 7, "test": ["a"], "release": null}),
        json!({"big": "x".repeat(3_000)}),
        json!({"\u{0}": "\u{1f}\u{7f}", "": ""}),
    ];
    match dice.one(&all) {
        Some(Value::Object(garbage)) => garbage.clone(),
        _ => Map::new(),
    }
}
