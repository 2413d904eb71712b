CREATE TRIGGER audit_entries_append BEFORE INSERT ON audit_entries WHEN typeof(NEW.seq) <> 'integer' OR typeof(NEW.created_at) <> 'integer'
	OR NOT (NEW.seq > coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0) AND NEW.seq IN (1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_entries WHERE seq < 4611686018427387904 ORDER BY seq DESC LIMIT 1), 0), 1 + coalesce((SELECT CAST(seq AS INTEGER) FROM audit_head), 0))) OR EXISTS (SELECT 1 FROM audit_entries WHERE rowid = NEW.rowid OR id = NEW.id)
	OR typeof(NEW.id) || typeof(NEW.action) || typeof(NEW.target_type) || typeof(NEW.target_id) || typeof(NEW.ip) || typeof(NEW.user_agent)
	|| typeof(NEW.request_id) || typeof(NEW.data) || typeof(NEW.prev_hash) || typeof(NEW.hash) <> 'texttexttexttexttexttexttexttexttexttext'
	OR typeof(NEW.actor_id) NOT IN ('text', 'null') BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head WHEN NEW.seq <= OLD.seq AND NEW.breaks = OLD.breaks
	AND NOT (NEW.seq = 0 AND OLD.seq = 0 AND OLD.mac = '' AND NEW.hash = '')
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
CREATE TRIGGER audit_head_no_replace BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head)
	BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the head of the audit log only goes forward'); END;
CREATE TRIGGER course_search_delete AFTER DELETE ON course_search_texts BEGIN
	INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
END;
CREATE TRIGGER course_search_insert AFTER INSERT ON course_search_texts BEGIN
	INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
END;
CREATE TRIGGER course_search_update AFTER UPDATE ON course_search_texts BEGIN
	INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
	INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
END;
CREATE TRIGGER courses_search_delete AFTER DELETE ON courses BEGIN
	DELETE FROM course_search_texts WHERE course_id = old.id;
