//! The body of an answer that is no success.

use serde::Serialize;
use utoipa::ToSchema;

// It only describes what `Failure` writes.
/// Why a request was refused.
#[derive(Serialize, ToSchema)]
pub(super) struct Problem {
    /// The status once more.
    #[schema(example = 404)]
    code: Option<u16>,
    /// A sentence: what is wrong, where, and how to mend it.
    message: String,
}
