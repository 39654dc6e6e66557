-- `to_jsonb` finds a catalog column that only newer versions have: `confdelsetcols` is of 15.
SELECT t.schema, t.name, json_build_object(
    'name', con.conname,
    'columns', (
        SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
        FROM unnest(con.conkey) WITH ORDINALITY k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum),
    'kind', CASE con.contype
        WHEN 'p' THEN json_build_object('primary_key', json_build_object('index', index.relname))
        WHEN 'u' THEN json_build_object('unique', json_build_object('index', index.relname))
        WHEN 'c' THEN json_build_object('check', json_build_object(
            'expression', pg_get_expr(con.conbin, con.conrelid)))
        WHEN 'x' THEN to_json('exclusion'::text)
        WHEN 'n' THEN to_json('not_null'::text)
        WHEN 't' THEN to_json('trigger'::text)
        WHEN 'f' THEN json_build_object('foreign_key', json_build_object(
            'table', json_build_array(far_schema.nspname, far.relname),
            'columns', (
                SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
                FROM unnest(con.confkey) WITH ORDINALITY k (attnum, place)
                JOIN pg_attribute a ON a.attrelid = con.confrelid AND a.attnum = k.attnum),
            'on_update', CASE con.confupdtype
                WHEN 'a' THEN 'no_action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                WHEN 'n' THEN 'set_null' WHEN 'd' THEN 'set_default' END,
            'on_delete', CASE con.confdeltype
                WHEN 'a' THEN 'no_action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                WHEN 'n' THEN 'set_null' WHEN 'd' THEN 'set_default' END,
            'on_delete_columns', CASE WHEN con.confdeltype NOT IN ('n', 'd') THEN '[]' ELSE (
                SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
                FROM jsonb_array_elements_text(
                         nullif(to_jsonb(con) -> 'confdelsetcols', 'null')) WITH ORDINALITY k (attnum, place)
                JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum::int) END,
            'match_full', con.confmatchtype = 'f',
            'index', index.relname,
            'turn', action.turn))
        END,
    'deferrable', con.condeferrable,
    'deferred', con.condeferred,
    'validated', con.convalidated,
    'inherited', con.coninhcount > 0,
    'parent', CASE WHEN parent.oid IS NOT NULL THEN json_build_array(
        json_build_array(parent_schema.nspname, parent_table.relname), parent.conname) END,
    'definition', pg_get_constraintdef(con.oid),
    'comment', comment.description
)
FROM tables t
JOIN pg_constraint con ON con.conrelid = t.oid
LEFT JOIN pg_constraint parent ON parent.oid = con.conparentid
LEFT JOIN pg_class parent_table ON parent_table.oid = parent.conrelid
LEFT JOIN pg_namespace parent_schema ON parent_schema.oid = parent_table.relnamespace
LEFT JOIN pg_class index ON index.oid = con.conindid
LEFT JOIN pg_class far ON far.oid = con.confrelid
LEFT JOIN pg_namespace far_schema ON far_schema.oid = far.relnamespace
LEFT JOIN pg_description comment
    ON comment.objoid = con.oid AND comment.classoid = 'pg_constraint'::regclass AND comment.objsubid = 0
-- Who acts first when a row goes. (The bit of `tgtype` is that of DELETE.)
LEFT JOIN (
    SELECT trg.tgconstraint, trg.tgrelid,
           row_number() OVER (PARTITION BY trg.tgrelid ORDER BY trg.tgname) AS turn
    FROM pg_trigger trg
    WHERE trg.tgisinternal AND trg.tgconstraint <> 0 AND trg.tgtype & 8 <> 0
) action ON con.contype = 'f' AND action.tgconstraint = con.oid AND action.tgrelid = con.confrelid
-- A foreign key to a partitioned table has a part for each partition there, with a name that
-- PostgreSQL makes up: they come and go with it.
WHERE parent.oid IS NULL OR parent.conrelid <> con.conrelid
ORDER BY con.conrelid, con.conname
