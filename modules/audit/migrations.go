package audit

import "lyceum/platform/migrate"

// Migrations of the module. Triggers refuse to change or remove an entry, on both databases.
var Migrations = []migrate.Migration{{
	ID: "202611240301_audit_create_entries",
	Up: []string{
		`CREATE TABLE audit_entries (
			seq bigint PRIMARY KEY,
			id {uuid} NOT NULL UNIQUE,
			action text NOT NULL,
			actor_id {uuid},
			target_type text NOT NULL,
			target_id text NOT NULL,
			ip text NOT NULL,
			user_agent text NOT NULL,
			request_id text NOT NULL,
			data text NOT NULL,
			created_at bigint NOT NULL,
			prev_hash text NOT NULL,
			hash text NOT NULL
		)`,
		`CREATE INDEX audit_entries_of_action ON audit_entries (action, seq)`,
		`CREATE INDEX audit_entries_of_actor ON audit_entries (actor_id, seq)`,
		`CREATE INDEX audit_entries_of_target ON audit_entries (target_id, seq)`,
		`CREATE INDEX audit_entries_by_time ON audit_entries (created_at, seq)`,
		`CREATE TABLE audit_head (
			one integer PRIMARY KEY CHECK (one = 1),
			seq bigint NOT NULL,
			hash text NOT NULL,
			mac text NOT NULL
		)`,
		`INSERT INTO audit_head (one, seq, hash, mac) VALUES (1, 0, '', '')`,
		`postgres:CREATE FUNCTION audit_entries_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$`,
		`postgres:CREATE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_keep()`,
		`sqlite:CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
		`sqlite:CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
	},
	Down: []string{
		"DROP TABLE audit_head", "DROP TABLE audit_entries", "postgres:DROP FUNCTION audit_entries_keep()",
	},
}}
