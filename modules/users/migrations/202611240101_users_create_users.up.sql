-- Accounts, by address. folded_name is the display name for searching.

CREATE TABLE users (
	id {uuid} PRIMARY KEY,
	email {bin} NOT NULL UNIQUE,
	display_name text NOT NULL,
	folded_name {bin} NOT NULL,
	role text NOT NULL CHECK (role IN ('user', 'member', 'instructor', 'admin')),
	status text NOT NULL CHECK (status IN ('active', 'disabled')),
	email_verified {bool} NOT NULL,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL,
	last_login_at bigint
);
CREATE INDEX users_newest ON users (created_at, id);
CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND status = 'active';
