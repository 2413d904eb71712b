-- Takes 202611272102_audit_guard_chain back.
DROP TRIGGER audit_head_no_replace;
DROP TRIGGER audit_head_stays;
DROP TRIGGER audit_head_forward;
DROP TRIGGER audit_entries_append;
DROP INDEX audit_entries_of_type;
ALTER TABLE audit_head DROP COLUMN skewed;
ALTER TABLE audit_head DROP COLUMN at;
