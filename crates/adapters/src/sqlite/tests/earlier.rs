//! What the versions before have written, and what becomes of it.

use capstan_engine::orchestrate::{
    Deadline, Fact, NotPassed, OpenTask, Outcome, Phase, Place, Queue, Run, RunResult, Sequence, Slot, TaskState,
};
use capstan_runtime::ports::{ClaimFilter, SequenceFilter, Slice, Store, StoreReader};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::super::SqliteStore;
use super::super::migrate::{STEPS, migrate_by};

const PROJECT: u64 = 1;

/// A sequence as version 0001 wrote it.
fn sequence(id: &str, phase: &Value, done: &Value) -> Value {
    json!({
        "id": id,
        "scope": {
            "project": "shop", "stage": "dev", "service": "cart", "context": "run", "triggered_id": format!("{id}-trigger"),
            "event_type": "sh.keptn.event.dev.delivery.triggered", "labels": {"build": "17"}, "commit": "c0ffee"
        },
        "definition": {
            "name": "delivery",
            "triggered_on": [{"event": "dev.build.finished", "selector": {"result": "pass"}}],
            "tasks": [
                {"name": "build", "properties": {"flavour": null}},
                {"name": "approval", "triggered_after": "10m", "properties": null},
                {"name": "release", "properties": null}
            ]
        },
        "input": {"project": "shop", "big": 9_007_199_254_740_993_u64, "none": null, "score": 66.666_666_666_666_67},
        "triggered_at": "2024-01-02T15:00:00.123456789Z",
        "ordinal": 7,
        "phase": phase,
        "slot": "held",
        "paused": false,
        "done": done
    })
}

fn done(name: &str, result: &str) -> Value {
    json!({"name": name, "triggered_id": format!("t-{name}"), "result": result, "status": "succeeded",
           "properties": {name: {"n": 1.5, "none": null, "list": [null, "'"]}}})
}

fn said(source: &str, finished: bool) -> Value {
    let mut event = json!({
        "id": format!("{source}-{finished}"), "event_type": "sh.keptn.event.approval.started", "finished": finished,
        "source": source, "result": "", "status": "", "time": "2024-01-02T15:11:00Z"
    });
    if finished {
        event["data"] = json!({"a": null, "b": {"c": null}});
    }
    event
}

fn attempt(deadline: &Value) -> Value {
    json!({
        "phase": "task", "task": 1, "number": 1, "triggered_id": "t-approval", "offered_at": "2024-01-02T15:10:00Z",
        "last_sign": "2024-01-02T15:11:00Z", "deadline": deadline, "image": "cart:1", "asks": true,
        "events": [said("helm", false), said("me", true), said("helm", true)]
    })
}

fn ended(outcome: &str, result: &str) -> Value {
    json!({"phase": "ended", "outcome": outcome, "status": "errored", "result": result, "message": "m", "event_id": "e",
           "at": "2024-01-02T16:00:00Z"})
}

fn run(context: &str, open: &Value) -> Value {
    json!({"context": context, "project": "shop", "service": "cart", "name": "delivery", "time": "2024-01-02T15:00:00Z",
           "ordinal": 7, "sequences": 1, "following": 0, "open": open, "paused": false, "last": "finished", "stages": []})
}

