-- Who holds the lease, and whether that session is still there. When another role's session
-- began is shown to few: then its process must do.
SELECT json_build_object(
    'holder', l.holder,
    'backend', l.backend,
    'present', EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.pid = l.backend AND (a.backend_start = l.backend_start OR a.backend_start IS NULL)),
    'silent_seconds', greatest(floor(extract(epoch FROM clock_timestamp() - l.heartbeat)), 0)::bigint)
FROM turnback.lease l
WHERE l.holder IS NOT NULL
