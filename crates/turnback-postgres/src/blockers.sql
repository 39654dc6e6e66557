-- Whom a session of ours waits for, now: sessions, and prepared transactions, which have none.
WITH wanted AS (
    SELECT locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid
    FROM pg_catalog.pg_locks WHERE pid = $1 AND NOT granted
), others AS (
    SELECT l.pid, l.granted, l.virtualtransaction
    FROM pg_catalog.pg_locks l JOIN wanted w
      ON (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid::text, l.classid, l.objid, l.objsubid)
         IS NOT DISTINCT FROM
         (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid::text, w.classid, w.objid, w.objsubid)
    WHERE l.pid IS DISTINCT FROM $1
)
SELECT a.pid,
       coalesce(a.application_name, '') AS application,
       coalesce(EXTRACT(epoch FROM clock_timestamp() - a.xact_start), 0)::bigint AS seconds,
       coalesce(a.state, CASE WHEN a.backend_type IS NULL THEN 'unseen' ELSE 'active' END) AS state,
       left(coalesce(a.query, ''), 2000) AS query,
       coalesce((SELECT bool_and(o.granted) FROM others o WHERE o.pid = a.pid), false) AS holds,
       a.backend_type,
       coalesce(r.rolsuper, false) AS superuser,
       a.backend_xid IS NOT NULL AS wrote,
       coalesce(EXTRACT(epoch FROM CASE WHEN a.state = 'active' THEN clock_timestamp() ELSE a.state_change END
                                   - a.xact_start), 0)::float8 AS at_work,
       coalesce(a.backend_start::text, '') AS since
FROM unnest(pg_catalog.pg_blocking_pids($1)) AS b(pid)
JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
UNION ALL
SELECT 0, 'prepared transaction ' || p.gid,
       EXTRACT(epoch FROM clock_timestamp() - p.prepared)::bigint, 'prepared',
       'COMMIT PREPARED or ROLLBACK PREPARED ends it', true, 'prepared transaction', false, true, 0, ''
FROM pg_catalog.pg_prepared_xacts p
WHERE EXISTS (SELECT FROM others o WHERE o.pid IS NULL AND o.granted AND o.virtualtransaction LIKE '%/' || p.transaction)
ORDER BY seconds DESC
