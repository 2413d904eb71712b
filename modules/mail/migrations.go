package mail

import "lyceum/platform/migrate"

// Migrations of the table mail_messages.
var Migrations = []migrate.Migration{{
	ID: "202611240003_mail_create_messages",
	Up: []string{
		`CREATE TABLE mail_messages (
			id {uuid} PRIMARY KEY,
			kind text NOT NULL,
			user_id {uuid},
			recipient text NOT NULL,
			subject text NOT NULL,
			sealed {bytes},
			status text NOT NULL,
			attempts integer NOT NULL DEFAULT 0,
			next_at bigint NOT NULL,
			last_error text NOT NULL DEFAULT '',
			created_at bigint NOT NULL,
			sent_at bigint
		)`,
		`CREATE INDEX mail_messages_due ON mail_messages (next_at) WHERE status = 'queued'`,
		`CREATE INDEX mail_messages_newest ON mail_messages (created_at, id)`,
	},
	Down: []string{"DROP TABLE mail_messages"},
}, {
	ID:   "202611270001_mail_index_people",
	Up:   []string{"CREATE INDEX mail_messages_of_user ON mail_messages (user_id, id)", "CREATE INDEX mail_messages_to ON mail_messages (recipient)"},
	Down: []string{"DROP INDEX mail_messages_to", "DROP INDEX mail_messages_of_user"},
}, {
	// A mail that an administrator retries is tried for as long as a new one.
	ID:   "202611291002_mail_note_first_attempt",
	Up:   []string{"ALTER TABLE mail_messages ADD COLUMN tried_since bigint NOT NULL DEFAULT 0", "UPDATE mail_messages SET tried_since = created_at"},
	Down: []string{"ALTER TABLE mail_messages DROP COLUMN tried_since"},
}}
