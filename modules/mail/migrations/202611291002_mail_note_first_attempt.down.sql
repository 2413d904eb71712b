-- Takes 202611291002_mail_note_first_attempt back.
ALTER TABLE mail_messages DROP COLUMN tried_since;
