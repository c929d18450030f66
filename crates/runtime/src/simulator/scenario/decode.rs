//! Values that stand in a scenario.

use capstan_model::diagnostic::{Diagnostic, did_you_mean};
use capstan_model::duration;
use capstan_model::yaml::{Decoder, FromYaml, NodeId, Truncated};
use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::file::ShipyardText;

/// A length of time, such as `30s`, `5m`, `2d`; negative ones are read where the caller lets them be.
pub(super) fn length(decoder: &mut Decoder<'_>, node: NodeId) -> Option<SignedDuration> {
    let text = String::from_yaml(decoder, node)?;
    if let Ok(nanos) = duration::parse_with_days(&text) {
        return Some(SignedDuration::from_nanos(nanos));
    }
    let span = decoder.span(node);
    let message = format!("'{text}' is no length of time");
    decoder.error(
        Diagnostic::error("SIM001", span, message).help("write a number and a unit, such as 30s, 5m, 1h30m or 2d"),
    );
    None
}

/// A length of time that is not below zero.
pub(super) fn span_of_time(decoder: &mut Decoder<'_>, node: NodeId) -> Option<SignedDuration> {
    let length = length(decoder, node)?;
    if length.is_negative() {
        let span = decoder.span(node);
        decoder
            .error(Diagnostic::error("SIM002", span, "time does not run backwards here").help("write it without '-'"));
        return None;
    }
    Some(length)
}

/// A whole number that is not below zero.
pub(super) fn count(decoder: &mut Decoder<'_>, node: NodeId) -> Option<u32> {
    let number = Truncated::from_yaml(decoder, node)?.value;
    let count = u32::try_from(number).ok();
    if count.is_none() {
        let span = decoder.span(node);
        decoder.error(Diagnostic::error("SIM003", span, format!("{number} is no number of things")));
    }
    count
}

/// A map of anything.
pub(super) fn object(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Map<String, Value>> {
    match Value::from_yaml(decoder, node)? {
        Value::Object(map) => Some(map),
        Value::Null => None,
        _ => {
            let span = decoder.span(node);
            let error = Diagnostic::error("YAML004", span, "a map is wanted here");
            decoder.error(error.help("write the keys on lines of their own below it, indented"));
            None
        }
    }
}

/// One of some words.
pub(super) fn word(decoder: &mut Decoder<'_>, node: NodeId, words: &[&str]) -> Option<String> {
    let text = String::from_yaml(decoder, node)?;
    if words.contains(&&*text) {
        return Some(text);
    }
    let span = decoder.span(node);
    let error = Diagnostic::error("SIM004", span, format!("'{text}' is none of: {}", words.join(", ")));
    decoder.error(match did_you_mean(&text, words.iter().copied()) {
        Some(near) => error.help(format!("did you mean '{near}'?")),
        None => error,
    });
    None
}

/// `<stage>.<sequence>`.
pub(super) fn stage_and_sequence(decoder: &mut Decoder<'_>, node: NodeId) -> Option<(String, String)> {
    let text = String::from_yaml(decoder, node)?;
    match text.split_once('.').filter(|(stage, sequence)| !stage.is_empty() && !sequence.is_empty()) {
        Some((stage, sequence)) if !sequence.contains('.') => Some((stage.to_owned(), sequence.to_owned())),
        _ => {
            let span = decoder.span(node);
            let message = format!("'{text}' is no stage with a sequence");
            decoder.error(Diagnostic::error("SIM005", span, message).help("write 'dev.delivery'"));
            None
        }
    }
}

/// A shipyard, or the path of one.
pub(super) fn shipyard_text(decoder: &mut Decoder<'_>, node: NodeId) -> Option<ShipyardText> {
    let span = decoder.span(node);
    String::from_yaml(decoder, node).map(|text| ShipyardText { text, span, made: None })
}
