-- Events as lists find them. To keep indexes by time and by type and the counts with each event cost a third of the pages of a
-- commit; this table is filled late, many events at a time and in their order, so that those behind its last position are not
-- listed yet. Nor are they counted in `event_counts`.
CREATE TABLE listed_events (
    position INTEGER PRIMARY KEY,
    project  INTEGER,
    time     INTEGER,
    kind     TEXT NOT NULL,
    stage    TEXT,
    service  TEXT
) STRICT;
INSERT INTO listed_events (position, project, time, kind, stage, service)
SELECT position, project, time, kind, stage, service FROM events ORDER BY position;
CREATE INDEX listed_by_time ON listed_events (time, position, project, stage, service);
CREATE INDEX listed_by_kind ON listed_events (kind, time, position, project, stage, service);
DROP INDEX events_by_time;
DROP INDEX events_by_kind;

-- Which events have an id, by a hash of it: ids are as good as random, as contexts are, and this table is filled as those of contexts.
CREATE TABLE event_ids (
    key      INTEGER NOT NULL, -- of the id
    position INTEGER NOT NULL, -- of the event
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;
INSERT INTO event_ids (key, position) SELECT context_key(id), position FROM events ORDER BY 1, 2;
DROP INDEX events_by_id;
ALTER TABLE context_marks RENAME TO marks;
INSERT INTO marks (of, position) SELECT 'ids', COALESCE(MAX(position), 0) FROM events;
