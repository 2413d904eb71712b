-- Takes 202611272301_storage_count_trash back.
DROP INDEX storage_trash_of;
ALTER TABLE storage_trash DROP COLUMN live_until;
ALTER TABLE storage_trash DROP COLUMN size;
ALTER TABLE storage_trash DROP COLUMN uploader_id;
