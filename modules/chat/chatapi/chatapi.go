// Package chatapi is what chat tells other modules, and what they may ask of it.
package chatapi

// Mentioned tells that a message names people who may read its channel; its author is never among them.
type Mentioned struct {
	MessageID   string   `json:"message_id"`
	ChannelSlug string   `json:"channel_slug"`
	AuthorID    string   `json:"author_id"`
	UserIDs     []string `json:"user_ids"`
}

// EventName implements events.Event.
func (Mentioned) EventName() string { return "chat.mentioned" }

// Pusher reaches people while they are connected. Chat provides it; ask for it as optional.
type Pusher interface {
	// Push sends {"type": "notification", …} with the fields of notification, which must encode to
	// a JSON object, to every socket of the user on every replica. It never blocks and promises
	// nothing: what must not be lost is stored and read over HTTP. Inside a transaction, call it
	// with db.AfterCommit.
	Push(userID string, notification any)
}
