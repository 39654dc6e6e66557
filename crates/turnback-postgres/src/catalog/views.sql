-- A view's dependencies are those of its rule `_RETURN`. A relation of which it reads no
-- column in particular (`SELECT count(*)`) is listed with none.
, read AS MATERIALIZED (
    SELECT r.ev_class AS view, n.nspname AS schema, c.relname AS name,
           coalesce(json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns
    FROM relations v
    JOIN pg_rewrite r ON r.ev_class = v.oid AND r.rulename = '_RETURN'
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
    WHERE v.kind IN ('v', 'm') AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    GROUP BY 1, 2, 3
), reads AS MATERIALIZED (
    SELECT view, json_agg(json_build_array(json_build_array(schema, name), columns)) AS relations
    FROM read
    GROUP BY view
)
SELECT v.schema, v.name, json_build_object(
    'materialized', v.kind = 'm',
    'owner', pg_get_userbyid(c.relowner),
    'definition', pg_get_viewdef(v.oid),
    'options', coalesce(c.reloptions, '{}'),
    'reads', coalesce(reads.relations, '[]'),
    'comment', comment.description,
    'grants', (
        SELECT coalesce(json_agg(g), '[]')
        FROM (
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C" AS grantee,
                   a.privilege_type COLLATE "C" AS privilege, a.is_grantable AS grantable
            FROM aclexplode(c.relacl) a ORDER BY 1, 2, 3
        ) g)
)
FROM relations v
JOIN pg_class c ON c.oid = v.oid
LEFT JOIN reads ON reads.view = v.oid
LEFT JOIN pg_description comment
    ON comment.objoid = v.oid AND comment.classoid = 'pg_class'::regclass AND comment.objsubid = 0
WHERE v.kind IN ('v', 'm')
