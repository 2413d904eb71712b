-- Takes 202611291101_audit_mark_breaks back.
DROP TRIGGER audit_entries_append;
DROP TRIGGER audit_head_forward;

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;

CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
	OR NEW.seq <> 1 + coalesce((SELECT max(seq) FROM audit_entries), 0) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
	OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
	|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
	OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
ALTER TABLE audit_head DROP COLUMN breaks;
