//! W5, W6 and W7: what becomes of a server that has a lot stored.

mod footprint;
mod growth;
mod lost;
mod recovery;
mod stock;

pub(super) use footprint::{BINARY, Footprints, RSS, State};
pub(super) use growth::{Growth, HOP_P99, LIST_P99};
pub(super) use recovery::{Cache, READY, Recovery, can_drop_caches};
pub(super) use stock::Stocks;
