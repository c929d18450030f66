//! What a condition asks.

use std::ops::Range;

use serde_json::{Map, Value};

/// A part of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shipyard) struct Expression {
    pub(in crate::shipyard) kind: Kind,
    /// Where it stands in the text, in bytes.
    pub(in crate::shipyard) place: Range<usize>,
}

/// What a part of a condition is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shipyard) enum Kind {
    /// A text, a number, a truth value, null, or a list of such.
    Literal(Value),
    Path(Path),
    Not(Box<Expression>),
    /// At least two, from left to right: a flat list, so that a long text does not make a deep tree.
    All(Vec<Expression>),
    /// At least two, from left to right.
    Any(Vec<Expression>),
    Compare(Box<Expression>, Operator, Box<Expression>),
}

/// What compares two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shipyard) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
}

/// The way to a value in the data of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::shipyard) struct Path {
    /// The key of the outermost map.
    pub(in crate::shipyard) root: String,
    pub(in crate::shipyard) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::shipyard) enum Step {
    /// Into a map.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl Expression {
    /// Whether there is an operator in it.
    pub(super) fn compares(&self) -> bool {
        !matches!(self.kind, Kind::Literal(_) | Kind::Path(_))
    }

    /// The path that fills the text, without spaces and parentheses around it.
    pub(super) fn path_of(self, text: &str) -> Option<Path> {
        let is_whole = self.place == (0..text.len()) && !text.starts_with('(');
        match self.kind {
            Kind::Path(path) if is_whole => Some(path),
            _ => None,
        }
    }
}

impl Operator {
    /// As written.
    pub(in crate::shipyard) fn name(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
        }
    }
}

impl Path {
    /// The value that it leads to; null where it leads nowhere.
    pub(in crate::shipyard) fn find<'v>(&self, data: &'v Map<String, Value>) -> &'v Value {
        let step = |value: &'v Value, step: &Step| match step {
            Step::Key(key) => value.as_object()?.get(key),
            Step::Index(index) => value.as_array()?.get(*index),
        };
        data.get(&self.root).and_then(|root| self.steps.iter().try_fold(root, step)).unwrap_or(&Value::Null)
    }
}
