//! Events and facts side by side, within a transaction.

use super::change::Change;

/// What a transaction changes, of both.
#[derive(Debug, Clone)]
pub(in super::super) struct Changes {
    pub(in super::super) events: Change,
    pub(in super::super) facts: Change,
    /// The context of which the key was asked for last, and its key: what is appended in a row is of one context.
    last: Option<(String, i64)>,
}

impl Changes {
    pub(super) fn new(events: Change, facts: Change) -> Self {
        Self { events, facts, last: None }
    }

    /// The key of a context.
    pub(in super::super) fn key(&mut self, context: &str) -> i64 {
        match &self.last {
            Some((last, key)) if last == context => *key,
            _ => {
                let key = super::key(context);
                self.last = Some((context.to_owned(), key));
                key
            }
        }
    }
}
