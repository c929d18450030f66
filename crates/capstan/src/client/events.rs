//! Events to a server.

use serde::Deserialize;
use serde_json::Value;

use super::connection::{Connection, Document, Repeat};
use super::error::ClientError;

/// Where an event went.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Accepted {
    /// The run that it belongs to.
    pub(crate) context: String,
}

impl Connection {
    /// Sends an event that has an id and a source: the server takes these in once, so a repeat is harmless.
    pub(crate) async fn send(&self, event: &Value) -> Result<Document<Accepted>, ClientError> {
        self.post(&["events"], event, Repeat::Harmless).await
    }
}
