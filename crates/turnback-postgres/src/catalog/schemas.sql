SELECT n.name, json_build_object(
    'owner', pg_get_userbyid(n.nspowner),
    'grants', (
        SELECT coalesce(json_agg(g), '[]')
        FROM (
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C" AS grantee,
                   a.privilege_type COLLATE "C" AS privilege, a.is_grantable AS grantable
            FROM aclexplode(n.nspacl) a ORDER BY 1, 2, 3
        ) g)
)
FROM namespaces n
