-- Events in one order for all projects: a list of one project passes over those of the others, and each commit writes one page, or
-- one for each type, instead of one for each project, or each type of each project.
DROP INDEX events_by_project;
DROP INDEX events_by_time;
CREATE INDEX events_by_time ON events (time, position, project, stage, service);
DROP INDEX events_by_kind;
CREATE INDEX events_by_kind ON events (kind, time, position, project, stage, service);

-- Nor does an index say which events are of a project: as with facts, those behind this position were looked at.
ALTER TABLE projects ADD COLUMN events INTEGER;
