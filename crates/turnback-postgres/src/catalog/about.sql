-- The server and the database.
SELECT current_setting('server_version_num')::int, current_database()::text
