//! What the runtime needs from outside. Adapters provide it; the memory store and the virtual clock provide it for the
//! simulator and for tests.

mod clock;
mod config_repo;
mod kept_event;
mod records;
mod retention;
mod store;

pub use clock::{Clock, SystemClock};
pub use config_repo::{Change, CommitId, ConfigError, ConfigRepo, FileChange, ReadFile};
pub use kept_event::{KeptEvent, OpenTask};
pub use records::{
    Census, ClaimFilter, Configuration, Deferred, EventFilter, FactFilter, FactPage, FactSpan, LastEnd, LastEvent,
    ListedTasks, NewFact, OfferFilter, Offered, Page, PathFilter, PlacedFact, Project, ProjectId, RunFilter,
    SequenceFilter, Service, ServiceView, Slice, StoredEvent, StoredFact, Timer,
};
pub use retention::{Keep, Retention};
pub use store::{Store, StoreError, StoreReader, StoreTx};
