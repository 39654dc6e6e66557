-- What programs and sync triggers call. Every opening of an older ledger brings these to this
-- build's text, while programs of earlier builds still call them: what a function is named, what
-- it takes and what it promises is never changed. What needs that gets another name.

CREATE OR REPLACE FUNCTION turnback.fence(held bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The share lock keeps a successor out until this transaction has ended.
    PERFORM FROM turnback.lease WHERE epoch = held FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'TB001',
            MESSAGE = 'turnback: the lease of epoch ' || held || ' has been taken over';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION turnback.promise_new(for_key text, old bigint, fresh uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    promised uuid;
BEGIN
    INSERT INTO turnback.promise AS p (key, old_key, new_key) VALUES (for_key, old, fresh)
        ON CONFLICT (key, old_key) DO UPDATE SET old_key = excluded.old_key
        RETURNING p.new_key INTO promised;
    PERFORM set_config('turnback.promised', 'on', true);
    RETURN promised;
END
$$;

CREATE OR REPLACE FUNCTION turnback.promise_old(for_key text, new uuid, fresh bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    promised bigint;
BEGIN
    INSERT INTO turnback.promise AS p (key, old_key, new_key) VALUES (for_key, fresh, new)
        ON CONFLICT (key, new_key) DO UPDATE SET new_key = excluded.new_key
        RETURNING p.old_key INTO promised;
    PERFORM set_config('turnback.promised', 'on', true);
    RETURN promised;
END
$$;

-- Drops version schemas with their views, and nothing that stands on them: what others have
-- built on a version view stops it, by name. Views on views go in waves, the outermost first.
CREATE OR REPLACE FUNCTION turnback.drop_version_schemas(schema_names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    going record;
    found_any boolean;
    schema_name text;
BEGIN
    LOOP
        found_any := false;
        FOR going IN
            WITH ours AS MATERIALIZED (
                SELECT c.oid, n.nspname, c.relname, c.relkind
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ANY (schema_names) AND c.relkind IN ('v', 'm')
            ), below AS MATERIALIZED (
                SELECT d.refobjid
                FROM ours o
                JOIN pg_catalog.pg_rewrite r ON r.ev_class = o.oid
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> o.oid
            )
            SELECT * FROM ours WHERE oid NOT IN (SELECT refobjid FROM below) ORDER BY nspname, relname
        LOOP
            EXECUTE format(CASE going.relkind WHEN 'v' THEN 'DROP VIEW %I.%I' ELSE 'DROP MATERIALIZED VIEW %I.%I' END,
                           going.nspname, going.relname);
            found_any := true;
        END LOOP;
        EXIT WHEN NOT found_any;
    END LOOP;
    FOREACH schema_name IN ARRAY schema_names LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS %I', schema_name);
    END LOOP;
END
$$;

-- Takes away what ALTER DEFAULT PRIVILEGES gave others on a relation that was just made: it
-- shall have the grants of the one whose place it takes, and no other.
CREATE OR REPLACE FUNCTION turnback.clear_grants(of_relation regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    other text;
BEGIN
    FOR other IN
        SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
        FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x
        WHERE c.oid = of_relation AND x.grantee <> c.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', of_relation, other);
    END LOOP;
END
$$;

-- Drops a version schema once its last view is gone.
CREATE OR REPLACE FUNCTION turnback.drop_empty_schema(schema_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = schema_name
    ) THEN
        EXECUTE format('DROP SCHEMA IF EXISTS %I', schema_name);
    END IF;
END
$$;

-- Index columns keep the names that the table's columns had when they were made: gives them
-- those of now.
CREATE OR REPLACE FUNCTION turnback.tidy_names(of_table regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    stale record;
BEGIN
    FOR stale IN
        SELECT i.indexrelid::regclass AS index, a.attname AS was, t.attname AS becomes
        FROM pg_catalog.pg_index i
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = k.position
        JOIN pg_catalog.pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = k.attnum
        WHERE i.indrelid = of_table AND a.attname LIKE '%\_turnback\_new%' AND a.attname <> t.attname
          -- A column that stands there twice has a name that PostgreSQL made up.
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute other
                          WHERE other.attrelid = i.indexrelid AND other.attname = t.attname)
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', stale.index, stale.was, stale.becomes);
    END LOOP;
END
$$;

-- Runs a statement where what it is about is there: partitions come and go while both shapes live.
CREATE OR REPLACE FUNCTION turnback.run_if(holds boolean, statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF holds THEN
        EXECUTE statement;
    END IF;
END
$$;

-- Stops a transaction that should not go on, with the next step.
CREATE OR REPLACE FUNCTION turnback.stop_if(holds boolean, reason text, next text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF holds THEN
        RAISE EXCEPTION USING ERRCODE = 'TB002', MESSAGE = reason, HINT = next;
    END IF;
END
$$;

-- Locks a partitioned table, then its partitions, all of them within one lock_timeout: whoever
-- queues behind the first waits no longer than that. With the first, none can come any more.
CREATE OR REPLACE FUNCTION turnback.lock_partitions(root text, mode text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    budget interval := current_setting('lock_timeout')::interval;
    begun timestamptz := clock_timestamp();
    left_over numeric;
    member regclass;
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', root, mode);
    FOR member IN
        SELECT p.relid FROM pg_catalog.pg_partition_tree(root::regclass) p
        WHERE p.relid <> root::regclass ORDER BY p.level, p.relid
    LOOP
        IF budget > interval '0' THEN
            left_over := ceil(1000 * extract(epoch FROM budget - (clock_timestamp() - begun)));
            PERFORM set_config('lock_timeout', greatest(left_over, 1)::text, true);
        END IF;
        EXECUTE format('LOCK TABLE ONLY %s IN %s MODE', member, mode);
    END LOOP;
END
$$;

-- Gives constraints of partitions the name of the one above them, where they still have the
-- name that it had: those of partitions that nobody knew of when the phase began.
CREATE OR REPLACE FUNCTION turnback.rename_in_partitions(root text, was text, becomes text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    member regclass;
BEGIN
    FOR member IN
        SELECT c.conrelid FROM pg_catalog.pg_constraint c
        JOIN pg_catalog.pg_partition_tree(root::regclass) p ON p.relid = c.conrelid
        WHERE c.conname = was AND c.conparentid <> 0
    LOOP
        EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', member, was, becomes);
    END LOOP;
END
$$;

-- Partitions that came after the phase began have no index set aside that could become their
-- primary key. One that somebody built for it is taken. Without one, the new key of the whole
-- builds it, while everybody waits: for a few pages that is nothing, for more it is refused.
CREATE OR REPLACE FUNCTION turnback.key_of_newcomers(root text, known text[], key text[], named text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newcomer record;
    prebuilt regclass;
BEGIN
    FOR newcomer IN
        SELECT c.oid::regclass AS member, c.relname, pg_catalog.pg_relation_size(c.oid) AS bytes
        FROM pg_catalog.pg_partition_tree(root::regclass) p
        JOIN pg_catalog.pg_class c ON c.oid = p.relid
        WHERE p.isleaf
          AND p.relid NOT IN (SELECT r.oid FROM unnest(known) k, LATERAL (SELECT pg_catalog.to_regclass(k)::oid) r (oid)
                              WHERE r.oid IS NOT NULL)
    LOOP
        SELECT i.indexrelid INTO prebuilt
        FROM pg_catalog.pg_index i
        WHERE i.indrelid = newcomer.member AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indisready
          AND i.indpred IS NULL AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid)
          AND ARRAY(SELECT a.attname::text
                    FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    WHERE k.place <= i.indnkeyatts ORDER BY k.place) = key
        LIMIT 1;
        IF FOUND THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY USING INDEX %I', newcomer.member,
                left(newcomer.relname, 58) || '_pkey', (SELECT c.relname FROM pg_catalog.pg_class c WHERE c.oid = prebuilt));
        ELSIF newcomer.bytes > 4 * 1024 * 1024 THEN
            RAISE EXCEPTION USING ERRCODE = 'TB002',
                MESSAGE = format('turnback: partition %s came after the phase began, and has no index to take for its primary key',
                    newcomer.member),
                HINT = format('Nothing was changed. Type CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s), and try again', newcomer.member,
                    (SELECT string_agg(format('%I', n), ', ' ORDER BY place) FROM unnest(named) WITH ORDINALITY u (n, place)));
        END IF;
    END LOOP;
END
$$;

-- Copies the keys of partitions that came after the phase began, with a commit every few pages:
-- a client that writes such a row waits for its place in the archive no longer than that.
CREATE OR REPLACE PROCEDURE turnback.archive_newcomers(root text, known text[], archive text, old_key text, new_key text)
LANGUAGE plpgsql AS $$
DECLARE
    newcomer regclass;
    newcomers regclass[] := ARRAY(
        SELECT p.relid FROM pg_catalog.pg_partition_tree(root::regclass) p
        WHERE p.isleaf
          AND p.relid NOT IN (SELECT r.oid FROM unnest(known) k, LATERAL (SELECT pg_catalog.to_regclass(k)::oid) r (oid)
                              WHERE r.oid IS NOT NULL));
    page bigint;
BEGIN
    FOREACH newcomer IN ARRAY newcomers LOOP
        FOR page IN
            SELECT generate_series(0, pg_catalog.pg_relation_size(newcomer) / current_setting('block_size')::bigint, 64)
        LOOP
            EXECUTE format('INSERT INTO %s (old_key, new_key) SELECT t.%I, t.%I FROM ONLY %s t '
                'WHERE t.ctid >= ''(%s,0)''::tid AND t.ctid < ''(%s,0)''::tid ON CONFLICT DO NOTHING',
                archive, old_key, new_key, newcomer, page, page + 64);
            COMMIT;
        END LOOP;
    END LOOP;
END
$$;

-- Clients run the two promise functions through the sync triggers, which run as their owner.
REVOKE ALL ON FUNCTION turnback.promise_new(text, bigint, uuid), turnback.promise_old(text, uuid, bigint) FROM PUBLIC;
