-- `stxstattarget` is -1 where it is not set, from PostgreSQL 17 on NULL.
SELECT t.schema, t.name, json_build_object(
    'name', s.stxname,
    'schema', n.nspname,
    'definition', pg_get_statisticsobjdef(s.oid),
    -- Statistics of one expression alone have no kind but that of expressions.
    'kinds', (
        SELECT coalesce(json_agg(CASE kind WHEN 'd' THEN 'ndistinct' WHEN 'f' THEN 'dependencies'
                                           WHEN 'm' THEN 'mcv' END ORDER BY kind), '[]')
        FROM unnest(s.stxkind) kind WHERE kind IN ('d', 'f', 'm')),
    'columns', (
        SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        WHERE a.attrelid = s.stxrelid AND a.attnum > 0 AND a.attnum = ANY (s.stxkeys)),
    'expressions', (
        SELECT coalesce(json_agg(e ORDER BY place), '[]')
        FROM unnest(pg_get_statisticsobjdef_expressions(s.oid)) WITH ORDINALITY x (e, place)),
    'target', nullif(s.stxstattarget, -1),
    'owner', pg_get_userbyid(s.stxowner),
    'comment', comment.description,
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
LEFT JOIN pg_description comment
    ON comment.objoid = s.oid AND comment.classoid = 'pg_statistic_ext'::regclass AND comment.objsubid = 0
ORDER BY s.stxrelid, n.nspname, s.stxname
