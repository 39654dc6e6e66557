-- PostgreSQL 14: neither column lists nor whole schemas.
SELECT json_build_object(
    'name', p.pubname,
    'all_tables', p.puballtables,
    'tables', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(t.schema, t.name), NULL)), '[]')
        FROM pg_publication_rel r
        JOIN tables t ON t.oid = r.prrelid
        WHERE r.prpubid = p.oid),
    'filters', '[]'::json
)
FROM pg_publication p
ORDER BY p.pubname
