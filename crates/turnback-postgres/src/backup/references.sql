-- Foreign keys with an end in one of these tables, each with a query for the rows that refer to
-- nothing. Of keys of partitions the ones above speak for all.
SELECT quote_ident(k.conname) AS name, k.conrelid::regclass::text AS child, k.confrelid::regclass::text AS parent,
       format('SELECT count(*)::text FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
              k.conrelid::regclass,
              string_agg(format('c.%I IS NOT NULL', ca.attname), ' AND '),
              k.confrelid::regclass,
              string_agg(format('c.%I = p.%I', ca.attname, pa.attname), ' AND ')) AS broken
FROM pg_catalog.pg_constraint k
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS u (child, parent)
JOIN pg_catalog.pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.child
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.parent
WHERE k.contype = 'f' AND k.conparentid = 0
  AND (k.conrelid = ANY (:tables) OR k.confrelid = ANY (:tables)
       OR EXISTS (SELECT FROM unnest(:tables) AS t, pg_catalog.pg_partition_ancestors(t) a
                  WHERE a.relid IN (k.conrelid, k.confrelid)))
GROUP BY k.oid, k.conname, k.conrelid, k.confrelid
ORDER BY k.conname, 2
