//! The body of an answer that is no success.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused. This type only describes what [`crate::error::Failure`] writes.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// The status once more.
    #[schema(example = 404)]
    code: Option<u16>,
    /// A sentence: what is wrong, where, and how to mend it.
    message: String,
}
