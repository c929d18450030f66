-- Whose task it is was looked for by project only when a project is removed: the events of the project tell as well, and each
-- task writes one page less.
DROP INDEX attempts_by_project;
DROP INDEX takers_by_project;
