-- Takes 202611240301_audit_create_entries back.
DROP TABLE audit_head;
DROP TABLE audit_entries;
