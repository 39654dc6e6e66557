SELECT a.pid,
       coalesce(a.application_name, '') AS application,
       coalesce(EXTRACT(epoch FROM clock_timestamp() - a.xact_start), 0)::bigint AS seconds,
       coalesce(a.state, 'unknown') AS state,
       left(regexp_replace(coalesce(a.query, ''), '\s+', ' ', 'g'), 120) AS query
FROM unnest(pg_catalog.pg_blocking_pids($1)) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
ORDER BY a.xact_start NULLS LAST
