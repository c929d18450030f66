//! Lists that come in parts.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::connection::{Connection, Document};
use super::error::ClientError;

impl Connection {
    /// A list as a whole: `part` gets what begins at an offset, and says where the next part does. The entries stand under
    /// `key`.
    pub(super) async fn whole<T, F, P>(&self, key: &str, part: F) -> Result<Document<T>, ClientError>
    where
        T: DeserializeOwned,
        F: Fn(u64) -> P,
        P: Future<Output = Result<(Document<T>, Option<u64>), ClientError>>,
    {
        let (mut raw, mut offset) = (json!({}), Some(0));
        while let Some(from) = offset {
            let (page, next) = part(from).await?;
            offset = next;
            match (raw.get_mut(key), page.raw.get(key)) {
                (Some(Value::Array(all)), Some(Value::Array(more))) => all.extend(more.iter().cloned()),
                _ => raw = page.raw,
            }
        }
        // There is no further part behind the whole.
        if let Value::Object(document) = &mut raw {
            document.shift_remove("next_offset");
        }
        let read = T::deserialize(&raw)
            .map_err(|error| ClientError::Stranger { does: format!("its answer cannot be read: {error}") })?;
        Ok(Document { raw, read })
    }
}
