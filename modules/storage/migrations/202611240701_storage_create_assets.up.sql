-- Private files: an asset from the declaration of its upload to its deletion, and the objects
-- that the store still has to delete.

CREATE TABLE storage_assets (
	id {uuid} PRIMARY KEY,
	key {bin} NOT NULL UNIQUE,
	blob_id {uuid} NOT NULL UNIQUE,
	content_type text NOT NULL,
	size bigint NOT NULL CHECK (size >= 0),
	sha256 text,
	status text NOT NULL CHECK (status IN ('pending', 'completed')),
	uploader_id {uuid} NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL,
	completed_at bigint
);
CREATE INDEX storage_assets_newest ON storage_assets (created_at, id);
CREATE INDEX storage_assets_uploader ON storage_assets (uploader_id, created_at, id);
CREATE INDEX storage_assets_pending ON storage_assets (expires_at) WHERE status = 'pending';

CREATE TABLE storage_trash (
	blob_id {uuid} PRIMARY KEY,
	next_at bigint NOT NULL,
	last_at bigint NOT NULL
);
CREATE INDEX storage_trash_due ON storage_trash (next_at);
