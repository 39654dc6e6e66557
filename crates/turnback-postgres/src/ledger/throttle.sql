-- How fast backfills go: what people have set, and what the running controller does, and why.
CREATE TABLE IF NOT EXISTS turnback.throttle (
    plan     text PRIMARY KEY,
    wish     jsonb NOT NULL DEFAULT '{}',
    pace     jsonb,
    paced_at timestamptz
);
