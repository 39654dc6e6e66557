-- PostgreSQL 14 calls a partition's copy of a trigger internal, like those of foreign keys.
-- The bits of `tgtype` are those of PostgreSQL's catalog/pg_trigger.h.
SELECT t.schema, t.name, json_build_object(
    'name', trg.tgname,
    'definition', pg_get_triggerdef(trg.oid),
    'enabled', trg.tgenabled,
    'function', format('%I.%I', n.nspname, p.proname),
    'before_row', trg.tgtype & 3 = 3,
    'for_each_row', trg.tgtype & 1 <> 0,
    'on_insert', trg.tgtype & 4 <> 0,
    'on_update', trg.tgtype & 16 <> 0,
    'update_of', (
        SELECT coalesce(json_agg(a.attname ORDER BY k.place), '[]')
        FROM unnest(trg.tgattr) WITH ORDINALITY k (attnum, place)
        JOIN pg_attribute a ON a.attrelid = trg.tgrelid AND a.attnum = k.attnum),
    -- PostgreSQL records one dependency for a column of UPDATE OF, and one more when the
    -- WHEN clause reads it.
    'when_reads', CASE WHEN trg.tgqual IS NULL THEN '[]' ELSE (
        SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]')
        FROM pg_attribute a
        WHERE a.attrelid = trg.tgrelid AND a.attnum > 0
          AND (
              SELECT count(*) FROM pg_depend d
              WHERE d.classid = 'pg_trigger'::regclass AND d.objid = trg.oid
                AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = trg.tgrelid AND d.refobjsubid = a.attnum
          ) > CASE WHEN a.attnum = ANY (trg.tgattr) THEN 1 ELSE 0 END) END,
    'inherited', trg.tgparentid <> 0,
    'comment', comment.description
)
FROM relations t
JOIN pg_trigger trg ON trg.tgrelid = t.oid
    AND (NOT trg.tgisinternal OR (trg.tgparentid <> 0 AND trg.tgconstraint = 0))
JOIN pg_proc p ON p.oid = trg.tgfoid
JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_description comment
    ON comment.objoid = trg.oid AND comment.classoid = 'pg_trigger'::regclass AND comment.objsubid = 0
ORDER BY trg.tgrelid, trg.tgname
