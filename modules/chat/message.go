package chat

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Bounds of a message.
const (
	maxBody     = 4000
	maxClientID = 64
	maxMentions = 50
	editWindow  = 15 * time.Minute
)

type message struct {
	ID        string
	ChannelID string
	Seq       int64
	AuthorID  string
	Body      string
	ClientID  *string
	// Change numbers the newest edit or deletion among all of the channel; 0 for none.
	Change    int64
	Version   int64
	CreatedAt clock.Time
	EditedAt  *clock.Time
	DeletedAt *clock.Time
}

// TableName of messages.
func (message) TableName() string { return "chat_messages" }

func (m *message) deleted() bool { return m.DeletedAt != nil }

// editable says whether its author may still change it.
func (m *message) editable(now clock.Time) bool {
	return now.Sub(m.CreatedAt) < editWindow
}

// newMessage is what a caller wants to post.
type newMessage struct {
	Body     string
	ClientID *string
	// ID is the id that the message gets, if its request may be repeated; "" stands for a new one.
	ID string
}

// draft is a message that has no number yet.
type draft struct {
	newMessage
	Author   string
	Mentions []string
}

func bodyFaults(body string) []apperr.Field {
	switch {
	case body == "":
		return []apperr.Field{{Location: "body", Message: "must not be empty"}}
	case text.CountRunes(body) > maxBody:
		return []apperr.Field{{Location: "body", Message: "at most 4000 characters"}}
	case strings.ContainsRune(body, 0):
		return []apperr.Field{{Location: "body", Message: "U+0000 is not accepted"}}
	}
	return nil
}

func clientIDFaults(id *string) []apperr.Field {
	if id != nil && (*id == "" || text.CountRunes(*id) > maxClientID || strings.ContainsRune(*id, 0)) {
		return []apperr.Field{{Location: "client_id", Message: "1 to 64 characters"}}
	}
	return nil
}

var mention = regexp.MustCompile(`<@([0-9a-f-]{36})>`)

// mentioned lists the accounts that a body names, each once, the author left out.
func mentioned(body, author string) []string {
	var out []string
	for _, m := range mention.FindAllStringSubmatch(body, -1) {
		if id := m[1]; ids.IsValid(id) && id != author && !slices.Contains(out, id) && len(out) < maxMentions {
			out = append(out, id)
		}
	}
	return out
}
