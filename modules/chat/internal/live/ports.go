package live

import (
	"context"
	"errors"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/platform/identity"
)

// MessageReader is what live reads of messages. *messages.Service implements it; tests put in one that
// fails.
type MessageReader interface {
	// ListHeads returns how far channels are. A deleted channel is listed for a day more, until its
	// row is purged; other unknown ids are left out.
	ListHeads(ctx context.Context, channelIDs []string) ([]messages.Head, error)
	// OnAppended makes fn learn of the messages that this replica appends to a channel. Those of one channel come in
	// their order, but not all of them come: for the others there is the signal messages.TopicMessages. fn must not
	// wait.
	OnAppended(fn func(messages.Appended))
	// ListAfter returns at most limit messages after the number seq, in ascending order.
	ListAfter(ctx context.Context, channelID string, seq int64, limit int) ([]messages.Message, error)
	// ListChanged returns at most limit messages of a range, in the order of their newest changes.
	ListChanged(ctx context.Context, channelID string, r messages.ChangeRange, limit int) ([]messages.Message, error)
	// DescribeOlderChanges describes the messages of a range without the newest kept ones.
	DescribeOlderChanges(
		ctx context.Context, channelID string, r messages.ChangeRange, kept int,
	) (messages.OlderChanges, error)
}

// ChannelActions is what a socket may ask and do in its channel. The root of the module implements it.
type ChannelActions interface {
	// CheckReader returns ErrChannelDeleted or ErrNotReader if the caller may not read the channel.
	// Any other error means that this is not known now. Each socket asks twice a second, so it must
	// be cheap.
	CheckReader(ctx context.Context, caller identity.Caller, channelID string) error
	// PostMessage stores a message of the caller. It does not check that they are a reader: the
	// session asks CheckReader right before. It returns an error that is known at once; otherwise it
	// calls done once, when the message is committed or was not. Messages of a channel are stored, and
	// done is called, in the order of the calls.
	PostMessage(ctx context.Context, channelID string, n messages.NewMessage, done func(messages.Posted, error)) error
	// MarkRead raises the account's read marker to seq, at most to the channel's newest message. It
	// checks no right, as nobody else sees a marker.
	MarkRead(ctx context.Context, accountID, channelID string, seq int64) error
}

// Errors of ChannelActions.CheckReader.
var (
	// ErrChannelDeleted says that the channel does not exist any more.
	ErrChannelDeleted = errors.New("the channel was deleted")
	// ErrNotReader says that the caller may not read the channel any more.
	ErrNotReader = errors.New("you may not read this channel any more")
)

// Presence is what live tells and asks about the accounts in channels. *presence.Registry
// implements it.
type Presence interface {
	// Join counts a new socket of an account and waits, for a second at most, until others see it.
	Join(ctx context.Context, channelID, accountID string)
	// Leave removes a socket that Join has counted.
	Leave(channelID, accountID string)
	// List returns the accounts that are present in a channel on any replica.
	List(ctx context.Context, channelID string) ([]presence.Entry, error)
}
