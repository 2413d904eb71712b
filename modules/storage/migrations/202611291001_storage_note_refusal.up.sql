-- The uploader of a refused file may declare it again under the same key.
ALTER TABLE storage_assets ADD COLUMN refused_at bigint;
