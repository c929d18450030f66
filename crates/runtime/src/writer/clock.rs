//! Whether the clock of the machine is even.

use jiff::{SignedDuration, Timestamp};

use crate::command::Command;
use crate::ports::{Clock, EventFilter, FactFilter, Slice, StoreError, StoreReader};

/// By how much wall clock and monotonic clock may part before that counts as a jump.
pub(crate) const JUMP: SignedDuration = SignedDuration::from_secs(5);

/// What the clock said before it was set back while nobody was up to see it, by what was stored then; none: it was not.
pub(crate) fn set_back_from(reader: &dyn StoreReader, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let newest = reader.events(&EventFilter::default(), Slice { offset: 0, limit: 1 })?.items.pop();
    let newest = newest.and_then(|stored| stored.event.time).unwrap_or(Timestamp::MIN);
    // A sign of life renews deadlines without an event.
    let last = reader.fact_span()?.next.saturating_sub(2);
    let last = reader.facts_after(&FactFilter::default(), last, 1)?.items.pop();
    let newest = last.map_or(newest, |fact| fact.stored.at.max(newest));
    Ok(Some(newest).filter(|newest| newest.duration_since(now) > JUMP))
}

/// What steps go by. Until something could be pulled in after the clock was set back they go by no earlier time than it said
/// before, so that from what they write a restart sees it too. To remove something the time has to have come by the clock as it
/// is: what was written after it was set back may be younger than it seems.
pub(crate) fn time_of_step(now: Timestamp, set_back: Option<Timestamp>, commands: &[Command]) -> Timestamp {
    let by_the_clock = matches!(commands, [Command::ClockSetBack | Command::Purge]);
    set_back.filter(|_| !by_the_clock).map_or(now, |before| before.max(now))
}

/// Where the wall clock would stand if it had never jumped, less the monotonic one.
pub(super) fn offset(clock: &dyn Clock) -> SignedDuration {
    let wall = clock.now().duration_since(Timestamp::UNIX_EPOCH);
    wall - SignedDuration::try_from(clock.monotonic()).unwrap_or(SignedDuration::MAX)
}
