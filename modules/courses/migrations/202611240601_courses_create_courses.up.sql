-- Courses with their tags, and lessons. Lists sort by folded titles, and by times.

CREATE TABLE courses (
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
);

CREATE UNIQUE INDEX courses_slug ON courses (slug) WHERE deleted_at IS NULL;
CREATE INDEX courses_newest ON courses (created_at, id);
CREATE INDEX courses_title ON courses (folded_title, id);
CREATE INDEX courses_updated ON courses (updated_at, id);
CREATE INDEX courses_owner ON courses (owner_id);
CREATE INDEX courses_cover ON courses (cover_key);

CREATE TABLE course_tags (
	course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	tag {bin} NOT NULL,
	PRIMARY KEY (tag, course_id)
);

CREATE INDEX course_tags_course ON course_tags (course_id);

CREATE TABLE lessons (
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
);

CREATE INDEX lessons_order ON lessons (course_id, position);
CREATE INDEX lessons_asset ON lessons (asset_key);
