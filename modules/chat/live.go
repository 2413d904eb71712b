package chat

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/platform/identity"
)

// liveAdapter answers what open sockets ask. It implements live.Source and live.Poster. It takes channels
// from memory, because every socket asks again and again.
type liveAdapter struct {
	messages *messages.Service
	access   *access
	store    *store
}

// livePorts are the interfaces that internal/live asks for.
type livePorts struct {
	fx.Out
	Source   live.Source
	Poster   live.Poster
	Presence live.Presence
}

// newLivePorts returns what live.NewRegistry takes from the rest of the module.
func newLivePorts(m *messages.Service, p *presence.Registry, a *access, s *store) livePorts {
	adapter := &liveAdapter{m, a, s}
	return livePorts{Source: adapter, Poster: adapter, Presence: p}
}

// CheckReader implements live.Source.
func (a *liveAdapter) CheckReader(ctx context.Context, caller identity.Caller, channelID string) error {
	c, ok, err := a.access.channels.Get(ctx, channelID)
	if err != nil {
		return err
	}
	if !ok {
		return live.ErrChannelDeleted
	}
	canRead, err := a.access.canRead(ctx, caller, &c)
	if err == nil && !canRead {
		return live.ErrNotReader
	}
	return err
}

// ListHeads implements live.Source.
func (a *liveAdapter) ListHeads(ctx context.Context, channelIDs []string) ([]messages.Head, error) {
	return a.messages.ListHeads(ctx, channelIDs)
}

// ListAfter implements live.Source.
func (a *liveAdapter) ListAfter(
	ctx context.Context, channelID string, seq int64, limit int,
) ([]messages.Message, error) {
	return a.messages.ListAfter(ctx, channelID, seq, limit)
}

// ListChanged implements live.Source.
func (a *liveAdapter) ListChanged(
	ctx context.Context, channelID string, r messages.ChangeRange, limit int,
) ([]messages.Message, error) {
	return a.messages.ListChanged(ctx, channelID, r, limit)
}

// SumOlderChanges implements live.Source.
func (a *liveAdapter) SumOlderChanges(
	ctx context.Context, channelID string, r messages.ChangeRange, kept int,
) (messages.OlderChanges, error) {
	return a.messages.SumOlderChanges(ctx, channelID, r, kept)
}

// PostMessage implements live.Poster.
func (a *liveAdapter) PostMessage(
	ctx context.Context, channelID string, n messages.NewMessage,
) (messages.Posted, error) {
	c, ok, err := a.access.channels.Get(ctx, channelID)
	if err != nil {
		return messages.Posted{}, err
	}
	if !ok {
		return messages.Posted{}, errNoChannel
	}
	return a.messages.Post(ctx, a.access.channelForMessages(&c), n)
}

// MarkRead implements live.Poster.
func (a *liveAdapter) MarkRead(ctx context.Context, accountID, channelID string, seq int64) error {
	return a.store.raiseReadMarker(ctx, accountID, channelID, seq)
}
