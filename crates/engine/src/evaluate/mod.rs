//! The quality gate: values are held against objectives and history, and a score comes of it.
//!
//! [`decide`] is the one entry; it reproduces Keptn v1 to the bit (contract: gate.md 2) but for the deviations that
//! `docs/gate.md` lists.

mod baseline;
mod counterfactual;
mod decide;
mod explain;
mod history;
mod judged;
mod objective;
mod reject;
mod request;
mod total;

pub use decide::decide;
pub use history::{History, HistoryError, PastEvaluation, PastIndicator, Selection};
pub use reject::rejected;
pub use request::{Decision, Failure, GetSli, Overflow, Request, SloText, Verdict};
