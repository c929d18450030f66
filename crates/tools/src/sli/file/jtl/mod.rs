//! Samples of a `JMeter` run, from CSV or XML.

mod column;
mod csv;
mod group;
mod query;
mod record;
mod samples;
mod subsample;
mod xml;

pub(crate) use samples::Samples;
