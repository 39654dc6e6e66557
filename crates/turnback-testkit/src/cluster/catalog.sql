-- Everything that clients of a database can see of its schema, a line each, in a stable order.
-- For servers that the installed pg_dump is too old for. Parameter: an array of schemas to
-- leave out, put in as text. Object ids and attribute numbers do not appear.
WITH seen AS (
    SELECT n.oid, n.nspname, n.nspacl, n.nspowner
    FROM pg_namespace n
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
      AND n.nspname <> ALL (:excluded)
), relation AS (
    SELECT c.*, format('%I.%I', s.nspname, c.relname) AS path
    FROM pg_class c JOIN seen s ON s.oid = c.relnamespace
)
SELECT line FROM (
    SELECT 'schema ' || quote_ident(nspname) || ' owner ' || nspowner::regrole
           || ' acl ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(nspacl) a), '') AS line
    FROM seen
    UNION ALL
    SELECT 'relation ' || path || ' kind ' || relkind::text || ' persistence ' || relpersistence::text
           || ' owner ' || relowner::regrole
           || ' acl ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(relacl) a), '')
           || ' options ' || coalesce(array_to_string(reloptions, ','), '')
           || ' replica identity ' || relreplident::text
           || ' rls ' || relrowsecurity || relforcerowsecurity
           || ' partition ' || coalesce(pg_get_expr(relpartbound, oid), '')
           || ' comment ' || coalesce(obj_description(oid, 'pg_class'), '')
    FROM relation WHERE relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT 'column ' || r.path || '.' || quote_ident(a.attname) || ' '
           || format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
           || ' identity ' || a.attidentity::text || ' generated ' || a.attgenerated::text
           || ' storage ' || a.attstorage::text || ' compression ' || a.attcompression::text
           || ' statistics ' || coalesce(a.attstattarget, -1)
           || ' local ' || a.attislocal || ' inherited ' || a.attinhcount
           || ' default ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
           || ' acl ' || coalesce((SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) x), '')
           || ' options ' || coalesce(array_to_string(a.attoptions, ','), '')
           || ' comment ' || coalesce(col_description(r.oid, a.attnum), '')
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind NOT IN ('i', 'I', 'S')
    UNION ALL
    SELECT 'constraint ' || r.path || ' ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
           || CASE WHEN k.convalidated THEN '' ELSE ' (not valid)' END
           -- Nobody can take back from a partition that its inherited NOT NULL counts as its own
           -- too (18), as it does from the first key on that takes an index that was there.
           || CASE WHEN k.contype = 'n' AND r.relispartition THEN '' ELSE ' local ' || k.conislocal END
           || ' inherited ' || k.coninhcount
           || ' comment ' || coalesce(obj_description(k.oid, 'pg_constraint'), '')
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
    LEFT JOIN pg_constraint whole ON whole.oid = k.conparentid
    -- A foreign key to a partitioned table has a part for each partition there, by names that
    -- PostgreSQL makes up; before 18 it leaves these not valid when the whole is validated.
    WHERE whole.oid IS NULL OR whole.conrelid <> k.conrelid
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' unique ' || i.indisunique
           || ' primary ' || i.indisprimary || ' valid ' || i.indisvalid
           || ' clustered ' || i.indisclustered || ' replica identity ' || i.indisreplident
           || ' parent ' || coalesce((SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = i.indexrelid), '')
           || ' comment ' || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
    FROM relation r JOIN pg_index i ON i.indrelid = r.oid
    UNION ALL
    SELECT 'trigger ' || r.path || ' ' || pg_get_triggerdef(t.oid) || ' enabled ' || t.tgenabled::text
           || ' comment ' || coalesce(obj_description(t.oid, 'pg_trigger'), '')
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'view ' || r.path || ' ' || pg_get_viewdef(r.oid)
    FROM relation r WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'rule ' || r.path || ' ' || pg_get_ruledef(w.oid)
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'CREATE POLICY ' || quote_ident(p.polname) || ' ON ' || r.path || ' for ' || p.polcmd::text || ' permissive ' || p.polpermissive
           || ' to ' || (SELECT coalesce(string_agg(o.role::regrole::text, ',' ORDER BY o.role::regrole::text), '') FROM unnest(p.polroles) AS o(role))
           || ' using ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
           || ' check ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
           || ' comment ' || coalesce(obj_description(p.oid, 'pg_policy'), '')
    FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT 'sequence ' || r.path || ' ' || s.seqtypid::regtype || ' start ' || s.seqstart || ' step ' || s.seqincrement
           || ' from ' || s.seqmin || ' to ' || s.seqmax || ' cache ' || s.seqcache || ' cycle ' || s.seqcycle
           || ' owned by ' || coalesce((SELECT d.refobjid::regclass || '.' || a.attname
                  FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')), '')
    FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(f.oid)
           || ' acl ' || coalesce((SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(f.proacl) a), '')
           || ' comment ' || coalesce(obj_description(f.oid, 'pg_proc'), '')
    FROM pg_proc f JOIN seen s ON s.oid = f.pronamespace WHERE f.prokind IN ('f', 'p')
    UNION ALL
    SELECT 'type ' || format_type(t.oid, NULL) || ' of ' || t.typtype::text || ' base ' || format_type(t.typbasetype, t.typtypmod)
           || ' labels ' || coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '')
           || ' checks ' || coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid), '')
    FROM pg_type t JOIN seen s ON s.oid = t.typnamespace WHERE t.typtype IN ('d', 'e')
    UNION ALL
    SELECT 'statistics ' || pg_get_statisticsobjdef(x.oid)
    FROM pg_statistic_ext x JOIN seen s ON s.oid = x.stxnamespace
    UNION ALL
    SELECT 'inherits ' || r.path || ' from ' || h.inhparent::regclass || ' number ' || h.inhseqno
    FROM relation r JOIN pg_inherits h ON h.inhrelid = r.oid WHERE r.relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT 'publication ' || p.pubname || ' table ' || r.path
    FROM pg_publication p JOIN pg_publication_rel l ON l.prpubid = p.oid JOIN relation r ON r.oid = l.prrelid
    UNION ALL
    SELECT 'default privileges ' || d.defaclrole::regrole || ' ' || d.defaclobjtype::text || ' ' || d.defaclacl::text
    FROM pg_default_acl d
) l
ORDER BY line COLLATE "C"
