-- Accounts sign in with a password, keep sessions by refresh tokens, and get links by mail that
-- work once.

CREATE TABLE auth_credentials (
	user_id {uuid} PRIMARY KEY,
	password_hash text NOT NULL,
	updated_at bigint NOT NULL
);

CREATE TABLE auth_sessions (
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
);
CREATE INDEX auth_sessions_of_user ON auth_sessions (user_id, created_at, id);

CREATE TABLE auth_links (
	token_hash {bytes} PRIMARY KEY,
	user_id {uuid} NOT NULL,
	kind text NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL,
	UNIQUE (user_id, kind)
);
