package live

import (
	"context"
	"errors"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/identity"
)

// Errors of Source.CheckReader.
var (
	// ErrChannelDeleted says that the channel does not exist any more.
	ErrChannelDeleted = errors.New("the channel was deleted")
	// ErrNotReader says that the caller may not read the channel any more.
	ErrNotReader = errors.New("you may not read this channel any more")
)

// Source is what live reads.
type Source interface {
	// ListHeads returns how far channels are. Channels that do not exist are left out.
	ListHeads(ctx context.Context, channelIDs []string) ([]messages.Head, error)
	// ListAfter returns at most limit messages after the number seq, in ascending order.
	ListAfter(ctx context.Context, channelID string, seq int64, limit int) ([]messages.Message, error)
	// ListChanged returns at most limit messages of a range, in the order of their newest changes.
	ListChanged(ctx context.Context, channelID string, r messages.ChangeRange, limit int) ([]messages.Message, error)
	// SumOlderChanges describes the messages of a range without the newest kept ones.
	SumOlderChanges(
		ctx context.Context, channelID string, r messages.ChangeRange, kept int,
	) (messages.OlderChanges, error)
	// CheckReader returns ErrChannelDeleted or ErrNotReader if the caller may not read the channel. Any
	// other error means that this is not known now. Each socket asks twice a second, so it must be cheap.
	CheckReader(ctx context.Context, caller identity.Caller, channelID string) error
}

// Poster is what live writes.
type Poster interface {
	// PostMessage stores a message of the caller, who must be a reader of the channel.
	PostMessage(ctx context.Context, channelID string, n messages.NewMessage) (messages.Posted, error)
	// MarkRead raises the account's read marker to seq, at most to the channel's newest message.
	MarkRead(ctx context.Context, accountID, channelID string, seq int64) error
}
