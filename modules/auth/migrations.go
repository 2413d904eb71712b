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
}}
