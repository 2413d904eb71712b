-- Entries must be hard to change even for the owner of the table: ids follow from what can be
-- checked, PostgreSQL takes the rights back and keeps the triggers on in every session, SQLite
-- checks types and the next number, and the head only goes forward.
ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_keep;

UPDATE audit_entries SET id = (substr(lpad(to_hex(created_at), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex(created_at), 12, '0'), 9, 4) ||
	'-7' || substr(hash, 1, 3) || '-8' || substr(hash, 4, 3) || '-' || substr(hash, 7, 12))::uuid WHERE hash ~ '^[0-9a-f]{64}$';
ALTER TABLE audit_head ADD COLUMN at bigint NOT NULL DEFAULT 0;
ALTER TABLE audit_head ADD COLUMN skewed {bool} NOT NULL DEFAULT FALSE;

UPDATE audit_head SET at = coalesce((SELECT created_at FROM audit_entries ORDER BY seq DESC LIMIT 1), 0), skewed = EXISTS (
	SELECT 1 FROM (SELECT created_at, lag(created_at) OVER (ORDER BY seq) AS prior FROM audit_entries) AS pairs WHERE created_at < prior);
ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_counted CHECK (seq > 0);
CREATE INDEX audit_entries_of_type ON audit_entries (target_type, seq);
ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM CURRENT_USER;
CREATE FUNCTION audit_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the head of the audit log only goes forward'; END $$;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.seq <= OLD.seq) EXECUTE FUNCTION audit_head_forward();
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_head_forward();
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays;
