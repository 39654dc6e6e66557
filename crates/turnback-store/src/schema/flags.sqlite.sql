-- Flags of each plan by key, in flagd's format; `$evaluators` and `$metadata` are what they share.
CREATE TABLE flag (
    plan       TEXT NOT NULL,
    key        TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (plan, key)
);
-- Grows by one at each change of any flag: whoever serves flags looks at it.
CREATE TABLE flag_version (
    plan    TEXT PRIMARY KEY,
    version INTEGER NOT NULL
);
-- Every change, with what was before and after, by whom, why and when (milliseconds since
-- 1970-01-01 UTC). Only ever added to.
CREATE TABLE flag_change (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    plan    TEXT NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT NOT NULL,
    was     TEXT,
    became  TEXT,
    who     TEXT NOT NULL,
    why     TEXT,
    at      INTEGER NOT NULL
);
CREATE INDEX flag_change_of ON flag_change (plan, key, number);
CREATE TRIGGER flag_change_kept BEFORE UPDATE ON flag_change
BEGIN SELECT RAISE(ABORT, 'the history of flags is append-only'); END;
CREATE TRIGGER flag_change_stays BEFORE DELETE ON flag_change
BEGIN SELECT RAISE(ABORT, 'the history of flags is append-only'); END;
