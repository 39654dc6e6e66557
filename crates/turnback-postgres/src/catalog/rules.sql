-- Rewrite rules on tables; views have theirs with them.
SELECT t.schema, t.name, json_build_object(
    'name', r.rulename,
    'definition', pg_get_ruledef(r.oid) || CASE r.ev_enabled
        WHEN 'D' THEN format(' ALTER TABLE %I.%I DISABLE RULE %I;', t.schema, t.name, r.rulename)
        WHEN 'A' THEN format(' ALTER TABLE %I.%I ENABLE ALWAYS RULE %I;', t.schema, t.name, r.rulename)
        WHEN 'R' THEN format(' ALTER TABLE %I.%I ENABLE REPLICA RULE %I;', t.schema, t.name, r.rulename)
        ELSE '' END,
    'reads', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(f.schema, f.name), f.columns)
                                 ORDER BY f.schema, f.name), '[]')
        FROM (
            SELECT n.nspname AS schema, c.relname AS name,
                   coalesce(json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns
            FROM pg_depend d
            JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
            WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
            GROUP BY 1, 2
        ) f)
)
FROM tables t
JOIN pg_rewrite r ON r.ev_class = t.oid
ORDER BY r.ev_class, r.rulename
