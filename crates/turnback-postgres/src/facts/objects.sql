-- Positions of sequences, and event triggers that are switched on (and do not fire for
-- replicas alone).
SELECT
    (SELECT coalesce(json_agg(json_build_object(
            'sequence', json_build_array(s.schemaname, s.sequencename),
            'last_value', s.last_value
        ) ORDER BY s.schemaname, s.sequencename), '[]')
     FROM pg_sequences s
     WHERE s.last_value IS NOT NULL AND s.schemaname NOT IN ('turnback', 'turnback_control')),
    (SELECT coalesce(json_agg(json_build_object(
            'name', e.evtname,
            'event', e.evtevent,
            'function', format('%I.%I', n.nspname, p.proname)
        ) ORDER BY e.evtname), '[]')
     FROM pg_event_trigger e
     JOIN pg_proc p ON p.oid = e.evtfoid
     JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE e.evtenabled IN ('O', 'A'))
