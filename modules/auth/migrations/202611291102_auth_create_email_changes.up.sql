-- An account changes its address by a link to the new one. Sign-ins are compared by the
-- families of browser and system, so the index over the whole text goes.

CREATE TABLE auth_email_changes (
	user_id {uuid} PRIMARY KEY,
	token_hash {bytes} NOT NULL UNIQUE,
	new_email {bin} NOT NULL,
	session_id {uuid} NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL
);
DROP INDEX auth_sessions_device;
