// Package chatapi has the events of chat and the interfaces that other modules may ask chat for.
package chatapi

// Mentioned says that a message mentions accounts that may read its channel. The author is never one of
// them.
type Mentioned struct {
	MessageID   string   `json:"message_id"`
	ChannelSlug string   `json:"channel_slug"`
	AuthorID    string   `json:"author_id"`
	UserIDs     []string `json:"user_ids"`
}

// EventName implements events.Event.
func (Mentioned) EventName() string { return "chat.mentioned" }

// Pusher reaches accounts while they are connected. Chat provides it; ask for it as optional.
type Pusher interface {
	// Push sends the frame {"type": "notification", …} with the fields of notification, which must
	// encode to a JSON object, to every socket of the account on every replica. It never blocks and
	// the frame may be lost, so store what must not be lost. Inside a transaction call it with
	// db.AfterCommit.
	Push(userID string, notification any)
}
