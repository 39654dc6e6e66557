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
        FROM published t WHERE t.publication = p.oid)
)
FROM pg_publication p
ORDER BY p.pubname
