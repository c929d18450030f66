use serde_json::{Value, json};

use super::*;

const CONTEXT: &str = "0198f2a0-0000-7000-8000-000000000001";

fn at(time: &str) -> String {
    format!("2026-01-02T{time}Z")
}

fn fact(position: u64, time: &str, sequence: &str, fact: impl Into<Value>) -> Value {
    let fact: Value = fact.into();
    json!({"position": position, "at": at(time), "sequence": sequence, "fact": fact})
}

fn done(index: usize, end: &str, result: &str, message: &str) -> Value {
    json!({"index": index, "name": "", "end": end, "result": result, "message": message})
}

fn run(state: &str) -> Value {
    json!({
        "context": CONTEXT, "project": "shop", "service": "cart", "sequence": "delivery", "state": state,
        "triggered_at": at("10:00:00"),
        "stages": [{"name": "dev", "state": "", "image": "ghcr.io/shop/cart:1.2.0"}, {"name": "staging", "state": ""}],
    })
}

fn sequence(id: &str, stage: &str, time: &str, state: &str) -> Value {
    json!({
        "id": id, "name": "delivery", "stage": stage, "triggered_at": at(time), "state": state,
        "tasks": [{"name": "deployment"}, {"name": "test"}, {"name": "release"}],
    })
}

/// One stage is done; in the next one a task is at its second attempt, and a rollback stands in line.
fn open() -> WholeRun {
    let mut passed = sequence("a", "dev", "10:00:00", "finished");
    passed["end"] = json!({"result": "warning", "status": "succeeded", "at": at("10:01:12")});
    passed["done"] = (0..3).map(|index| done(index, "answered", ["pass", "warning", "pass"][index], "")).collect();
    let mut open = sequence("b", "staging", "10:01:12", "started");
    open["open"] = json!([{
        "index": 0, "number": 2, "past": [{"number": 1, "message": "'helm-service' gave no sign of life for 1 min"}],
        "attempt": {
            "holders": ["helm-service"], "leases": [{"tool": "helm-service", "progress": "waiting for 2 pods"}],
        },
    }]);
    serde_json::from_value(json!({
        "run": run("started"),
        "sequences": [passed, open],
        "history": [
            fact(1, "10:00:00", "a", json!({"fact": "task_offered", "task": 0, "attempt": 1})),
            fact(2, "10:00:40", "a", json!({"fact": "task_done", "task": 0, "result": "pass"})),
            fact(3, "10:00:40", "a", json!({"fact": "task_offered", "task": 1, "attempt": 1})),
            fact(4, "10:01:10", "a", json!({"fact": "task_done", "task": 1, "result": "warning"})),
            fact(5, "10:01:10", "a", json!({"fact": "task_offered", "task": 2, "attempt": 1})),
            fact(6, "10:01:12", "a", json!({"fact": "task_done", "task": 2, "result": "pass"})),
            fact(7, "10:01:12", "b", json!({"fact": "task_offered", "task": 0, "attempt": 1})),
            fact(8, "10:02:12", "b", json!({"fact": "task_offered", "task": 0, "attempt": 2})),
        ],
        "waiting": [
            {
                "sequence": "b", "stage": "staging", "task": "deployment", "attempt": 2, "for": "tool to finish",
                "progress": "waiting for 2 pods",
                "holders": [{"kind": "tool", "name": "helm-service"}], "since": at("10:02:12"), "last_sign": at("10:02:13"),
                "deadline": "2026-01-03T10:02:13Z",
                "consequence": "if nothing is heard of 'deployment' by then, the sequence ends as timed out, errored with result 'fail'",
            },
            {
                "sequence": "c", "stage": "staging", "for": "slot",
                "holders": [{"kind": "run", "name": "0198f2a0-0000-7000-8000-000000000009"}, {"kind": "person"}],
                "since": at("10:02:12"), "last_sign": at("10:02:13"), "deadline": null, "consequence": "it begins",
                "hint": "nobody handles 'depolyment'; did you mean 'deployment'?",
            },
        ],
    }))
    .unwrap()
}

/// It failed, with a task that nobody finished.
fn over() -> WholeRun {
    let mut failed = sequence("a", "dev", "10:00:00", "timedOut");
    failed["end"] = json!({
        "result": "fail", "status": "errored", "at": at("10:11:00"),
        "message": "nobody had started on 'test' within 10 min",
    });
    failed["done"] = json!([done(0, "answered", "pass", ""), done(1, "timed_out", "fail", "")]);
    let mut run = run("timedOut");
    run["result"] = "timedOut".into();
    serde_json::from_value(json!({
        "run": run,
        "sequences": [failed],
        "history": [
            fact(1, "10:00:00", "a", json!({"fact": "task_offered", "task": 0, "attempt": 1})),
            fact(2, "10:00:59", "a", json!({"fact": "task_done", "task": 0, "result": "pass"})),
            fact(3, "10:01:00", "a", json!({"fact": "task_offered", "task": 1, "attempt": 1})),
            fact(4, "10:11:00", "a", json!({"fact": "task_ended", "task": 1, "end": "timed_out"})),
        ],
    }))
    .unwrap()
}

