//! Which rows there are, and which of them take turns.

use std::fmt;

use super::sequences::Way;

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
        }
    }
}

/// How many clients send at once in W1.
const CLIENTS: [usize; 3] = [1, 32, 256];

/// How many rows share a transaction in S.
const BATCHES: [usize; 3] = [1, 32, 256];

/// How many runs are in flight at once in W2.
const IN_FLIGHT: [usize; 3] = [16, 64, 256];

impl Row {
    /// Whether a server is measured, and not what it is held against.
    pub(super) fn is_of_server(self) -> bool {
        matches!(self, Self::Ingest(_) | Self::Sequences(..))
    }

    /// Whether it can be measured at any server that speaks as Keptn v1 does.
    pub(super) fn is_v1(self) -> bool {
        match self {
            Self::Ingest(_) => true,
            Self::Sequences(way, _) => way == Way::V1,
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
    fn references(self) -> &'static [Self] {
        match self {
            Self::Ingest(1) => &[Self::Group(1)],
            Self::Ingest(32) => &[Self::Group(32), Self::Rows(32)],
            Self::Ingest(256) => &[Self::Group(256)],
            Self::Sequences(..) => &[Self::Parse(32), Self::Group(32)],
            _ => &[],
        }
    }

    /// The prototype that takes turns with it; W1 alone has one.
    pub(super) fn twin(self) -> Option<Self> {
        match self {
            Self::Ingest(clients) => Some(Self::Group(clients)),
            _ => None,
        }
    }

    /// All rows, references first.
    fn all() -> Vec<Self> {
        let references = [Self::Disk, Self::Parse(32)];
        let references = references.into_iter().chain(BATCHES.map(Self::Rows)).chain(CLIENTS.map(Self::Group));
        let sequences = [Way::V1, Way::Claims].into_iter();
        let sequences = sequences.flat_map(|way| IN_FLIGHT.map(|in_flight| Self::Sequences(way, in_flight)));
        references.chain(CLIENTS.map(Self::Ingest)).chain(sequences).collect()
    }
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
    let needed: Vec<Row> = wanted.iter().flat_map(|row| row.references()).copied().collect();
    wanted.extend(needed);
    let rows: Vec<Row> = Row::all().into_iter().filter(|row| wanted.contains(row)).collect();
    // What W1 is held against takes turns with it; other references take turns among themselves.
    let twins: Vec<Row> = rows.iter().filter_map(|row| row.twin()).collect();
    let references = rows.iter().copied().filter(|row| !row.is_of_server() && !twins.contains(row)).collect();
    let others = rows.iter().filter(|row| row.is_of_server());
    let mut groups: Vec<Vec<Row>> = vec![references];
    groups.extend(others.map(|row| row.twin().into_iter().chain([*row]).collect()));
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
        assert_eq!(all[..3], ["F H/32 S/1 S/32 S/256", "G/1 W1/1", "G/32 W1/32"]);
        let rows: Vec<&str> = all.iter().flat_map(|group| group.split(' ')).collect();
        let distinct: std::collections::BTreeSet<_> = rows.iter().collect();
        assert_eq!((rows.len(), distinct.len()), (Row::all().len(), rows.len()));
    }

    #[test]
    fn rows_bring_the_references_that_their_goals_need() {
        assert_eq!(names(&["W1/32"], false), ["S/32", "G/32 W1/32"]);
        assert_eq!(names(&["claims/64"], false), ["H/32 G/32", "W2/claims/64"]);
        assert_eq!(names(&["F", "S/1"], false), ["F S/1"]);
        assert!(names(&["nothing"], false).is_empty());
    }

    #[test]
    fn a_foreign_server_is_not_asked_for_claims() {
        let all = names(&[], true).join(" ");
        assert!(all.contains("W1/256") && all.contains("W2/v1/64") && !all.contains("claims"));
        assert!(names(&["claims"], true).is_empty());
    }
}
