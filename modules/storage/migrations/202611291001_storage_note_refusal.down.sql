-- Takes 202611291001_storage_note_refusal back.
ALTER TABLE storage_assets DROP COLUMN refused_at;
