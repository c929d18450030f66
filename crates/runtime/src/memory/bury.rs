//! How projects and runs leave: out of all answers at once, out of the tables row by row.

use std::collections::BTreeSet;

use capstan_engine::orchestrate::{Sequence, TimerKind};
use jiff::Timestamp;

use super::disk::Inner;
use super::state::{BuriedRun, Change, Link, ProjectRow, Remains, State};
use crate::ports::{ProjectId, Retention};

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

/// Buries at most `limit` runs and left evaluations that are past their time. Whether there may be more.
pub(super) fn expire(inner: &mut Inner, now: Timestamp, server: Retention, limit: u64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let state = &inner.state;
    let retention = |project| state.projects.get(&project).map(|row| row.project.retention.or(server));
    let living = |project: &ProjectId| state.lives(*project);
    let runs = state.runs.iter().filter(|((project, _), run)| {
        let until = retention(*project).filter(|_| living(project)).and_then(|retention| retention.runs_until(now));
        run.end().zip(until).is_some_and(|(end, until)| end <= until)
    });
    let runs: Vec<_> = runs.filter_map(|(key, run)| Some((key.clone(), run.end()?))).take(limit).collect();
    let left = state.buried_runs.iter().filter(|((project, _), run)| {
        let retention = retention(*project).filter(|_| living(project));
        let until = retention.and_then(|retention| retention.evaluations_until(now));
        run.remains == Remains::Evaluations && until.is_some_and(|until| run.ended <= until)
    });
    let left: Vec<_> = left.map(|(key, run)| (key.clone(), *run)).take(limit - runs.len()).collect();
    let is_full = runs.len() + left.len() == limit;
    let (event, fact) = (inner.counters.event, inner.counters.fact);
    for (key, run) in left {
        inner.write(Change::BuriedRun(key, Some(BuriedRun { remains: Remains::All, ..run })));
    }
    for (key, ended) in runs {
        let run = BuriedRun { ended, event, fact, remains: Remains::AllButEvaluations };
        inner.write(Change::Run(key.clone(), None));
        inner.write(Change::BuriedRun(key, Some(run)));
    }
    is_full
}

/// Whether there is something to remove that is not merely a remembered answer.
pub(super) fn has_buried(state: &State) -> bool {
    !state.buried.is_empty() || run_to_purge(state).is_some()
}

fn run_to_purge(state: &State) -> Option<(&(ProjectId, String), &BuriedRun)> {
    state.buried_runs.iter().find(|(_, run)| run.remains != Remains::Evaluations)
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
    if let Some((key, run)) = run_to_purge(state) {
        return Some(first_row_of_run(state, key, run).unwrap_or_else(|| all_gone(state, key, run)));
    }
    let project = *state.buried.first()?;
    // The project itself goes last: it is what hides the rest.
    Some(first_row(state, project).unwrap_or(Change::Project(project, None)))
}

fn first_row_of_run(state: &State, key: &(ProjectId, String), run: &BuriedRun) -> Option<Change> {
    let (project, context) = key;
    let sequences = state.sequences_by_project.range((*project, String::new())..);
    let mut sequences =
        sequences.take_while(|(owner, _)| owner == project).filter_map(|(_, id)| state.sequences.get(id));
    let is_of_run = |sequence: &Sequence| sequence.scope.context == *context && sequence.ordinal <= run.event;
    if let Some((_, sequence)) = sequences.find(|row| is_of_run(&row.1)).map(|row| &**row) {
        let timer = TimerKind::ALL.map(|kind| (sequence.id.clone(), kind));
        let timer = timer.into_iter().find(|key| state.timers.contains_key(key));
        return Some(
            timer.map_or_else(|| Change::Sequence(sequence.id.clone(), None), |timer| Change::Timer(timer, None)),
        );
    }
    let owner = Some(*project);
    let facts = state.facts.range((owner, context.clone(), 0)..=(owner, context.clone(), run.fact)).next();
    if let Some((fact, _)) = facts {
        return Some(Change::Fact(fact.clone(), None));
    }
    let events = state.events_by_context.get(&(owner, context.clone()));
    let mut events = events.into_iter().flatten().take_while(|position| **position <= run.event);
    let position = *events.find(|position| run.remains == Remains::All || !is_evaluation(state, **position))?;
    let id = &state.events.get(&position)?.event.id;
    let takers = state.takers.range((id.clone(), String::new())..).next();
    if let Some((taker, _)) = takers.filter(|((task, _), owner)| task == id && *owner == project) {
        return Some(Change::Taker(taker.clone(), None));
    }
    if state.links.get(id).is_some_and(|link| link.project == *project) {
        return Some(Change::Link(id.clone(), None));
    }
    Some(Change::Event(position, None))
}

fn is_evaluation(state: &State, position: u64) -> bool {
    state.events.get(&position).is_some_and(|row| Retention::is_evaluation(&row.event.kind))
}

/// What was to be removed of a run is gone: where evaluations are left they wait for their time.
fn all_gone(state: &State, key: &(ProjectId, String), run: &BuriedRun) -> Change {
    let events = state.events_by_context.get(&(Some(key.0), key.1.clone()));
    let is_left = events.and_then(BTreeSet::first).is_some_and(|position| *position <= run.event);
    let left = is_left.then_some(BuriedRun { remains: Remains::Evaluations, ..*run });
    Change::BuriedRun(key.clone(), left)
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
    let buried = state.buried_runs.range((project, none())..).next();
    if let Some((key, _)) = buried.filter(|(key, _)| key.0 == project) {
        return Some(Change::BuriedRun(key.clone(), None));
    }
    if let Some((_, id)) = state.sequences_by_project.range((project, none())..).next().filter(|key| key.0 == project) {
        return Some(Change::Sequence(id.clone(), None));
    }
    if let Some((_, id)) = state.links_by_project.range((project, none())..).next().filter(|key| key.0 == project) {
        return Some(Change::Link(id.clone(), None));
    }
    None
}
