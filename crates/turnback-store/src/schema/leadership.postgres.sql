-- Who leads among the controllers of a plan. Moments are milliseconds since 1970-01-01 UTC.
CREATE TABLE turnback_control.controller (
    plan       TEXT PRIMARY KEY,
    epoch      BIGINT NOT NULL,
    holder     TEXT NOT NULL,
    renewed_at BIGINT NOT NULL,
    until      BIGINT NOT NULL
);
