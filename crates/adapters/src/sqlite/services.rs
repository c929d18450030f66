//! Services, and what is shown of them in each stage.

use capstan_runtime::ports::{Page, ProjectId, Service, ServiceView, Slice};
use rusqlite::{Connection, Row, params};

use super::column;
use super::conditions;
use super::json;
use super::statement;
use super::trouble::Trouble;

const VIEW: &str = "what is shown of a service";

/// A service.
pub(super) fn one(connection: &Connection, project: ProjectId, name: &str) -> Result<Option<Service>, Trouble> {
    let sql = "SELECT name, created FROM services WHERE project = ?1 AND name = ?2
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0)";
    statement::one(connection, "read a service", sql, params![project as i64, name], read)
}

/// Services of a project by name.
pub(super) fn page(connection: &Connection, project: ProjectId, slice: Slice) -> Result<Page<Service>, Trouble> {
    let doing = "list services";
    let sql = "SELECT name, created FROM services WHERE project = ?1
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0) ORDER BY name LIMIT ?2 OFFSET ?3";
    let values = [project as i64, column::from_count(slice.limit), column::from_count(slice.offset)];
    let items = statement::all(connection, doing, sql, values, read)?;
    let total = conditions::total(slice, items.len(), || {
        let sql = "SELECT COUNT(*) FROM services WHERE project = ?1
                   AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0)";
        statement::number(connection, doing, sql, [project as i64])
    })?;
    Ok(Page { items, total })
}

/// Adds a service.
pub(super) fn add(connection: &Connection, project: ProjectId, service: &Service) -> Result<(), Trouble> {
    let sql = "INSERT INTO services (project, name, created) VALUES (?, ?, ?)";
    let values = params![project as i64, service.name, column::from_time(service.created)];
    statement::run(connection, "add a service", sql, values).map(drop)
}

/// Removes a service and its views.
pub(super) fn remove(connection: &Connection, project: ProjectId, name: &str) -> Result<(), Trouble> {
    let doing = "remove a service";
    let values = params![project as i64, name];
    statement::run(connection, doing, "DELETE FROM services WHERE project = ? AND name = ?", values)?;
    let sql = "DELETE FROM service_views WHERE project = ? AND service = ?";
    statement::run(connection, doing, sql, values).map(drop)
}

/// What is shown of a service in a stage.
pub(super) fn view(
    connection: &Connection,
    project: ProjectId,
    stage: &str,
    service: &str,
) -> Result<ServiceView, Trouble> {
    let sql = "SELECT json FROM service_views WHERE project = ?1 AND stage = ?2 AND service = ?3
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0)";
    let values = params![project as i64, stage, service];
    let text =
        statement::one(connection, "read what is shown of a service", sql, values, |row| row.get::<_, String>(0))?;
    text.map_or_else(|| Ok(ServiceView::default()), |text| json::read(&text, VIEW))
}

/// Replaces it.
pub(super) fn put_view(
    connection: &Connection,
    project: ProjectId,
    stage: &str,
    service: &str,
    view: &ServiceView,
) -> Result<(), Trouble> {
    let sql = "INSERT INTO service_views (project, stage, service, json) VALUES (?, ?, ?, ?)
               ON CONFLICT (project, stage, service) DO UPDATE SET json = excluded.json";
    let values = params![project as i64, stage, service, json::write(view, VIEW)?];
    statement::run(connection, "write what is shown of a service", sql, values).map(drop)
}

/// All views of a project: stage, service, view.
pub(super) fn views(
    connection: &Connection,
    project: ProjectId,
) -> Result<Vec<(String, String, ServiceView)>, Trouble> {
    let sql = "SELECT stage, service, json FROM service_views WHERE project = ?1
               AND EXISTS (SELECT 1 FROM projects WHERE id = ?1 AND dead = 0) ORDER BY stage, service";
    let rows = statement::all(connection, "list what is shown of services", sql, [project as i64], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
    })?;
    rows.into_iter().map(|(stage, service, text)| Ok((stage, service, json::read(&text, VIEW)?))).collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Service> {
    Ok(Service { name: row.get(0)?, created: column::to_time(row.get(1)?) })
}
