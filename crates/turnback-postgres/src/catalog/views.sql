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
), counted AS MATERIALIZED (
    SELECT r.ev_class AS view,
           json_agg(json_build_array(json_build_array(n.nspname, c.relname), k.conname) ORDER BY k.conname) AS constraints
    FROM relations v
    JOIN pg_rewrite r ON r.ev_class = v.oid AND r.rulename = '_RETURN'
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_constraint'::regclass
    JOIN pg_constraint k ON k.oid = d.refobjid
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE v.kind IN ('v', 'm')
    GROUP BY 1
), standing AS MATERIALIZED (
    -- On the view itself, or on its row type and the array of that. What functions, policies
    -- and rules read stands with those.
    SELECT v.oid AS view, d.classid, d.objid
    FROM relations v
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
    WHERE v.kind IN ('v', 'm') AND d.deptype = 'n'
      AND d.classid NOT IN ('pg_proc'::regclass, 'pg_policy'::regclass, 'pg_rewrite'::regclass)
    UNION
    SELECT v.oid, d.classid, d.objid
    FROM relations v
    JOIN pg_type t ON t.typrelid = v.oid
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray)
    WHERE v.kind IN ('v', 'm') AND d.deptype = 'n'
), dependents AS MATERIALIZED (
    SELECT s.view, json_agg(DISTINCT pg_describe_object(s.classid, s.objid, 0)) AS objects
    FROM standing s
    -- Policies tell themselves what they read.
    WHERE s.classid NOT IN ('pg_rewrite'::regclass, 'pg_policy'::regclass)
      AND NOT (s.classid = 'pg_trigger'::regclass AND s.objid IN (
                   SELECT t.oid FROM pg_trigger t WHERE t.tgrelid = s.view))
      AND NOT (s.classid = 'pg_attrdef'::regclass AND s.objid IN (
                   SELECT a.oid FROM pg_attrdef a WHERE a.adrelid = s.view))
    GROUP BY s.view
)
SELECT v.schema, v.name, json_build_object(
    'materialized', v.kind = 'm',
    'owner', pg_get_userbyid(c.relowner),
    'definition', pg_get_viewdef(v.oid),
    'options', coalesce(c.reloptions, '{}'),
    'columns', (
        SELECT coalesce(json_agg(json_build_object(
            'name', a.attname,
            'default', pg_get_expr(def.adbin, def.adrelid),
            'comment', said.description,
            'grants', (
                SELECT coalesce(json_agg(g), '[]')
                FROM (
                    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee)::text END COLLATE "C" AS grantee,
                           x.privilege_type COLLATE "C" AS privilege, x.is_grantable AS grantable
                    FROM aclexplode(a.attacl) x ORDER BY 1, 2, 3
                ) g)) ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        LEFT JOIN pg_attrdef def ON def.adrelid = a.attrelid AND def.adnum = a.attnum
        LEFT JOIN pg_description said
            ON said.objoid = a.attrelid AND said.classoid = 'pg_class'::regclass AND said.objsubid = a.attnum
        WHERE a.attrelid = v.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'counts_on', coalesce(counted.constraints, '[]'),
    'rules', (
        SELECT coalesce(json_agg(pg_get_ruledef(r.oid) ORDER BY r.rulename), '[]')
        FROM pg_rewrite r WHERE r.ev_class = v.oid AND r.rulename <> '_RETURN'),
    'indexes', (
        SELECT coalesce(json_agg(pg_get_indexdef(i.indexrelid) ORDER BY pg_get_indexdef(i.indexrelid)), '[]')
        FROM pg_index i WHERE i.indrelid = v.oid),
    'dependents', coalesce(dependents.objects, '[]'),
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
LEFT JOIN counted ON counted.view = v.oid
LEFT JOIN dependents ON dependents.view = v.oid
LEFT JOIN pg_description comment
    ON comment.objoid = v.oid AND comment.classoid = 'pg_class'::regclass AND comment.objsubid = 0
WHERE v.kind IN ('v', 'm')
