-- Who leads among the controllers of a plan. Moments are milliseconds since 1970-01-01 UTC.
CREATE TABLE controller (
    plan       TEXT PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    holder     TEXT NOT NULL,
    renewed_at INTEGER NOT NULL,
    until      INTEGER NOT NULL
);
