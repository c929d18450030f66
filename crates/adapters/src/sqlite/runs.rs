//! The runs.

use capstan_engine::orchestrate::Run;
use capstan_runtime::ports::{Page, ProjectId, RunFilter, Slice};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::column;
use super::conditions::{Conditions, List};
use super::json;
use super::projects;
use super::statement;
use super::trouble::Trouble;

const RUN: &str = "a run";

/// The run of a context in a project.
pub(super) fn one(connection: &Connection, project: ProjectId, context: &str) -> Result<Option<Run>, Trouble> {
    let sql = "SELECT json FROM runs WHERE context = ?2 AND project = ?1
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0)";
    let values = params![project as i64, context];
    let text = statement::one(connection, "read a run", sql, values, |row| row.get::<_, String>(0))?;
    text.map(|text| json::read(&text, RUN)).transpose()
}

/// Adds or replaces one.
pub(super) fn put(connection: &Connection, project: ProjectId, run: &Run) -> Result<(), Trouble> {
    let doing = "write a run";
    let text = json::write(run, RUN)?;
    let (state, time, ordinal) = (run.state().word(), column::from_time(run.time), run.ordinal as i64);
    let ended = run.end().map(column::from_time);
    let values = params![project as i64, run.context, run.name, state, time, text, ordinal, ended];
    // Most of the time nothing changes that a list goes by, and then no index has to be written.
    let sql = "UPDATE runs SET json = ?6, ended = ?8
         WHERE context = ?2 AND project = ?1 AND name = ?3 AND state = ?4 AND time = ?5 AND ordinal = ?7";
    if statement::run(connection, doing, sql, values)? > 0 {
        return Ok(());
    }
    let sql =
        "INSERT INTO runs (project, context, name, state, time, json, ordinal, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (context, project) DO UPDATE SET name = excluded.name, state = excluded.state,
               time = excluded.time, json = excluded.json, ordinal = excluded.ordinal, ended = excluded.ended";
    statement::run(connection, doing, sql, values).map(drop)
}

/// Runs of a project, newest first.
pub(super) fn page(connection: &Connection, filter: &RunFilter, slice: Slice) -> Result<Page<Run>, Trouble> {
    let Some(project) = projects::id_of(connection, &filter.project)? else {
        return Ok(Page { items: Vec::new(), total: 0 });
    };
    let mut conditions = Conditions::default();
    conditions.bind("project = ?", [Value::Integer(project)]);
    conditions.equal("name", filter.name.as_ref());
    conditions.equal("state", filter.state.as_ref());
    conditions.between("time", filter.after, filter.before);
    let mut list = "runs INDEXED BY runs_by_time";
    if !filter.contexts.is_empty() {
        let contexts = serde_json::Value::from(filter.contexts.clone()).to_string();
        conditions.bind("context IN (SELECT value FROM json_each(?))", [Value::Text(contexts)]);
        list = "runs INDEXED BY runs_by_context";
    }
    let list = List { columns: "json", from: list, order: "time DESC, ordinal DESC, context" };
    let page = conditions.page(connection, "list runs", &list, slice, |row| row.get::<_, String>(0))?;
    let items = page.items.iter().map(|text| json::read(text, RUN)).collect::<Result<_, _>>()?;
    Ok(Page { items, total: page.total })
}

/// The runs of a context, that of the newest project first.
pub(super) fn of_context(connection: &Connection, context: &str) -> Result<Vec<Run>, Trouble> {
    let sql = "SELECT json FROM runs r WHERE context = ?
               AND EXISTS (SELECT 1 FROM projects WHERE id = r.project AND dead = 0) ORDER BY project DESC";
    let texts =
        statement::all(connection, "read the runs of a context", sql, [context], |row| row.get::<_, String>(0))?;
    texts.iter().map(|text| json::read(text, RUN)).collect()
}
