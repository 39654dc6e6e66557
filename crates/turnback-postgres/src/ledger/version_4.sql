-- Version 4. The keys that rows had in a database which was replaced by a backup (turnback salvage):
-- links to them that somebody else has kept lead on from here.
CREATE TABLE IF NOT EXISTS turnback.salvaged_key (
    -- As in public.users.id.
    key     text NOT NULL,
    new_key uuid NOT NULL,
    old_key bigint NOT NULL,
    -- The replaced database.
    failed  text NOT NULL,
    -- One of the two was given out when its row was put back, for it had none in this shape.
    given   boolean NOT NULL,
    PRIMARY KEY (key, new_key, old_key, failed)
);
CREATE INDEX IF NOT EXISTS salvaged_key_old ON turnback.salvaged_key (key, old_key);
