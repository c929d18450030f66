//! How an operation is done to one of them.

use std::sync::Arc;

use capstan_engine::orchestrate::{Fact, OpenSequence, Outcome, Phase, Run, Sequence, TimerKind};
use capstan_model::event::CloudEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::build;
use super::super::lab::at;
use super::book::{Book, Side};
use super::look::tx_answers;
use super::op::{EventOp, Op};
use crate::ports::{ClaimFilter, Deferred, Keep, NewFact, ProjectId, Retention, StoreTx, Timer};

/// What came of an operation.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// What was answered, without ids that are the store's own.
    pub(super) answer: String,
    /// The id of a project that was added.
    pub(super) project: Option<ProjectId>,
    /// The position of an event that was stored.
    pub(super) position: Option<u64>,
    /// The position of a fact that was stated.
    pub(super) fact: Option<u64>,
    /// Whether a purge ran to its end, or did not.
    pub(super) purged: Option<bool>,
}

pub(super) const KINDS: [&str; 5] = [
    build::DEPLOYMENT,
    "sh.keptn.event.evaluation.finished",
    "sh.keptn.event.evaluation.invalidated",
    "sh.keptn.event.dev.delivery.triggered",
    "sh.keptn.event.test.started",
];
pub(super) const TIMERS: [TimerKind; 3] = [TimerKind::Delay, TimerKind::Deadline, TimerKind::Reminder];

pub(super) fn named(prefix: &str, number: u8) -> String {
    format!("{prefix}{number}")
}

/// Answers are remembered until odd times and asked for at even ones: the moment itself is nobody's.
pub(super) fn even(time: u8) -> Timestamp {
    at(i64::from(time) * 2)
}

