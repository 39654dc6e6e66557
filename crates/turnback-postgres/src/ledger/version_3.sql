-- Version 3. What was done for a way back beside what the database shows, such as hooks, until its
-- end has been told: whoever asks again goes on from there.
ALTER TABLE turnback.asked_back ADD COLUMN IF NOT EXISTS so_far jsonb NOT NULL DEFAULT '{}';
