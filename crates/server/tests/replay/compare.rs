//! Placeholders: what they stand for in a request, and whether an answer fits them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Answer;
use super::story::{SHIPYARD, Step};

/// What the placeholders of a group stand for so far.
#[derive(Clone)]
pub(crate) struct Bindings {
    suffix: String,
    values: BTreeMap<String, String>,
}

impl Bindings {
    pub(crate) fn new(suffix: &str) -> Self {
        Self { suffix: suffix.to_owned(), values: BTreeMap::new() }
    }

    /// A path to ask for; a time in it stands in the title of its step.
    pub(crate) fn path(&self, path: &str, title: &str) -> String {
        let time = title.rsplit('=').next().unwrap_or_default();
        self.text(path).replace("<time>", time)
    }

    /// A body to send; a text is sent as it is.
    pub(crate) fn body(&self, body: &Value) -> Option<Vec<u8>> {
        match body {
            Value::Null => None,
            Value::String(text) => Some(text.clone().into_bytes()),
            body => Some(self.filled(body).to_string().into_bytes()),
        }
    }

    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => match members.get("<base64>") {
                Some(text) => STANDARD.encode(self.text(text.as_str().unwrap())).into(),
                None => members.iter().map(|(key, value)| (key.clone(), self.filled(value))).collect(),
            },
            value => value.clone(),
        }
    }

    /// An id that no answer has told yet is one that the story makes up.
    fn text(&self, text: &str) -> String {
        let mut text = text.replace("<sfx>", &self.suffix).replace("<the shipyard>", SHIPYARD);
        for (name, value) in &self.values {
            text = text.replace(name, value);
        }
        for (kind, made_up) in
            [("<uuid:", made_up as fn(u64) -> String), ("<commit:", |number| format!("{number:040x}"))]
        {
            while let Some(at) = text.find(kind) {
                let end = at + text[at..].find('>').unwrap();
                let number: u64 = text[at + kind.len()..end].parse().unwrap();
                text.replace_range(at..=end, &made_up(number));
            }
        }
        text
    }

    /// Whether a placeholder may stand for a value. Ids are different ones; commits need not be (a run has one commit).
    fn bind(&mut self, name: &str, value: &str) -> Result<(), String> {
        if let Some(bound) = self.values.get(name) {
            return if bound == value { Ok(()) } else { Err(format!("{name} was {bound}, now it is {value}")) };
        }
        if name.starts_with("<uuid:") && self.values.values().any(|bound| bound == value) {
            return Err(format!("{name} is {value}, which is another one's"));
        }
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        if value.is_empty() || !value.chars().all(is_id) {
            return Err(format!("{name} is '{value}'"));
        }
        self.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
}

fn made_up(number: u64) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Whether an answer is the recorded one.
pub(crate) fn compare(step: &Step, answer: &Answer, bindings: &mut Bindings) -> Result<(), String> {
    let body = String::from_utf8_lossy(&answer.body);
    if answer.status != step.status {
        return Err(format!("status {} instead of {}: {body}", answer.status, step.status));
    }
    if answer.content_type != step.content_type {
        return Err(format!("content type '{}' instead of '{}'", answer.content_type, step.content_type));
    }
    match &step.body {
        Value::Null if body.is_empty() => Ok(()),
        Value::Null => Err(format!("a body: {body}")),
        Value::String(text) if text == "<anything>" || *text == body => Ok(()),
        expected => {
            let got = serde_json::from_str(&body).map_err(|error| format!("no JSON ({error}): {body}"))?;
            same(expected, &got, "", bindings).map_err(|fault| format!("{fault}\n  in {body}"))
        }
    }
}

fn same(expected: &Value, got: &Value, place: &str, bindings: &mut Bindings) -> Result<(), String> {
    match (expected, got) {
        (Value::String(expected), _) if expected == "<anything>" => Ok(()),
        (Value::String(expected), Value::String(got)) => {
            text(expected, got, place, bindings).map_err(|fault| format!("{place}: {fault}"))
        }
        (Value::Array(expected), Value::Array(got)) => {
            if expected.len() != got.len() {
                return Err(format!("{place}: {} entries instead of {}", got.len(), expected.len()));
            }
            let mut pairs = expected.iter().zip(got).enumerate();
            pairs.try_for_each(|(at, (expected, got))| same(expected, got, &format!("{place}/{at}"), bindings))
        }
        (Value::Object(expected), Value::Object(got)) => {
            let keys = |map: &serde_json::Map<String, Value>| {
                map.keys().map(|key| bindings.text(key)).collect::<std::collections::BTreeSet<_>>()
            };
            let (wanted, there) = (keys(expected), keys(got));
            if wanted != there {
                return Err(format!(
                    "{place}: missing {:?}, too many {:?}",
                    wanted.difference(&there).collect::<Vec<_>>(),
                    there.difference(&wanted).collect::<Vec<_>>()
                ));
            }
            let mut members = expected.iter();
            members.try_for_each(|(key, expected)| same(expected, &got[key], &format!("{place}/{key}"), bindings))
        }
        (expected, got) if expected == got => Ok(()),
        (expected, got) => Err(format!("{place}: {got} instead of {expected}")),
    }
}

fn text(expected: &str, got: &str, place: &str, bindings: &mut Bindings) -> Result<(), String> {
    // Sentences need not be v1's, but there has to be one.
    if place == "/message" && !expected.is_empty() {
        return if got.is_empty() { Err("no message".to_owned()) } else { Ok(()) };
    }
    let is = |is: bool| if is { Ok(()) } else { Err(format!("'{got}' instead of '{expected}'")) };
    match expected {
        "<time>" => is(got.parse::<jiff::Timestamp>().is_ok()),
        "<nanos>" => is(got.len() == 19 && got.bytes().all(|c| c.is_ascii_digit())),
        _ if expected.starts_with("<uuid:") && !bindings.values.contains_key(expected) => {
            // One that the story has made up keeps its value.
            let number: u64 = expected[6..expected.len() - 1].parse().unwrap();
            if got == made_up(number) { Ok(()) } else { bindings.bind(expected, got) }
        }
        _ if expected.starts_with("<uuid:") || expected.starts_with("<commit:") => bindings.bind(expected, got),
        _ => is(bindings.text(expected) == got),
    }
}
