package courses

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{
	{
		ID: "202611240601_courses_create_courses",
		Up: []string{
			`CREATE TABLE courses (
				id {uuid} PRIMARY KEY,
				slug {bin} NOT NULL,
				title text NOT NULL,
				folded_title {bin} NOT NULL,
				search_text {bin} NOT NULL,
				summary text NOT NULL,
				description text NOT NULL,
				visibility text NOT NULL CHECK (visibility IN ('public', 'member', 'private')),
				status text NOT NULL CHECK (status IN ('draft', 'published', 'archived')),
				tags text NOT NULL,
				cover_key {bin},
				owner_id {uuid} NOT NULL,
				lesson_count integer NOT NULL DEFAULT 0 CHECK (lesson_count BETWEEN 0 AND 500),
				published_at bigint,
				deleted_at bigint,
				version bigint NOT NULL,
				created_at bigint NOT NULL,
				updated_at bigint NOT NULL
			)`,
			`CREATE UNIQUE INDEX courses_slug ON courses (slug) WHERE deleted_at IS NULL`,
			`CREATE INDEX courses_newest ON courses (created_at, id)`,
			`CREATE INDEX courses_title ON courses (folded_title, id)`,
			`CREATE INDEX courses_updated ON courses (updated_at, id)`,
			`CREATE INDEX courses_owner ON courses (owner_id)`,
			`CREATE INDEX courses_cover ON courses (cover_key)`,
			`CREATE TABLE course_tags (
				course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
				tag {bin} NOT NULL,
				PRIMARY KEY (tag, course_id)
			)`,
			`CREATE INDEX course_tags_course ON course_tags (course_id)`,
			`CREATE TABLE lessons (
				id {uuid} PRIMARY KEY,
				course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
				position integer NOT NULL,
				title text NOT NULL,
				content text NOT NULL,
				content_html text NOT NULL,
				asset_key {bin},
				duration_seconds integer NOT NULL,
				version bigint NOT NULL,
				created_at bigint NOT NULL,
				updated_at bigint NOT NULL
			)`,
			`CREATE INDEX lessons_order ON lessons (course_id, position)`,
			`CREATE INDEX lessons_asset ON lessons (asset_key)`,
		},
		Down: []string{"DROP TABLE lessons", "DROP TABLE course_tags", "DROP TABLE courses"},
	},
	{
		ID: "202611240602_courses_create_progress",
		Up: []string{
			`CREATE TABLE enrollments (
				course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
				user_id {uuid} NOT NULL,
				created_at bigint NOT NULL,
				PRIMARY KEY (user_id, course_id)
			)`,
			`CREATE INDEX enrollments_course ON enrollments (course_id, created_at, user_id)`,
			`CREATE TABLE lesson_progress (
				user_id {uuid} NOT NULL,
				lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
				course_id {uuid} NOT NULL,
				percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
				position_seconds integer NOT NULL,
				completed_at bigint,
				updated_at bigint NOT NULL,
				PRIMARY KEY (user_id, lesson_id)
			)`,
			`CREATE INDEX lesson_progress_course ON lesson_progress (user_id, course_id)`,
			`CREATE INDEX lesson_progress_lesson ON lesson_progress (lesson_id)`,
			`CREATE TABLE course_progress (
				user_id {uuid} NOT NULL,
				course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
				percent_sum integer NOT NULL CHECK (percent_sum >= 0),
				completed_lessons integer NOT NULL CHECK (completed_lessons >= 0),
				completed_at bigint,
				last_activity_at bigint NOT NULL,
				PRIMARY KEY (user_id, course_id)
			)`,
			`CREATE INDEX course_progress_course ON course_progress (course_id)`,
		},
		Down: []string{"DROP TABLE course_progress", "DROP TABLE lesson_progress", "DROP TABLE enrollments"},
	},
	{
		ID: "202611271801_courses_create_prerequisites",
		Up: []string{
			`ALTER TABLE lessons ADD COLUMN available_from bigint`,
			`ALTER TABLE lessons ADD COLUMN available_after_days bigint CHECK (available_after_days BETWEEN 0 AND 36500)`,
			`CREATE TABLE lesson_prerequisites (
				lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
				prerequisite_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
				course_id {uuid} NOT NULL,
				PRIMARY KEY (lesson_id, prerequisite_id)
			)`,
			`CREATE INDEX lesson_prerequisites_of ON lesson_prerequisites (prerequisite_id)`,
			`CREATE INDEX lesson_prerequisites_course ON lesson_prerequisites (course_id)`,
			// What the last write added to the learner's sums: it lets one statement write both.
			`ALTER TABLE lesson_progress ADD COLUMN gained integer NOT NULL DEFAULT 0`,
			`ALTER TABLE lesson_progress ADD COLUMN finished integer NOT NULL DEFAULT 0`,
		},
		Down: []string{
			"ALTER TABLE lesson_progress DROP COLUMN finished", "ALTER TABLE lesson_progress DROP COLUMN gained",
			"DROP TABLE lesson_prerequisites",
			"ALTER TABLE lessons DROP COLUMN available_after_days", "ALTER TABLE lessons DROP COLUMN available_from",
		},
	},
	{
		ID: "202611271802_courses_index_lists",
		Up: []string{
			`CREATE INDEX courses_published_newest ON courses (created_at, id) WHERE deleted_at IS NULL AND status = 'published'`,
			`CREATE INDEX courses_published_title ON courses (folded_title, id) WHERE deleted_at IS NULL AND status = 'published'`,
			`CREATE INDEX courses_published_updated ON courses (updated_at, id) WHERE deleted_at IS NULL AND status = 'published'`,
			`CREATE INDEX courses_trash ON courses (deleted_at) WHERE deleted_at IS NOT NULL`,
			`CREATE INDEX enrollments_newest ON enrollments (user_id, created_at, course_id)`,
			`CREATE INDEX course_progress_latest ON course_progress (user_id, last_activity_at, course_id)`,
		},
		Down: []string{
			"DROP INDEX course_progress_latest", "DROP INDEX enrollments_newest", "DROP INDEX courses_trash",
			"DROP INDEX courses_published_updated", "DROP INDEX courses_published_title", "DROP INDEX courses_published_newest",
		},
	},
	{
		// Substrings of three characters and more are found by an index of trigrams on both databases. SQLite's
		// stands beside a table with a number for each course, as its own row numbers may change.
		ID: "202611271803_courses_index_search",
		Up: []string{
			`postgres:CREATE EXTENSION IF NOT EXISTS pg_trgm`,
			`postgres:CREATE INDEX courses_search ON courses USING gin (search_text gin_trgm_ops)`,
			`sqlite:CREATE TABLE course_search_texts (
				n integer PRIMARY KEY,
				course_id text NOT NULL UNIQUE,
				search_text text NOT NULL
			)`,
			`sqlite:CREATE VIRTUAL TABLE course_search USING fts5 (search_text, content='course_search_texts', content_rowid='n', tokenize='trigram case_sensitive 1')`,
			`sqlite:CREATE TRIGGER course_search_insert AFTER INSERT ON course_search_texts BEGIN
				INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
			END`,
			`sqlite:CREATE TRIGGER course_search_delete AFTER DELETE ON course_search_texts BEGIN
				INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
			END`,
			`sqlite:CREATE TRIGGER course_search_update AFTER UPDATE ON course_search_texts BEGIN
				INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
				INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
			END`,
			`sqlite:CREATE TRIGGER courses_search_insert AFTER INSERT ON courses BEGIN
				INSERT INTO course_search_texts (course_id, search_text) VALUES (new.id, new.search_text);
			END`,
			`sqlite:CREATE TRIGGER courses_search_update AFTER UPDATE OF search_text ON courses WHEN new.search_text <> old.search_text BEGIN
				UPDATE course_search_texts SET search_text = new.search_text WHERE course_id = new.id;
			END`,
			`sqlite:CREATE TRIGGER courses_search_delete AFTER DELETE ON courses BEGIN
				DELETE FROM course_search_texts WHERE course_id = old.id;
			END`,
			`sqlite:INSERT INTO course_search_texts (course_id, search_text) SELECT id, search_text FROM courses`,
		},
		Down: []string{
			"postgres:DROP INDEX courses_search",
			"sqlite:DROP TRIGGER courses_search_delete", "sqlite:DROP TRIGGER courses_search_update", "sqlite:DROP TRIGGER courses_search_insert",
			"sqlite:DROP TABLE course_search", "sqlite:DROP TABLE course_search_texts",
		},
	},
	{
		// When each account first enrolled in a course outlives the enrollment: days count from there.
		ID: "202611290901_courses_create_enrollment_starts",
		Up: []string{
			`CREATE TABLE enrollment_starts (
				course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
				user_id {uuid} NOT NULL,
				started_at bigint NOT NULL,
				PRIMARY KEY (user_id, course_id)
			)`,
			`CREATE INDEX enrollment_starts_course ON enrollment_starts (course_id)`,
			`INSERT INTO enrollment_starts (course_id, user_id, started_at) SELECT course_id, user_id, created_at FROM enrollments`,
		},
		Down: []string{"DROP TABLE enrollment_starts"},
	},
	{
		ID:   "202611290902_courses_mark_taken_out",
		Up:   []string{`ALTER TABLE enrollment_starts ADD COLUMN taken_out {bool} NOT NULL DEFAULT FALSE`},
		Down: []string{"ALTER TABLE enrollment_starts DROP COLUMN taken_out"},
	},
	{
		// HTML of another version than the renderer's is rendered anew when it is read; 0 is what was there before versions.
		ID:   "202611290903_courses_mark_html",
		Up:   []string{`ALTER TABLE lessons ADD COLUMN html_version integer NOT NULL DEFAULT 0`},
		Down: []string{"ALTER TABLE lessons DROP COLUMN html_version"},
	},
	{
		// A lesson shows its captions from its own row; the table finds the lesson of a file.
		ID: "202611290904_courses_create_captions",
		Up: []string{
			`ALTER TABLE lessons ADD COLUMN captions text NOT NULL DEFAULT '[]'`,
			`CREATE TABLE lesson_captions (
				lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
				asset_key {bin} NOT NULL,
				PRIMARY KEY (asset_key, lesson_id)
			)`,
			`CREATE INDEX lesson_captions_lesson ON lesson_captions (lesson_id)`,
		},
		Down: []string{"DROP TABLE lesson_captions", "ALTER TABLE lessons DROP COLUMN captions"},
	},
}
