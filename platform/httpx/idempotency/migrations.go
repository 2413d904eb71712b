package idempotency

import "lyceum/platform/migrate"

// Migrations create the table of the records.
var Migrations = []migrate.Migration{{
	ID: "202611240002_http_create_idempotency",
	Up: []string{
		`CREATE TABLE idempotency_records (
			id {bin} PRIMARY KEY,
			body_hash {bytes} NOT NULL,
			claim {uuid} NOT NULL,
			done {bool} NOT NULL DEFAULT FALSE,
			claimed_until bigint NOT NULL,
			answer {bytes},
			created_at bigint NOT NULL
		)`,
		`CREATE INDEX idempotency_records_created ON idempotency_records (created_at)`,
	},
	Down: []string{"DROP TABLE idempotency_records"},
}, {
	// OperationID names the operation across a crash, see the package comment. Records of older versions have none.
	ID:   "202611291201_http_add_operation_id",
	Up:   []string{"ALTER TABLE idempotency_records ADD COLUMN operation_id {uuid}"},
	Down: []string{"ALTER TABLE idempotency_records DROP COLUMN operation_id"},
}}
