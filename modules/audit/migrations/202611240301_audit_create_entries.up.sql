-- The audit log: a chain of entries, each with the hash of the one before, and the sealed head
-- of the chain. Triggers refuse to change or remove an entry.

CREATE TABLE audit_entries (
	seq bigint PRIMARY KEY,
	id {uuid} NOT NULL UNIQUE,
	action text NOT NULL,
	actor_id {uuid},
	target_type text NOT NULL,
	target_id text NOT NULL,
	ip text NOT NULL,
	user_agent text NOT NULL,
	request_id text NOT NULL,
	data text NOT NULL,
	created_at bigint NOT NULL,
	prev_hash text NOT NULL,
	hash text NOT NULL
);
CREATE INDEX audit_entries_of_action ON audit_entries (action, seq);
CREATE INDEX audit_entries_of_actor ON audit_entries (actor_id, seq);
CREATE INDEX audit_entries_of_target ON audit_entries (target_id, seq);
CREATE INDEX audit_entries_by_time ON audit_entries (created_at, seq);

CREATE TABLE audit_head (
	one integer PRIMARY KEY CHECK (one = 1),
	seq bigint NOT NULL,
	hash text NOT NULL,
	mac text NOT NULL
);
INSERT INTO audit_head (one, seq, hash, mac) VALUES (1, 0, '', '');
