-- Slots, receivers of WAL, the archiver. A standby has no current position of its own.
WITH here AS MATERIALIZED (
    SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
)
SELECT
    (SELECT coalesce(json_agg(json_build_object(
            'name', s.slot_name,
            'active', s.active,
            'retained_bytes', greatest(pg_wal_lsn_diff(here.lsn, s.restart_lsn), 0)::bigint,
            'wal_status', s.wal_status
        ) ORDER BY s.slot_name), '[]')
     FROM pg_replication_slots s, here WHERE NOT s.temporary),
    (SELECT coalesce(json_agg(json_build_object(
            'name', coalesce(nullif(r.application_name, ''), 'process ' || r.pid),
            'lag_seconds', extract(epoch FROM r.replay_lag)::float8,
            'lag_bytes', greatest(pg_wal_lsn_diff(here.lsn, r.replay_lsn), 0)::bigint
        ) ORDER BY r.pid), '[]')
     FROM pg_stat_replication r, here),
    (SELECT json_build_object(
        'failing', a.last_failed_time IS NOT NULL
                   AND a.last_failed_time > coalesce(a.last_archived_time, '-infinity'),
        'failed', a.failed_count)
     FROM pg_stat_archiver a WHERE current_setting('archive_mode') <> 'off')
