-- A queue is that of a key in a project; as a rule the key is stage and service with the separator U+001F between them.
CREATE TABLE queues_by_name (
    project INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    json    TEXT    NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
INSERT INTO queues_by_name (project, name, json) SELECT project, stage || char(31) || service, json FROM queues;
DROP TABLE queues;
ALTER TABLE queues_by_name RENAME TO queues;

-- Tools that have an offered task: they have started on it or claimed it, or have answered.
CREATE TABLE takers (
    triggered_id TEXT    NOT NULL,
    tool         TEXT    NOT NULL,
    project      INTEGER NOT NULL,
    PRIMARY KEY (triggered_id, tool)
) STRICT, WITHOUT ROWID;
CREATE INDEX takers_by_project ON takers (project);

-- A task under way is now one of several.
UPDATE sequences SET json = json_set(json, '$.phase', json_object('phase', 'running', 'open', json_array(json_object(
    'task', json_extract(json, '$.phase.task'), 'number', 1,
    'state', json_patch(json_extract(json, '$.phase'), '{"state": "ready", "phase": null, "task": null}')))))
WHERE json_extract(json, '$.phase.phase') = 'ready';
UPDATE sequences SET json = json_set(json, '$.phase', json_object('phase', 'running', 'open', json_array(json_object(
    'task', json_extract(json, '$.phase.task'), 'number', json_extract(json, '$.phase.number'),
    'state', json_patch(json_extract(json, '$.phase'), '{"state": "offered", "phase": null, "task": null, "number": null}')))))
WHERE json_extract(json, '$.phase.phase') = 'task';
UPDATE sequences SET json = json_set(json, '$.done',
    json((SELECT json_group_array(json_set(value, '$.task', key)) FROM json_each(sequences.json, '$.done'))));
INSERT OR IGNORE INTO takers (triggered_id, tool, project)
SELECT json_extract(s.json, '$.phase.open[0].state.triggered_id'), json_extract(e.value, '$.source'), s.project
FROM sequences s, json_each(s.json, '$.phase.open[0].state.events') e;

-- A run now knows which of its sequences did not pass, those included that could not start; of these the type of the
-- trigger tells stage and name.
UPDATE runs SET json = json_set(json, '$.not_passed', json((
    SELECT json_group_object(id, json_object(
        'stage', stage, 'sequence', name, 'result', result, 'began', json(iif(began, 'true', 'false'))))
    FROM (
        SELECT id, stage, name, 1 AS began, CASE
            WHEN json_extract(json, '$.phase.outcome') <> 'finished' THEN json_extract(json, '$.phase.outcome')
            WHEN json_extract(json, '$.phase.result') IN ('pass', 'warning') THEN json_extract(json, '$.phase.result')
            ELSE 'fail' END AS result
        FROM sequences
        WHERE context = runs.context AND project = runs.project AND json_extract(json, '$.phase.phase') = 'ended'
        UNION ALL
        SELECT id, substr(place, 1, instr(place, '.') - 1), substr(place, instr(place, '.') + 1), 0, 'fail'
        FROM (
            SELECT json_extract(json, '$.event_id') AS id,
                replace(replace(json_extract(json, '$.event_type'), 'sh.keptn.event.', ''), '.triggered', '') AS place
            FROM facts
            WHERE project = runs.project AND context = runs.context AND json_extract(json, '$.fact') = 'refused'
        )
    )
    WHERE result <> 'pass'
)));

-- Sequences that are not over: few, among all that ever were.
CREATE INDEX sequences_open ON sequences (project, triggered_at DESC, ordinal DESC, id)
    WHERE state NOT IN ('finished', 'timedOut');
