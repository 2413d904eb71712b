-- Administrators invite people by codes, which are stored as hashes. A redemption is kept for
-- each account that used a code.

CREATE TABLE invites (
	id {uuid} PRIMARY KEY,
	code_hash {bytes} NOT NULL UNIQUE,
	code_prefix text NOT NULL,
	role_to_grant text NOT NULL CHECK (role_to_grant IN ('member', 'instructor', 'admin')),
	email {bin},
	note text NOT NULL,
	max_uses integer NOT NULL CHECK (max_uses BETWEEN 1 AND 10000),
	uses integer NOT NULL CHECK (uses BETWEEN 0 AND max_uses),
	expires_at bigint,
	revoked_at bigint,
	created_by {uuid} NOT NULL,
	created_at bigint NOT NULL
);
CREATE INDEX invites_newest ON invites (created_at, id);

CREATE TABLE invite_redemptions (
	invite_id {uuid} NOT NULL REFERENCES invites (id),
	user_id {uuid} NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (invite_id, user_id)
);
