package notifications

import "lyceum/platform/clock"

// notification stands for one person having been told of one thing.
type notification struct {
	ID     string
	UserID string
	// EventID is the event that it comes from; one person is told of it once.
	EventID string
	Kind    string
	Title   string
	Body    string
	Link    string
	// AnnouncementID is set where Body stands in the announcement, once for all its readers.
	AnnouncementID *string
	// Hidden rows only say that the person was told, by mail or not at all as he wished.
	Hidden    bool
	ReadAt    *clock.Time
	CreatedAt clock.Time
}

// TableName of notifications.
func (notification) TableName() string { return "notifications" }

// preference is how an account wants to be told of a kind.
type preference struct {
	UserID string
	Kind   string
	InApp  bool
	Email  bool
}

// TableName of preferences.
func (preference) TableName() string { return "notification_preferences" }

// announcement is what a teacher tells all enrolled.
type announcement struct {
	ID        string
	CourseID  string
	AuthorID  string
	Title     string
	Body      string
	CreatedAt clock.Time
}

// TableName of announcements.
func (announcement) TableName() string { return "announcements" }
