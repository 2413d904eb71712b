package invites

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{{
	ID: "202611240401_invites_create_invites",
	Up: []string{
		`CREATE TABLE invites (
			id {uuid} PRIMARY KEY,
			code_hash {bytes} NOT NULL UNIQUE,
			code_prefix text NOT NULL,
			role_to_grant text NOT NULL CHECK (role_to_grant IN ('member', 'instructor', 'admin')),
			email {bin},
			note text NOT NULL,
			max_uses integer NOT NULL CHECK (max_uses BETWEEN 1 AND 10000),
			uses integer NOT NULL CHECK (uses BETWEEN 0 AND max_uses),
			expires_at bigint,
			revoked_at bigint,
			created_by {uuid} NOT NULL,
			created_at bigint NOT NULL
		)`,
		`CREATE INDEX invites_newest ON invites (created_at, id)`,
		`CREATE TABLE invite_redemptions (
			invite_id {uuid} NOT NULL REFERENCES invites (id),
			user_id {uuid} NOT NULL,
			created_at bigint NOT NULL,
			PRIMARY KEY (invite_id, user_id)
		)`,
	},
	Down: []string{"DROP TABLE invite_redemptions", "DROP TABLE invites"},
}, {
	ID: "202611272101_invites_create_batches",
	Up: []string{
		"ALTER TABLE invites ADD COLUMN batch_id {uuid}",
		"ALTER TABLE invites ADD COLUMN course_ids text NOT NULL DEFAULT '[]'",
		"ALTER TABLE invite_redemptions ADD COLUMN counted {bool} NOT NULL DEFAULT TRUE",
		"CREATE INDEX invites_of_batch ON invites (batch_id, created_at, id) WHERE batch_id IS NOT NULL",
		"CREATE INDEX invites_for ON invites (email) WHERE email IS NOT NULL",
		"CREATE INDEX invites_made_by ON invites (created_by, id)",
		"CREATE INDEX invite_redemptions_of ON invite_redemptions (user_id, invite_id)",
	},
	Down: []string{
		"DROP INDEX invite_redemptions_of", "DROP INDEX invites_made_by", "DROP INDEX invites_for", "DROP INDEX invites_of_batch",
		"ALTER TABLE invite_redemptions DROP COLUMN counted", "ALTER TABLE invites DROP COLUMN course_ids", "ALTER TABLE invites DROP COLUMN batch_id",
	},
}}
