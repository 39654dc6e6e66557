-- What probes gave, for judges and reports. Moments are milliseconds since 1970-01-01 UTC.
CREATE TABLE sample (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    plan    TEXT NOT NULL,
    phase   TEXT NOT NULL,
    guard   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    reading TEXT NOT NULL
);
CREATE INDEX sample_of ON sample (plan, guard, at);
-- What was normal before a phase: the last one that was taken.
CREATE TABLE baseline (
    plan     TEXT NOT NULL,
    phase    TEXT NOT NULL,
    kept     TEXT NOT NULL,
    PRIMARY KEY (plan, phase)
);
-- Questions to people. `number` is what they are answered by; `question` is its number within
-- the watch over its phase.
CREATE TABLE question (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    plan        TEXT NOT NULL,
    phase       TEXT NOT NULL,
    question    INTEGER NOT NULL,
    kept        TEXT NOT NULL,
    asked_at    INTEGER NOT NULL,
    until       INTEGER,
    answer      TEXT,
    answered_by TEXT,
    why         TEXT,
    taken       INTEGER NOT NULL DEFAULT 0,
    refused     TEXT,
    closed      TEXT
);
CREATE INDEX question_open ON question (plan) WHERE closed IS NULL;
