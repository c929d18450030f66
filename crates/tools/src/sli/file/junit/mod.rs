//! Test cases of a `JUnit` XML report.

mod query;
mod report;

pub(crate) use report::Report;
