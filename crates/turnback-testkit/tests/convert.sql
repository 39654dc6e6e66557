BEGIN;
-- Writers lock these tables in any order, so this may deadlock: better give up early.
SET LOCAL lock_timeout = '100ms';
LOCK TABLE audit_logs, messages, participants, conversations, users;
ALTER TABLE users ADD new_id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE conversations ADD new_id uuid NOT NULL DEFAULT gen_random_uuid(), ADD new_owner uuid;
ALTER TABLE participants ADD new_conversation uuid, ADD new_user uuid;
ALTER TABLE messages ADD new_id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD new_conversation uuid, ADD new_sender uuid, ADD new_reply uuid;
ALTER TABLE audit_logs ADD new_actor uuid;
UPDATE conversations c SET new_owner = u.new_id FROM users u WHERE u.id = owner_id;
UPDATE participants SET
    new_conversation = (SELECT new_id FROM conversations c WHERE c.id = conversation_id),
    new_user = (SELECT new_id FROM users u WHERE u.id = user_id);
UPDATE messages SET
    new_conversation = (SELECT new_id FROM conversations c WHERE c.id = conversation_id),
    new_sender = (SELECT new_id FROM users u WHERE u.id = sender_id),
    new_reply = (SELECT new_id FROM messages r WHERE r.id = messages.reply_to);
UPDATE audit_logs SET new_actor = (SELECT new_id FROM users u WHERE u.id = actor_id);
ALTER TABLE audit_logs DROP actor_id;
ALTER TABLE audit_logs RENAME new_actor TO actor_id;
ALTER TABLE messages DROP conversation_id, DROP sender_id, DROP reply_to, DROP id;
ALTER TABLE messages RENAME new_conversation TO conversation_id;
ALTER TABLE messages RENAME new_sender TO sender_id;
ALTER TABLE messages RENAME new_reply TO reply_to;
ALTER TABLE messages RENAME new_id TO id;
ALTER TABLE participants DROP conversation_id, DROP user_id;
ALTER TABLE participants RENAME new_conversation TO conversation_id;
ALTER TABLE participants RENAME new_user TO user_id;
ALTER TABLE conversations DROP owner_id, DROP id;
ALTER TABLE conversations RENAME new_owner TO owner_id;
ALTER TABLE conversations RENAME new_id TO id;
ALTER TABLE users DROP id;
ALTER TABLE users RENAME new_id TO id;
ALTER TABLE users ADD PRIMARY KEY (id);
ALTER TABLE conversations ADD PRIMARY KEY (id), ADD FOREIGN KEY (owner_id) REFERENCES users;
ALTER TABLE participants ADD PRIMARY KEY (conversation_id, user_id),
    ADD FOREIGN KEY (conversation_id) REFERENCES conversations ON DELETE CASCADE,
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE messages ADD PRIMARY KEY (id),
    ADD FOREIGN KEY (conversation_id) REFERENCES conversations ON DELETE CASCADE,
    ADD FOREIGN KEY (sender_id) REFERENCES users ON DELETE SET NULL,
    ADD FOREIGN KEY (reply_to) REFERENCES messages ON DELETE SET NULL;
ALTER TABLE audit_logs ADD FOREIGN KEY (actor_id) REFERENCES users;
COMMIT;
