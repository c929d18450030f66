//! Which id of the one store is which id of the other: they need not be the same numbers.

use crate::ports::{Deferred, Offered, Project, ProjectId};

/// The two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    fn of(self, pair: (u64, u64)) -> u64 {
        match self {
            Self::A => pair.0,
            Self::B => pair.1,
        }
    }
}

/// What both have given out, in order. It goes back with a transaction that is undone.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    pub(super) projects: Vec<(ProjectId, ProjectId)>,
    pub(super) positions: Vec<(u64, u64)>,
    /// Positions of facts.
    pub(super) facts: Vec<(u64, u64)>,
    /// Whether a purge stopped half way: how many rows there are is each store's own affair, and so is what is left.
    pub(super) is_half_purged: bool,
}

impl Book {
    /// Ids of all projects that ever were.
    pub(super) fn projects(&self, side: Side) -> impl Iterator<Item = ProjectId> {
        self.projects.iter().map(move |pair| side.of(*pair))
    }

    /// The id of a project by its number.
    pub(super) fn id(&self, side: Side, number: usize) -> ProjectId {
        side.of(self.projects[number])
    }

    /// Positions of all events that were stored.
    pub(super) fn positions(&self, side: Side) -> impl Iterator<Item = u64> {
        self.positions.iter().map(move |pair| side.of(*pair))
    }

    /// Positions of all facts that were stated.
    pub(super) fn facts(&self, side: Side) -> impl Iterator<Item = u64> {
        self.facts.iter().map(move |pair| side.of(*pair))
    }

    /// A project's number in the order of their making, instead of its id.
    pub(super) fn number(&self, side: Side, project: ProjectId) -> Option<usize> {
        self.projects.iter().rposition(|pair| side.of(*pair) == project)
    }

    /// An event's number in the order of their storing, instead of its position.
    pub(super) fn place(&self, side: Side, position: u64) -> Option<usize> {
        self.positions.iter().rposition(|pair| side.of(*pair) == position)
    }

    /// A fact's number in the order of their stating, instead of its position.
    pub(super) fn fact(&self, side: Side, position: u64) -> Option<usize> {
        self.facts.iter().rposition(|pair| side.of(*pair) == position)
    }

    pub(super) fn project(&self, side: Side, project: &Project) -> String {
        let numbered = Project { id: 0, ..project.clone() };
        format!("{:?} {numbered:?}", self.number(side, project.id))
    }

    pub(super) fn offered(&self, side: Side, offered: &Offered) -> String {
        format!("{} of {} at {:?}", offered.triggered_id, offered.sequence, self.place(side, offered.position))
    }

    pub(super) fn deferred(&self, side: Side, input: &Deferred) -> String {
        match input {
            Deferred::Follow { project, position } => {
                format!("follow {:?} {:?}", self.number(side, *project), self.place(side, *position))
            }
            Deferred::Granted { .. } => format!("{input:?}"),
        }
    }
}
