//! How a project leaves: out of all answers at once, out of the tables row by row.

use capstan_engine::orchestrate::TimerKind;
use jiff::Timestamp;

use super::disk::Inner;
use super::state::{Change, Link, ProjectRow, State};
use crate::ports::ProjectId;

/// Takes a project out of all answers, with all that is open in it.
pub(super) fn bury(inner: &mut Inner, project: ProjectId) {
    let Some(row) = inner.state.projects.get(&project).filter(|row| !row.buried) else { return };
    let row = ProjectRow { project: row.project.clone(), buried: true };
    let mut changes = vec![Change::Project(project, Some(row))];
    let state = &inner.state;
    for (_, id) in &state.listed {
        if let Some(link) = state.links.get(id).filter(|link| link.project == project) {
            changes.push(Change::Link(id.clone(), Some(Link { listed: None, ..link.clone() })));
        }
    }
    let sequences = state.sequences_by_project.range((project, String::new())..);
    for (_, sequence) in sequences.take_while(|(owner, _)| *owner == project) {
        for kind in TimerKind::ALL {
            let key = (sequence.clone(), kind);
            if state.timers.contains_key(&key) {
                changes.push(Change::Timer(key, None));
            }
        }
    }
    let takers = state.takers.iter().filter(|(_, owner)| **owner == project);
    changes.extend(takers.map(|(key, _)| Change::Taker(key.clone(), None)));
    let queues = state.queues.range((project, String::new())..);
    let queues = queues.take_while(|((owner, ..), _)| *owner == project);
    changes.extend(queues.map(|(key, _)| Change::Queue(key.clone(), None)));
    let deferred = state.deferred.iter().filter(|(_, (owner, _))| *owner == project);
    changes.extend(deferred.map(|(number, _)| Change::Deferred(*number, None)));
    for change in changes {
        inner.write(change);
    }
}

/// Removes at most `limit` rows that nobody can see any more. Whether there is more to remove.
pub(super) fn purge(inner: &mut Inner, now: Timestamp, limit: u64) -> bool {
    for _ in 0..limit {
        let Some(change) = next_removal(&inner.state, now) else { return false };
        inner.write(change);
    }
    next_removal(&inner.state, now).is_some()
}

fn next_removal(state: &State, now: Timestamp) -> Option<Change> {
    if let Some((_, key)) = state.answers_by_end.first().filter(|(until, _)| *until <= now) {
        return Some(Change::Answer(key.clone(), None));
    }
    let project = *state.buried.first()?;
    // The project itself goes last: it is what hides the rest.
    Some(first_row(state, project).unwrap_or(Change::Project(project, None)))
}

fn first_row(state: &State, project: ProjectId) -> Option<Change> {
    let none = String::new;
    if let Some((key, _)) = state.services.range((project, none())..).next().filter(|(key, _)| key.0 == project) {
        return Some(Change::Service(key.clone(), None));
    }
    if let Some((key, _)) = state.views.range((project, none(), none())..).next().filter(|(key, _)| key.0 == project) {
        return Some(Change::View(key.clone(), None));
    }
    if let Some((key, _)) = state.queues.range((project, none())..).next().filter(|(key, _)| key.0 == project) {
        return Some(Change::Queue(key.clone(), None));
    }
    let contexts = state.events_by_context.range((Some(project), none())..).next();
    if let Some(position) =
        contexts.filter(|(key, _)| key.0 == Some(project)).and_then(|(_, positions)| positions.first())
    {
        return Some(Change::Event(*position, None));
    }
    let loose = state.events_without_context.range((Some(project), 0)..).next();
    if let Some((_, position)) = loose.filter(|key| key.0 == Some(project)) {
        return Some(Change::Event(*position, None));
    }
    let facts = state.facts.range((Some(project), none(), 0)..).next();
    if let Some((key, _)) = facts.filter(|(key, _)| key.0 == Some(project)) {
        return Some(Change::Fact(key.clone(), None));
    }
    if let Some((key, _)) = state.runs.range((project, none())..).next().filter(|(key, _)| key.0 == project) {
        return Some(Change::Run(key.clone(), None));
    }
    if let Some((_, id)) = state.sequences_by_project.range((project, none())..).next().filter(|key| key.0 == project) {
        return Some(Change::Sequence(id.clone(), None));
    }
    if let Some((_, id)) = state.links_by_project.range((project, none())..).next().filter(|key| key.0 == project) {
        return Some(Change::Link(id.clone(), None));
    }
    None
}
