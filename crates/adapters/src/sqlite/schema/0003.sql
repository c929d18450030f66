-- How long runs are kept once they have ended: nanoseconds, or -1: for ever; null: as the server says.
ALTER TABLE projects ADD COLUMN keep_runs INTEGER;
ALTER TABLE projects ADD COLUMN keep_evaluations INTEGER;

-- When a run ended; null while it is open.
ALTER TABLE runs ADD COLUMN ended INTEGER;
UPDATE runs SET ended = COALESCE(
    (SELECT MAX(at) FROM facts WHERE project = runs.project AND context = runs.context
        AND json_extract(json, '$.fact') IN ('ended', 'refused')),
    time
)
WHERE json_extract(json, '$.open') = '{}' AND json_extract(json, '$.following') = 0;
UPDATE runs SET json = json_set(json, '$.last_end',
    strftime('%Y-%m-%dT%H:%M:%S', ended / 1000000000, 'unixepoch') || printf('.%09dZ', ended % 1000000000))
WHERE ended IS NOT NULL;
CREATE INDEX runs_by_end ON runs (project, ended) WHERE ended IS NOT NULL;

-- Runs that are gone, for as long as something of them is left.
CREATE TABLE buried_runs (
    project INTEGER NOT NULL,
    context TEXT    NOT NULL,
    ended   INTEGER NOT NULL,
    event   INTEGER NOT NULL, -- the last position of an event that can be of it: the context may come again
    fact    INTEGER NOT NULL, -- the same of facts
    remains INTEGER NOT NULL, -- 0: all but evaluations is to be removed; 1: evaluations are left; 2: all is to be removed
    PRIMARY KEY (project, context)
) STRICT, WITHOUT ROWID;
CREATE INDEX buried_runs_to_purge ON buried_runs (project, context) WHERE remains <> 1;
CREATE INDEX buried_runs_by_end ON buried_runs (project, ended) WHERE remains = 1;
