-- Where a phase stands, and what the catalog has of its tables: all in one statement, so that the
-- state and the names belong together. $1 plan, $2 phase, $3 and $4 schemas and names of its
-- tables; where it names none, all tables of the schema $5.
WITH tables AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND CASE WHEN cardinality($3::text[]) = 0
        THEN n.nspname = $5
        ELSE (n.nspname::text, c.relname::text) IN (SELECT * FROM unnest($3::text[], $4::text[])) END
)
SELECT json_build_object(
    'state', {state},
    'columns', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(t.nspname, t.relname), a.attname)), '[]')
        FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
        WHERE cardinality($3::text[]) > 0 AND a.attnum > 0 AND NOT a.attisdropped),
    'partitioned', (
        SELECT coalesce(json_agg(json_build_array(t.nspname, t.relname)), '[]')
        FROM tables t WHERE t.relkind = 'p'),
    'foreign_keys', (
        SELECT coalesce(json_agg(json_build_object(
            'oid', k.oid::bigint,
            'table', json_build_array(t.nspname, t.relname),
            'name', k.conname,
            'valid', k.convalidated,
            -- PostgreSQL 18: keys that are declared and not enforced, and those over periods.
            'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::bool, true),
            'period', coalesce((to_jsonb(k) ->> 'conperiod')::bool, false),
            'partitioned', t.relkind = 'p',
            'columns', (
                SELECT json_agg(a.attname ORDER BY p.place)
                FROM unnest(k.conkey) WITH ORDINALITY p(number, place)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number),
            'far', json_build_array(fn.nspname, f.relname),
            'far_partitioned', f.relkind = 'p',
            'far_columns', (
                SELECT json_agg(a.attname ORDER BY p.place)
                FROM unnest(k.confkey) WITH ORDINALITY p(number, place)
                JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number),
            -- Equality as the key itself tests it: the far column first.
            'equal', (
                SELECT json_agg(format('OPERATOR(%I.%s)', opn.nspname, op.oprname) ORDER BY p.place)
                FROM unnest(k.conpfeqop) WITH ORDINALITY p(operator, place)
                JOIN pg_operator op ON op.oid = p.operator
                JOIN pg_namespace opn ON opn.oid = op.oprnamespace)
        ) ORDER BY t.nspname, t.relname, k.conname), '[]')
        FROM tables t
        JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
        JOIN pg_class f ON f.oid = k.confrelid
        JOIN pg_namespace fn ON fn.oid = f.relnamespace)
)
