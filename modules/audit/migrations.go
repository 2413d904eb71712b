package audit

import "lyceum/platform/migrate"

// Triggers as the migrations that made and replaced them know them.
const (
	headForwardPostgres = `CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.seq <= OLD.seq) EXECUTE FUNCTION audit_head_forward()`
	headForwardSQLite   = `CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq
			BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END`
	appendSQLite = `CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
			OR NEW.seq <> 1 + coalesce((SELECT max(seq) FROM audit_entries), 0) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
			OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
			|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
			OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`
)

// Migrations of the module. Triggers refuse to change or remove an entry, on both databases.
var Migrations = []migrate.Migration{{
	ID: "202611240301_audit_create_entries",
	Up: []string{
		`CREATE TABLE audit_entries (
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
		)`,
		`CREATE INDEX audit_entries_of_action ON audit_entries (action, seq)`,
		`CREATE INDEX audit_entries_of_actor ON audit_entries (actor_id, seq)`,
		`CREATE INDEX audit_entries_of_target ON audit_entries (target_id, seq)`,
		`CREATE INDEX audit_entries_by_time ON audit_entries (created_at, seq)`,
		`CREATE TABLE audit_head (
			one integer PRIMARY KEY CHECK (one = 1),
			seq bigint NOT NULL,
			hash text NOT NULL,
			mac text NOT NULL
		)`,
		`INSERT INTO audit_head (one, seq, hash, mac) VALUES (1, 0, '', '')`,
		`postgres:CREATE FUNCTION audit_entries_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'audit entries are append-only'; END $$`,
		`postgres:CREATE TRIGGER audit_entries_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_keep()`,
		`sqlite:CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
		`sqlite:CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
	},
	Down: []string{
		"DROP TABLE audit_head", "DROP TABLE audit_entries", "postgres:DROP FUNCTION audit_entries_keep()",
	},
}, {
	// Ids become those of entry.idOf, which can be checked; nothing refers to them. The triggers hold in every session, the
	// owner of the table has to give the rights back to himself before he can change an entry, and the head only goes forward.
	// SQLite knows neither types nor what REPLACE deletes: there an entry must be the next, with the right types, in a row of its own.
	ID: "202611272102_audit_guard_chain",
	Up: []string{
		`postgres:ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_keep`,
		`postgres:UPDATE audit_entries SET id = (substr(lpad(to_hex(created_at), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex(created_at), 12, '0'), 9, 4) ||
			'-7' || substr(hash, 1, 3) || '-8' || substr(hash, 4, 3) || '-' || substr(hash, 7, 12))::uuid WHERE hash ~ '^[0-9a-f]{64}$'`,
		`ALTER TABLE audit_head ADD COLUMN at bigint NOT NULL DEFAULT 0`,
		`ALTER TABLE audit_head ADD COLUMN skewed {bool} NOT NULL DEFAULT FALSE`,
		`UPDATE audit_head SET at = coalesce((SELECT created_at FROM audit_entries ORDER BY seq DESC LIMIT 1), 0), skewed = EXISTS (
			SELECT 1 FROM (SELECT created_at, lag(created_at) OVER (ORDER BY seq) AS prior FROM audit_entries) AS pairs WHERE created_at < prior)`,
		`postgres:ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_counted CHECK (seq > 0)`,
		`CREATE INDEX audit_entries_of_type ON audit_entries (target_type, seq)`,
		`postgres:ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep`,
		`postgres:REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM CURRENT_USER`,
		`postgres:CREATE FUNCTION audit_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the head of the audit log only goes forward'; END $$`,
		"postgres:" + headForwardPostgres,
		`postgres:CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_head_forward()`,
		`postgres:ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward`,
		`postgres:ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays`,

		`sqlite:DROP TRIGGER audit_entries_no_update`,
		`sqlite:UPDATE audit_entries SET id = substr(printf('%012x', created_at), 1, 8) || '-' || substr(printf('%012x', created_at), 9, 4) ||
			'-7' || substr(hash, 1, 3) || '-8' || substr(hash, 4, 3) || '-' || substr(hash, 7, 12)`,
		`sqlite:CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
		"sqlite:" + appendSQLite,
		"sqlite:" + headForwardSQLite,
		`sqlite:CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END`,
		`sqlite:CREATE TRIGGER audit_head_no_replace BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head)
			BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END`,
	},
	Down: []string{
		`postgres:DROP TRIGGER audit_head_stays ON audit_head`, `postgres:DROP TRIGGER audit_head_forward ON audit_head`, `postgres:DROP FUNCTION audit_head_forward()`,
		`postgres:GRANT UPDATE, DELETE, TRUNCATE ON audit_entries TO CURRENT_USER`, `postgres:ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_keep`,
		`sqlite:DROP TRIGGER audit_head_no_replace`, `sqlite:DROP TRIGGER audit_head_stays`, `sqlite:DROP TRIGGER audit_head_forward`, `sqlite:DROP TRIGGER audit_entries_append`,
		`DROP INDEX audit_entries_of_type`, `ALTER TABLE audit_head DROP COLUMN skewed`, `ALTER TABLE audit_head DROP COLUMN at`,
		`postgres:ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_counted`,
	},
}, {
	// The head keeps the marks of breaks. It may only go back together with such a mark, which verify reports; and it may be
	// sealed while the log is empty. Entries go on behind the head where the table has lost its end.
	ID: "202611291101_audit_mark_breaks",
	Up: []string{
		`ALTER TABLE audit_head ADD COLUMN breaks text NOT NULL DEFAULT ''`,
		`postgres:DROP TRIGGER audit_head_forward ON audit_head`,
		`postgres:CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NEW.seq <= OLD.seq AND NEW.breaks = OLD.breaks
			AND NOT (NEW.seq = 0 AND OLD.seq = 0 AND OLD.mac = '' AND NEW.hash = '')) EXECUTE FUNCTION audit_head_forward()`,
		`postgres:ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward`,
		`sqlite:DROP TRIGGER audit_head_forward`,
		`sqlite:CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq AND NEW.breaks = OLD.breaks
			AND NOT (NEW.seq = 0 AND OLD.seq = 0 AND OLD.mac = '' AND NEW.hash = '')
			BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END`,
		`sqlite:DROP TRIGGER audit_entries_append`,
		`sqlite:CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
			OR NOT (NEW.seq > coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0) AND NEW.seq IN (1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0), 1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_head), 0))) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
			OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
			|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
			OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
	},
	Down: []string{
		`postgres:DROP TRIGGER audit_head_forward ON audit_head`, "postgres:" + headForwardPostgres,
		`postgres:ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_forward`,
		`sqlite:DROP TRIGGER audit_entries_append`, `sqlite:DROP TRIGGER audit_head_forward`,
		"sqlite:" + headForwardSQLite, "sqlite:" + appendSQLite,
		`ALTER TABLE audit_head DROP COLUMN breaks`,
	},
}}
