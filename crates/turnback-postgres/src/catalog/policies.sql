SELECT t.schema, t.name, json_build_object(
    'name', pol.polname,
    'definition', concat_ws(' ',
        CASE WHEN pol.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END,
        'FOR', CASE pol.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                               WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'TO', (
            SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END,
                              ', ' ORDER BY CASE role WHEN 0 THEN '' ELSE pg_get_userbyid(role) END)
            FROM unnest(pol.polroles) role),
        'USING (' || pg_get_expr(pol.polqual, pol.polrelid) || ')',
        'WITH CHECK (' || pg_get_expr(pol.polwithcheck, pol.polrelid) || ')'),
    'reads', (
        SELECT coalesce(json_agg(DISTINCT a.attname), '[]')
        FROM pg_depend d
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_policy'::regclass AND d.objid = pol.oid
          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = pol.polrelid AND d.refobjsubid > 0)
)
FROM tables t
JOIN pg_policy pol ON pol.polrelid = t.oid
ORDER BY pol.polrelid, pol.polname
