//! The key under which sequences take turns.

use serde_json::{Map, Value};

use super::types::Concurrency;
use super::when::When;

impl Concurrency {
    /// The key for a trigger with these data: what stands between braces is a path and is replaced by the text, number or truth
    /// value that it leads to. None where it has no key of its own; an error, a sentence, where a path leads to nothing of that
    /// kind.
    pub fn key_for(&self, data: &Map<String, Value>) -> Result<Option<String>, String> {
        let Some(written) = &self.key else { return Ok(None) };
        let mut key = String::new();
        let mut rest = written.as_str();
        while let Some((before, (placeholder, after))) =
            rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            key.push_str(before);
            let path = When::path(placeholder);
            match path.as_ref().map_or(&Value::Null, |path| path.find(data)) {
                Value::String(text) => key.push_str(text),
                Value::Number(number) => key.push_str(&number.to_string()),
                Value::Bool(truth) => key.push_str(&truth.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(format!(
                        "its concurrency key '{written}' needs a text at '{placeholder}' of the trigger's data, and there is none"
                    ));
                }
            }
            rest = after;
        }
        key.push_str(rest);
        Ok(Some(key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shipyard::Policy;

    fn key(written: &str) -> Result<Option<String>, String> {
        let concurrency = Concurrency { key: Some(written.to_owned()), policy: Policy::Queue };
        let data = json!({"service": "cart", "labels": {"my-region": "eu", "n": 3, "on": true}, "list": ["a"]});
        concurrency.key_for(data.as_object().unwrap())
    }

    #[test]
    fn placeholders_become_what_they_lead_to() {
        for (written, expected) in [
            ("deploy", "deploy"),
            ("deploy-{service}", "deploy-cart"),
            ("{labels.my-region}/{labels.n}/{labels.on}!", "eu/3/true!"),
            ("{labels[\"my-region\"]}{list[0]}", "eua"),
        ] {
            assert_eq!(key(written), Ok(Some(expected.to_owned())));
        }
        assert_eq!(Concurrency::default().key_for(&Map::new()), Ok(None));
    }

    #[test]
    fn what_leads_to_no_text_is_said() {
        for path in ["labels.region", "labels", "list", "list[1]"] {
            let why = key(&format!("x-{{{path}}}")).unwrap_err();
            assert!(why.contains(&format!("needs a text at '{path}' of the trigger's data")), "{why}");
        }
    }
}
