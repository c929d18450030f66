//! Data of `evaluation.finished`.
