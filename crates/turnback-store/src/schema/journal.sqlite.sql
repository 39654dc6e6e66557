CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    plan   TEXT NOT NULL,
    event  TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_plan ON journal (plan, number);
-- Append-only: what was written stays as it was written.
CREATE TRIGGER IF NOT EXISTS journal_kept BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS journal_stays BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
