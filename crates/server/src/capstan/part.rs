//! Which part of a list is asked for.

use capstan_runtime::ports::Slice;

use crate::error::Failure;
use crate::params::Params;

/// How many are listed where no number is asked for.
const LIMIT: u64 = 50;

/// How many are listed at most.
const LIMIT_MAX: u64 = 500;

/// `limit` and `offset`.
pub(super) fn slice(params: &Params) -> Result<Slice, Failure> {
    let offset = number(params, "offset")?.unwrap_or(0);
    Ok(Slice { offset: offset.min(Slice::ALL.limit), limit: limit(params)? })
}

/// `limit` alone.
pub(super) fn limit(params: &Params) -> Result<u64, Failure> {
    let limit = number(params, "limit")?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Failure::bad_request(format!("'limit' is {limit}; it may be 1 to {LIMIT_MAX}")));
    }
    Ok(limit)
}

/// The `offset` of the part behind this one; none at the end.
pub(super) fn next_offset(slice: Slice, total: u64) -> Option<u64> {
    let next = slice.offset.saturating_add(slice.limit);
    (next < total).then_some(next)
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    let text = params.text(name);
    text.map(|text| text.parse().map_err(|_| Failure::bad_request(format!("'{name}' is no whole number: '{text}'"))))
        .transpose()
}
