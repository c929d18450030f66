-- Times are nanoseconds since 1970; what lies beyond 1677 and 2262 stands at the ends of the range.
-- Only rows of projects that are there with `dead` at 0 are in answers; `purge` removes those of the dead bit by bit,
-- the project last.
-- Where an index repeats the row's number it does so to give the order of a list without sorting; what follows
-- the number lets a list be filtered and counted without reading rows.

CREATE TABLE projects (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    shipyard  TEXT,              -- with commit_id; both null: a ghost
    commit_id TEXT,
    dead      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX projects_living ON projects (name) WHERE dead = 0;
CREATE INDEX projects_dead ON projects (id) WHERE dead = 1;

CREATE TABLE services (
    project INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE service_views (
    project INTEGER NOT NULL,
    stage   TEXT    NOT NULL,
    service TEXT    NOT NULL,
    json    TEXT    NOT NULL,
    PRIMARY KEY (project, stage, service)
) STRICT;

CREATE TABLE shipyards (
    hash TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE answers (
    key    TEXT    NOT NULL PRIMARY KEY,
    answer TEXT    NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_end ON answers (until);

CREATE TABLE events (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    project      INTEGER,          -- null: the event names none
    time         INTEGER,
    root         INTEGER NOT NULL, -- 1: the first event of its project and context
    id           TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    context      TEXT,
    triggered_id TEXT,
    stage        TEXT,
    service      TEXT,
    json         TEXT    NOT NULL
) STRICT;
CREATE INDEX events_by_time ON events (time, position, project);
CREATE INDEX events_by_project ON events (project, time, position, stage, service);
CREATE INDEX events_by_kind ON events (kind, project, time, position, stage, service);
CREATE INDEX events_by_context ON events (context, project, time, position);
CREATE INDEX events_by_id ON events (id);
CREATE INDEX events_roots ON events (project, time) WHERE root = 1;
CREATE INDEX events_invalidated ON events (triggered_id) WHERE kind GLOB '*.invalidated';

-- How many events there are, so that the usual lists know their length without counting.
CREATE TABLE event_counts (
    project INTEGER NOT NULL, -- 0: events that name none
    kind    TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (project, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    project  INTEGER,
    context  TEXT    NOT NULL,
    sequence TEXT,
    at       INTEGER NOT NULL,
    json     TEXT    NOT NULL
) STRICT;
CREATE INDEX facts_by_context ON facts (project, context);

CREATE TABLE runs (
    number  INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    context TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    time    INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    json    TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX runs_by_context ON runs (context, project);
CREATE INDEX runs_by_time ON runs (project, time DESC, ordinal DESC, context, name, state);

CREATE TABLE sequences (
    number       INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL,
    project      INTEGER NOT NULL,
    context      TEXT    NOT NULL,
    stage        TEXT    NOT NULL,
    service      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    triggered_at INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    json         TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX sequences_by_id ON sequences (id);
CREATE INDEX sequences_by_context ON sequences (context, project);
CREATE INDEX sequences_by_time ON sequences
    (project, triggered_at DESC, ordinal DESC, id, stage, service, name, state);

-- Which sequence offered a task, for ever.
CREATE TABLE attempts (
    triggered_id TEXT    NOT NULL PRIMARY KEY,
    project      INTEGER NOT NULL,
    sequence     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_project ON attempts (project);

-- Tasks that wait for somebody to handle them.
CREATE TABLE offers (
    triggered_id TEXT    NOT NULL PRIMARY KEY,
    project      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    stage        TEXT,
    service      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_kind ON offers (kind, position, project, stage, service);
CREATE INDEX offers_by_project ON offers (project);

CREATE TABLE queues (
    project INTEGER NOT NULL,
    stage   TEXT    NOT NULL,
    service TEXT    NOT NULL,
    json    TEXT    NOT NULL,
    PRIMARY KEY (project, stage, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE timers (
    sequence TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    due      INTEGER NOT NULL,
    PRIMARY KEY (sequence, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due);

CREATE TABLE deferred (
    number  INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    json    TEXT    NOT NULL
) STRICT;
