//! Metrics of a k6 run, from its summary or from its points.

mod points;
mod run;
mod series;
mod stat;
mod summary;

pub(crate) use run::Run;
