-- When whoever leads began to: milliseconds since 1970-01-01 UTC.
ALTER TABLE controller ADD COLUMN since INTEGER;
