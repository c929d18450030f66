-- Which events are of a context, and which facts, by a hash of it. Senders choose contexts, as a rule at random, so that an index
-- by context costs a page for each event; these tables are filled late, many neighbours at a time.
CREATE TABLE event_contexts (
    key      INTEGER NOT NULL, -- of the context; two contexts can have the same
    position INTEGER NOT NULL, -- of the event
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;
INSERT INTO event_contexts (key, position)
SELECT context_key(context), position FROM events INDEXED BY events_by_context WHERE context IS NOT NULL ORDER BY 1, 2;
DROP INDEX events_by_context;

CREATE TABLE fact_contexts (
    key      INTEGER NOT NULL, -- as above
    position INTEGER NOT NULL, -- of the fact
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;
INSERT INTO fact_contexts (key, position)
SELECT context_key(context), position FROM facts INDEXED BY facts_by_context ORDER BY 1, 2;
DROP INDEX facts_by_context;

-- Up to this position the table of contexts has all that have a context; those behind it may be missing.
CREATE TABLE context_marks (
    of       TEXT    NOT NULL PRIMARY KEY, -- 'events' or 'facts'
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO context_marks (of, position)
SELECT 'events', COALESCE(MAX(position), 0) FROM events UNION ALL SELECT 'facts', COALESCE(MAX(position), 0) FROM facts;

-- No index says which facts are of a project: once it is dead all facts are looked at, from the newest on. Those behind this
-- position were; null: none were yet.
ALTER TABLE projects ADD COLUMN facts INTEGER;
