//! Lists that come in parts.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connection::{Connection, Document};
use super::error::ClientError;

/// How many entries are asked for at once.
const PAGE: u64 = 500;

/// A part of a list.
#[derive(Deserialize)]
struct Part {
    /// Where the next part begins.
    next_offset: Option<u64>,
}

impl Connection {
    /// A list of Capstan's own API as a whole, in one document. Its entries stand under the last piece of the path.
    pub(super) async fn whole<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Document<T>, ClientError> {
        let key = path.last().copied().unwrap_or_default();
        let (mut raw, mut offset) = (json!({}), Some(0));
        while let Some(from) = offset {
            let (limit, from) = (PAGE.to_string(), from.to_string());
            let query = [query, &[("limit", &limit), ("offset", &from)]].concat();
            let page: Document<Part> = self.get(path, &query).await?;
            offset = page.read.next_offset;
            match (raw.get_mut(key), page.raw.get(key)) {
                (Some(Value::Array(all)), Some(Value::Array(more))) => all.extend(more.iter().cloned()),
                _ => raw = page.raw,
            }
        }
        // There is no further part behind the whole.
        if let Value::Object(document) = &mut raw {
            document.shift_remove("next_offset");
        }
        Document::of(raw)
    }
}
