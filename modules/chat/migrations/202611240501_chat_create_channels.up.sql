-- Channels have a visibility, and a private channel has members. last_seq and last_change number the
-- messages of a channel and their changes, so that sockets can resume where they stopped.

CREATE TABLE chat_channels (
	id {uuid} PRIMARY KEY,
	slug {bin} NOT NULL,
	title text NOT NULL,
	visibility text NOT NULL CHECK (visibility IN ('public', 'member', 'course', 'private')),
	course_id {uuid} CHECK ((course_id IS NULL) = (visibility <> 'course')),
	created_by {uuid},
	last_seq bigint NOT NULL DEFAULT 0,
	last_change bigint NOT NULL DEFAULT 0,
	base_seq bigint NOT NULL DEFAULT 0,
	version bigint NOT NULL,
	created_at bigint NOT NULL,
	updated_at bigint NOT NULL,
	deleted_at bigint
);
CREATE UNIQUE INDEX chat_channels_slug ON chat_channels (slug) WHERE deleted_at IS NULL;
CREATE INDEX chat_channels_order ON chat_channels (created_at, id);
CREATE INDEX chat_channels_course ON chat_channels (course_id);

CREATE TABLE chat_members (
	channel_id {uuid} NOT NULL REFERENCES chat_channels (id),
	user_id {uuid} NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX chat_members_user ON chat_members (user_id);
