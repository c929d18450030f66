//! Ids of traces and spans (W3C Trace Context): a run is a trace, and each id follows from what it is of, so that whoever
//! asks gets the same one, at any time.

use uuid::Uuid;

/// Keeps these hashes apart from all others.
const SPACE: Uuid = Uuid::from_u128(0x2b7c_91de_04a3_5f68_b1c9_7e52_3d0a_86f4);

/// Id of a trace.
pub type TraceId = [u8; 16];

/// Id of a span.
pub type SpanId = [u8; 8];

/// The trace of a run: the bytes of its context where that is a UUID, else a hash of it.
pub fn trace_of(context: &str) -> TraceId {
    let own = Uuid::parse_str(context).ok().filter(|uuid| !uuid.is_nil());
    *own.unwrap_or_else(|| Uuid::new_v5(&SPACE, context.as_bytes())).as_bytes()
}

/// The span of a run, the root of its trace. A context that was used in several projects has one in each.
pub fn span_of_run(project: &str, context: &str) -> SpanId {
    span(&["run", project, context])
}

/// The span of a sequence, by its id.
pub fn span_of_sequence(id: &str) -> SpanId {
    span(&["sequence", id])
}

/// The span of an attempt of a task, by the id of its `.triggered` event.
pub fn span_of_attempt(triggered_id: &str) -> SpanId {
    span(&["attempt", triggered_id])
}

/// `traceparent` for whoever works on an attempt.
pub fn traceparent(context: &str, triggered_id: &str) -> String {
    let (trace, span) = (trace_of(context), span_of_attempt(triggered_id));
    format!("00-{:032x}-{:016x}-01", u128::from_be_bytes(trace), u64::from_be_bytes(span))
}

/// Trace and span that a `traceparent` names; none where it is none.
pub fn parse(traceparent: &str) -> Option<(TraceId, SpanId)> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_known = version.len() == 2 && version != "ff" && (version != "00" || parts.next().is_none());
    let (trace, span): (TraceId, SpanId) = (bytes(trace)?, bytes(span)?);
    bytes::<1>(flags)?;
    bytes::<1>(version)?;
    (is_known && trace != TraceId::default() && span != SpanId::default()).then_some((trace, span))
}

fn span(parts: &[&str]) -> SpanId {
    let hash = Uuid::new_v5(&SPACE, parts.join("\u{1f}").as_bytes());
    let mut id = SpanId::default();
    // The first half holds the version of the UUID, which is never zero: no id is invalid.
    id.copy_from_slice(&hash.as_bytes()[..8]);
    id
}

fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    // Lower case alone, as the specification says.
    if hex.len() != 2 * N || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_trace_under_the_bytes_of_its_context() {
        let context = "16e5f3a2-0f0c-4a09-8ea6-6a5f8f2f0f7e";
        let parent = traceparent(context, "t-1");
        assert!(parent.starts_with("00-16e5f3a20f0c4a098ea66a5f8f2f0f7e-") && parent.ends_with("-01"), "{parent}");
        assert_eq!(parse(&parent), Some((trace_of(context), span_of_attempt("t-1"))));
        let other = "any text";
        assert_eq!(trace_of(other), trace_of(other));
        assert_ne!(trace_of(other), trace_of("any other text"));
        assert_ne!(trace_of("00000000-0000-0000-0000-000000000000"), TraceId::default());
        assert_ne!(span_of_attempt("x"), span_of_sequence("x"));
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(parse(good).is_some());
        assert!(parse(&format!("{}-more", good.replacen("00", "01", 1))).is_some(), "of a later version");
        for bad in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319ü-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
