-- What belongs to a database as a whole, as clauses and statements around its name. Columns that
-- not every version has are read from the row as JSON. Lists of names in settings stand as they
-- are, as pg_dump writes them (variable_is_guc_list_quote); other values are literals.
WITH d AS (
    SELECT d.*, to_jsonb(d) AS j FROM pg_catalog.pg_database d WHERE d.datname = $1
), setting AS (
    SELECT s.setrole, split_part(c.config, '=', 1) AS name,
           substr(c.config, strpos(c.config, '=') + 1) AS value, c.place
    FROM d
    JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = d.oid
    CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY AS c (config, place)
), statement AS (
    SELECT 1 AS part, 0::bigint AS place, 'ALTER DATABASE ' AS before,
           format(' OWNER TO %I', pg_catalog.pg_get_userbyid(d.datdba)) AS after
    FROM d
    UNION ALL
    SELECT 2, 0, 'ALTER DATABASE ', format(' CONNECTION LIMIT %s', d.datconnlimit) FROM d WHERE d.datconnlimit <> -1
    UNION ALL
    SELECT 3, s.place,
           CASE s.setrole WHEN 0 THEN 'ALTER DATABASE '
                ELSE format('ALTER ROLE %I IN DATABASE ', pg_catalog.pg_get_userbyid(s.setrole)) END,
           format(' SET %s = %s', (SELECT string_agg(quote_ident(part), '.') FROM regexp_split_to_table(s.name, '\.') part),
                  CASE WHEN s.name IN ('local_preload_libraries', 'search_path', 'session_preload_libraries',
                                       'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
                            AND s.value <> ''
                       THEN s.value ELSE quote_literal(s.value) END)
    FROM setting s
    UNION ALL
    SELECT 4, 0, 'REVOKE ALL ON DATABASE ', ' FROM PUBLIC' FROM d WHERE d.datacl IS NOT NULL
    UNION ALL
    SELECT 5, row_number() OVER (), format('GRANT %s ON DATABASE ', a.privilege_type),
           format(' TO %s%s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                  CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM d CROSS JOIN LATERAL aclexplode(d.datacl) a
    WHERE d.datacl IS NOT NULL
    UNION ALL
    SELECT 6, 0, 'COMMENT ON DATABASE ',
           format(' IS %s', coalesce(quote_literal(pg_catalog.shobj_description(d.oid, 'pg_database')), 'NULL'))
    FROM d
)
SELECT jsonb_build_object(
    'create', format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
        || CASE d.j ->> 'datlocprovider'
               WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(d.j ->> 'datlocale', d.j ->> 'daticulocale'))
               WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', d.j ->> 'datlocale')
               -- The template's own provider would be taken otherwise.
               WHEN 'c' THEN ' LOCALE_PROVIDER libc'
               ELSE '' END,
    'after', (SELECT coalesce(jsonb_agg(jsonb_build_array(s.before, s.after) ORDER BY s.part, s.place), '[]') FROM statement s))
FROM d
