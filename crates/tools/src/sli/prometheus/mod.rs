//! Prometheus, and whatever answers its query API.

mod answer;
mod body;
mod client;
mod fan_out;
mod literal;
mod query;
mod tls;
mod trouble;

pub use client::{ClientError, PrometheusSource};
pub(super) use fan_out::{Order, fan_out};
pub use query::Queries;
pub(crate) use query::seconds;
pub use tls::TlsError;
