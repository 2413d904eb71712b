-- Entries must be hard to change even for the owner of the table: ids follow from what can be
-- checked, PostgreSQL takes the rights back and keeps the triggers on in every session, SQLite
-- checks types and the next number, and the head only goes forward.
ALTER TABLE audit_head ADD COLUMN at bigint NOT NULL DEFAULT 0;
ALTER TABLE audit_head ADD COLUMN skewed {bool} NOT NULL DEFAULT FALSE;

UPDATE audit_head SET at = coalesce((SELECT created_at FROM audit_entries ORDER BY seq DESC LIMIT 1), 0), skewed = EXISTS (
	SELECT 1 FROM (SELECT created_at, lag(created_at) OVER (ORDER BY seq) AS prior FROM audit_entries) AS pairs WHERE created_at < prior);
CREATE INDEX audit_entries_of_type ON audit_entries (target_type, seq);
DROP TRIGGER audit_entries_no_update;

UPDATE audit_entries SET id = substr(printf('%012x', created_at), 1, 8) || '-' || substr(printf('%012x', created_at), 9, 4) ||
	'-7' || substr(hash, 1, 3) || '-8' || substr(hash, 4, 3) || '-' || substr(hash, 7, 12);
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;

CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
	OR NEW.seq <> 1 + coalesce((SELECT max(seq) FROM audit_entries), 0) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
	OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
	|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
	OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;

CREATE TRIGGER audit_head_no_replace BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head)
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