/// It failed once and is done again: with a group, tasks that were passed over, and one that is left at the end.
fn again() -> WholeRun {
    let tasks = json!([
        {"name": "deployment"},
        {"name": "unit", "parallel": "tests", "any": true}, {"name": "load", "parallel": "tests", "any": true},
        {"name": "e2e", "parallel": "tests", "any": true},
        {"name": "scan"}, {"name": "release"}, {"name": "tidy", "finally": true},
    ]);
    let mut failed = sequence("a", "dev", "10:00:00", "finished");
    failed["end"] = json!({"result": "fail", "status": "succeeded", "message": "flaky", "at": at("10:01:00")});
    failed["done"] = json!([done(0, "answered", "pass", ""), done(1, "answered", "fail", "flaky")]);
    let mut again = sequence("b", "dev", "10:01:30", "started");
    again["rerun"] = json!({"of": "a", "by": "jane", "reason": "the cluster is back"});
    again["closing"] = json!({"result": "fail", "status": "errored", "message": "the sequence took longer than 1 h"});
    again["done"] = json!([
        done(0, "answered", "pass", ""),
        done(1, "answered", "pass", ""),
        done(2, "cancelled", "", "'unit' has ended well, which is enough"),
        done(3, "impossible", "fail", "too large"),
        done(4, "skipped", "", "its 'when' does not hold"),
    ]);
    again["open"] = json!([{"index": 6, "number": 1, "attempt": {"holders": []}}]);
    failed["tasks"] = tasks.clone();
    again["tasks"] = tasks;
    let facts = [
        fact(1, "10:01:30", "b", json!({"fact": "task_offered", "task": 1})),
        fact(2, "10:01:30", "b", json!({"fact": "task_offered", "task": 2})),
        fact(3, "10:01:50", "b", json!({"fact": "task_done", "task": 1})),
        fact(4, "10:01:50", "b", json!({"fact": "task_ended", "task": 2})),
        fact(5, "10:01:50", "b", json!({"fact": "task_ended", "task": 3})),
        fact(6, "10:01:50", "b", json!({"fact": "task_ended", "task": 4})),
        fact(7, "10:02:00", "b", json!({"fact": "task_offered", "task": 6})),
    ];
    serde_json::from_value(json!({"run": run("started"), "sequences": [failed, again], "history": facts})).unwrap()
}

fn refused() -> WholeRun {
    let refusal = json!({"fact": "refused", "event_type": "sh.keptn.event.dev.delivery.triggered", "message": "there is no stage 'dev'"});
    let entry = |position| json!({"position": position, "at": at("10:00:00"), "fact": refusal});
    serde_json::from_value(json!({"sequences": [], "history": (0..5).map(entry).collect::<Vec<_>>()})).unwrap()
}

fn told(whole: &WholeRun, look: Look) -> String {
    at_depth(whole, Depth::Whole, look)
}

fn at_depth(whole: &WholeRun, depth: Depth, look: Look) -> String {
    page(CONTEXT, whole, depth, "2026-01-02T10:02:30Z".parse().unwrap(), &look).join("\n")
}

#[test]
fn a_run_is_told() {
    let look = |colour, width| Look { style: Style { colour }, on_terminal: true, width, height: 24 };
    let pipe = Look { style: Style { colour: false }, on_terminal: false, width: usize::MAX, height: usize::MAX };
    let all = [
        told(&open(), look(true, 120)),
        told(&open(), look(false, 80)),
        told(&open(), look(false, 40)),
        told(&open(), pipe),
        at_depth(&open(), Depth::Brief, look(false, 80)),
        at_depth(&over(), Depth::Brief, look(true, 80)),
        told(&over(), pipe),
        told(&again(), look(true, 80)),
        told(&again(), pipe),
        told(&refused(), look(false, 80)),
    ];
    insta::assert_snapshot!(all.join("\n------\n"));
}

#[test]
fn the_result_is_that_of_the_run_and_what_began_nothing_has_failed() {
    assert_eq!(open().result(), None);
    assert_eq!(over().result(), Some(RunResult::TimedOut));
    assert_eq!(again().result(), None);
    assert_eq!(refused().result(), Some(RunResult::Fail));
    assert_eq!(WholeRun::default().result(), None);
}
