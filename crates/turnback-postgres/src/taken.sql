-- Locks on relations that a session holds, ledger and system catalogs aside. A relation that
-- the transaction itself has dropped has no name any more, and nobody who waits for it.
SELECT c.oid::regclass::text AS relation, l.mode
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted AND l.mode <> 'AccessShareLock'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'turnback', 'turnback_control')
ORDER BY 1, 2
