SELECT json_build_object(
    'signature', p.oid::regprocedure::text,
    'owner', pg_get_userbyid(p.proowner),
    'language', l.lanname,
    'source', CASE WHEN p.prosqlbody IS NULL THEN p.prosrc ELSE pg_get_function_sqlbody(p.oid) END,
    'reads', CASE WHEN p.prosqlbody IS NULL THEN '[]' ELSE (
        SELECT coalesce(json_agg(json_build_array(json_build_array(r.schema, r.name), r.columns)), '[]')
        FROM (
            SELECT n.nspname AS schema, c.relname AS name,
                   coalesce(json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a
                ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
            GROUP BY 1, 2
        ) r) END,
    'pins_search_path', EXISTS (
        SELECT FROM unnest(p.proconfig) setting WHERE starts_with(setting, 'search_path=')),
    'rows', (
        SELECT coalesce(json_agg(json_build_array(rn.nspname, rc.relname) ORDER BY rn.nspname, rc.relname), '[]')
        FROM (
            SELECT DISTINCT coalesce(nullif(y.typrelid, 0), element.typrelid) AS oid
            FROM unnest(array_append(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.prorettype)) u (oid)
            JOIN pg_type y ON y.oid = u.oid
            LEFT JOIN pg_type element ON element.oid = y.typelem
        ) taken
        JOIN pg_class rc ON rc.oid = taken.oid AND rc.relkind IN ('r', 'p', 'f', 'v', 'm')
        JOIN pg_namespace rn ON rn.oid = rc.relnamespace)
)
FROM pg_proc p
JOIN namespaces n ON n.oid = p.pronamespace
JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p', 'w')
  AND p.oid NOT IN (
      SELECT d.objid FROM pg_depend d
      WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
ORDER BY n.name COLLATE "C", p.proname, p.oid::regprocedure::text COLLATE "C"
