package auth

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{{
	ID: "202611240201_auth_create_sessions",
	Up: []string{
		`CREATE TABLE auth_credentials (
			user_id {uuid} PRIMARY KEY,
			password_hash text NOT NULL,
			updated_at bigint NOT NULL
		)`,
		`CREATE TABLE auth_sessions (
			id {uuid} PRIMARY KEY,
			user_id {uuid} NOT NULL,
			salt {bytes} NOT NULL,
			token_hash {bytes} NOT NULL,
			generation bigint NOT NULL,
			rotated_at bigint NOT NULL,
			created_at bigint NOT NULL,
			last_used_at bigint NOT NULL,
			expires_at bigint NOT NULL,
			ended_at bigint,
			ip text NOT NULL,
			network text NOT NULL,
			user_agent text NOT NULL
		)`,
		`CREATE INDEX auth_sessions_of_user ON auth_sessions (user_id, created_at, id)`,
		`CREATE TABLE auth_links (
			token_hash {bytes} PRIMARY KEY,
			user_id {uuid} NOT NULL,
			kind text NOT NULL,
			expires_at bigint NOT NULL,
			created_at bigint NOT NULL,
			UNIQUE (user_id, kind)
		)`,
	},
	Down: []string{"DROP TABLE auth_links", "DROP TABLE auth_sessions", "DROP TABLE auth_credentials"},
}, {
	ID: "202611270201_auth_create_factors",
	Up: []string{
		`CREATE TABLE auth_factors (
			user_id {uuid} PRIMARY KEY,
			sealed {bytes} NOT NULL,
			confirmed_at bigint,
			last_step bigint NOT NULL,
			created_at bigint NOT NULL
		)`,
		`CREATE TABLE auth_recovery_codes (
			user_id {uuid} NOT NULL,
			code_hash {bytes} NOT NULL,
			created_at bigint NOT NULL,
			PRIMARY KEY (user_id, code_hash)
		)`,
		`CREATE TABLE auth_challenges (
			token_hash {bytes} PRIMARY KEY,
			user_id {uuid} NOT NULL,
			password_at bigint NOT NULL,
			attempts integer NOT NULL,
			expires_at bigint NOT NULL,
			created_at bigint NOT NULL
		)`,
		`CREATE INDEX auth_challenges_of_user ON auth_challenges (user_id)`,
		`CREATE TABLE auth_failures (
			address_hash {bytes} PRIMARY KEY,
			user_id {uuid},
			failures integer NOT NULL,
			updated_at bigint NOT NULL
		)`,
		`CREATE INDEX auth_failures_of_user ON auth_failures (user_id)`,
		`CREATE INDEX auth_sessions_device ON auth_sessions (user_id, network, user_agent)`,
	},
	Down: []string{"DROP INDEX auth_sessions_device", "DROP TABLE auth_failures", "DROP TABLE auth_challenges",
		"DROP TABLE auth_recovery_codes", "DROP TABLE auth_factors"},
}, {
	ID: "202611291102_auth_create_email_changes",
	Up: []string{
		`CREATE TABLE auth_email_changes (
			user_id {uuid} PRIMARY KEY,
			token_hash {bytes} NOT NULL UNIQUE,
			new_email {bin} NOT NULL,
			session_id {uuid} NOT NULL,
			expires_at bigint NOT NULL,
			created_at bigint NOT NULL
		)`,
		"DROP INDEX auth_sessions_device", // a sign-in is compared by the families of browser and system, not by this text
	},
	Down: []string{`CREATE INDEX auth_sessions_device ON auth_sessions (user_id, network, user_agent)`, "DROP TABLE auth_email_changes"},
}, {
	// A link that was used is told from a wrong one for as long as it would have lived.
	ID:   "202611291003_auth_note_used_links",
	Up:   []string{"ALTER TABLE auth_links ADD COLUMN used_at bigint"},
	Down: []string{"DELETE FROM auth_links WHERE used_at IS NOT NULL", "ALTER TABLE auth_links DROP COLUMN used_at"},
}}
