//! Projects and ghosts.

use capstan_runtime::ports::{Configuration, Keep, Page, Project, ProjectId, Retention, Slice};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::column;
use super::conditions;
use super::statement;
use super::trouble::Trouble;

/// The project, or the ghost, that lives under a name.
pub(super) fn living(connection: &Connection, name: &str) -> Result<Option<Project>, Trouble> {
    let sql = "SELECT id, name, created, shipyard, commit_id, keep_runs, keep_evaluations FROM projects
               WHERE name = ? AND dead = 0";
    statement::one(connection, "read a project", sql, [name], read)
}

/// The id that a name has now.
pub(super) fn id_of(connection: &Connection, name: &str) -> Result<Option<i64>, Trouble> {
    let sql = "SELECT id FROM projects WHERE name = ? AND dead = 0";
    statement::one(connection, "read a project", sql, [name], |row| row.get(0))
}

/// Projects by name; no ghosts.
pub(super) fn page(connection: &Connection, slice: Slice) -> Result<Page<Project>, Trouble> {
    let doing = "list projects";
    let sql = "SELECT id, name, created, shipyard, commit_id, keep_runs, keep_evaluations FROM projects
               WHERE dead = 0 AND shipyard IS NOT NULL ORDER BY name LIMIT ? OFFSET ?";
    let values = [column::from_count(slice.limit), column::from_count(slice.offset)];
    let items = statement::all(connection, doing, sql, values, read)?;
    let total = conditions::total(slice, items.len(), || {
        let sql = "SELECT COUNT(*) FROM projects WHERE dead = 0 AND shipyard IS NOT NULL";
        statement::number(connection, doing, sql, [])
    })?;
    Ok(Page { items, total })
}

/// Adds one.
pub(super) fn add(
    connection: &Connection,
    name: &str,
    created: Timestamp,
    configuration: Option<&Configuration>,
) -> Result<Project, Trouble> {
    let (shipyard, commit) = configuration.map(|new| (new.shipyard.as_str(), new.commit.as_str())).unzip();
    let sql = "INSERT INTO projects (name, created, shipyard, commit_id) VALUES (?, ?, ?, ?)";
    statement::run(connection, "add a project", sql, params![name, column::from_time(created), shipyard, commit])?;
    let id = connection.last_insert_rowid() as ProjectId;
    Ok(Project {
        id,
        name: name.to_owned(),
        created,
        configuration: configuration.cloned(),
        retention: Retention::default(),
    })
}

/// Gives it another configuration.
pub(super) fn configure(connection: &Connection, project: ProjectId, new: &Configuration) -> Result<(), Trouble> {
    let sql = "UPDATE projects SET shipyard = ?, commit_id = ? WHERE id = ? AND dead = 0";
    let values = params![new.shipyard, new.commit, project as i64];
    statement::run(connection, "configure a project", sql, values).map(drop)
}

/// Says how long its runs are kept.
pub(super) fn retain(connection: &Connection, project: ProjectId, retention: Retention) -> Result<(), Trouble> {
    let sql = "UPDATE projects SET keep_runs = ?, keep_evaluations = ? WHERE id = ? AND dead = 0";
    let values = params![retention.runs.map(from_keep), retention.evaluations.map(from_keep), project as i64];
    statement::run(connection, "say how long runs are kept", sql, values).map(drop)
}

/// The shortest time for which one says that it keeps its runs.
pub(super) fn shortest_keep(connection: &Connection) -> Result<Option<SignedDuration>, Trouble> {
    let sql = "SELECT MIN(keep_runs) FROM projects WHERE dead = 0 AND keep_runs >= 0";
    let shortest =
        statement::one(connection, "look how long runs are kept", sql, [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(shortest.flatten().map(SignedDuration::from_nanos))
}

/// What stands in the column for it.
pub(super) fn from_keep(keep: Keep) -> i64 {
    match keep {
        Keep::For(long) => i64::try_from(long.as_nanos()).unwrap_or(i64::MAX).max(0),
        Keep::Always => -1,
    }
}

fn to_keep(kept: i64) -> Keep {
    if kept < 0 { Keep::Always } else { Keep::For(SignedDuration::from_nanos(kept)) }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Project> {
    let (shipyard, commit) = (row.get::<_, Option<String>>(3)?, row.get::<_, Option<String>>(4)?);
    Ok(Project {
        id: row.get::<_, i64>(0)? as ProjectId,
        name: row.get(1)?,
        created: column::to_time(row.get(2)?),
        configuration: shipyard.zip(commit).map(|(shipyard, commit)| Configuration { shipyard, commit }),
        retention: Retention {
            runs: row.get::<_, Option<i64>>(5)?.map(to_keep),
            evaluations: row.get::<_, Option<i64>>(6)?.map(to_keep),
        },
    })
}
