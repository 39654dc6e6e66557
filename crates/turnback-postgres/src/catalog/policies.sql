-- What a policy's expressions read is recorded as its dependencies, subqueries' tables and
-- columns too; a relation of which no column in particular is read is listed with none.
, read AS MATERIALIZED (
    SELECT d.objid AS policy, d.refobjid AS relation, n.nspname AS schema, c.relname AS name,
           coalesce(json_agg(DISTINCT a.attname) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0
    WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_class'::regclass
    GROUP BY 1, 2, 3, 4
)
SELECT t.schema, t.name, json_build_object(
    'name', pol.polname,
    'definition', concat_ws(' ',
        CASE WHEN pol.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END,
        'FOR', command.word,
        'TO', (
            SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END,
                              ', ' ORDER BY CASE role WHEN 0 THEN '' ELSE pg_get_userbyid(role) END)
            FROM unnest(pol.polroles) role),
        'USING (' || pg_get_expr(pol.polqual, pol.polrelid) || ')',
        'WITH CHECK (' || pg_get_expr(pol.polwithcheck, pol.polrelid) || ')'),
    'permissive', pol.polpermissive,
    'command', command.word,
    'roles', (
        SELECT json_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(role) END
                        ORDER BY CASE role WHEN 0 THEN '' ELSE pg_get_userbyid(role) END)
        FROM unnest(pol.polroles) role),
    'using', pg_get_expr(pol.polqual, pol.polrelid),
    'check', pg_get_expr(pol.polwithcheck, pol.polrelid),
    'comment', comment.description,
    'reads', coalesce((
        SELECT read.columns FROM read WHERE read.policy = pol.oid AND read.relation = pol.polrelid), '[]'),
    'reads_elsewhere', (
        SELECT coalesce(json_agg(json_build_array(json_build_array(read.schema, read.name), read.columns)
                                 ORDER BY read.schema, read.name), '[]')
        FROM read WHERE read.policy = pol.oid AND read.relation <> pol.polrelid)
)
FROM tables t
JOIN pg_policy pol ON pol.polrelid = t.oid
CROSS JOIN LATERAL (
    SELECT CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                           WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS word
) command
LEFT JOIN pg_description comment
    ON comment.objoid = pol.oid AND comment.classoid = 'pg_policy'::regclass AND comment.objsubid = 0
ORDER BY pol.polrelid, pol.polname
