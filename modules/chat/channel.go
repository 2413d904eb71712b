package chat

import (
	"cmp"
	"regexp"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// Visibilities of a channel. access.canRead says which accounts may read which.
const (
	visibilityPublic  = "public"
	visibilityMember  = "member"
	visibilityCourse  = "course"
	visibilityPrivate = "private"
)

// The channel that always exists.
const (
	hqSlug  = "hq"
	hqTitle = "Headquarters"
)

// Bounds of a channel, in Unicode code points.
const (
	maxTitle = 200
	maxSlug  = 64
)

// channel is a row of chat_channels.
type channel struct {
	ID         string
	Slug       string
	Title      string
	Visibility string
	// CourseID is set for a course channel only.
	CourseID *string
	// CreatedBy is nil for the channel hq and if the account was erased.
	CreatedBy *string
	// LastSeq is the number of the newest message, LastChange that of the newest edit or deletion.
	// internal/messages raises both.
	LastSeq    int64
	LastChange int64
	// BaseSeq is the read marker of readers who have none. It is the newest message of the time
	// when the channel was opened to more accounts, so older ones do not count as unread for them.
	// An earlier reader without a marker loses the unread count, too.
	BaseSeq   int64
	Version   int64
	CreatedAt clock.Time
	UpdatedAt clock.Time
	DeletedAt *clock.Time
}

// TableName returns the table of channels, for GORM.
func (channel) TableName() string { return "chat_channels" }

// isManagedBy returns whether the caller may change the channel and its members: administrators,
// and its creator as long as they are an instructor.
func (c *channel) isManagedBy(caller identity.Caller) bool {
	isCreator := c.CreatedBy != nil && *c.CreatedBy == caller.UserID
	return caller.HasRole(usersapi.RoleAdmin) || isCreator && caller.HasRole(usersapi.RoleInstructor)
}

// readerChannel is a channel as one reader sees it.
type readerChannel struct {
	Channel channel `gorm:"embedded"`
	// Mark is the read marker of the reader.
	Mark int64
	// Silent counts the messages after the marker that are the reader's own or deleted.
	Silent int64
}

// countUnread returns the number of messages of others after the read marker.
func (r *readerChannel) countUnread() int64 { return max(0, r.Channel.LastSeq-r.Mark-r.Silent) }

// slugForm matches every slug that a channel may have.
var slugForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// makeSlug returns a slug for a title. It leaves room for a number behind it.
func makeSlug(title string) string {
	return cmp.Or(text.MakeSlug(title, maxSlug-4), "channel")
}

// cleanTitle returns a title without the space around it. It returns a validation fault for an
// empty or too long title and for characters that a line can't have.
func cleanTitle(s string) (string, error) {
	title := text.CleanLine(s)
	switch {
	case title == "":
		return "", apperr.Invalid("title", "must not be empty")
	case text.CountRunes(title) > maxTitle:
		return "", apperr.Invalid("title", "at most 200 characters")
	}
	if err := text.CheckLine(title); err != nil {
		return "", apperr.Invalid("title", err.Error())
	}
	return title, nil
}

// checkCoursePair returns a validation fault unless a course channel names a course, and no other
// channel does. It accepts any visibility that it does not know; the schema refuses those.
func checkCoursePair(visibility string, courseID *string) error {
	switch otherVisibilities := []string{visibilityPublic, visibilityMember, visibilityPrivate}; {
	case slices.Contains(otherVisibilities, visibility) && courseID != nil:
		return apperr.Invalid("course_id", "only a course channel has a course")
	case visibility == visibilityCourse && courseID == nil:
		return apperr.Invalid("course_id", "a course channel needs a course")
	}
	return nil
}

// hasMoreReaders returns whether a change of visibility may let accounts read that could not
// before. Each change from or to a course counts, as chat can't compare learners with the readers
// of other channels.
func hasMoreReaders(from, to string) bool {
	order := []string{visibilityPrivate, visibilityMember, visibilityPublic}
	involvesCourse := from == visibilityCourse || to == visibilityCourse
	return involvesCourse || slices.Index(order, to) > slices.Index(order, from)
}
