-- When whoever leads began to: milliseconds since 1970-01-01 UTC.
ALTER TABLE turnback_control.controller ADD COLUMN since BIGINT;
