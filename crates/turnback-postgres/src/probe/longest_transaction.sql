-- The age of the oldest transaction in this database in seconds, prepared ones among them, and how
-- many there are whose age may not be seen. Those of turnback are left out: its backfill and its
-- index builds are watched by their own means.
WITH sessions AS MATERIALIZED (
    SELECT a.pid, a.xact_start, a.backend_type IS NULL AS hidden
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.usesysid IS NOT NULL
    AND coalesce(a.backend_type, 'client backend') = 'client backend'
    AND a.application_name IS DISTINCT FROM 'turnback'
), begun AS (
    SELECT s.xact_start AS at FROM sessions s
    UNION ALL
    SELECT p.prepared FROM pg_prepared_xacts p WHERE p.database = current_database()
)
SELECT
    (SELECT coalesce(greatest(max(extract(epoch FROM clock_timestamp() - b.at)), 0), 0)::float8 FROM begun b),
    -- Whoever is in a transaction holds the lock of its own virtual number.
    (SELECT count(*) FROM sessions s WHERE s.hidden AND EXISTS (
        SELECT FROM pg_locks l
        WHERE l.pid = s.pid AND l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock'))
