-- Messages are numbered within their channel. chat_marks holds how far an account has read; an account
-- without a row has read up to base_seq of the channel.

CREATE TABLE chat_messages (
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
);
CREATE UNIQUE INDEX chat_messages_client ON chat_messages (channel_id, author_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX chat_messages_change ON chat_messages (channel_id, change) WHERE change > 0;
CREATE INDEX chat_messages_author ON chat_messages (channel_id, author_id, seq);
CREATE INDEX chat_messages_deleted ON chat_messages (channel_id, seq) WHERE deleted_at IS NOT NULL;

CREATE TABLE chat_marks (
	user_id {uuid} NOT NULL,
	channel_id {uuid} NOT NULL REFERENCES chat_channels (id),
	seq bigint NOT NULL,
	PRIMARY KEY (user_id, channel_id)
);
