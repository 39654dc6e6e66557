-- Sessions and prepared transactions. A role without pg_read_all_stats sees of other roles'
-- sessions that they are there, and no more: neither their kind nor their state.
WITH sessions AS MATERIALIZED (
    SELECT a.*, coalesce(a.backend_type, 'client backend') = 'client backend' AS client
    FROM pg_stat_activity a
    WHERE a.datid IS NOT NULL
)
SELECT
    json_build_object(
        'most', least(
            current_setting('max_connections')::bigint - CASE WHEN r.rolsuper THEN 0 ELSE
                current_setting('superuser_reserved_connections')::bigint
                -- PostgreSQL 16
                + coalesce(current_setting('reserved_connections', true)::bigint, 0) END,
            CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN NULL ELSE
                d.datconnlimit + (SELECT count(*) FROM sessions s WHERE s.client AND s.datid <> d.oid) END,
            CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN NULL ELSE
                r.rolconnlimit + (SELECT count(*) FROM sessions s WHERE s.client AND s.usesysid <> r.oid) END),
        'used', (SELECT count(*) FROM sessions s WHERE s.client)),
    (SELECT coalesce(json_agg(json_build_object(
            'pid', s.pid,
            'application', coalesce(s.application_name, ''),
            'role', coalesce(s.usename, ''),
            'state', coalesce(s.state, ''),
            'age_seconds', greatest(floor(extract(epoch FROM clock_timestamp() - s.xact_start)), 0)::bigint,
            -- Literals hold data, passwords among them: they stay on the server.
            'query', left(btrim(regexp_replace(substring(s.query FROM '^[^''$]*'), '\s+', ' ', 'g')), 60)
        ) ORDER BY s.xact_start), '[]')
     FROM (
         SELECT * FROM sessions s
         WHERE s.datid = d.oid AND s.client AND s.pid <> pg_backend_pid() AND s.xact_start IS NOT NULL
         ORDER BY s.xact_start LIMIT 100
     ) s),
    (SELECT count(*) FROM sessions s WHERE s.datid = d.oid AND s.backend_type IS NULL),
    (SELECT coalesce(json_agg(json_build_object(
            'gid', p.gid,
            'owner', p.owner,
            'age_seconds', greatest(floor(extract(epoch FROM clock_timestamp() - p.prepared)), 0)::bigint
        ) ORDER BY p.prepared), '[]')
     FROM pg_prepared_xacts p WHERE p.database = current_database())
FROM pg_database d, pg_roles r
WHERE d.datname = current_database() AND r.rolname = current_user
