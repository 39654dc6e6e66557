-- Foreign keys, by name. Those that a foreign key to a partitioned table keeps on each of its
-- partitions are parts of that one.
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'child', jsonb_build_array(cn.nspname, c.relname),
    'columns', (SELECT jsonb_agg(a.attname ORDER BY u.place)
                FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
                JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
    'parent', jsonb_build_array(pn.nspname, p.relname),
    'parent_columns', (SELECT jsonb_agg(jsonb_build_array(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY u.place)
                       FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)
) ORDER BY k.oid), '[]')
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint above WHERE above.oid = k.conparentid AND above.conrelid = k.conrelid)