/// Does what is to be done in a transaction. What a store may refuse, or what the ports leave open, is not done.
pub(super) fn apply(op: &Op, tx: &mut dyn StoreTx, side: Side, book: &Book) -> Done {
    let mut done = Done::default();
    // Without such a project there is nothing to do, and the empty answer of the other has to be empty, too.
    let project = |tx: &mut dyn StoreTx, name: u8| tx.project(&named("p", name)).unwrap().map(|project| project.id);
    match *op {
        Op::AddProject { name, ghost } => {
            if project(tx, name).is_none() {
                let configuration = (!ghost).then(|| build::configuration("a"));
                let added = tx.add_project(&named("p", name), even(name), configuration.as_ref()).unwrap();
                done.project = Some(added.id);
            }
        }
        Op::Configure { name, configuration } => {
            if let Some(id) = project(tx, name) {
                tx.configure_project(id, &build::configuration(&named("c", configuration))).unwrap();
            }
        }
        Op::Bury(name) => {
            if let Some(id) = project(tx, name) {
                tx.bury_project(id).unwrap();
            }
        }
        Op::Retain { name, runs, evaluations } => {
            if let Some(id) = project(tx, name) {
                tx.retain(id, retention(runs, evaluations)).unwrap();
            }
        }
        Op::Expire { now, runs, evaluations, limit } => {
            let (now, server) = (at(i64::from(now) * 5), retention(runs, evaluations));
            let limit = u64::from(limit);
            let slices = (0..10_000).take_while(|_| tx.expire(now, server, limit).unwrap()).count();
            assert!(slices < 10_000, "runs that are past their time are buried without end");
            purge_all(tx, even(0), limit);
            done.purged = Some(true);
        }
        Op::PurgeSome { limit } => {
            tx.purge(even(0), u64::from(limit)).unwrap();
            done.purged = Some(false);
        }
        Op::PurgeAll { now, limit } => {
            purge_all(tx, even(now), limit.into());
            done.purged = Some(true);
        }
        Op::AddService { name, service } => {
            if let Some(id) = project(tx, name)
                && tx.service(id, &named("svc", service)).unwrap().is_none()
            {
                tx.add_service(id, &build::service(&named("svc", service), even(name))).unwrap();
            }
        }
        Op::RemoveService { name, service } => {
            if let Some(id) = project(tx, name) {
                tx.remove_service(id, &named("svc", service)).unwrap();
            }
        }
        Op::PutView { name, stage, service, view } => {
            if let Some(id) = project(tx, name) {
                let view = build::view(&named("e", view));
                tx.put_service_view(id, &named("stage", stage), &named("svc", service), &view).unwrap();
            }
        }
        Op::PutShipyard(hash) => tx.put_shipyard(&named("h", hash), &named("text", hash)).unwrap(),
        Op::Remember { key, answer, until } => {
            let until = even(until) + SignedDuration::from_secs(1);
            tx.remember(&named("k", key), &named("answer", answer), until).unwrap();
        }
        Op::Append(ref event) => {
            let owner = event.name.map(|name| project(tx, name));
            if owner != Some(None) {
                done.position = Some(tx.append_event(owner.flatten(), &cloud_event(event)).unwrap());
            }
        }
        Op::AppendFact { name, context, fact } => {
            let owner = name.map(|name| project(tx, name));
            if owner != Some(None) {
                let sequence = (fact % 2 == 0).then(|| format!("p{}-s{}", name.unwrap_or_default(), fact / 2));
                let sequence = sequence.as_deref();
                let context = &named("c", context);
                let (project, at) = (owner.flatten(), even(fact));
                let fact = a_fact(fact);
                done.fact = Some(tx.append_fact(&NewFact { project, context, sequence, at, fact: &fact }).unwrap());
            }
        }
        Op::RemoveFacts(number) => {
            if let Some(position) = book.facts(side).nth(number.into()) {
                tx.remove_facts(position).unwrap();
            }
        }
        Op::PutRun { name, context, variant } => {
            if let Some(id) = project(tx, name) {
                tx.put_run(id, &a_run(context, variant)).unwrap();
            }
        }
        Op::PutSequence { name, sequence, variant } => {
            if let Some(id) = project(tx, name) {
                tx.put_sequence(id, &a_sequence(name, sequence, variant)).unwrap();
            }
        }
        Op::PutQueue { name, stage, service, length } => {
            if let Some(id) = project(tx, name) {
                let queue = build::queue(&["a", "b", "c", "d"][..usize::from(length.min(4))]);
                tx.put_queue(id, &format!("{} {}", named("stage", stage), named("svc", service)), &queue).unwrap();
            }
        }
        Op::Offer { name, offer, sequence } => {
            let id = format!("p{name}-offer{offer}");
            if let Some(owner) = project(tx, name)
                && tx.sequence_of(&id).unwrap().is_none()
            {
                // Offers are as new as their positions.
                let context = Some(named("c", offer % 3));
                let event = CloudEvent { id, context, ..build::event("", at(1_000 + book.positions.len() as i64)) };
                let position = tx.append_event(Some(owner), &event).unwrap();
                tx.offer(owner, &named("s", sequence), position, &event).unwrap();
                done.position = Some(position);
            }
        }
        Op::Take { name, offer, tool, back } => {
            let (id, tool) = (format!("p{name}-offer{offer}"), named("tool", tool));
            match project(tx, name).filter(|_| tx.offered(&id).is_ok_and(|offered| offered.is_some())) {
                Some(_) if back => tx.remove_taker(&id, &tool).unwrap(),
                Some(owner) => tx.add_taker(owner, &id, &tool).unwrap(),
                None => {}
            }
        }
        Op::Claimable { name, tool, limit, place } => {
            let word = |bit: u8, fits: &str| {
                (place & 1 << bit != 0).then(|| if place & 2 << bit == 0 { fits } else { "else" }.to_owned())
            };
            let filter = ClaimFilter {
                tool: named("tool", tool),
                kinds: vec![KINDS[4].to_owned(), build::DEPLOYMENT.to_owned()],
                project: name.map(|name| named("p", name)),
                stage: word(0, "dev"),
                service: word(2, "cart"),
            };
            let claimable = tx.claimable(&filter, u64::from(limit)).unwrap();
            let told = claimable.iter().map(|offered| book.offered(side, offered));
            done.answer = told.collect::<Vec<_>>().join(", ");
        }
        Op::Withdraw { name, offer } => tx.withdraw(&format!("p{name}-offer{offer}")).unwrap(),
        Op::Arm { name, sequence, kind, due } => {
            // No two are due at the same time.
            let own = i64::from(name) * 9 + i64::from(sequence) * 3 + i64::from(kind);
            let (sequence, kind) = (format!("p{name}-s{sequence}"), TIMERS[usize::from(kind % 3)]);
            let owner = tx.sequence(&sequence).unwrap();
            done.answer = format!("{:?}", owner.map(|(owner, _)| book.number(side, owner)));
            if done.answer != "None" {
                tx.arm(&Timer { sequence, kind, due: at(i64::from(due) * 100 + own) }).unwrap();
            }
        }
        Op::Disarm { name, sequence, kind } => {
            tx.disarm(&format!("p{name}-s{sequence}"), TIMERS[usize::from(kind % 3)]).unwrap();
        }
        Op::DueTimers { now, limit } => {
            let timers = tx.due_timers(at(i64::from(now) * 100), u64::from(limit)).unwrap();
            done.answer = format!("{timers:?}");
        }
        Op::Defer { name, input } => {
            if let Some(owner) = project(tx, name) {
                let position = book.positions(side).last().filter(|_| input % 2 == 0);
                let input = match position {
                    Some(position) => Deferred::Follow { project: owner, position },
                    None => Deferred::Granted { sequence: named("s", input) },
                };
                tx.defer(owner, &input).unwrap();
            }
        }
        Op::TakeDeferred(limit) => {
            let taken = tx.take_deferred(u64::from(limit)).unwrap();
            done.answer = taken.iter().map(|input| book.deferred(side, input)).collect::<Vec<_>>().join(", ");
        }
        Op::Look => done.answer = tx_answers(tx, side, book).join("\n"),
        Op::Savepoint => tx.savepoint().unwrap(),
        Op::Release => tx.release().unwrap(),
        Op::Rollback => tx.rollback().unwrap(),
        Op::Commit | Op::Drop | Op::Reopen => {}
    }
    done
}

