-- Takes 202611291003_auth_note_used_links back.
DELETE FROM auth_links WHERE used_at IS NOT NULL;
ALTER TABLE auth_links DROP COLUMN used_at;
