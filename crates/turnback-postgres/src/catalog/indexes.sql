-- `to_jsonb` finds a catalog column that only newer versions have: `indnullsnotdistinct` is of 15.
SELECT t.schema, t.name, json_build_object(
    'name', c.relname,
    'method', am.amname,
    'unique', i.indisunique,
    'nulls_not_distinct', i.indisunique
        AND coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false),
    'primary', i.indisprimary,
    'immediate', i.indimmediate,
    'valid', i.indisvalid AND i.indisready,
    'clustered', i.indisclustered,
    'replica_identity', i.indisreplident,
    'keys', (
        SELECT json_agg(json_build_object(
            'what', CASE WHEN i.indkey[k] <> 0
                THEN json_build_object('column', a.attname)
                ELSE json_build_object('expression', pg_get_indexdef(i.indexrelid, k + 1, false)) END,
            -- Not the default either when the type has another default of its own.
            'operator_class', CASE WHEN NOT opc.opcdefault OR key.attoptions IS NOT NULL
                    OR (opc.opcintype <> coalesce(a.atttypid, key.atttypid) AND EXISTS (
                        SELECT FROM pg_opclass own
                        WHERE own.opcmethod = opc.opcmethod AND own.opcdefault
                          AND own.opcintype = coalesce(a.atttypid, key.atttypid)))
                THEN (
                    SELECT format('%I.%I', n.nspname, opc.opcname)
                    FROM pg_namespace n WHERE n.oid = opc.opcnamespace) || coalesce((
                    SELECT ' (' || string_agg(format('%I = %L', o.option_name, o.option_value), ', ') || ')'
                    FROM pg_options_to_table(key.attoptions) o), '') END,
            'collation', CASE WHEN i.indcollation[k] <> 0
                    AND i.indcollation[k] <> coalesce(a.attcollation, (
                        SELECT typcollation FROM pg_type WHERE pg_type.oid = key.atttypid))
                THEN (
                    SELECT format('%I.%I', n.nspname, co.collname)
                    FROM pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace
                    WHERE co.oid = i.indcollation[k]) END,
            'descending', i.indoption[k] & 1 <> 0,
            'nulls_first', i.indoption[k] & 2 <> 0,
            'statistics_target', nullif(key.attstattarget, -1)
        ) ORDER BY k)
        FROM generate_series(0, i.indnkeyatts - 1) k
        JOIN pg_attribute key ON key.attrelid = i.indexrelid AND key.attnum = k + 1
        JOIN pg_opclass opc ON opc.oid = i.indclass[k]
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = nullif(i.indkey[k], 0)),
    'include', CASE WHEN i.indnatts = i.indnkeyatts THEN '[]' ELSE (
        SELECT json_agg(a.attname ORDER BY k)
        FROM generate_series(i.indnkeyatts::int, i.indnatts - 1) k
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k]) END,
    'predicate', pg_get_expr(i.indpred, i.indrelid),
    'reads', (
        SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0
          AND (a.attnum = ANY (i.indkey)
               OR ((i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND EXISTS (
                   SELECT FROM pg_depend d
                   WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                     AND d.refclassid = 'pg_class'::regclass
                     AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)))),
    'options', coalesce(c.reloptions, '{}'),
    'tablespace', space.spcname,
    'constraint', EXISTS (
        SELECT FROM pg_constraint con
        WHERE con.conrelid = i.indrelid AND con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x')),
    'parent', (
        SELECT json_build_array(n.nspname, p.relname)
        FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
        WHERE h.inhrelid = i.indexrelid),
    'definition', pg_get_indexdef(i.indexrelid),
    'comment', comment.description
)
FROM tables t
JOIN pg_index i ON i.indrelid = t.oid
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace space ON space.oid = c.reltablespace
LEFT JOIN pg_description comment
    ON comment.objoid = c.oid AND comment.classoid = 'pg_class'::regclass AND comment.objsubid = 0
ORDER BY i.indrelid, c.relname
