-- The hash chain of the journal: a sum for each entry, over it and the sum before it.
CREATE TABLE chain (
    number INTEGER PRIMARY KEY,
    hash   TEXT NOT NULL,
    -- The entry was there before it was chained: it is chained as it was found.
    found  INTEGER NOT NULL
);
CREATE TRIGGER chain_kept BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER chain_stays BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- The end of the chain, so that it is seen when its last entries are gone.
CREATE TABLE chain_head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash   TEXT NOT NULL
);
