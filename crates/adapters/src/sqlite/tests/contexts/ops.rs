//! Transactions that change which events there are, and what becomes of the events.

use capstan_runtime::ports::{Keep, ProjectId, Retention, Store, StoreTx};
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
        1 => (0..2_usize, 0..6_usize).prop_map(|(project, context)| Op::Expire(project, context)),
        1 => (0..2_usize).prop_map(Op::Bury),
        2 => (1..5_u64).prop_map(Op::Purge),
    ]
}

pub(super) fn transactions() -> impl Strategy<Value = Vec<(Vec<Op>, End)>> {
    let apart = (prop::collection::vec(simple_op(), 1..5), any::<bool>()).prop_map(|(ops, kept)| Op::Apart(ops, kept));
    let ops = prop::collection::vec(prop_oneof![5 => simple_op(), 1 => apart], 0..7);
    let end = prop_oneof![8 => Just(End::Commit), 1 => Just(End::Drop), 1 => Just(End::Fail), 1 => Just(End::Forget)];
    prop::collection::vec((ops, end), 1..24)
}

/// The project of a name; it is there anew when it was buried.
pub(super) fn project(tx: &mut dyn StoreTx, name: usize) -> Option<ProjectId> {
    let name = NAMES.get(name)?;
    let found = tx.project(name).unwrap();
    Some(found.unwrap_or_else(|| tx.add_project(name, at(0), None).unwrap()).id)
}

/// Does it in a transaction, beside which stand the events that there are.
pub(super) fn apply(tx: &mut dyn StoreTx, op: &Op, rows: &mut Vec<Row>) {
    match op {
        Op::Append(owner, context, seconds) => {
            let (owner, context) = (project(tx, *owner), CONTEXTS.get(*context).copied());
            let position = tx.append_event(owner, &event(context, *seconds)).unwrap() as i64;
            let (owner, context) = (owner.map(|id| id as i64), context.map(str::to_owned));
            let is_root = context.is_some() && !rows.iter().any(|row| row.project == owner && row.context == context);
            let time = at(*seconds).as_nanosecond() as i64;
            rows.push(Row { position, time, project: owner, context, is_root, is_shown: true });
        }
        Op::Expire(owner, context) => {
            let owner = project(tx, *owner).unwrap();
            tx.put_run(owner, &over(CONTEXTS[*context])).unwrap();
            tx.retain(owner, Retention { runs: Some(Keep::For(SignedDuration::ZERO)), evaluations: None }).unwrap();
            while tx.expire(at(9), Retention::default(), 5).unwrap() {}
        }
        Op::Bury(owner) => {
            let owner = project(tx, *owner).unwrap();
            tx.bury_project(owner).unwrap();
            rows.retain(|row| row.project != Some(owner as i64));
        }
        Op::Purge(limit) => {
            tx.purge(at(9), *limit).unwrap();
            rows.retain(|row| tx.event(row.position as u64).unwrap().is_some());
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

/// Does it, and gives the events that there are then.
pub(super) fn carry_out(lab: &mut Lab, ops: &[Op], end: End) -> Vec<Row> {
    let before: Vec<Row> = lab.rows().into_iter().filter(|row| row.is_shown).collect();
    if end == End::Fail {
        lab.store.writer.as_mut().unwrap().commit_hook(Some(|| true)).unwrap();
    }
    let mut rows = before.clone();
    let mut tx = lab.store.begin().unwrap();
    for op in ops {
        apply(&mut *tx, op, &mut rows);
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
    if matches!(end, End::Commit | End::Forget) { rows } else { before }
}
