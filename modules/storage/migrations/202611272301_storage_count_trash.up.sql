-- A deleted object may come back for as long as its upload URL lives, and counts against the
-- quota of its uploader until then.
ALTER TABLE storage_trash ADD COLUMN uploader_id {uuid};
ALTER TABLE storage_trash ADD COLUMN size bigint NOT NULL DEFAULT 0;
ALTER TABLE storage_trash ADD COLUMN live_until bigint NOT NULL DEFAULT 0;
CREATE INDEX storage_trash_of ON storage_trash (uploader_id) WHERE uploader_id IS NOT NULL;