fn cloud_event(op: &EventOp) -> CloudEvent {
    // An answer is to a task of its own project.
    let owner = op.name.map_or_else(|| "none".to_owned(), |name| named("p", name));
    let result = [json!("pass"), json!("fail"), json!(5), json!(null), json!({"a": 1}), json!(["pass"])];
    CloudEvent {
        kind: KINDS[usize::from(op.kind % 5)].to_owned(),
        source: named("source", op.source),
        context: (op.context > 0).then(|| named("c", op.context)),
        triggered_id: (op.triggered_id > 0).then(|| format!("{owner}-t{}", op.triggered_id)),
        data: json!({
            "stage": named("stage", op.stage),
            "service": if op.service == 0 { Value::Null } else { named("svc", op.service).into() },
            "project": owner,
            "result": result[usize::from(op.result % 6)],
        }),
        ..build::event(
            &named("e", op.id),
            at(i64::from(op.time / 2)) + SignedDuration::from_nanos(i64::from(op.time % 2)),
        )
    }
}

fn purge_all(tx: &mut dyn StoreTx, now: Timestamp, limit: u64) {
    let slices = (0..10_000).take_while(|_| tx.purge(now, limit).unwrap()).count();
    assert!(slices < 10_000, "a purge of {limit} rows at a time does not end");
}

fn retention(runs: u8, evaluations: u8) -> Retention {
    let keep = |number: u8| match number {
        0 => None,
        1 => Some(Keep::Always),
        _ => Some(Keep::For(SignedDuration::from_secs(i64::from(number - 2) * 8))),
    };
    Retention { runs: keep(runs), evaluations: keep(evaluations) }
}

fn a_fact(variant: u8) -> Fact {
    match variant % 4 {
        0 => Fact::SlotHeld,
        1 => Fact::Queued { behind: vec![named("s", variant)] },
        2 => Fact::Triggered(Box::new(build::birth("s"))),
        _ => Fact::Ended(build::ending(Outcome::Aborted)),
    }
}

/// Many runs are of the same time; no two of a project have the same ordinal.
fn a_run(context: u8, variant: u8) -> Run {
    let mut run = build::run(&named("c", context), at(i64::from(variant / 6) * 10));
    run.ordinal = u64::from(context);
    run.last_end = Some(at(i64::from(variant)));
    run.name = named("name", variant % 2);
    run.paused = variant % 6 == 1;
    run.last = match variant % 6 {
        2 => Outcome::Aborted,
        3 => Outcome::TimedOut,
        _ => Outcome::Finished,
    };
    if (2..5).contains(&(variant % 6)) {
        run.open.clear();
    } else {
        let open = OpenSequence { stage: "stage0".to_owned(), queued: variant % 6 == 5 };
        run.open.insert(format!("{}-s", run.context), open);
    }
    run
}

/// No two sequences of a project are of the same time.
fn a_sequence(name: u8, number: u8, variant: u8) -> Sequence {
    let triggered_at = at(i64::from(number) + i64::from(variant / 6) * 10);
    let mut sequence = build::sequence(&format!("p{name}-s{number}"), triggered_at, u64::from(number));
    Arc::make_mut(&mut sequence.scope).stage = named("stage", variant % 2);
    Arc::make_mut(&mut sequence.scope).service = named("svc", variant % 3);
    Arc::make_mut(&mut sequence.scope).context = named("c", variant % 3);
    Arc::make_mut(&mut sequence.definition).name = named("name", variant % 2);
    sequence.paused = variant % 4 == 1;
    sequence.phase = match variant % 6 {
        0 => Phase::Queued,
        1 => build::ready(0, None),
        2 => build::offered(0),
        3 => build::offered(1),
        4 => Phase::Ended(build::ending(Outcome::Finished)),
        _ => Phase::Ended(build::ending(Outcome::TimedOut)),
    };
    sequence
}
