//! Indicators from files that a test tool wrote: any JSON, `JMeter` results, `JUnit` reports, k6 results.
//!
//! [`FileSource::open`] reads a file once, [`FileSource::value`] then draws one value per query from it.
//!
//! # Queries
//!
//! `json:` takes a path into the document, the others take an expression:
//!
//! ```text
//! path       = [ key ] { "." key | "[" INDEX "]" | "[" QUOTED "]" } | "/" pointer (RFC 6901)
//! key        = QUOTED | characters other than . [ ] " ' and white space
//!
//! expression = term [ filter ] [ "." term ]
//! term       = word [ "(" [ argument ] ")" ]
//! filter     = "{" [ matcher { "," matcher } ] "}"
//! matcher    = word ( "=" | "!=" | "=~" | "!~" ) QUOTED
//!            | word ":" text-up-to-a-comma-or-brace                (as k6 writes it: {status:200})
//! word       = QUOTED | letters, digits, "_" and "-", with dots between digits: p99.9
//! argument   = QUOTED | letters, digits, "_", "-" and "."
//! QUOTED     = text in "double" or 'single' quotes; \\ and \" and \' stand for the character, any other \ for itself
//! ```
//!
//! | format   | expression                | functions or statistics                                              |
//! |----------|---------------------------|----------------------------------------------------------------------|
//! | `jtl:`   | `FUNCTION(FIELD){FILTER}` | `avg` `min` `max` `sum` `count` `p95` of `elapsed` `latency` `connect` |
//! |          |                           | `bytes` `sent_bytes`; `error_rate` `errors` `throughput` `duration_seconds` |
//! | `junit:` | `FUNCTION{FILTER}`        | `tests` `passed` `failures` `errors` `skipped` `pass_rate` `time`; the functions of `jtl:` of `time` |
//! | `k6:`    | `METRIC{TAGS}.STAT`       | those that k6 names, `p(95)`, `threshold("avg<5")`, `thresholds_failed` `thresholds_passed` |
//!
//! Operators mean what they mean in Prometheus: `=~` and `!~` match the whole text, an absent label is an empty one.
//! A percentile is interpolated linearly between the two closest ranks: of n values in order, counted from 0, pQ lies
//! at rank Q/100 · (n - 1).
//!
//! A filter that nothing passes gives no data rather than 0, so that a mistyped label cannot pass for good news. Only
//! for counts and only for labels that tell an outcome (`code`, `success`, a k6 `status`) it is 0 while the rest of
//! the filter matches something.

mod error;
mod filter;
mod json;
mod jtl;
mod junit;
mod k6;
mod lines;
mod query;
mod sniff;
mod source;
mod stats;
mod wording;
mod xml;

pub use error::FileError;
pub use source::FileSource;
