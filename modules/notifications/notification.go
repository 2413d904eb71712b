package notifications

import "lyceum/platform/clock"

// notification is a row of the table notifications: an account was told of something.
type notification struct {
	ID     string
	UserID string
	// EventID is the event whose handler made the notification: for news that is newsDue. All parts
	// of it share the id. An account is told of an event once for each kind.
	EventID string
	Kind    string
	Title   string
	Body    string
	Link    string
	// AnnouncementID is set if the announcement has the body, which is stored once for all learners.
	AnnouncementID *string
	// Hidden says that the console does not show it, as the account wants no such notification. The
	// row then only keeps the account from being told twice.
	Hidden    bool
	ReadAt    *clock.Time
	CreatedAt clock.Time
}

// TableName returns the name of the table, for GORM.
func (notification) TableName() string { return "notifications" }

// preference is a row of the table notification_preferences: how an account wants to be told of a
// kind.
type preference struct {
	UserID string
	Kind   string
	InApp  bool
	Email  bool
}

// TableName returns the name of the table, for GORM.
func (preference) TableName() string { return "notification_preferences" }

// announcement is a row of the table announcements: a text of an instructor to all learners of a
// course.
type announcement struct {
	ID        string
	CourseID  string
	AuthorID  string
	Title     string
	Body      string
	CreatedAt clock.Time
}

// TableName returns the name of the table, for GORM.
func (announcement) TableName() string { return "announcements" }
