//! Which part of a list is asked for.

use capstan_runtime::ports::Slice;
use jiff::Timestamp;

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

/// A time by which a list is cut.
pub(super) fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, Failure> {
    if params.raw(name) == Some("") {
        let why = format!("'{name}' is empty; leave it out, or write a time such as 2026-01-31T12:00:00Z");
        return Err(Failure::bad_request(why));
    }
    params.once(name)?;
    params.time(name)
}

/// The `offset` of the part behind this one; none at the end.
pub(super) fn next_offset(slice: Slice, total: u64) -> Option<u64> {
    let next = slice.offset.saturating_add(slice.limit);
    (next < total).then_some(next)
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    // Positions and numbers of rows are 64 bits with a sign, as the document says.
    let Some(text) = params.once(name)? else { return Ok(None) };
    let number = text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    let wrong = || format!("'{name}' is no whole number from 0 to {}: '{text}'", i64::MAX);
    number.map(Some).ok_or_else(|| Failure::bad_request(wrong()))
}
