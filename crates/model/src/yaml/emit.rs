//! From JSON values to YAML text.

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use serde_json::Value;

use super::scalar;

/// Writes a value as a YAML document that reads back as the same value.
pub fn emit(value: &Value) -> String {
    let mut bytes = Vec::new();
    // Writing into memory cannot fail, and the events below are nested rightly by construction.
    let _ = write(value, &mut bytes);
    String::from_utf8(bytes).unwrap_or_default()
}

fn write(value: &Value, bytes: &mut Vec<u8>) -> Result<(), libyaml_safer::Error> {
    let mut emitter = Emitter::new();
    emitter.set_output_string(bytes);
    emitter.set_unicode(true);
    emitter.set_width(-1);
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    emitter.emit(Event::document_start(None, &[], true))?;
    write_node(value, &mut emitter)?;
    emitter.emit(Event::document_end(true))?;
    emitter.emit(Event::stream_end())?;
    emitter.flush()
}

fn write_node(value: &Value, emitter: &mut Emitter<'_>) -> Result<(), libyaml_safer::Error> {
    match value {
        Value::Null => write_scalar("null", ScalarStyle::Plain, emitter),
        Value::Bool(truth) => write_scalar(if *truth { "true" } else { "false" }, ScalarStyle::Plain, emitter),
        Value::Number(number) => write_scalar(&number.to_string(), ScalarStyle::Plain, emitter),
        Value::String(text) => write_scalar(text, style(text), emitter),
        Value::Array(items) => {
            let style = if items.is_empty() { SequenceStyle::Flow } else { SequenceStyle::Block };
            emitter.emit(Event::sequence_start(None, None, true, style))?;
            items.iter().try_for_each(|item| write_node(item, emitter))?;
            emitter.emit(Event::sequence_end())
        }
        Value::Object(entries) => {
            let style = if entries.is_empty() { MappingStyle::Flow } else { MappingStyle::Block };
            emitter.emit(Event::mapping_start(None, None, true, style))?;
            for (key, entry) in entries {
                write_scalar(key, self::style(key), emitter)?;
                write_node(entry, emitter)?;
            }
            emitter.emit(Event::mapping_end())
        }
    }
}

fn write_scalar(text: &str, style: ScalarStyle, emitter: &mut Emitter<'_>) -> Result<(), libyaml_safer::Error> {
    emitter.emit(Event::scalar(None, None, text, true, true, style))
}

/// Quotes a text that would otherwise read as something else, also for readers of YAML 1.1.
fn style(text: &str) -> ScalarStyle {
    let other_meaning = scalar::resolve(None, text) != Ok(scalar::Value::Text)
        || matches!(text.to_ascii_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "<<" | "=")
        || text.starts_with(|c: char| c.is_ascii_digit());
    match () {
        () if text.contains('\n') && !text.contains('\r') => ScalarStyle::Literal,
        () if other_meaning => ScalarStyle::DoubleQuoted,
        () => ScalarStyle::Plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_for_people() {
        let value = json!({"name": "a: b", "yes": "yes", "n": 1.5, "list": [1, "two", null], "none": {}, "text": "a\nb\n", "time": "2024-01-02"});
        insta::assert_snapshot!(emit(&value), @r#"
        name: 'a: b'
        "yes": "yes"
        "n": 1.5
        list:
        - 1
        - two
        - null
        none: {}
        text: |
          a
          b
        time: "2024-01-02"
        "#);
    }
}
