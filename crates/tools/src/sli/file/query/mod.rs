//! The language of queries: paths into JSON and expressions over samples.

mod cursor;
mod expression;
mod path;

pub(crate) use cursor::Unparsable;
pub(crate) use expression::{Expression, Filter, Matcher, Operator, Term};
pub(crate) use path::{Path, Step};
