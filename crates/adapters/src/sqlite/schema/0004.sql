-- A sequence is put when it begins, when its state changes and when it ends; in between, the facts behind this position say
-- how it stands.
ALTER TABLE sequences ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
UPDATE sequences SET folded = COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'facts'), 0);
