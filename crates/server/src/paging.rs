//! The three ways in which v1 pages (contract: surfaces.md 1.2). In all of them the key of a page is an offset.

use capstan_runtime::ports::Slice;

use crate::error::Failure;
use crate::params::Params;

/// The size of a page where none is asked for.
const SIZE: u64 = 20;

/// The greatest page of the store of events.
const EVENTS: u64 = 100;

/// Style A: projects, stages, services and open tasks.
pub(crate) fn list(params: &Params) -> Result<Slice, Failure> {
    let limit = number(params, "pageSize")?.unwrap_or(SIZE);
    Ok(Slice { offset: lenient(params), limit })
}

/// The key of the next page in style A, `"0"` where there is none.
pub(crate) fn list_key(slice: Slice, total: u64) -> String {
    next(slice, total).unwrap_or(0).to_string()
}

/// Cuts a page out of a list that is at hand.
pub(crate) fn cut<T>(items: Vec<T>, slice: Slice) -> Vec<T> {
    let offset = usize::try_from(slice.offset).unwrap_or(usize::MAX);
    items.into_iter().skip(offset).take(usize::try_from(slice.limit).unwrap_or(usize::MAX)).collect()
}

/// Style C: the store of events.
pub(crate) fn events(params: &Params) -> Result<Slice, Failure> {
    Ok(Slice { offset: lenient(params), limit: bounded(params, "pageSize")? })
}

/// A number of events.
pub(crate) fn bounded(params: &Params, name: &str) -> Result<u64, Failure> {
    let Some(text) = params.text(name) else { return Ok(SIZE) };
    let Ok(number) = text.parse::<i64>() else {
        return Err(Failure::unprocessable(601, format!("{name} in query must be of type int64: \"{text}\"")));
    };
    match u64::try_from(number) {
        Err(_) | Ok(0) => {
            Err(Failure::unprocessable(609, format!("{name} in query should be greater than or equal to 1")))
        }
        Ok(number) if number > EVENTS => {
            Err(Failure::unprocessable(608, format!("{name} in query should be less than or equal to {EVENTS}")))
        }
        Ok(number) => Ok(number),
    }
}

/// The key of the next page in style C.
pub(crate) fn events_key(slice: Slice, total: u64) -> Option<String> {
    next(slice, total).map(|key| key.to_string())
}

/// Style D: runs and sequences. Without a size, or with none of it, everything.
pub(crate) fn records(params: &Params) -> Result<Slice, Failure> {
    let limit = number(params, "pageSize")?.filter(|size| *size > 0).unwrap_or(Slice::ALL.limit);
    Ok(Slice { offset: number(params, "nextPageKey")?.unwrap_or(0), limit })
}

/// The key of the next page in style D.
pub(crate) fn records_key(slice: Slice, total: u64) -> Option<u64> {
    next(slice, total)
}

/// Whether a list is empty: v1 then leaves out how long it is.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn next(slice: Slice, total: u64) -> Option<u64> {
    let key = slice.offset.saturating_add(slice.limit);
    (slice.limit > 0 && key < total).then_some(key)
}

/// The offset of the page as v1 reads it in styles A and C: what is none is the first.
fn lenient(params: &Params) -> u64 {
    let key = params.raw("nextPageKey").and_then(|key| key.parse::<i64>().ok());
    key.and_then(|key| u64::try_from(key).ok()).unwrap_or(0)
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, Failure> {
    let Some(text) = params.text(name) else { return Ok(None) };
    match text.parse::<i64>() {
        Err(_) => Err(Failure::bad_request(format!("Invalid request format: '{name}' is no number: '{text}'"))),
        Ok(number) => match u64::try_from(number) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Failure::bad_request(format!("Invalid request format: '{name}' is below zero"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_where_this_one_ends_while_there_is_more() {
        let slice = |offset, limit| Slice { offset, limit };
        assert_eq!(list_key(slice(0, 20), 20), "0");
        assert_eq!(list_key(slice(0, 20), 21), "20");
        assert_eq!(events_key(slice(20, 20), 41).as_deref(), Some("40"));
        assert_eq!(records_key(slice(7, 0), 41), None);
        assert_eq!(records_key(slice(7, u64::MAX), 41), None);
        assert_eq!(cut(vec![1, 2, 3], slice(1, 1)), [2]);
        assert_eq!(cut(vec![1, 2, 3], slice(9, 1)), [] as [i32; 0]);
    }
}
