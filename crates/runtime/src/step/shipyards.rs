//! Shipyards by what they say, parsed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use capstan_model::shipyard::{self, Shipyard};

use crate::ports::{StoreError, StoreTx};

/// How many parsed shipyards are kept.
const KEPT: usize = 256;

/// Parsed shipyards by the hash of their text.
#[derive(Debug, Default)]
pub(super) struct Shipyards(BTreeMap<String, Arc<Shipyard>>);

impl Shipyards {
    /// Some that were read already, by the hash of their text.
    pub(super) fn of(read: impl IntoIterator<Item = (String, Arc<Shipyard>)>) -> Self {
        Self(read.into_iter().collect())
    }

    /// The shipyard that was interned under a hash.
    pub(super) fn get(&mut self, tx: &mut dyn StoreTx, hash: &str) -> Result<Option<Arc<Shipyard>>, StoreError> {
        if let Some(known) = self.0.get(hash) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(text) = tx.shipyard(hash)? else { return Ok(None) };
        // Only what could be read is ever interned; what an older version read, this one may refuse.
        let Ok(read) = shipyard::read(&text) else { return Ok(None) };
        let parsed = Arc::new(read.shipyard);
        if self.0.len() >= KEPT {
            self.0.pop_first();
        }
        self.0.insert(hash.to_owned(), Arc::clone(&parsed));
        Ok(Some(parsed))
    }
}
