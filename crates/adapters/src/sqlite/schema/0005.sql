-- Whose task it is was looked for by project only when a project is removed: the events of the project tell as well, and each
-- task writes one page less.
DROP INDEX attempts_by_project;
DROP INDEX takers_by_project;

-- First events of all projects in one order: a list of one project passes over those of the others, and each commit writes one
-- page instead of one for each project.
DROP INDEX events_roots;
CREATE INDEX events_roots ON events (time, position, project, stage, service) WHERE root = 1;
