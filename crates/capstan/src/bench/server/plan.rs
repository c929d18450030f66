//! Which rows there are, and which of them take turns.

use std::fmt;

use super::sequences::Way;
use super::stored::{Cache, State};

/// What is measured in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// F: append and sync.
    Disk,
    /// H: parse and answer, for so many clients.
    Parse(usize),
    /// G: append, sync what has come together, answer; for so many clients.
    Group(usize),
    /// S: so many rows a transaction.
    Rows(usize),
    /// W1 for so many clients.
    Ingest(usize),
    /// W2 with so many runs in flight.
    Sequences(Way, usize),
    /// W3 at some rate.
    Hop(Way, Tempo),
    /// W7 at one of the sizes.
    Growth(usize),
    /// W6 in some state.
    Footprint(State),
    /// W5 with the page cache as that.
    Recovery(Cache),
}

/// What the sizes of W7 are called.
const SIZES: [&str; 4] = ["1k", "10k", "100k", "1M"];

/// How many runs begin in a second, whatever becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tempo {
    PerSecond(u32),
    /// Half of what goes through with 64 in flight.
    Half,
}

impl fmt::Display for Tempo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerSecond(rate) => write!(out, "{rate}"),
            Self::Half => out.write_str("half"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk => out.write_str("F"),
            Self::Parse(clients) => write!(out, "H/{clients}"),
            Self::Group(clients) => write!(out, "G/{clients}"),
            Self::Rows(batch) => write!(out, "S/{batch}"),
            Self::Ingest(clients) => write!(out, "W1/{clients}"),
            Self::Sequences(way, in_flight) => write!(out, "W2/{way}/{in_flight}"),
            Self::Hop(way, tempo) => write!(out, "W3/{way}/{tempo}"),
            Self::Growth(size) => write!(out, "W7/{}", SIZES.get(*size).unwrap_or(&"")),
            Self::Footprint(state) => write!(out, "W6/{state}"),
            Self::Recovery(Cache::Warm) => out.write_str("W5/warm"),
            Self::Recovery(Cache::Cold) => out.write_str("W5/cold"),
        }
    }
}

/// How many clients send at once in W1.
const CLIENTS: [usize; 3] = [1, 32, 256];

/// How many rows share a transaction in S.
const BATCHES: [usize; 3] = [1, 32, 256];

/// How many runs are in flight at once in W2.
const IN_FLIGHT: [usize; 3] = [16, 64, 256];

/// How fast runs come in W3.
const TEMPI: [Tempo; 3] = [Tempo::PerSecond(1), Tempo::PerSecond(10), Tempo::Half];

impl Row {
    /// Whether a server is measured, and not what it is held against.
    pub(super) fn is_of_server(self) -> bool {
        !matches!(self, Self::Disk | Self::Parse(_) | Self::Group(_) | Self::Rows(_))
    }

    /// Whether it can be measured at any server that speaks as Keptn v1 does.
    pub(super) fn is_v1(self) -> bool {
        match self {
            Self::Ingest(_) => true,
            Self::Sequences(way, _) | Self::Hop(way, _) => way == Way::V1,
            _ => false,
        }
    }

    /// What survives when it is acknowledged: `power` (a loss of power), `process` (a kill), `none`.
    pub(super) fn durability(self) -> &'static str {
        match self {
            Self::Parse(_) => "none",
            _ => "power",
        }
    }

    /// What its goals are ratios to.
    fn references(self) -> Vec<Self> {
        match self {
            Self::Ingest(32) => vec![Self::Group(32), Self::Rows(32)],
            Self::Ingest(clients) => vec![Self::Group(clients)],
            Self::Sequences(..) => vec![Self::Parse(32), Self::Group(32)],
            Self::Hop(_, Tempo::PerSecond(_)) => vec![Self::Disk],
            Self::Hop(way, Tempo::Half) => vec![Self::Disk, Self::half_of(way)],
            Self::Growth(_) => vec![Self::half_of(Way::Claims), Self::Growth(0)],
            _ => Vec::new(),
        }
    }

    /// The row of W2 that says how much goes through.
    pub(super) fn half_of(way: Way) -> Self {
        // The stream only says when to claim.
        Self::Sequences(if way == Way::Stream { Way::Claims } else { way }, 64)
    }

    /// The reference that takes turns with it.
    fn twin(self) -> Option<Self> {
        match self {
            Self::Ingest(clients) => Some(Self::Group(clients)),
            Self::Sequences(..) => Some(Self::Parse(32)),
            Self::Hop(..) => Some(Self::Disk),
            _ => None,
        }
    }

    /// Whether the two take turns: rows that are held against the same, and all sizes of W7.
    fn takes_turns_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Growth(_), Self::Growth(_)) => true,
            _ => self.twin().is_some() && self.twin() == other.twin(),
        }
    }

    /// All rows, references first.
    fn all() -> Vec<Self> {
        let references = [Self::Disk, Self::Parse(32)];
        let references = references.into_iter().chain(BATCHES.map(Self::Rows)).chain(CLIENTS.map(Self::Group));
        let sequences = [Way::V1, Way::Claims].into_iter();
        let sequences = sequences.flat_map(|way| IN_FLIGHT.map(|in_flight| Self::Sequences(way, in_flight)));
        let hops = [Way::V1, Way::Claims, Way::Stream].into_iter();
        let hops = hops.flat_map(|way| TEMPI.map(|tempo| Self::Hop(way, tempo)));
        // In the order in which the store is filled.
        let stored = (0..SIZES.len()).map(Self::Growth);
        let states = [State::Empty, State::Stored, State::Open, State::Streams].map(Self::Footprint);
        let stored = stored.chain(states).chain([Cache::Warm, Cache::Cold].map(Self::Recovery));
        references.chain(CLIENTS.map(Self::Ingest)).chain(sequences).chain(hops).chain(stored).collect()
    }
}

