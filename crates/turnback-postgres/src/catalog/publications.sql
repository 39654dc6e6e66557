-- PostgreSQL 15 and later: column lists, and whole schemas.
, published AS MATERIALIZED (
    SELECT r.prpubid AS publication, t.schema, t.name, CASE WHEN r.prattrs IS NOT NULL THEN (
               SELECT json_agg(a.attname ORDER BY a.attnum)
               FROM pg_attribute a
               WHERE a.attrelid = t.oid AND a.attnum > 0 AND a.attnum = ANY (r.prattrs)) END AS columns
    FROM tables t
    JOIN pg_publication_rel r ON r.prrelid = t.oid
    UNION ALL
    SELECT s.pnpubid, t.schema, t.name, NULL
    FROM tables t
    JOIN pg_class c ON c.oid = t.oid
    JOIN pg_publication_namespace s ON s.pnnspid = c.relnamespace
)
SELECT json_build_object(
    'name', p.pubname,
    'all_tables', p.puballtables,
    'tables', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(t.schema, t.name), t.columns)), '[]')
        FROM published t WHERE t.publication = p.oid),
    'filters', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(t.schema, t.name), (
            -- The expression's dependencies are on columns of its own table alone.
            SELECT coalesce(json_agg(DISTINCT a.attname), '[]')
            FROM pg_depend d
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_publication_rel'::regclass AND d.objid = r.oid
              AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.prrelid AND d.refobjsubid > 0))
            ORDER BY t.schema, t.name), '[]')
        FROM pg_publication_rel r
        JOIN tables t ON t.oid = r.prrelid
        WHERE r.prpubid = p.oid AND r.prqual IS NOT NULL)
)
FROM pg_publication p
ORDER BY p.pubname
