//! Transactions that change which events and facts there are, and what becomes of them.

use capstan_engine::orchestrate::Fact;
use capstan_runtime::ports::{Keep, NewFact, ProjectId, Retention, Store, StoreTx};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::{at, over};
use super::{CONTEXTS, Lab, Row, event};

const NAMES: [&str; 2] = ["shop", "bank"];

/// What is done in a transaction.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// Project or none, context or none, seconds.
    Append(usize, usize, u64),
    /// A fact of a project or none, of a context or none, seconds.
    State(usize, usize, u64),
    /// Removes all facts before the newest but so many.
    RemoveFacts(usize),
    /// Ends a run at once and has it removed.
    Expire(usize, usize),
    Bury(usize),
    Purge(u64),
    /// Behind a savepoint, which is released or rolled back to.
    Apart(Vec<Op>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum End {
    Commit,
    Drop,
    /// The commit fails.
    Fail,
    /// It is committed, and then all that was in memory is forgotten.
    Forget,
}

fn simple_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..3_usize, 0..7_usize, 0..3_u64).prop_map(|(project, context, time)| Op::Append(project, context, time)),
        8 => (0..3_usize, 0..7_usize, 0..3_u64).prop_map(|(project, context, time)| Op::State(project, context, time)),
        1 => (0..9_usize).prop_map(Op::RemoveFacts),
        1 => (0..2_usize, 0..6_usize).prop_map(|(project, context)| Op::Expire(project, context)),
        1 => (0..2_usize).prop_map(Op::Bury),
        2 => (1..5_u64).prop_map(Op::Purge),
    ]
}

pub(super) fn transactions() -> impl Strategy<Value = Vec<(Vec<Op>, End)>> {
    let apart = (prop::collection::vec(simple_op(), 1..5), any::<bool>()).prop_map(|(ops, kept)| Op::Apart(ops, kept));
    let ops = prop::collection::vec(prop_oneof![5 => simple_op(), 1 => apart], 0..9);
    let end = prop_oneof![8 => Just(End::Commit), 1 => Just(End::Drop), 1 => Just(End::Fail), 1 => Just(End::Forget)];
    prop::collection::vec((ops, end), 1..24)
}

/// The project of a name; it is there anew when it was buried.
pub(super) fn project(tx: &mut dyn StoreTx, name: usize) -> Option<ProjectId> {
    let name = NAMES.get(name)?;
    let found = tx.project(name).unwrap();
    Some(found.unwrap_or_else(|| tx.add_project(name, at(0), None).unwrap()).id)
}

/// What there is to be.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) events: Vec<Row>,
    /// Of a run that is buried some may still be there.
    pub(super) facts: Vec<Row>,
}

/// Does it in a transaction, beside which stands what there is.
pub(super) fn apply(tx: &mut dyn StoreTx, op: &Op, rows: &mut Rows) {
    match op {
        Op::Append(owner, context, seconds) => {
            let (owner, context) = (project(tx, *owner), CONTEXTS.get(*context).copied());
            let position = tx.append_event(owner, &event(context, *seconds)).unwrap() as i64;
            let (owner, context) = (owner.map(|id| id as i64), context.map(str::to_owned));
            let is_root =
                context.is_some() && !rows.events.iter().any(|row| row.project == owner && row.context == context);
            let time = at(*seconds).as_nanosecond() as i64;
            rows.events.push(Row { position, time, project: owner, context, is_root, is_shown: true });
        }
        Op::State(owner, context, seconds) => {
            let (owner, context) = (project(tx, *owner), CONTEXTS.get(*context).copied().unwrap_or_default());
            let position = state(tx, owner, context, *seconds) as i64;
            let (project, context) = (owner.map(|id| id as i64), Some(context.to_owned()));
            let time = at(*seconds).as_nanosecond() as i64;
            rows.facts.push(Row { position, time, project, context, is_root: false, is_shown: true });
        }
        Op::RemoveFacts(left) => {
            let kept = rows.facts.len().saturating_sub(*left);
            if let Some(first) = rows.facts.get(kept).map(|row| row.position) {
                tx.remove_facts(first as u64).unwrap();
                rows.facts.drain(..kept);
            }
        }
        Op::Expire(owner, context) => {
            let owner = project(tx, *owner).unwrap();
            tx.put_run(owner, &over(CONTEXTS[*context])).unwrap();
            tx.retain(owner, Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: None }).unwrap();
            while tx.expire(at(9), Retention::default(), 5).unwrap() {}
            let is_of =
                |row: &Row| row.project == Some(owner as i64) && row.context.as_deref() == Some(CONTEXTS[*context]);
            rows.facts.retain(|row| !is_of(row));
        }
        Op::Bury(owner) => {
            let owner = project(tx, *owner).unwrap();
            tx.bury_project(owner).unwrap();
            rows.events.retain(|row| row.project != Some(owner as i64));
            rows.facts.retain(|row| row.project != Some(owner as i64));
        }
        Op::Purge(limit) => {
            tx.purge(at(9), *limit).unwrap();
            rows.events.retain(|row| tx.event(row.position as u64).unwrap().is_some());
        }
        Op::Apart(ops, kept) => {
            tx.savepoint().unwrap();
            let before = rows.clone();
            for op in ops {
                apply(tx, op, rows);
            }
            if *kept {
                tx.release().unwrap();
            } else {
                tx.rollback().unwrap();
                *rows = before;
            }
        }
    }
}

/// A fact.
pub(super) fn state(tx: &mut dyn StoreTx, project: Option<ProjectId>, context: &str, seconds: u64) -> u64 {
    tx.append_fact(&NewFact { project, context, sequence: None, at: at(seconds), fact: &Fact::SlotHeld }).unwrap()
}

/// Does it to what there is, and says so in `rows` where it is kept.
pub(super) fn carry_out(lab: &mut Lab, ops: &[Op], end: End, rows: &mut Rows) {
    if end == End::Fail {
        lab.store.writer.as_mut().unwrap().commit_hook(Some(|| true)).unwrap();
    }
    let mut after = rows.clone();
    let mut tx = lab.store.begin().unwrap();
    for op in ops {
        apply(&mut *tx, op, &mut after);
    }
    match end {
        End::Commit | End::Forget => tx.commit().unwrap(),
        End::Drop => drop(tx),
        End::Fail => {
            assert!(tx.commit().is_err());
            lab.check_answers();
        }
    }
    if matches!(end, End::Fail | End::Forget) {
        lab.store.reopen().unwrap();
    }
    if matches!(end, End::Commit | End::Forget) {
        *rows = after;
    }
}