/// The rows that have this in their name.
pub(super) fn named(part: &str) -> Vec<Row> {
    Row::all().into_iter().filter(|row| row.to_string().contains(part)).collect()
}

/// The rows that have one of `only` in their name, or all, with the references that they need; in groups that take turns. A
/// foreign server has those rows that can be measured from outside.
pub(super) fn groups(only: &[String], foreign: bool) -> Vec<Vec<Row>> {
    let asked_for = |row: &Row| {
        let name = row.to_string();
        let named = only.is_empty() || only.iter().any(|part| name.contains(part));
        named && (!foreign || !row.is_of_server() || row.is_v1())
    };
    let mut wanted: Vec<Row> = Row::all().into_iter().filter(asked_for).collect();
    // What is needed for a rate has references of its own.
    for _ in 0..2 {
        let needed: Vec<Row> = wanted.iter().flat_map(|row| row.references()).collect();
        wanted.extend(needed);
    }
    let rows: Vec<Row> = Row::all().into_iter().filter(|row| wanted.contains(row)).collect();
    let twins: Vec<Row> = rows.iter().filter_map(|row| row.twin()).collect();
    let (servers, references): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.is_of_server());
    // References that nothing takes turns with take turns among themselves.
    let mut groups = vec![references.into_iter().filter(|row| !twins.contains(row)).collect::<Vec<_>>()];
    for row in servers {
        match groups.last_mut().filter(|group| group.last().is_some_and(|last| last.takes_turns_with(row))) {
            Some(group) => group.push(row),
            None => groups.push(row.twin().into_iter().chain([row]).collect()),
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str], foreign: bool) -> Vec<String> {
        let only: Vec<String> = only.iter().map(|part| (*part).to_owned()).collect();
        let join = |group: Vec<Row>| group.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        groups(&only, foreign).into_iter().map(join).collect()
    }

    #[test]
    fn each_reference_is_measured_once_and_near_what_it_is_for() {
        let all = names(&[], false);
        assert_eq!(all[..3], ["S/1 S/32 S/256", "G/1 W1/1", "G/32 W1/32"]);
        assert_eq!(all[4], "H/32 W2/v1/16 W2/v1/64 W2/v1/256 W2/claims/16 W2/claims/64 W2/claims/256");
        assert!(all[5].starts_with("F W3/v1/1 ") && all[5].ends_with(" W3/stream/half"), "{}", all[5]);
        assert_eq!(all[6], "W7/1k W7/10k W7/100k W7/1M");
        assert_eq!((&*all[7], all.len()), ("W6/empty", 13));
        let rows: Vec<&str> = all.iter().flat_map(|group| group.split(' ')).collect();
        let distinct: std::collections::BTreeSet<_> = rows.iter().collect();
        assert_eq!((rows.len(), distinct.len()), (Row::all().len(), rows.len()));
    }

    #[test]
    fn rows_bring_the_references_that_their_goals_need() {
        assert_eq!(names(&["W1/32"], false), ["S/32", "G/32 W1/32"]);
        assert_eq!(names(&["claims/64"], false), ["G/32", "H/32 W2/claims/64"]);
        assert_eq!(names(&["F", "S/1"], false), ["F S/1"]);
        assert_eq!(names(&["W7/1M"], false), ["G/32", "H/32 W2/claims/64", "W7/1k W7/1M"]);
        assert!(names(&["nothing"], false).is_empty());
    }

    #[test]
    fn a_foreign_server_is_not_asked_for_claims() {
        let all = names(&[], true).join(" ");
        assert!(all.contains("W1/256") && all.contains("W2/v1/64") && !all.contains("claims"));
        assert!(names(&["claims"], true).is_empty());
    }
}
