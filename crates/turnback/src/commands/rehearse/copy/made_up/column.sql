-- Types of all columns, domains looked through: one row of JSON.
WITH RECURSIVE looked_through AS (
    SELECT t.oid, t.oid AS base, -1 AS modifier FROM pg_catalog.pg_type t
    UNION ALL
    SELECT l.oid, t.typbasetype, t.typtypmod
    FROM looked_through l JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype = 'd'
), base AS (
    SELECT l.oid, l.base, l.modifier FROM looked_through l
    JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype <> 'd'
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'table', jsonb_build_array(n.nspname, c.relname),
    'column', a.attname,
    'base', pg_catalog.format_type(b.base, CASE WHEN b.base = a.atttypid THEN a.atttypmod ELSE b.modifier END),
    'category', t.typcategory,
    'is_domain', b.base <> a.atttypid,
    'labels', (
        SELECT coalesce(jsonb_agg(e.enumlabel ORDER BY e.enumsortorder), '[]')
        FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.base)
)), '[]')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN base b ON b.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = b.base
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
