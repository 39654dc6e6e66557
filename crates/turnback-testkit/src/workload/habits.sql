-- Keys may change, and their references follow.
ALTER TABLE conversations
    DROP CONSTRAINT conversations_owner_id_fkey,
    ADD CONSTRAINT conversations_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users ON UPDATE CASCADE;
ALTER TABLE participants
    DROP CONSTRAINT participants_conversation_id_fkey,
    ADD CONSTRAINT participants_conversation_id_fkey FOREIGN KEY (conversation_id)
        REFERENCES conversations ON DELETE CASCADE ON UPDATE CASCADE,
    DROP CONSTRAINT participants_user_id_fkey,
    ADD CONSTRAINT participants_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE messages
    DROP CONSTRAINT messages_conversation_id_fkey,
    ADD CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (conversation_id)
        REFERENCES conversations ON DELETE CASCADE ON UPDATE CASCADE,
    DROP CONSTRAINT messages_sender_id_fkey,
    ADD CONSTRAINT messages_sender_id_fkey FOREIGN KEY (sender_id)
        REFERENCES users ON DELETE SET NULL ON UPDATE CASCADE,
    DROP CONSTRAINT messages_reply_to_fkey,
    ADD CONSTRAINT messages_reply_to_fkey FOREIGN KEY (reply_to)
        REFERENCES messages ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE audit_logs
    DROP CONSTRAINT audit_logs_actor_id_fkey,
    ADD CONSTRAINT audit_logs_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES users ON UPDATE CASCADE;

-- A trigger that counts and keeps a time.
ALTER TABLE users ADD renames integer NOT NULL DEFAULT 0, ADD updated_at timestamptz;
CREATE FUNCTION count_rename() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF NEW.name <> OLD.name THEN
        NEW.renames := OLD.renames + 1;
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER count_rename BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_rename();

-- A trigger that writes a row with a reference.
CREATE FUNCTION note_rename() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    INSERT INTO audit_logs (actor_id, action, detail) VALUES (NEW.id, 'renamed', NEW.name || ' renamed');
    RETURN NULL;
END $$;
CREATE TRIGGER note_rename AFTER UPDATE OF name ON users FOR EACH ROW
    WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION note_rename();

-- A trigger that changes the row: a reference of it.
CREATE FUNCTION owner_speaks() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    IF NEW.sender_id IS NULL AND NEW.body LIKE '% @owner' THEN
        SELECT c.owner_id INTO NEW.sender_id FROM conversations c WHERE c.id = NEW.conversation_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER owner_speaks BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION owner_speaks();
