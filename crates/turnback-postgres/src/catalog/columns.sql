, owned AS MATERIALIZED (
    SELECT d.refobjid AS relation, d.refobjsubid AS attnum, s.schema, s.name
    FROM relations s
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                    AND d.deptype IN ('a', 'i')
    WHERE s.kind = 'S'
), domains AS MATERIALIZED (
    -- A domain may stand on another one; its checks and its NOT NULL are those of all.
    WITH RECURSIVE under AS (
        SELECT d.oid, d.oid AS level FROM pg_type d WHERE d.typtype = 'd'
        UNION ALL
        SELECT u.oid, d.typbasetype FROM under u JOIN pg_type d ON d.oid = u.level AND d.typtype = 'd'
    )
    SELECT u.oid, json_build_object(
        'base', max(format_type(below.oid, NULL)) FILTER (WHERE below.typtype <> 'd'),
        'not_null', bool_or(below.typnotnull),
        'checks', (
            SELECT coalesce(json_agg(pg_get_expr(con.conbin, 0) ORDER BY con.conname, con.oid), '[]')
            FROM pg_constraint con
            WHERE con.contype = 'c'
              AND con.contypid IN (SELECT v.level FROM under v WHERE v.oid = u.oid))) AS domain
    FROM under u
    JOIN pg_type below ON below.oid = u.level
    GROUP BY u.oid
)
SELECT t.schema, t.name, json_build_object(
    'name', a.attname,
    'type_name', format_type(a.atttypid, a.atttypmod),
    'domain', domains.domain,
    'not_null', a.attnotnull,
    'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(def.adbin, def.adrelid) END,
    'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by_default' END,
    'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(def.adbin, def.adrelid) END,
    -- Only a generation expression can read columns. PostgreSQL 14 records that as the
    -- column's dependency, later versions as the expression's.
    'reads', CASE WHEN a.attgenerated = '' THEN '[]' ELSE (
        SELECT coalesce(json_agg(r.attname ORDER BY r.attnum), '[]')
        FROM pg_attribute r
        WHERE r.attrelid = a.attrelid AND r.attnum > 0 AND r.attnum <> a.attnum
          AND EXISTS (
              SELECT FROM pg_depend d
              WHERE ((d.classid = 'pg_attrdef'::regclass AND d.objid = def.oid)
                  OR (d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum))
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = a.attrelid AND d.refobjsubid = r.attnum)) END,
    'collation', CASE WHEN a.attcollation <> type.typcollation THEN (
        SELECT format('%I.%I', n.nspname, k.collname)
        FROM pg_collation k JOIN pg_namespace n ON n.oid = k.collnamespace
        WHERE k.oid = a.attcollation) END,
    'sequence', CASE WHEN owned.name IS NOT NULL THEN json_build_array(owned.schema, owned.name) END,
    'statistics_target', nullif(a.attstattarget, -1),
    'options', coalesce(a.attoptions, '{}'),
    'inherited', a.attinhcount > 0,
    'comment', comment.description,
    'grants', CASE WHEN a.attacl IS NULL THEN '[]' ELSE (
        SELECT coalesce(json_agg(g), '[]')
        FROM (
            SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END COLLATE "C" AS grantee,
                   x.privilege_type COLLATE "C" AS privilege, x.is_grantable AS grantable
            FROM aclexplode(a.attacl) x ORDER BY 1, 2, 3
        ) g) END
)
FROM tables t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type type ON type.oid = a.atttypid
LEFT JOIN domains ON domains.oid = a.atttypid
LEFT JOIN pg_attrdef def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
LEFT JOIN owned ON owned.relation = a.attrelid AND owned.attnum = a.attnum
LEFT JOIN pg_description comment
    ON comment.objoid = a.attrelid AND comment.classoid = 'pg_class'::regclass AND comment.objsubid = a.attnum
ORDER BY a.attrelid, a.attnum
