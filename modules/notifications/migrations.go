package notifications

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{{
	ID: "202611240801_notifications_create_notifications",
	Up: []string{
		`CREATE TABLE announcements (
			id {uuid} PRIMARY KEY,
			course_id {uuid} NOT NULL,
			author_id {uuid} NOT NULL,
			title text NOT NULL,
			body text NOT NULL,
			created_at bigint NOT NULL
		)`,
		`CREATE TABLE notifications (
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
		)`,
		`CREATE UNIQUE INDEX notifications_once ON notifications (event_id, user_id, kind)`,
		`CREATE INDEX notifications_newest ON notifications (user_id, created_at, id) WHERE NOT hidden`,
		`CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL AND NOT hidden`,
		`CREATE TABLE notification_preferences (
			user_id {uuid} NOT NULL,
			kind text NOT NULL,
			in_app {bool} NOT NULL,
			email {bool} NOT NULL,
			PRIMARY KEY (user_id, kind)
		)`,
	},
	Down: []string{"DROP TABLE notification_preferences", "DROP TABLE notifications", "DROP TABLE announcements"},
}, {
	ID:   "202611270801_notifications_index_people",
	Up:   []string{"CREATE INDEX notifications_of_user ON notifications (user_id, id)"},
	Down: []string{"DROP INDEX notifications_of_user"},
}}
