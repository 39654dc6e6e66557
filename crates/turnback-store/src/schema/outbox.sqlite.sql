-- What waits to be told, was told, or was given up: known by its message and its channel, so that
-- the same is not told twice. Moments are milliseconds since 1970-01-01 UTC.
CREATE TABLE outbox (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    plan          TEXT NOT NULL,
    channel       TEXT NOT NULL,
    message_id    TEXT NOT NULL,
    issue         TEXT,
    message       TEXT NOT NULL,
    state         TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given_up')),
    queued_at     INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    settled_at    INTEGER,
    reason        TEXT,
    UNIQUE (plan, channel, message_id)
);
CREATE INDEX outbox_due ON outbox (plan, channel, due_at) WHERE state = 'waiting';
-- Issues on their way up a ladder.
CREATE TABLE escalation (
    plan  TEXT NOT NULL,
    issue TEXT NOT NULL,
    kept  TEXT NOT NULL,
    open  INTEGER NOT NULL,
    PRIMARY KEY (plan, issue)
);
