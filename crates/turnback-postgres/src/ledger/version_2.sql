-- Version 2. Ledgers of version 1 have some of this already: it came without a number.

-- A row that is published (FOR ALL TABLES) is only changed where it can be told from others.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'turnback.version'::regclass AND contype = 'p') THEN
        ALTER TABLE turnback.version ADD PRIMARY KEY (version);
    END IF;
END $$;

-- How fast backfills go: what people have set, and what the running controller does, and why.
CREATE TABLE IF NOT EXISTS turnback.throttle (
    plan     text PRIMARY KEY,
    wish     jsonb NOT NULL DEFAULT '{}',
    pace     jsonb,
    paced_at timestamptz
);

-- The phases of a way back, until its end has been told: whoever asks again means these.
CREATE TABLE IF NOT EXISTS turnback.asked_back (
    plan     text PRIMARY KEY,
    phases   text[] NOT NULL,
    epoch    bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
