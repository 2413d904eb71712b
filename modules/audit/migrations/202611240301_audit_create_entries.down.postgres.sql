-- Takes 202611240301_audit_create_entries back.
DROP FUNCTION audit_entries_keep();