/// A file with what the first version has written.
pub(super) fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let connection = Connection::open(&path).unwrap();
    migrate_by(&connection, &STEPS[..1]).unwrap();
    connection.execute("INSERT INTO projects (id, name, created) VALUES (?, 'shop', 0)", [PROJECT as i64]).unwrap();
    let mut number = 0;
    let mut put = |state: &str, context: &str, mut sequence: Value| {
        number += 1;
        sequence["scope"]["context"] = context.into();
        let sql =
            "INSERT INTO sequences (id, project, context, stage, service, name, state, triggered_at, ordinal, json)
                   VALUES (?, 1, ?, 'dev', 'cart', 'delivery', ?, ?, 7, ?)";
        let id = sequence["id"].as_str().unwrap();
        connection.execute(sql, params![id, context, state, number, sequence.to_string()]).unwrap();
    };
    let two = json!([done("build", "pass"), done("approval", "warning")]);
    put("triggered", "run", sequence("queued", &json!({"phase": "queued"}), &json!([])));
    let due = json!({"phase": "ready", "task": 1, "due": "2024-01-02T15:10:00Z"});
    put("started", "run", sequence("delayed", &due, &json!([done("build", "pass")])));
    put("started", "run", sequence("ready", &json!({"phase": "ready", "task": 2}), &two));
    let at = json!({"at": "2024-01-02T15:21:00Z"});
    put("waitingForApproval", "run", sequence("task", &attempt(&at), &json!([done("build", "pass")])));
    let mut paused = attempt(&json!({"left": "PT6M"}));
    paused["triggered_id"] = "t-paused".into();
    paused["events"] = json!([]);
    paused["asks"] = false.into();
    paused.as_object_mut().unwrap().remove("image");
    put("paused", "run", sequence("paused", &paused, &json!([done("build", "pass")])));
    let mut asked = attempt(&json!("none"));
    asked["triggered_id"] = "t-asked".into();
    asked["events"] = json!([said("approval-service", false)]);
    put("waitingForApproval", "run", sequence("asked", &asked, &json!([done("build", "pass")])));
    put("finished", "passed", sequence("passed", &ended("finished", "pass"), &two));
    put("finished", "failed", sequence("failed", &ended("finished", "fail"), &json!([done("build", "fail")])));
    put("finished", "failed", sequence("warned", &ended("finished", "warning"), &two));
    put("timedOut", "failed", sequence("late", &ended("timed_out", "fail"), &json!([])));
    put("finished", "failed", sequence("aborted", &ended("aborted", "pass"), &json!([])));

    for (context, open) in [
        ("run", json!({"task": {"stage": "dev", "queued": false}})),
        ("passed", json!({})),
        ("failed", json!({})),
        ("refused", json!({})),
    ] {
        let sql = "INSERT INTO runs (project, context, name, state, time, ordinal, json) VALUES (1, ?, 'd', 'started', 0, 7, ?)";
        connection.execute(sql, params![context, run(context, &open).to_string()]).unwrap();
    }
    let facts = [
        (
            "refused",
            json!({"fact": "refused", "event_id": "r-1", "event_type": "sh.keptn.event.prod.roll-out.triggered", "message": "m"}),
        ),
        ("run", json!({"fact": "slot_wanted"})),
        ("run", json!({"fact": "task_started", "event": said("helm", false), "deadline": "none"})),
        (
            "run",
            json!({"fact": "task_answered", "event": said("helm", true), "deadline": {"at": "2024-01-02T15:21:00Z"}}),
        ),
        ("run", json!({"fact": "sign_of_life", "event_id": "e", "source": "helm", "deadline": "none"})),
        ("run", json!({"fact": "deadline_moved", "deadline": "2024-01-02T15:21:00Z"})),
        ("run", json!({"fact": "paused", "left": "PT6M"})),
        ("run", json!({"fact": "resumed", "deadline": "2024-01-02T15:21:00Z"})),
        ("run", json!({"fact": "controlled", "action": "pause"})),
        (
            "run",
            json!({"fact": "ended", "outcome": "timed_out", "status": "errored", "result": "fail", "event_id": "e",
                       "at": "2024-01-02T16:00:00Z"}),
        ),
    ];
    for (context, fact) in facts {
        let sql = "INSERT INTO facts (project, context, sequence, at, json) VALUES (1, ?, NULL, 0, ?)";
        connection.execute(sql, params![context, fact.to_string()]).unwrap();
    }
    for at in [1_700_000_000_000_000_007_i64, 1_600_000_000_000_000_000] {
        let sql = "INSERT INTO facts (project, context, sequence, at, json) VALUES (1, 'failed', 'late', ?, ?)";
        connection
            .execute(sql, params![at, ended("finished", "fail").to_string().replace("phase\":", "fact\":")])
            .unwrap();
    }
    let queue = json!({"held": [{"sequence": "task", "context": "run", "ordinal": 7}],
                       "waiting": [{"sequence": "queued", "context": "other", "ordinal": 8}]});
    let sql = "INSERT INTO queues (project, stage, service, json) VALUES (1, 'dev', 'cart', ?)";
    connection.execute(sql, [queue.to_string()]).unwrap();
    for (at, id) in ["t-approval", "t-paused", "t-asked"].iter().enumerate() {
        let sql = "INSERT INTO attempts (triggered_id, project, sequence) VALUES (?, 1, ?)";
        connection.execute(sql, [*id, ["task", "paused", "asked"][at]]).unwrap();
        let sql = "INSERT INTO offers (triggered_id, project, position, kind, stage, service)
                   VALUES (?, 1, ?, 'sh.keptn.event.approval.triggered', 'dev', 'cart')";
        connection.execute(sql, params![id, at as i64 + 1]).unwrap();
    }
    (directory, path)
}

