//! Numbers in the notation of Keptn v1: how a double is written into JSON and into messages, and how text becomes one.

use serde::Serializer;

/// Largest magnitude below which every integral double is written as a JSON integer.
const EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Writes a double as v1 does: `100`, not `100.0`.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let negative_zero = *value == 0.0 && value.is_sign_negative();
    if value.fract() == 0.0 && value.abs() < EXACT_INTEGER && !negative_zero {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}
