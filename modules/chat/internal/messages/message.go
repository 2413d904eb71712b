package messages

import (
	"context"
	"slices"
	"strings"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/telemetry"
	"lyceum/platform/text"
)

// Bounds of a message, in Unicode code points.
const (
	MaxBody     = 4000
	maxClientID = 64
)

// editWindow is how long after posting an author may edit a message.
const editWindow = 15 * time.Minute

// Errors of messages.
var (
	ErrNoMessage  = apperr.NotFound("There is no such message.")
	errNoChannel  = apperr.NotFound("There is no such channel.")
	errNotAuthor  = apperr.Forbidden("Only its author may edit a message.")
	errTooLate    = apperr.Forbidden("A message can be edited for 15 minutes after it was sent. Send a new one.")
	errNotRemover = apperr.Forbidden("Only its author, instructors and administrators may delete a message.")
)

// Message is one message of a channel. A deleted message keeps its row, without a body.
type Message struct {
	ID        string
	ChannelID string
	// Seq is the number of the message within its channel, from 1 and without gaps.
	Seq      int64
	AuthorID string
	Body     string
	// ClientID is the name that the author's client gave to the message; nil for none. An author
	// uses one only once in a channel.
	ClientID *string
	// Change is the number of the newest edit or deletion of this message, counted within the
	// channel; 0 for none.
	Change    int64
	Version   int64
	CreatedAt clock.Time
	EditedAt  *clock.Time
	DeletedAt *clock.Time
}

// TableName returns the table of messages, for GORM.
func (Message) TableName() string { return "chat_messages" }

// IsDeleted returns whether only the tombstone of the message is left.
func (m *Message) IsDeleted() bool { return m.DeletedAt != nil }

// isEditable returns whether the author may still edit the message.
func (m *Message) isEditable(now clock.Time) bool {
	return now.Sub(m.CreatedAt) < editWindow
}

// ListAuthorIDs returns the authors of messages, each once.
func ListAuthorIDs(list []Message) []string {
	authors := make([]string, len(list))
	for i := range list {
		authors[i] = list[i].AuthorID
	}
	slices.Sort(authors)
	return slices.Compact(authors)
}

// Channel is the channel that a message is posted to or changed in, as its caller has loaded it.
type Channel struct {
	ID, Slug string
	// CanRead returns whether an account may read the channel. It is asked for mentioned accounts.
	CanRead func(ctx context.Context, account identity.Caller) (bool, error)
}

// NewMessage is a message as a caller wants to post it.
type NewMessage struct {
	Body     string
	ClientID *string
	// ID is the id that the message gets if its request may be repeated; "" stands for a new id.
	ID string
}

// Draft is a checked message that has no number yet.
type Draft struct {
	NewMessage
	AuthorID string
	// Mentions are the accounts that learn of the message.
	Mentions []string
	// Cause is the request of the author.
	Cause telemetry.Cause
}

// Posted is a message that is stored, by this call or by an earlier one.
type Posted struct {
	Message
	// IsFresh is false if the message was stored before.
	IsFresh bool
	// IsCreated is false if the author used the client id before, so that the answer is 200 instead
	// of 201. It is true for a message that an earlier try of the same request stored.
	IsCreated bool
}

// Appended are new messages of one channel with consecutive numbers.
type Appended struct {
	ChannelID string
	Messages  []Message
	// LastChange is the number of the newest change in the channel when the messages were stored.
	// Whatever changes one of them has a higher number.
	LastChange int64
}

// checkBody returns the faults of a message's body.
func checkBody(body string) []apperr.Field {
	switch {
	case body == "":
		return []apperr.Field{{Location: "body", Message: "must not be empty"}}
	case text.CountRunes(body) > MaxBody:
		return []apperr.Field{{Location: "body", Message: "at most 4000 characters"}}
	case strings.ContainsRune(body, 0):
		return []apperr.Field{{Location: "body", Message: "U+0000 is not accepted"}}
	}
	return nil
}

// checkClientID returns the faults of a client id; nil has none.
func checkClientID(id *string) []apperr.Field {
	if id != nil && (*id == "" || text.CountRunes(*id) > maxClientID || strings.ContainsRune(*id, 0)) {
		return []apperr.Field{{Location: "client_id", Message: "1 to 64 characters"}}
	}
	return nil
}
