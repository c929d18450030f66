//! Prometheus as a source, against a stub that answers like one.

// The helpers of tests are no tests themselves, and may be as short.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]
// These measure how long things take, and play a server that takes long.
#![allow(clippy::disallowed_methods)]

#[path = "prometheus/collecting.rs"]
mod collecting;
#[path = "prometheus/https.rs"]
mod https;
#[path = "prometheus/patience.rs"]
mod patience;
#[path = "prometheus/stub.rs"]
mod stub;
#[path = "prometheus/substitution.rs"]
mod substitution;
#[path = "prometheus/vectors.rs"]
mod vectors;
