//! What is said of a project or a run that is not there, and what was probably meant.

use capstan_model::diagnostic::did_you_mean;
use capstan_runtime::ports::{Keep, Retention, RunFilter, Slice, StoreError, StoreReader};

use super::projects;
use crate::error::Failure;

/// How many runs are looked through for one that was meant, the newest first.
const LOOKED_THROUGH: Slice = Slice { offset: 0, limit: 200 };

/// There is no such project.
pub(super) fn project(reader: &dyn StoreReader, name: &str) -> Result<Failure, StoreError> {
    let projects = reader.projects(Slice::ALL)?.items;
    let meant = did_you_mean(name, projects.iter().map(|project| &*project.name));
    Ok(failure(format!("there is no project '{name}'"), meant))
}

/// There is no such stage in the process of a run; none where there is, or where there is no such run.
pub(super) fn stage(
    reader: &dyn StoreReader,
    project: &str,
    context: &str,
    stage: &str,
) -> Result<Option<Failure>, StoreError> {
    let runs = reader.runs_of(context)?;
    let hash = runs.iter().find(|run| run.project == project).and_then(|run| run.shipyard.clone());
    let Some(text) = hash.map_or(Ok(None), |hash| reader.shipyard(&hash))? else { return Ok(None) };
    let all = projects::stages(&text);
    let stages = || all.iter().map(|stage| &*stage.name);
    // One whose shipyard cannot be read any more has none.
    if all.is_empty() || stages().any(|known| known == stage) {
        return Ok(None);
    }
    let named: Vec<String> = stages().map(|stage| format!("'{stage}'")).collect();
    let message = format!("the run has no stage '{stage}'; it has {}", named.join(", "));
    Ok(Some(failure(message, did_you_mean(stage, stages()))))
}

/// There is no such run in a project, any more perhaps, or not even the project. `server` is what counts where the project
/// does not say how long it keeps runs.
pub(super) fn run(
    reader: &dyn StoreReader,
    name: &str,
    context: &str,
    server: Retention,
) -> Result<Failure, StoreError> {
    let Some(known) = reader.project(name)? else { return project(reader, name) };
    let mut message = format!("project '{name}' has no run '{context}'");
    if let Some(elsewhere) = reader.runs_of(context)?.first() {
        return Ok(Failure::not_found(format!("{message}; it is a run of project '{}'", elsewhere.project)));
    }
    if let keep @ Keep::For(_) = known.retention.or(server).of_runs() {
        message.push_str(&format!("; it keeps runs for {keep} after their end"));
    }
    let filter = RunFilter { project: name.to_owned(), ..RunFilter::default() };
    let runs = reader.runs(&filter, LOOKED_THROUGH)?.items;
    let contexts = || runs.iter().map(|run| &*run.context);
    // Contexts are long; what people type is how they begin.
    let begun = contexts().find(|known| !context.is_empty() && known.starts_with(context));
    Ok(failure(message, begun.or_else(|| did_you_mean(context, contexts()))))
}

fn failure(message: String, meant: Option<&str>) -> Failure {
    match meant {
        Some(meant) => Failure::not_found(format!("{message}; did you mean '{meant}'?")),
        None => Failure::not_found(message),
    }
}
