-- Lists that other queries fill are empty here.
, measured AS MATERIALIZED (
    SELECT c.oid,
           coalesce(pg_relation_size(c.oid), 0) AS heap,
           coalesce(pg_indexes_size(c.oid), 0) AS indexes,
           coalesce(pg_table_size(c.oid), 0) AS heap_and_toast,
           coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint AS pages,
           pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid)
               + pg_stat_get_tuples_deleted(c.oid) AS writes
    FROM tables t
    JOIN pg_class c ON c.oid = t.oid
), counted AS (
    -- PostgreSQL 15 and later keep counters over a clean restart and may know no reset: the
    -- time since the start is then too short, and the rate errs on the busy side.
    SELECT extract(epoch FROM now() - coalesce(
               pg_stat_get_db_stat_reset_time(d.oid), pg_postmaster_start_time()))::float8 AS seconds
    FROM pg_database d
    WHERE d.datname = current_database()
)
SELECT t.schema, t.name, json_build_object(
    'kind', CASE WHEN c.relkind = 'f' THEN 'foreign'
                 WHEN c.relispartition THEN 'partition'
                 WHEN c.relkind = 'p' THEN 'partitioned'
                 ELSE 'ordinary' END,
    'owner', pg_get_userbyid(c.relowner),
    'unlogged', c.relpersistence = 'u',
    'columns', '[]'::json,
    'constraints', '[]'::json,
    'indexes', '[]'::json,
    'triggers', '[]'::json,
    'policies', '[]'::json,
    'row_security', json_build_object('enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity),
    'rules', '[]'::json,
    'statistics', '[]'::json,
    'replica_identity', c.relreplident,
    'parents', (
        SELECT coalesce(json_agg(json_build_array(pn.nspname, p.relname) ORDER BY i.inhseqno), '[]')
        FROM pg_inherits i
        JOIN pg_class p ON p.oid = i.inhparent
        JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE i.inhrelid = c.oid),
    'partition_key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    'partition_bound', pg_get_expr(c.relpartbound, c.oid),
    'comment', comment.description,
    'grants', (
        SELECT coalesce(json_agg(g), '[]')
        FROM (
            SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END COLLATE "C" AS grantee,
                   a.privilege_type COLLATE "C" AS privilege, a.is_grantable AS grantable
            FROM aclexplode(c.relacl) a ORDER BY 1, 2, 3
        ) g),
    'options', array_to_json(coalesce(c.reloptions, '{}') || ARRAY(
        SELECT 'toast.' || option FROM unnest(toast.reloptions) option)),
    'of_type', CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
    'vitals', json_build_object(
        'heap_bytes', m.heap,
        'index_bytes', m.indexes,
        'total_bytes', m.heap_and_toast + m.indexes,
        'pages', m.pages,
        -- As the planner estimates (`estimate_rel_size`): the density found by the last
        -- VACUUM or ANALYZE, or else that of rows of average width; times today's pages.
        'rows', CASE
            WHEN m.pages = 0 AND c.relkind <> 'f' THEN 0
            WHEN c.relpages > 0 AND c.reltuples >= 0 AND c.relkind <> 'f'
                THEN (c.reltuples::float8 / c.relpages * m.pages)::bigint
            WHEN c.relkind = 'f' THEN greatest(c.reltuples, 0)::bigint
            ELSE (m.pages * (current_setting('block_size')::int - 24) / (28 + (
                SELECT coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END), 0)
                FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)))::bigint
            END,
        'writes', m.writes,
        'writes_per_second', m.writes / nullif(counted.seconds, 0),
        'frozen_age', CASE WHEN c.relfrozenxid <> '0' THEN age(c.relfrozenxid) ELSE 0 END)
)
FROM tables t
JOIN measured m ON m.oid = t.oid
JOIN pg_class c ON c.oid = t.oid
CROSS JOIN counted
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_description comment
    ON comment.objoid = c.oid AND comment.classoid = 'pg_class'::regclass AND comment.objsubid = 0
