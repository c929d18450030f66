//! What a tool that has claimed a task answers.

use hyper::body::Bytes;

/// How much there is in it beside the result, in bytes.
const FILLER: usize = 560;

/// That it went well, with about as much to tell as a `.finished` event has.
pub(super) fn answer() -> Bytes {
    let filler = "x".repeat(FILLER);
    Bytes::from(format!(r#"{{"result":"pass","data":{{"filler":"{filler}"}}}}"#))
}
