-- Stands before the other queries: what a snapshot looks at. PostgreSQL's own schemas,
-- extensions and what belongs to them, and turnback's ledger are left out.
-- (User schemas cannot begin with `pg_`: manual, 5.9.)
-- NOT IN rather than NOT EXISTS: it is hashed whatever the statistics of pg_depend say.
WITH namespaces AS MATERIALIZED (
    SELECT n.oid, n.nspname::text AS name, n.nspowner, n.nspacl
    FROM pg_namespace n
    WHERE NOT starts_with(n.nspname, 'pg_')
      AND n.nspname NOT IN ('information_schema', 'turnback', 'turnback_control')
      AND n.oid NOT IN (
          SELECT d.objid FROM pg_depend d
          WHERE d.classid = 'pg_namespace'::regclass AND d.deptype = 'e')
), relations AS MATERIALIZED (
    SELECT c.oid, n.name AS schema, c.relname::text AS name, c.relkind AS kind
    FROM pg_class c
    JOIN namespaces n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND c.oid NOT IN (
          SELECT d.objid FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e')
), tables AS MATERIALIZED (
    SELECT oid, schema, name FROM relations WHERE kind IN ('r', 'p', 'f')
)
