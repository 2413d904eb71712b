-- The object of a refused upload is deleted outside of a transaction. Until that has happened
-- nobody may complete the upload.
ALTER TABLE storage_assets ADD COLUMN refusing_until bigint;