fn read(reader: &dyn StoreReader, id: &str) -> Sequence {
    let (project, sequence) = reader.sequence(id).unwrap().unwrap();
    assert_eq!((project, sequence.id.as_str()), (PROJECT, id));
    sequence
}

fn only(sequence: &Sequence) -> &OpenTask {
    let [open] = sequence.open() else { panic!("one task is open: {:?}", sequence.phase) };
    open
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn sequences_of_every_phase_read_back() {
    let (_directory, path) = written();
    let reader = SqliteStore::open(&path).unwrap().reader();
    let queued = read(&*reader, "queued");
    assert_eq!((&queued.phase, queued.slot, queued.done.len()), (&Phase::Queued, Slot::Held, 0));
    assert_eq!((queued.deadline, &queued.closing, &queued.key, &queued.rerun), (None, &None, &None, &None));
    assert_eq!(queued.triggered_at, time("2024-01-02T15:00:00.123456789Z"));
    let input =
        json!({"project": "shop", "big": 9_007_199_254_740_993_u64, "none": null, "score": 66.666_666_666_666_67});
    assert_eq!(Value::Object((*queued.input).clone()), input);
    assert_eq!(queued.definition.tasks[1].triggered_after.as_deref(), Some("10m"));

    let due = Some(time("2024-01-02T15:10:00Z"));
    let ready = |task, due| OpenTask { task, number: 1, past: Vec::new(), state: TaskState::Ready { due } };
    let delayed = read(&*reader, "delayed");
    assert_eq!(*only(&delayed), ready(1, due));
    assert_eq!((delayed.done[0].task, delayed.done[0].name.as_str()), (0, "build"));
    assert_eq!(delayed.done[0].properties, json!({"build": {"n": 1.5, "none": null, "list": [null, "'"]}}));
    let at_once = read(&*reader, "ready");
    assert_eq!(*only(&at_once), ready(2, None));
    assert_eq!(at_once.done.iter().map(|done| done.task).collect::<Vec<_>>(), [0, 1]);

    let task = read(&*reader, "task");
    let (open, attempt) = task.current().unwrap();
    assert_eq!((open.task, open.number, open.past.len()), (1, 1, 0));
    assert_eq!((attempt.triggered_id.as_str(), attempt.asks), ("t-approval", true));
    assert_eq!(
        (attempt.deadline, attempt.image.as_deref()),
        (Deadline::At(time("2024-01-02T15:21:00Z")), Some("cart:1"))
    );
    assert_eq!((attempt.started(), attempt.finished(), attempt.leases.len(), attempt.claims), (1, 2, 0, 0));
    assert_eq!(attempt.events[1].data, json!({"a": null, "b": {"c": null}}));
    let paused = read(&*reader, "paused");
    assert_eq!(paused.current().unwrap().1.deadline, Deadline::Left(SignedDuration::from_mins(6)));
    let asked = read(&*reader, "asked");
    assert_eq!((asked.current().unwrap().1.deadline, asked.state()), (Deadline::None, "waitingForApproval"));

    for (id, outcome, tasks) in
        [("passed", Outcome::Finished, 2), ("late", Outcome::TimedOut, 0), ("aborted", Outcome::Aborted, 0)]
    {
        let sequence = read(&*reader, id);
        let Phase::Ended(ending) = &sequence.phase else { panic!("{id} is over") };
        assert_eq!((ending.outcome, sequence.done.len()), (outcome, tasks));
    }
    let open = SequenceFilter { project: "shop".to_owned(), open: true, ..SequenceFilter::default() };
    assert_eq!(reader.sequences(&open, Slice::ALL).unwrap().total, 6);
}

#[test]
fn queues_takers_and_facts_read_back() {
    let (_directory, path) = written();
    let mut store = SqliteStore::open(&path).unwrap();
    let reader = store.reader();
    let place = |sequence: &str, context: &str, ordinal| Place {
        sequence: sequence.to_owned(),
        context: context.to_owned(),
        ordinal,
    };
    let expected =
        Queue { held: vec![place("task", "run", 7)], waiting: vec![place("queued", "other", 8)], aside: Vec::new() };
    let name = read(&*reader, "task").queue();
    assert_eq!(reader.queue(PROJECT, &name).unwrap(), expected);

    let mut tx = store.begin().unwrap();
    let kinds = vec!["sh.keptn.event.approval.triggered".to_owned()];
    for (tool, expected) in [
        ("helm", &["t-paused", "t-asked"][..]),
        ("me", &["t-paused", "t-asked"]),
        ("approval-service", &["t-approval", "t-paused"]),
        ("nobody", &["t-approval", "t-paused", "t-asked"]),
    ] {
        let filter = ClaimFilter { tool: tool.to_owned(), kinds: kinds.clone(), ..ClaimFilter::default() };
        let found: Vec<_> = tx.claimable(&filter, 9).unwrap().into_iter().map(|it| it.triggered_id).collect();
        assert_eq!(found, expected, "{tool}");
    }
    drop(tx);
    let facts: Vec<Fact> = reader.facts(PROJECT, "run").unwrap().into_iter().map(|stored| stored.fact).collect();
    assert_eq!(facts.len(), 9);
    assert_eq!((&facts[5], &facts[6]), (&Fact::Paused, &Fact::Resumed));
}

#[test]
fn a_run_says_how_it_ended_and_can_be_done_again() {
    let (_directory, path) = written();
    let reader = SqliteStore::open(&path).unwrap().reader();
    let run = |context: &str| -> Run { reader.runs_of(context).unwrap().remove(0) };
    assert_eq!((run("run").result(), run("passed").result()), (None, Some(RunResult::Pass)));
    assert!(run("run").not_passed.is_empty() && run("passed").not_passed.is_empty());
    let failed = run("failed");
    assert_eq!(failed.result(), Some(RunResult::Aborted));
    let results: Vec<_> = failed.not_passed.iter().map(|(id, end)| (id.as_str(), end.result, end.began)).collect();
    assert_eq!(
        results,
        [
            ("aborted", RunResult::Aborted, true),
            ("failed", RunResult::Fail, true),
            ("late", RunResult::TimedOut, true),
            ("warned", RunResult::Warning, true)
        ]
    );
    let ends = ["run", "passed", "failed", "refused"].map(|context| run(context).end());
    // Where no fact is left that says it, a run ended when it began.
    let began = Some(Timestamp::UNIX_EPOCH);
    assert_eq!(ends, [None, began, Some(time("2023-11-14T22:13:20.000000007Z")), began]);
    let (stage, sequence) = ("prod".to_owned(), "roll-out".to_owned());
    let end = NotPassed { stage, sequence, result: RunResult::Fail, began: false };
    assert_eq!(run("refused").not_passed, [("r-1".to_owned(), end)].into());
}
