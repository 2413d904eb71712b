package chat

import (
	"cmp"
	"regexp"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// Visibilities of a channel.
const (
	public   = "public"
	member   = "member"
	course   = "course"
	private  = "private"
	hq       = "hq"
	hqTitle  = "Headquarters"
	maxTitle = 200
	maxSlug  = 64
)

type channel struct {
	ID         string
	Slug       string
	Title      string
	Visibility string
	CourseID   *string
	CreatedBy  *string
	// LastSeq numbers the newest message, LastChange the newest edit or deletion.
	LastSeq    int64
	LastChange int64
	// BaseSeq is where reading begins for whoever has no mark: those who could not read before the
	// channel was opened to more people.
	BaseSeq   int64
	Version   int64
	CreatedAt clock.Time
	UpdatedAt clock.Time
	DeletedAt *clock.Time
}

// TableName of channels.
func (channel) TableName() string { return "chat_channels" }

// manages says whether the caller may change the channel and its members.
func (c *channel) manages(caller identity.Caller) bool {
	return caller.HasRole(usersapi.RoleAdmin) || c.CreatedBy != nil && *c.CreatedBy == caller.UserID && caller.HasRole(usersapi.RoleInstructor)
}

// listed is a channel with what one reader has left to read.
type listed struct {
	Channel channel `gorm:"embedded"`
	Mark    int64
	// Silent counts messages after the mark that are the reader's own or deleted.
	Silent int64
}

func (l *listed) unread() int64 { return max(0, l.Channel.LastSeq-l.Mark-l.Silent) }

var slugForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// slugOf makes a slug of a title; one that gives none becomes "channel".
func slugOf(title string) string {
	return cmp.Or(text.MakeSlug(title, maxSlug-4), "channel") // room for a number
}

func titleOf(s string) (string, error) {
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
