-- The ledger: turnback's own schema inside the target. What was done to this database,
-- committed in the same transaction as the change. As version 1 had it: what came since is in
-- files of its own, so that a ledger of any age and a new one go the same way.
CREATE SCHEMA turnback;
COMMENT ON SCHEMA turnback IS 'turnback: what was done to this database, and how to turn it back';

CREATE TABLE turnback.version (version int NOT NULL);
INSERT INTO turnback.version VALUES (1);

-- One controller at a time. Its transactions check the epoch (turnback.fence) before they commit.
CREATE TABLE turnback.lease (
    one           boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch         bigint NOT NULL,
    holder        text,
    backend       int,
    backend_start timestamptz,
    heartbeat     timestamptz
);
INSERT INTO turnback.lease (epoch) VALUES (0);

CREATE TABLE turnback.phase (
    plan       text NOT NULL,
    phase      text NOT NULL,
    ordinal    int NOT NULL,
    state      text NOT NULL,
    program    jsonb NOT NULL,
    before     jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, phase)
);

CREATE TABLE turnback.step (
    plan    text NOT NULL,
    phase   text NOT NULL,
    stage   text NOT NULL,
    step    text NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (plan, phase, stage, step)
);

-- How far each stretch of a table has been walked.
CREATE TABLE turnback.backfill (
    plan   text NOT NULL,
    phase  text NOT NULL,
    step   text NOT NULL,
    stripe int NOT NULL,
    next   bigint NOT NULL,
    "end"  bigint NOT NULL,
    rows   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (plan, phase, step, stripe)
);

-- What became of phases, for good: rows are only ever added.
CREATE TABLE turnback.history (
    at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    plan  text NOT NULL,
    phase text NOT NULL,
    state text NOT NULL,
    epoch bigint NOT NULL
);

-- Keys promised to references that were written before the row they refer to. Rows live no
-- longer than the transaction that wrote them.
CREATE TABLE turnback.promise (
    key     text NOT NULL,
    old_key bigint NOT NULL,
    new_key uuid NOT NULL,
    PRIMARY KEY (key, old_key),
    UNIQUE (key, new_key)
);
