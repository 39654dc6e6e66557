-- The hash chain of the journal: a sum for each entry, over it and the sum before it.
CREATE TABLE turnback_control.chain (
    number BIGINT PRIMARY KEY,
    hash   TEXT NOT NULL,
    -- The entry was there before it was chained: it is chained as it was found.
    found  BOOLEAN NOT NULL
);
CREATE TRIGGER chain_kept BEFORE UPDATE ON turnback_control.chain
FOR EACH ROW EXECUTE FUNCTION turnback_control.refuse_edit();
CREATE TRIGGER chain_stays BEFORE DELETE ON turnback_control.chain
FOR EACH ROW EXECUTE FUNCTION turnback_control.refuse_edit();
CREATE TRIGGER chain_not_emptied BEFORE TRUNCATE ON turnback_control.chain
FOR EACH STATEMENT EXECUTE FUNCTION turnback_control.refuse_edit();
-- The end of the chain, so that it is seen when its last entries are gone.
CREATE TABLE turnback_control.chain_head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash   TEXT NOT NULL
);
