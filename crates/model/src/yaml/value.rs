//! Nodes of no known type, as Go's yaml.v3 reads them where anything may stand, in the shape that JSON can carry.

use serde_json::{Map, Number, Value};

use super::decode::{Decoder, FromYaml};
use super::node::{NodeId, NodeKind};
use super::scalar;
use crate::diagnostic::Diagnostic;

/// How deeply a value may be nested. Readers of JSON give up at 128 levels, and an event puts a few around the value.
const DEPTH: usize = 100;

/// What a value costs of the decoder's budget: it is kept, unlike the nodes of known types that most of them become.
const COST: usize = 8;

/// The bytes of text that cost as much as one node: aliases multiply text as well as nodes.
const BYTES_PER_NODE: usize = 16;

/// The largest whole number up to which every one has a float of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Anything: keys become text, times stay text, aliases and merge keys are worked in. Infinities and NaN, which JSON does
/// not have, stay the text that they are written as.
impl FromYaml for Value {
    fn from_yaml(decoder: &mut Decoder<'_>, node: NodeId) -> Option<Self> {
        read(decoder, node, &mut Vec::new())
    }
}

/// `open` holds the lists and maps around the node, outermost first.
fn read(decoder: &mut Decoder<'_>, node: NodeId, open: &mut Vec<NodeId>) -> Option<Value> {
    let document = decoder.document;
    let id = document.resolved_id(node);
    let kind = &document.node(id).kind;
    if let NodeKind::Scalar(text) = kind {
        return read_scalar(decoder, node, text);
    }
    if open.contains(&id) {
        let finding =
            Diagnostic::error("YAML002", decoder.span(node), "this alias stands for something that contains it");
        decoder.error(finding.help("write the value out"));
        return None;
    }
    if open.len() >= DEPTH {
        let message = format!("this is nested too deeply; {DEPTH} levels are read");
        decoder.error(Diagnostic::error("YAML007", decoder.span(node), message));
        return None;
    }
    open.push(id);
    decoder.budget = decoder.budget.saturating_sub(COST);
    let value = match kind {
        NodeKind::Sequence(items) => decoder.spend(node).and_then(|()| {
            items.iter().map(|item| read(decoder, *item, open)).collect::<Option<Vec<_>>>().map(Value::Array)
        }),
        _ => decoder.entries(node, "a map").and_then(|entries| {
            let entries = entries.into_iter();
            let read = entries.map(|(name, _, value)| Some((name.into_owned(), read(decoder, value, open)?)));
            read.collect::<Option<Map<_, _>>>().map(Value::Object)
        }),
    };
    open.pop();
    value
}

fn read_scalar(decoder: &mut Decoder<'_>, node: NodeId, text: &str) -> Option<Value> {
    decoder.budget = decoder.budget.saturating_sub(COST + text.len() / BYTES_PER_NODE);
    let (value, text) = decoder.scalar(node, "a value")?;
    Some(match value {
        scalar::Value::Null => Value::Null,
        scalar::Value::Bool(truth) => Value::Bool(truth),
        // What is whole is written without a point, as Go does.
        scalar::Value::Float(number)
            if number.fract() == 0.0 && number.abs() < EXACT && number.to_bits() != (-0.0_f64).to_bits() =>
        {
            Value::Number((number as i64).into())
        }
        scalar::Value::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
        scalar::Value::Integer(number) => {
            let number = i64::try_from(number).map(Number::from).or_else(|_| u64::try_from(number).map(Number::from));
            number.map_or_else(|_| Value::String(text.to_owned()), Value::Number)
        }
        scalar::Value::Text => Value::String(String::from_yaml(decoder, node)?),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::compose;

    fn value(text: &str) -> Result<Value, &'static str> {
        let document = compose(text).unwrap();
        let mut decoder = Decoder::new(&document);
        let value = Value::from_yaml(&mut decoder, document.root.unwrap());
        match decoder.finish().0.first() {
            Some(error) => Err(error.code),
            None => Ok(value.unwrap()),
        }
    }

    #[test]
    fn scalars_are_what_v1_takes_them_for() {
        let text = "[1, -0x10, 18446744073709551615, 1.0, 1.5, 1e30, yes, True, ~, , 2024-01-02, '1', !!str 1, !!binary YQ==, .inf, 0.0]";
        let wanted =
            json!([1, -16, u64::MAX, 1, 1.5, 1e30, "yes", true, null, null, "2024-01-02", "1", "1", "a", ".inf", 0]);
        assert_eq!(value(&text.replace(", ,", ", null,")), Ok(wanted));
        assert_eq!(value("!!int x"), Err("YAML004"));
    }

    #[test]
    fn keys_become_text_and_merges_are_worked_in() {
        let text = "base: &b {a: 1, b: [x]}\nmerged: {<<: *b, a: 2}\nlist: *b\n3: three\ntrue: yes\n'<<': kept\n";
        let wanted = json!({
            "base": {"a": 1, "b": ["x"]}, "merged": {"a": 2, "b": ["x"]}, "list": {"a": 1, "b": ["x"]},
            "3": "three", "true": "yes", "<<": "kept"
        });
        assert_eq!(value(text), Ok(wanted));
        assert_eq!(value("{a: 1, a: 2}"), Err("YAML003"));
        assert_eq!(value("{[a]: 1}"), Err("YAML004"));
    }

    #[test]
    fn what_cannot_be_written_out_is_refused() {
        assert_eq!(value("&a [*a, *a]"), Err("YAML002"));
        assert_eq!(value("&a {b: {c: *a}}"), Err("YAML002"));
        assert!(value(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
        assert_eq!(value(&format!("{}{}", "[".repeat(9_000), "]".repeat(9_000))), Err("YAML007"));
        let doubled: Vec<_> = (1..40).map(|n| format!("- &a{n} [*a{0}, *a{0}]", n - 1)).collect();
        assert_eq!(value(&format!("- &a0 [x]\n{}\n", doubled.join("\n"))), Err("YAML006"));
        let long = format!("- &a {}\n- [{}*a]\n", "x".repeat(100_000), "*a, ".repeat(10_000));
        assert_eq!(value(&long), Err("YAML006"));
    }
}
