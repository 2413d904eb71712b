-- Takes 202612011002_mail_note_cause back.
ALTER TABLE mail_messages DROP COLUMN request_id;
ALTER TABLE mail_messages DROP COLUMN traceparent;
