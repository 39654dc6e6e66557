-- What the server bears at the moment, in one row.
WITH RECURSIVE place AS (
    SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::bigint AS wal_end,
           pg_catalog.pg_size_bytes(current_setting('wal_segment_size')) AS segment
), clients AS (
    SELECT a.pid, a.application_name IS NOT DISTINCT FROM 'turnback' AS ours
    FROM pg_catalog.pg_stat_activity a WHERE a.datname = current_database()
), ours AS (
    SELECT array_agg(c.pid) AS pids FROM clients c WHERE c.ours
), waiting AS MATERIALIZED (
    -- Asked once for each, for the answer is not cheap: it holds up the whole lock table.
    SELECT w.pid, pg_catalog.pg_blocking_pids(w.pid) AS behind
    FROM (SELECT DISTINCT l.pid FROM pg_catalog.pg_locks l JOIN clients c ON c.pid = l.pid
          WHERE NOT l.granted AND NOT c.ours OFFSET 0) w
), held_up AS (
    -- Whoever waits for one who waits for us is held up by us, too.
    SELECT w.pid FROM waiting w, ours WHERE w.behind && ours.pids
    UNION
    SELECT w.pid FROM waiting w JOIN held_up h ON h.pid = ANY (w.behind)
), archived AS (
    -- The archiver takes segments in order: what it failed at is the first that it lacks.
    SELECT coalesce(a.last_archived_wal, a.last_failed_wal) AS name, a.last_archived_wal IS NOT NULL AS done
    FROM pg_catalog.pg_stat_archiver a WHERE current_setting('archive_mode') <> 'off'
)
SELECT json_build_object(
    'pid', pg_catalog.pg_backend_pid(),
    'data', (SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'data_directory'),
    'wal_end', place.wal_end,
    'standbys', (SELECT coalesce(json_agg(json_build_object(
                    'name', coalesce(nullif(r.application_name, ''), 'pid ' || r.pid),
                    'replayed', pg_catalog.pg_wal_lsn_diff(r.replay_lsn, '0/0')::bigint,
                    'told_lag', EXTRACT(epoch FROM r.replay_lag)::float8)), '[]')
                 FROM pg_catalog.pg_stat_replication r
                 -- Without the right to see it, there is only its name; receivers that replay
                 -- nothing cannot be behind in that.
                 WHERE r.state IS NULL OR (r.state IN ('streaming', 'catchup') AND r.replay_lsn IS NOT NULL)),
    'slots', (SELECT coalesce(json_agg(json_build_object(
                    'name', s.slot_name,
                    'retained', greatest(place.wal_end - pg_catalog.pg_wal_lsn_diff(s.restart_lsn, '0/0')::bigint, 0),
                    'safe', s.safe_wal_size)), '[]')
              FROM pg_catalog.pg_replication_slots s WHERE s.restart_lsn IS NOT NULL),
    'archive_lag', (SELECT greatest(place.wal_end
                        - ('x' || substr(a.name, 9, 8))::bit(32)::bigint * 4294967296
                        - ('x' || substr(a.name, 17, 8))::bit(32)::bigint * place.segment
                        - CASE WHEN a.done THEN place.segment ELSE 0 END, 0)
                    FROM archived a WHERE a.name ~ '^[0-9A-F]{24}'),
    'lock_waits', (SELECT count(*) FROM held_up),
    'waits_for_us', (SELECT count(*) FROM waiting w, ours WHERE w.behind && ours.pids)
) AS pressure
FROM place
