-- A broken chain must not stop every later change: the head keeps marks of breaks, goes back
-- only together with such a mark, may be sealed while the log is empty, and entries go on
-- behind it where the table has lost its end.
DROP TRIGGER audit_head_forward;

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq AND NEW.breaks = OLD.breaks
	AND NOT (NEW.seq = 0 AND OLD.seq = 0 AND OLD.mac = '' AND NEW.hash = '')
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
DROP TRIGGER audit_entries_append;

CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
	OR NOT (NEW.seq > coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0) AND NEW.seq IN (1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0), 1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_head), 0))) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
	OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
	|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
	OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
