-- Runs that a serving process was asked for. Moments are milliseconds since 1970-01-01 UTC.
CREATE TABLE run (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    plan       TEXT NOT NULL,
    command    TEXT NOT NULL,
    asked_for  TEXT NOT NULL,
    asked_by   TEXT NOT NULL,
    why        TEXT,
    asked_at   INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'ended')),
    began_at   INTEGER,
    -- What the journal holds of it comes after this number.
    journal_from INTEGER,
    resumed    INTEGER NOT NULL DEFAULT 0,
    stopped_by TEXT,
    ended_at   INTEGER,
    exit_code  INTEGER,
    outcome    TEXT,
    next       TEXT
);
CREATE INDEX run_open ON run (plan) WHERE state <> 'ended';
-- Who may come in. Secrets are kept as their SHA-256.
CREATE TABLE token (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL,
    role        TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER,
    used_at     INTEGER,
    revoked_at  INTEGER
);
CREATE TABLE session (
    fingerprint TEXT PRIMARY KEY,
    token       INTEGER NOT NULL REFERENCES token,
    expires_at  INTEGER NOT NULL
);
-- Who did what, why, when, and what came of it.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    plan    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    came_by TEXT NOT NULL,
    role    TEXT NOT NULL,
    action  TEXT NOT NULL,
    object  TEXT,
    why     TEXT,
    detail  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    because TEXT
);
CREATE INDEX audit_plan ON audit (plan, number);
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
