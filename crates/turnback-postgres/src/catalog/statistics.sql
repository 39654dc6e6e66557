SELECT t.schema, t.name, json_build_object(
    'name', format('%I.%I', n.nspname, s.stxname),
    'definition', pg_get_statisticsobjdef(s.oid),
    'reads', (
        SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        WHERE a.attrelid = s.stxrelid AND a.attnum > 0
          AND (a.attnum = ANY (s.stxkeys)
               OR EXISTS (
                   SELECT FROM pg_depend d
                   WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
                     AND d.refclassid = 'pg_class'::regclass
                     AND d.refobjid = s.stxrelid AND d.refobjsubid = a.attnum)))
)
FROM tables t
JOIN pg_statistic_ext s ON s.stxrelid = t.oid
JOIN pg_namespace n ON n.oid = s.stxnamespace
ORDER BY s.stxrelid, n.nspname, s.stxname
