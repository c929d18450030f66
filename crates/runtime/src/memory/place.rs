//! Where a fact belongs.

use super::state::State;
use crate::ports::{FactFilter, PlacedFact, ProjectId, StoredFact};

/// A fact with its place, if it may be in an answer and the filter means it.
pub(super) fn placed(
    state: &State,
    filter: &FactFilter,
    project: Option<ProjectId>,
    fact: &StoredFact,
) -> Option<PlacedFact> {
    let name = match project {
        Some(project) => Some(state.projects.get(&project).filter(|row| !row.buried)?.project.name.clone()),
        None => None,
    };
    let sequence = fact.sequence.as_ref().and_then(|id| state.sequences.get(id));
    let sequence = sequence.filter(|row| Some(row.0) == project).map(|row| &row.1);
    let run = project.filter(|_| fact.sequence.is_none());
    let run = run.and_then(|project| state.runs.get(&(project, fact.context.clone())));
    let service = sequence.map(|sequence| &sequence.scope.service).or_else(|| run.map(|run| &run.service));
    let is = |wanted: Option<&String>, got: Option<&String>| wanted.is_none() || wanted == got;
    let is_meant = is(filter.project.as_ref(), name.as_ref())
        && is(filter.service.as_ref(), service)
        && is(filter.context.as_ref(), Some(&fact.context));
    is_meant.then(|| PlacedFact {
        stored: fact.clone(),
        project: name,
        service: service.cloned(),
        stage: sequence.map(|sequence| sequence.scope.stage.clone()),
        sequence_name: sequence.map(|sequence| sequence.definition.name.clone()),
    })
}
