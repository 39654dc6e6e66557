-- The audit log by what was done, and its rest by chance: entries move when they are filed anew.
CREATE TABLE kept AS TABLE audit_logs;
DROP TABLE audit_logs;
CREATE TABLE audit_logs (
    id bigserial,
    actor_id integer REFERENCES users ON UPDATE CASCADE,
    action text NOT NULL,
    detail text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, action)
) PARTITION BY LIST (action);
CREATE TABLE audit_posts PARTITION OF audit_logs FOR VALUES IN ('post');
-- Its columns stand in another order.
CREATE TABLE audit_changes (
    at timestamptz NOT NULL DEFAULT now(),
    gone text,
    detail text NOT NULL,
    action text NOT NULL,
    actor_id integer,
    id bigint NOT NULL
);
ALTER TABLE audit_changes DROP COLUMN gone;
ALTER TABLE audit_logs ATTACH PARTITION audit_changes FOR VALUES IN ('edit', 'delete');
CREATE TABLE audit_rest PARTITION OF audit_logs DEFAULT PARTITION BY HASH (action);
CREATE TABLE audit_rest_0 PARTITION OF audit_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE audit_rest_1 PARTITION OF audit_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX audit_logs_actor_id_idx ON audit_logs (actor_id);

-- What refers to an entry by its key and by what decides where it stands.
CREATE TABLE audit_marks (
    id bigserial PRIMARY KEY,
    audit_id bigint NOT NULL,
    action text NOT NULL,
    FOREIGN KEY (audit_id, action) REFERENCES audit_logs (id, action) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX audit_marks_audit_id_idx ON audit_marks (audit_id, action);
CREATE FUNCTION mark_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    INSERT INTO audit_marks (audit_id, action) VALUES (NEW.id, NEW.action);
    RETURN NULL;
END $$;
CREATE TRIGGER mark_audit AFTER INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION mark_audit();

INSERT INTO audit_logs SELECT * FROM kept;
SELECT setval('audit_logs_id_seq', (SELECT max(id) FROM kept));
DROP TABLE kept;

-- Notes by chance: nobody moves.
DROP TABLE notes;
CREATE TABLE notes (
    id bigserial,
    document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
    word text NOT NULL UNIQUE,
    PRIMARY KEY (id, word)
) PARTITION BY HASH (word);
CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE notes_1 PARTITION OF notes FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE notes_2 PARTITION OF notes FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE INDEX notes_document_id_idx ON notes (document_id);
ANALYZE audit_logs, audit_marks;
