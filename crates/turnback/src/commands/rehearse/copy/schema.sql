-- What a rehearsal copies: one row of JSON.
WITH ours AS (
    SELECT c.oid, c.relkind, c.relname, n.nspname, c.relpersistence
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'turnback', 'turnback_control')
      AND n.nspname !~ '^pg_(toast|temp)'
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT jsonb_build_object(
    'tables', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', jsonb_build_array(t.nspname, t.relname),
            'partitioned', t.relkind = 'p',
            'rows', (
                SELECT sum(CASE WHEN leaf.reltuples < 0 THEN NULL ELSE leaf.reltuples END)::bigint
                FROM pg_catalog.pg_class leaf
                WHERE CASE WHEN t.relkind = 'p'
                    THEN leaf.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(t.oid) WHERE isleaf)
                    ELSE leaf.oid = t.oid END),
            'columns', (
                SELECT coalesce(jsonb_agg(a.attname ORDER BY a.attnum), '[]')
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
        ) ORDER BY t.nspname, t.relname), '[]')
        FROM ours t
        JOIN pg_catalog.pg_class c ON c.oid = t.oid
        WHERE t.relkind IN ('r', 'p') AND NOT c.relispartition),
    'references', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'table', jsonb_build_array(t.nspname, t.relname),
            'columns', (
                SELECT jsonb_agg(a.attname ORDER BY k.place)
                FROM unnest(f.conkey) WITH ORDINALITY k (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
            'far', jsonb_build_array(far.nspname, far.relname),
            'far_columns', (
                SELECT jsonb_agg(a.attname ORDER BY k.place)
                FROM unnest(f.confkey) WITH ORDINALITY k (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number),
            'far_types', (
                SELECT jsonb_agg(pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY k.place)
                FROM unnest(f.confkey) WITH ORDINALITY k (number, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)
        ) ORDER BY t.nspname, t.relname, f.conname), '[]')
        FROM pg_catalog.pg_constraint f
        JOIN ours t ON t.oid = f.conrelid
        JOIN ours far ON far.oid = f.confrelid
        -- A partition's is its parent's, except where only the partition has it.
        WHERE f.contype = 'f' AND f.conparentid = 0),
    'sequences', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', jsonb_build_array(s.nspname, s.relname),
            'last', CASE WHEN pg_catalog.has_sequence_privilege(s.oid, 'SELECT, USAGE')
                THEN pg_catalog.pg_sequence_last_value(s.oid) END,
            'column', (
                SELECT jsonb_build_array(t.nspname, t.relname, a.attname)
                FROM pg_catalog.pg_depend d
                JOIN ours t ON t.oid = d.refobjid
                JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid
                  AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
                LIMIT 1)
        ) ORDER BY s.nspname, s.relname), '[]')
        FROM ours s WHERE s.relkind = 'S'),
    'materialized', (
        SELECT coalesce(jsonb_agg(jsonb_build_array(m.nspname, m.relname) ORDER BY m.oid), '[]')
        FROM ours m WHERE m.relkind = 'm'),
    'foreign_tables', (
        SELECT coalesce(jsonb_agg(jsonb_build_array(m.nspname, m.relname) ORDER BY m.nspname, m.relname), '[]')
        FROM ours m WHERE m.relkind = 'f'),
    'roles', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'name', r.rolname, 'superuser', r.rolsuper, 'bypasses', r.rolbypassrls) ORDER BY r.rolname), '[]')
        FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_'),
    'extensions', (
        SELECT coalesce(jsonb_agg(e.extname ORDER BY e.extname), '[]')
        FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql'),
    'settings', (
        SELECT coalesce(jsonb_agg(setting), '[]')
        FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) setting
        WHERE s.setrole = 0
          AND s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
)
