-- Which events are of a context, by a hash of it. Senders choose contexts, as a rule at random, so that an index of events by
-- context costs a page for each event; this table is filled late, many neighbours at a time.
CREATE TABLE contexts (
    key      INTEGER NOT NULL, -- of the context; two contexts can have the same
    position INTEGER NOT NULL, -- of the event
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;
INSERT INTO contexts (key, position)
SELECT context_key(context), position FROM events INDEXED BY events_by_context WHERE context IS NOT NULL ORDER BY 1, 2;
DROP INDEX events_by_context;

-- Up to this position all events are in `contexts` that have a context; those behind it may be missing.
CREATE TABLE context_mark (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO context_mark (id, position) SELECT 1, COALESCE(MAX(position), 0) FROM events;
