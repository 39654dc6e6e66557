-- Joined rather than looked up one by one: with young statistics the planner would read
-- the dependencies of all defaults for each sequence.
, used AS MATERIALIZED (
    SELECT u.sequence, json_agg(json_build_array(json_build_array(n.nspname, o.relname), a.attname)
                                ORDER BY n.nspname, o.relname, a.attnum) AS columns
    FROM (
        SELECT DISTINCT d.refobjid AS sequence, d.objid AS def
        FROM pg_depend d
        JOIN pg_sequence s ON s.seqrelid = d.refobjid
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
    ) u
    JOIN pg_attrdef def ON def.oid = u.def
    JOIN pg_class o ON o.oid = def.adrelid
    JOIN pg_namespace n ON n.oid = o.relnamespace
    JOIN pg_attribute a ON a.attrelid = def.adrelid AND a.attnum = def.adnum
    GROUP BY u.sequence
)
, other AS MATERIALIZED (
    -- Not the defaults (above), nor the column's own internal ties.
    SELECT d.refobjid AS sequence,
           json_agg(DISTINCT pg_describe_object(d.classid, d.objid, 0)) AS dependents
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.refobjid
    WHERE d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
      AND d.classid NOT IN ('pg_attrdef'::regclass, 'pg_class'::regclass)
    GROUP BY d.refobjid
)
SELECT v.schema, v.name, json_build_object(
    'type_name', format_type(s.seqtypid, NULL),
    'owner', pg_get_userbyid(c.relowner),
    'definition', format('START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s',
        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
        CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END),
    'max_value', s.seqmax,
    'owned_by', (
        SELECT json_build_array(json_build_array(n.nspname, o.relname), a.attname)
        FROM pg_depend d
        JOIN pg_class o ON o.oid = d.refobjid
        JOIN pg_namespace n ON n.oid = o.relnamespace
        JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = v.oid AND d.objsubid = 0
          AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
          AND d.deptype IN ('a', 'i')),
    'used_by', coalesce(used.columns, '[]'),
    'dependents', coalesce(other.dependents, '[]'),
    'grants', (
        SELECT coalesce(json_agg(g), '[]')
        FROM (
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C" AS grantee,
                   a.privilege_type COLLATE "C" AS privilege, a.is_grantable AS grantable
            FROM aclexplode(c.relacl) a ORDER BY 1, 2, 3
        ) g)
)
FROM relations v
JOIN pg_sequence s ON s.seqrelid = v.oid
JOIN pg_class c ON c.oid = v.oid
LEFT JOIN used ON used.sequence = v.oid
LEFT JOIN other ON other.sequence = v.oid
