-- Accounts may have a second factor with recovery codes. A login that waits for it is a
-- challenge, and failed logins are counted by address.

CREATE TABLE auth_factors (
	user_id {uuid} PRIMARY KEY,
	sealed {bytes} NOT NULL,
	confirmed_at bigint,
	last_step bigint NOT NULL,
	created_at bigint NOT NULL
);

CREATE TABLE auth_recovery_codes (
	user_id {uuid} NOT NULL,
	code_hash {bytes} NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE auth_challenges (
	token_hash {bytes} PRIMARY KEY,
	user_id {uuid} NOT NULL,
	password_at bigint NOT NULL,
	attempts integer NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL
);
CREATE INDEX auth_challenges_of_user ON auth_challenges (user_id);

CREATE TABLE auth_failures (
	address_hash {bytes} PRIMARY KEY,
	user_id {uuid},
	failures integer NOT NULL,
	updated_at bigint NOT NULL
);
CREATE INDEX auth_failures_of_user ON auth_failures (user_id);
CREATE INDEX auth_sessions_device ON auth_sessions (user_id, network, user_agent);
