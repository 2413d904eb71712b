-- Accounts get notifications in the console, choose what they are told of, and see the
-- announcements of their courses.

CREATE TABLE announcements (
	id {uuid} PRIMARY KEY,
	course_id {uuid} NOT NULL,
	author_id {uuid} NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	created_at bigint NOT NULL
);

CREATE TABLE notifications (
	id {uuid} PRIMARY KEY,
	user_id {uuid} NOT NULL,
	event_id {uuid} NOT NULL,
	kind text NOT NULL,
	title text NOT NULL,
	body text NOT NULL,
	link text NOT NULL,
	announcement_id {uuid} REFERENCES announcements (id),
	hidden {bool} NOT NULL,
	read_at bigint,
	created_at bigint NOT NULL
);
CREATE UNIQUE INDEX notifications_once ON notifications (event_id, user_id, kind);
CREATE INDEX notifications_newest ON notifications (user_id, created_at, id) WHERE NOT hidden;
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL AND NOT hidden;

CREATE TABLE notification_preferences (
	user_id {uuid} NOT NULL,
	kind text NOT NULL,
	in_app {bool} NOT NULL,
	email {bool} NOT NULL,
	PRIMARY KEY (user_id, kind)
);
