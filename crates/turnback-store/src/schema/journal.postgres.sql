-- Everything of turnback's control store is in this schema; a person may drop it as a whole.
CREATE SCHEMA IF NOT EXISTS turnback_control;
CREATE TABLE turnback_control.version (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);
INSERT INTO turnback_control.version VALUES (1, 0);
-- The highest number of an entry that ever was. A sequence would leave gaps where a transaction is
-- rolled back, and a gap is what a removed entry leaves.
CREATE TABLE turnback_control.journal_highest (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);
INSERT INTO turnback_control.journal_highest VALUES (1, 0);
CREATE FUNCTION turnback_control.next_entry() RETURNS bigint LANGUAGE sql VOLATILE
SET search_path = turnback_control, pg_temp
AS 'UPDATE journal_highest SET number = number + 1 RETURNING number';
CREATE TABLE turnback_control.journal (
    number BIGINT PRIMARY KEY DEFAULT turnback_control.next_entry(),
    at     TEXT NOT NULL DEFAULT
        to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    plan   TEXT NOT NULL,
    -- Text and not jsonb: the chain sums over it as it was written.
    event  TEXT NOT NULL
);
CREATE INDEX journal_plan ON turnback_control.journal (plan, number);
-- Append-only: what was written stays as it was written.
CREATE FUNCTION turnback_control.refuse_edit() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE EXCEPTION ''the journal is append-only''; END';
CREATE TRIGGER journal_kept BEFORE UPDATE ON turnback_control.journal
FOR EACH ROW EXECUTE FUNCTION turnback_control.refuse_edit();
CREATE TRIGGER journal_stays BEFORE DELETE ON turnback_control.journal
FOR EACH ROW EXECUTE FUNCTION turnback_control.refuse_edit();
CREATE TRIGGER journal_not_emptied BEFORE TRUNCATE ON turnback_control.journal
FOR EACH STATEMENT EXECUTE FUNCTION turnback_control.refuse_edit();
