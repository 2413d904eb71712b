-- A mail that an administrator retries is tried for as long as a new one.
ALTER TABLE mail_messages ADD COLUMN tried_since bigint NOT NULL DEFAULT 0;
UPDATE mail_messages SET tried_since = created_at;
