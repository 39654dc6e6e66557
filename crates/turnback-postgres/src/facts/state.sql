-- The server, the role, and the ledger's whereabouts. The role's habit of starting sessions
-- read only is read from the reset value: this session may have set its own.
SELECT
    json_build_object(
        'version', current_setting('server_version_num')::int,
        'database', current_database(),
        'standby', pg_is_in_recovery(),
        'read_only', (SELECT s.reset_val = 'on' FROM pg_settings s WHERE s.name = 'default_transaction_read_only'),
        'autovacuum', current_setting('autovacuum')::boolean,
        'frozen_age', age(d.datfrozenxid),
        'multixact_age', mxid_age(d.datminmxid),
        'lock_slots', current_setting('max_locks_per_transaction')::bigint
            * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
        'free_bytes', NULL),
    json_build_object(
        'name', current_user,
        'superuser', r.rolsuper,
        'has_rights_of', (
            SELECT coalesce(json_agg(o.rolname ORDER BY o.rolname), '[]')
            FROM pg_roles o WHERE pg_has_role(o.oid, 'USAGE')),
        'creates_schemas', has_database_privilege(d.oid, 'CREATE'),
        'creates_in', (
            SELECT coalesce(json_agg(n.nspname ORDER BY n.nspname), '[]')
            FROM pg_namespace n
            WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'CREATE')),
        -- Found out by trying, once everything else is read.
        'may_silence_triggers', false,
        'sees_all_sessions', pg_has_role('pg_read_all_stats', 'USAGE')),
    (SELECT json_build_object('owner', pg_get_userbyid(n.nspowner), 'lease', NULL)
     FROM pg_namespace n WHERE n.nspname = 'turnback'),
    (SELECT coalesce(bool_or(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')), false)
     FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'lease'
     WHERE n.nspname = 'turnback')
FROM pg_database d, pg_roles r
WHERE d.datname = current_database() AND r.rolname = current_user
