package chat

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{
	{
		ID: "202611240501_chat_create_channels",
		Up: []string{
			`CREATE TABLE chat_channels (
				id {uuid} PRIMARY KEY,
				slug {bin} NOT NULL,
				title text NOT NULL,
				visibility text NOT NULL CHECK (visibility IN ('public', 'member', 'course', 'private')),
				course_id {uuid} CHECK ((course_id IS NULL) = (visibility <> 'course')),
				created_by {uuid},
				last_seq bigint NOT NULL DEFAULT 0,
				last_change bigint NOT NULL DEFAULT 0,
				base_seq bigint NOT NULL DEFAULT 0,
				version bigint NOT NULL,
				created_at bigint NOT NULL,
				updated_at bigint NOT NULL,
				deleted_at bigint
			)`,
			`CREATE UNIQUE INDEX chat_channels_slug ON chat_channels (slug) WHERE deleted_at IS NULL`,
			`CREATE INDEX chat_channels_order ON chat_channels (created_at, id)`,
			`CREATE INDEX chat_channels_course ON chat_channels (course_id)`,
			`CREATE TABLE chat_members (
				channel_id {uuid} NOT NULL REFERENCES chat_channels (id),
				user_id {uuid} NOT NULL,
				created_at bigint NOT NULL,
				PRIMARY KEY (channel_id, user_id)
			)`,
			`CREATE INDEX chat_members_user ON chat_members (user_id)`,
		},
		Down: []string{"DROP TABLE chat_members", "DROP TABLE chat_channels"},
	},
	{
		ID: "202611240502_chat_create_messages",
		Up: []string{
			`CREATE TABLE chat_messages (
				id {uuid} PRIMARY KEY,
				channel_id {uuid} NOT NULL REFERENCES chat_channels (id),
				seq bigint NOT NULL,
				author_id {uuid} NOT NULL,
				body text NOT NULL,
				client_id {bin},
				change bigint NOT NULL DEFAULT 0,
				version bigint NOT NULL,
				created_at bigint NOT NULL,
				edited_at bigint,
				deleted_at bigint,
				UNIQUE (channel_id, seq)
			)`,
			`CREATE UNIQUE INDEX chat_messages_client ON chat_messages (channel_id, author_id, client_id) WHERE client_id IS NOT NULL`,
			`CREATE INDEX chat_messages_change ON chat_messages (channel_id, change) WHERE change > 0`,
			`CREATE INDEX chat_messages_author ON chat_messages (channel_id, author_id, seq)`,
			`CREATE INDEX chat_messages_deleted ON chat_messages (channel_id, seq) WHERE deleted_at IS NOT NULL`,
			`CREATE TABLE chat_marks (
				user_id {uuid} NOT NULL,
				channel_id {uuid} NOT NULL REFERENCES chat_channels (id),
				seq bigint NOT NULL,
				PRIMARY KEY (user_id, channel_id)
			)`,
		},
		Down: []string{"DROP TABLE chat_marks", "DROP TABLE chat_messages"},
	},
	{
		ID: "202611240503_chat_create_sockets",
		Up: []string{
			`CREATE TABLE chat_tickets (
				hash {bytes} PRIMARY KEY,
				user_id {uuid} NOT NULL,
				session_id {uuid} NOT NULL,
				token_expires_at bigint NOT NULL,
				expires_at bigint NOT NULL
			)`,
			`CREATE INDEX chat_tickets_expires ON chat_tickets (expires_at)`,
			`CREATE TABLE chat_replicas (
				id {uuid} PRIMARY KEY,
				seen_at bigint NOT NULL
			)`,
			`CREATE TABLE chat_presence (
				channel_id {uuid} NOT NULL,
				user_id {uuid} NOT NULL,
				replica_id {uuid} NOT NULL,
				since bigint NOT NULL,
				PRIMARY KEY (channel_id, user_id, replica_id)
			)`,
			`CREATE INDEX chat_presence_replica ON chat_presence (replica_id)`,
		},
		Down: []string{"DROP TABLE chat_presence", "DROP TABLE chat_replicas", "DROP TABLE chat_tickets"},
	},
}
