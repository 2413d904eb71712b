-- A broken chain must not stop every later change: the head keeps marks of breaks, goes back
-- only together with such a mark, may be sealed while the log is empty, and entries go on
-- behind it where the table has lost its end.
DROP TRIGGER audit_head_forward ON audit_head;

CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.seq <= OLD.seq AND NEW.breaks = OLD.breaks
	AND NOT (NEW.seq = 0 AND OLD.seq = 0 AND OLD.mac = '' AND NEW.hash = '')) EXECUTE FUNCTION audit_head_forward();
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward;
