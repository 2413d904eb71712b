package storage

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{{
	ID: "202611240701_storage_create_assets",
	Up: []string{
		`CREATE TABLE storage_assets (
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
		)`,
		`CREATE INDEX storage_assets_newest ON storage_assets (created_at, id)`,
		`CREATE INDEX storage_assets_uploader ON storage_assets (uploader_id, created_at, id)`,
		`CREATE INDEX storage_assets_pending ON storage_assets (expires_at) WHERE status = 'pending'`,
		`CREATE TABLE storage_trash (
			blob_id {uuid} PRIMARY KEY,
			next_at bigint NOT NULL,
			last_at bigint NOT NULL
		)`,
		`CREATE INDEX storage_trash_due ON storage_trash (next_at)`,
	},
	Down: []string{"DROP TABLE storage_trash", "DROP TABLE storage_assets"},
}, {
	// What was deleted may come back for as long as its upload URL lives, and takes room of its uploader's until then.
	ID: "202611272301_storage_count_trash",
	Up: []string{
		"ALTER TABLE storage_trash ADD COLUMN uploader_id {uuid}",
		"ALTER TABLE storage_trash ADD COLUMN size bigint NOT NULL DEFAULT 0",
		"ALTER TABLE storage_trash ADD COLUMN live_until bigint NOT NULL DEFAULT 0",
		"CREATE INDEX storage_trash_of ON storage_trash (uploader_id) WHERE uploader_id IS NOT NULL",
	},
	Down: []string{
		"DROP INDEX storage_trash_of", "ALTER TABLE storage_trash DROP COLUMN live_until", "ALTER TABLE storage_trash DROP COLUMN size",
		"ALTER TABLE storage_trash DROP COLUMN uploader_id",
	},
}, {
	// The uploader of what was refused may announce it anew under the same key.
	ID:   "202611291001_storage_note_refusal",
	Up:   []string{"ALTER TABLE storage_assets ADD COLUMN refused_at bigint"},
	Down: []string{"ALTER TABLE storage_assets DROP COLUMN refused_at"},
}, {
	// The object of a refused upload is deleted outside of a transaction; meanwhile nobody may complete the upload.
	ID:   "202611291202_storage_lease_refusal",
	Up:   []string{"ALTER TABLE storage_assets ADD COLUMN refusing_until bigint"},
	Down: []string{"ALTER TABLE storage_assets DROP COLUMN refusing_until"},
}}