END;
CREATE TRIGGER courses_search_insert AFTER INSERT ON courses BEGIN
	INSERT INTO course_search_texts (course_id, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER courses_search_update AFTER UPDATE OF search_text ON courses WHEN new.search_text <> old.search_text BEGIN
	UPDATE course_search_texts SET search_text = new.search_text WHERE course_id = new.id;
END;
CREATE TABLE announcements (
	id text PRIMARY KEY,
	course_id text NOT NULL,
	author_id text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	created_at bigint NOT NULL
);
CREATE TABLE audit_entries (
	seq bigint PRIMARY KEY,
	id text NOT NULL UNIQUE,
	action text NOT NULL,
	actor_id text,
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
CREATE TABLE audit_head (
	one integer PRIMARY KEY CHECK (one = 1),
	seq bigint NOT NULL,
	hash text NOT NULL,
	mac text NOT NULL
, at bigint NOT NULL DEFAULT 0, skewed boolean NOT NULL DEFAULT FALSE, breaks text NOT NULL DEFAULT '');
CREATE TABLE auth_challenges (
	token_hash blob PRIMARY KEY,
	user_id text NOT NULL,
	password_at bigint NOT NULL,
	attempts integer NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL
);
CREATE TABLE auth_credentials (
	user_id text PRIMARY KEY,
	password_hash text NOT NULL,
	updated_at bigint NOT NULL
);
CREATE TABLE auth_email_changes (
	user_id text PRIMARY KEY,
	token_hash blob NOT NULL UNIQUE,
	new_email text NOT NULL,
	session_id text NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL
);
CREATE TABLE auth_factors (
	user_id text PRIMARY KEY,
	sealed blob NOT NULL,
	confirmed_at bigint,
	last_step bigint NOT NULL,
	created_at bigint NOT NULL
);
CREATE TABLE auth_failures (
	address_hash blob PRIMARY KEY,
	user_id text,
	failures integer NOT NULL,
	updated_at bigint NOT NULL
);
CREATE TABLE auth_links (
	token_hash blob PRIMARY KEY,
	user_id text NOT NULL,
	kind text NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL, used_at bigint,
	UNIQUE (user_id, kind)
);
CREATE TABLE auth_recovery_codes (
	user_id text NOT NULL,
	code_hash blob NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE auth_sessions (
	id text PRIMARY KEY,
	user_id text NOT NULL,
	salt blob NOT NULL,
	token_hash blob NOT NULL,
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
CREATE TABLE chat_channels (
	id text PRIMARY KEY,
	slug text NOT NULL,
	title text NOT NULL,
	visibility text NOT NULL CHECK (visibility IN ('public', 'member', 'course', 'private')),
	course_id text CHECK ((course_id IS NULL) = (visibility <> 'course')),
	created_by text,
	last_seq bigint NOT NULL DEFAULT 0,
	last_change bigint NOT NULL DEFAULT 0,
	base_seq bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL,
	deleted_at bigint
);
CREATE TABLE chat_marks (
	user_id text NOT NULL,
	channel_id text NOT NULL REFERENCES chat_channels (id),
	seq bigint NOT NULL,
	PRIMARY KEY (user_id, channel_id)
);
CREATE TABLE chat_members (
	channel_id text NOT NULL REFERENCES chat_channels (id),
	user_id text NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (channel_id, user_id)
);
CREATE TABLE chat_messages (
	id text PRIMARY KEY,
	channel_id text NOT NULL REFERENCES chat_channels (id),
	seq bigint NOT NULL,
	author_id text NOT NULL,
	body text NOT NULL,
	client_id text,
	change bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	edited_at bigint,
	deleted_at bigint,
	UNIQUE (channel_id, seq)
);
CREATE TABLE chat_presence (
	channel_id text NOT NULL,
	user_id text NOT NULL,
	replica_id text NOT NULL,
	since bigint NOT NULL,
	PRIMARY KEY (channel_id, user_id, replica_id)
);
CREATE TABLE chat_replicas (
	id text PRIMARY KEY,
	seen_at bigint NOT NULL
);
CREATE TABLE chat_tickets (
	hash blob PRIMARY KEY,
	user_id text NOT NULL,
	session_id text NOT NULL,
	token_expires_at bigint NOT NULL,
	expires_at bigint NOT NULL
);
CREATE TABLE course_progress (
	user_id text NOT NULL,
	course_id text NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	percent_sum integer NOT NULL CHECK (percent_sum >= 0),
	completed_lessons integer NOT NULL CHECK (completed_lessons >= 0),
	completed_at bigint,
	last_activity_at bigint NOT NULL,
	PRIMARY KEY (user_id, course_id)
);
CREATE VIRTUAL TABLE course_search USING fts5 (search_text, content='course_search_texts', content_rowid='n', tokenize='trigram case_sensitive 1');
CREATE TABLE 'course_search_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE 'course_search_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TABLE 'course_search_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
CREATE TABLE 'course_search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TABLE course_search_texts (
	n integer PRIMARY KEY,
	course_id text NOT NULL UNIQUE,
	search_text text NOT NULL
);
CREATE TABLE course_tags (
	course_id text NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	tag text NOT NULL,
	PRIMARY KEY (tag, course_id)
);
CREATE TABLE courses (
	id text PRIMARY KEY,
	slug text NOT NULL,
	title text NOT NULL,
	folded_title text NOT NULL,
	search_text text NOT NULL,
	summary text NOT NULL,
	description text NOT NULL,
	visibility text NOT NULL CHECK (visibility IN ('public', 'member', 'private')),
	status text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
	tags text NOT NULL,
	cover_key text,
	owner_id text NOT NULL,
	lesson_count integer NOT NULL DEFAULT 0 CHECK (lesson_count BETWEEN 0 AND 500),
	published_at bigint,
	deleted_at bigint,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL
);
CREATE TABLE enrollment_starts (
	course_id text NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	user_id text NOT NULL,
	started_at bigint NOT NULL, taken_out boolean NOT NULL DEFAULT FALSE,
	PRIMARY KEY (user_id, course_id)
);
CREATE TABLE enrollments (
	course_id text NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	user_id text NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (user_id, course_id)
);
CREATE TABLE idempotency_records (
			id text PRIMARY KEY,
			body_hash blob NOT NULL,
			claim text NOT NULL,
			done boolean NOT NULL DEFAULT FALSE,
			claimed_until bigint NOT NULL,
			answer blob,
			created_at bigint NOT NULL
		, operation_id text);
CREATE TABLE invite_redemptions (
	invite_id text NOT NULL REFERENCES invites (id),
	user_id text NOT NULL,
	created_at bigint NOT NULL, counted boolean NOT NULL DEFAULT TRUE,
	PRIMARY KEY (invite_id, user_id)
);
CREATE TABLE invites (
	id text PRIMARY KEY,
	code_hash blob NOT NULL UNIQUE,
	code_prefix text NOT NULL,
	role_to_grant text NOT NULL CHECK (role_to_grant IN ('member', 'instructor', 'admin')),
	email text,
	note text NOT NULL,
	max_uses integer NOT NULL CHECK (max_uses BETWEEN 1 AND 10000),
	uses integer NOT NULL CHECK (uses BETWEEN 0 AND max_uses),
	expires_at bigint,
	revoked_at bigint,
	created_by text NOT NULL,
	created_at bigint NOT NULL
, batch_id text, course_ids text NOT NULL DEFAULT '[]');
CREATE TABLE lesson_captions (
	lesson_id text NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	asset_key text NOT NULL,
	PRIMARY KEY (asset_key, lesson_id)
);
CREATE TABLE lesson_prerequisites (
	lesson_id text NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	prerequisite_id text NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	course_id text NOT NULL,
	PRIMARY KEY (lesson_id, prerequisite_id)
);
CREATE TABLE lesson_progress (
	user_id text NOT NULL,
	lesson_id text NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	course_id text NOT NULL,
	percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
	position_seconds integer NOT NULL,
	completed_at bigint,
	updated_at bigint NOT NULL, gained integer NOT NULL DEFAULT 0, finished integer NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, lesson_id)
);
CREATE TABLE lessons (
	id text PRIMARY KEY,
	course_id text NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	position integer NOT NULL,
	title text NOT NULL,
	content text NOT NULL,
	content_html text NOT NULL,
	asset_key text,
	duration_seconds integer NOT NULL,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL
, available_from bigint, available_after_days bigint CHECK (available_after_days BETWEEN 0 AND 36500), html_version integer NOT NULL DEFAULT 0, captions text NOT NULL DEFAULT '[]');
CREATE TABLE mail_messages (
	id text PRIMARY KEY,
	kind text NOT NULL,
	user_id text,
	recipient text NOT NULL,
	subject text NOT NULL,
	sealed blob,
	status text NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	next_at bigint NOT NULL,
	last_error text NOT NULL DEFAULT '',
	created_at bigint NOT NULL,
	sent_at bigint
, tried_since bigint NOT NULL DEFAULT 0, traceparent text, request_id text);
CREATE TABLE notification_preferences (
	user_id text NOT NULL,
	kind text NOT NULL,
	in_app boolean NOT NULL,
	email boolean NOT NULL,
	PRIMARY KEY (user_id, kind)
);
CREATE TABLE notifications (
	id text PRIMARY KEY,
	user_id text NOT NULL,
	event_id text NOT NULL,
	kind text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	link text NOT NULL,
	announcement_id text REFERENCES announcements (id),
	hidden boolean NOT NULL,
	read_at bigint,
	created_at bigint NOT NULL
);
CREATE TABLE outbox_deliveries (
			id text PRIMARY KEY,
			event_id text NOT NULL,
			event text NOT NULL,
			subscriber text NOT NULL,
			payload text NOT NULL,
			state text NOT NULL,
			attempts integer NOT NULL DEFAULT 0,
			next_at bigint NOT NULL,
			last_error text NOT NULL DEFAULT '',
			created_at bigint NOT NULL
		, traceparent text, request_id text);
CREATE TABLE storage_assets (
	id text PRIMARY KEY,
	key text NOT NULL UNIQUE,
	blob_id text NOT NULL UNIQUE,
	content_type text NOT NULL,
	size bigint NOT NULL CHECK (size >= 0),
	sha256 text,
	status text NOT NULL CHECK (status IN ('pending', 'completed')),
	uploader_id text NOT NULL,
	expires_at bigint NOT NULL,
	created_at bigint NOT NULL,
	completed_at bigint
, refused_at bigint, refusing_until bigint);
CREATE TABLE storage_trash (
	blob_id text PRIMARY KEY,
	next_at bigint NOT NULL,
	last_at bigint NOT NULL
, uploader_id text, size bigint NOT NULL DEFAULT 0, live_until bigint NOT NULL DEFAULT 0);
CREATE TABLE users (
	id text PRIMARY KEY,
	email text NOT NULL UNIQUE,
	display_name text NOT NULL,
	folded_name text NOT NULL,
	role text NOT NULL CHECK (role IN ('user', 'member', 'instructor', 'admin')),
	status text NOT NULL CHECK (status IN ('active', 'disabled')),
	email_verified boolean NOT NULL,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL,
	last_login_at bigint
);
CREATE INDEX audit_entries_by_time ON audit_entries (created_at, seq);
CREATE INDEX audit_entries_of_action ON audit_entries (action, seq);
CREATE INDEX audit_entries_of_actor ON audit_entries (actor_id, seq);
CREATE INDEX audit_entries_of_target ON audit_entries (target_id, seq);
CREATE INDEX audit_entries_of_type ON audit_entries (target_type, seq);
CREATE INDEX auth_challenges_of_user ON auth_challenges (user_id);
CREATE INDEX auth_failures_of_user ON auth_failures (user_id);
CREATE INDEX auth_sessions_of_user ON auth_sessions (user_id, created_at, id);
CREATE INDEX chat_channels_course ON chat_channels (course_id);
CREATE INDEX chat_channels_order ON chat_channels (created_at, id);
CREATE UNIQUE INDEX chat_channels_slug ON chat_channels (slug) WHERE deleted_at IS NULL;
CREATE INDEX chat_members_user ON chat_members (user_id);
CREATE INDEX chat_messages_author ON chat_messages (channel_id, author_id, seq);
CREATE INDEX chat_messages_change ON chat_messages (channel_id, change) WHERE change > 0;
CREATE UNIQUE INDEX chat_messages_client ON chat_messages (channel_id, author_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX chat_messages_deleted ON chat_messages (channel_id, seq) WHERE deleted_at IS NOT NULL;
CREATE INDEX chat_presence_replica ON chat_presence (replica_id);
CREATE INDEX chat_tickets_expires ON chat_tickets (expires_at);
CREATE INDEX course_progress_course ON course_progress (course_id);
CREATE INDEX course_progress_latest ON course_progress (user_id, last_activity_at, course_id);
CREATE INDEX course_tags_course ON course_tags (course_id);
CREATE INDEX courses_cover ON courses (cover_key);
CREATE INDEX courses_newest ON courses (created_at, id);
CREATE INDEX courses_owner ON courses (owner_id);
CREATE INDEX courses_published_newest ON courses (created_at, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE INDEX courses_published_title ON courses (folded_title, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE INDEX courses_published_updated ON courses (updated_at, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE UNIQUE INDEX courses_slug ON courses (slug) WHERE deleted_at IS NULL;
CREATE INDEX courses_title ON courses (folded_title, id);
CREATE INDEX courses_trash ON courses (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX courses_updated ON courses (updated_at, id);
CREATE INDEX enrollment_starts_course ON enrollment_starts (course_id);
CREATE INDEX enrollments_course ON enrollments (course_id, created_at, user_id);
CREATE INDEX enrollments_newest ON enrollments (user_id, created_at, course_id);
CREATE INDEX idempotency_records_created ON idempotency_records (created_at);
CREATE INDEX invite_redemptions_of ON invite_redemptions (user_id, invite_id);
CREATE INDEX invites_for ON invites (email) WHERE email IS NOT NULL;
CREATE INDEX invites_made_by ON invites (created_by, id);
CREATE INDEX invites_newest ON invites (created_at, id);
CREATE INDEX invites_of_batch ON invites (batch_id, created_at, id) WHERE batch_id IS NOT NULL;
CREATE INDEX lesson_captions_lesson ON lesson_captions (lesson_id);
CREATE INDEX lesson_prerequisites_course ON lesson_prerequisites (course_id);
CREATE INDEX lesson_prerequisites_of ON lesson_prerequisites (prerequisite_id);
CREATE INDEX lesson_progress_course ON lesson_progress (user_id, course_id);
CREATE INDEX lesson_progress_lesson ON lesson_progress (lesson_id);
CREATE INDEX lessons_asset ON lessons (asset_key);
CREATE INDEX lessons_order ON lessons (course_id, position);
CREATE INDEX mail_messages_due ON mail_messages (next_at) WHERE status = 'queued';
CREATE INDEX mail_messages_newest ON mail_messages (created_at, id);
CREATE INDEX mail_messages_of_user ON mail_messages (user_id, id);
CREATE INDEX mail_messages_to ON mail_messages (recipient);
CREATE INDEX notifications_newest ON notifications (user_id, created_at, id) WHERE NOT hidden;
CREATE INDEX notifications_of_user ON notifications (user_id, id);
CREATE UNIQUE INDEX notifications_once ON notifications (event_id, user_id, kind);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL AND NOT hidden;
CREATE INDEX outbox_deliveries_due ON outbox_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX storage_assets_newest ON storage_assets (created_at, id);
CREATE INDEX storage_assets_pending ON storage_assets (expires_at) WHERE status = 'pending';
CREATE INDEX storage_assets_uploader ON storage_assets (uploader_id, created_at, id);
CREATE INDEX storage_trash_due ON storage_trash (next_at);
CREATE INDEX storage_trash_of ON storage_trash (uploader_id) WHERE uploader_id IS NOT NULL;
CREATE INDEX users_admins ON users (id) WHERE role = 'admin' AND status = 'active';
CREATE INDEX users_newest ON users (created_at, id);
