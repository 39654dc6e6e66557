-- Tables, partitioned ones and partitions among them, with their columns and the place of each in
-- the primary key.
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'table', jsonb_build_array(n.nspname, c.relname),
    'partitioned', c.relkind = 'p',
    'top', (SELECT jsonb_build_array(tn.nspname, t.relname)
            FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
            WHERE c.relispartition AND t.oid = pg_catalog.pg_partition_root(c.oid)),
    'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                    'name', a.attname,
                    'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                    'generated', a.attgenerated <> '',
                    'key', array_position(i.indkey::int2[], a.attnum)) ORDER BY a.attnum), '[]')
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
) ORDER BY n.nspname, c.relname), '[]')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'turnback', 'turnback_control', 'turnback_salvaged')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
