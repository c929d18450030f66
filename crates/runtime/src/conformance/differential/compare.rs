//! Doing the same to both, and comparing.

use super::apply::{Done, apply};
use super::book::{Book, Side};
use super::look::{Questions, tx_answers};
use super::op::Op;
use crate::ports::{Store, StoreTx};

/// Does the same to two fresh stores and compares whatever they answer: in the transaction after each operation and
/// before its end, and from outside after each. The rest of the operations after the last end is committed. Panics at
/// the first difference, with the operation.
pub fn differential(a: &mut dyn Store, b: &mut dyn Store, ops: &[Op]) {
    let readers = (a.reader(), b.reader());
    let questions = Questions::new();
    let mut book = Book::default();
    let mut rest = ops;
    loop {
        let length = rest.iter().position(|op| matches!(op, Op::Commit | Op::Drop | Op::Reopen));
        let (transaction, end) = rest.split_at(length.unwrap_or(rest.len()));
        let found = book.clone();
        let (mut tx_a, mut tx_b) = (a.begin().unwrap(), b.begin().unwrap());
        run(&mut *tx_a, &mut *tx_b, transaction, &mut book);
        if let Some(Op::Drop) = end.first() {
            drop((tx_a, tx_b));
            book = found;
        } else {
            tx_a.commit().unwrap();
            tx_b.commit().unwrap();
        }
        if let Some(Op::Reopen) = end.first() {
            a.reopen().unwrap();
            b.reopen().unwrap();
        }
        questions.ask([&*readers.0, &*readers.1], &book);
        rest = match end {
            [_, rest @ ..] => rest,
            [] => return,
        };
    }
}

fn run(a: &mut dyn StoreTx, b: &mut dyn StoreTx, ops: &[Op], book: &mut Book) {
    let mut marked: Option<Book> = None;
    for op in ops {
        match op {
            Op::Savepoint if marked.is_some() => continue,
            Op::Release | Op::Rollback if marked.is_none() => continue,
            _ => {}
        }
        let (of_a, of_b) = (apply(op, a, Side::A, book), apply(op, b, Side::B, book));
        assert_eq!(of_a.answer, of_b.answer, "the answers to {op:?}");
        note(&of_a, &of_b, op, book);
        match op {
            Op::Savepoint => marked = Some(book.clone()),
            Op::Release => marked = None,
            Op::Rollback => *book = marked.take().unwrap_or_default(),
            _ => {}
        }
    }
    compare(&tx_answers(a, Side::A, book), &tx_answers(b, Side::B, book));
}

fn note(a: &Done, b: &Done, op: &Op, book: &mut Book) {
    match (a.project, b.project) {
        (Some(a), Some(b)) => book.projects.push((a, b)),
        (a, b) => assert_eq!(a, b, "one of them found the project of {op:?}"),
    }
    match (a.position, b.position) {
        (Some(a), Some(b)) => {
            if let Some((last_a, last_b)) = book.positions.last() {
                assert!(a > *last_a && b > *last_b, "positions grow: {op:?}");
            }
            book.positions.push((a, b));
        }
        (a, b) => assert_eq!(a, b, "one of them stored the event of {op:?}"),
    }
    match (a.fact, b.fact) {
        (Some(a), Some(b)) => book.facts.push((a, b)),
        (a, b) => assert_eq!(a, b, "one of them stored the fact of {op:?}"),
    }
    if let Some(all) = a.purged {
        book.is_half_purged = !all;
    }
}

fn compare(a: &[String], b: &[String]) {
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a, b, "asked in the transaction");
    }
    assert_eq!(a.len(), b.len(), "how much the transaction was asked");
}
