-- Tickets open a socket without a token in the address. Presence is kept by replica, so that the rows of a
-- replica that died can be told from those of living ones.

CREATE TABLE chat_tickets (
	hash {bytes} PRIMARY KEY,
	user_id {uuid} NOT NULL,
	session_id {uuid} NOT NULL,
	token_expires_at bigint NOT NULL,
	expires_at bigint NOT NULL
);
CREATE INDEX chat_tickets_expires ON chat_tickets (expires_at);

CREATE TABLE chat_replicas (
	id {uuid} PRIMARY KEY,
	seen_at bigint NOT NULL
);

CREATE TABLE chat_presence (
	channel_id {uuid} NOT NULL,
	user_id {uuid} NOT NULL,
	replica_id {uuid} NOT NULL,
	since bigint NOT NULL,
	PRIMARY KEY (channel_id, user_id, replica_id)
);
CREATE INDEX chat_presence_replica ON chat_presence (replica_id);
