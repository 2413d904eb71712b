-- Takes 202611272102_audit_guard_chain back.
DROP TRIGGER audit_head_stays ON audit_head;
DROP TRIGGER audit_head_forward ON audit_head;
DROP FUNCTION audit_head_forward();
GRANT UPDATE, DELETE, TRUNCATE ON audit_entries TO CURRENT_USER;
ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_keep;
DROP INDEX audit_entries_of_type;
ALTER TABLE audit_head DROP COLUMN skewed;
ALTER TABLE audit_head DROP COLUMN at;
ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_counted;
