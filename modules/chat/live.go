package chat

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/platform/identity"
)

// socketChannels does what open sockets ask for. It implements live.ChannelActions. It takes channels
// from memory, because every socket asks again and again.
type socketChannels struct {
	messages *messages.Service
	access   *access
	store    *store
}

// livePorts are the interfaces that internal/live asks for.
type livePorts struct {
	fx.Out
	Source   live.MessageReader
	Channels live.ChannelActions
	Presence live.Presence
}

// newLivePorts returns what live.NewFeeds takes from the rest of the module.
func newLivePorts(m *messages.Service, p *presence.Registry, a *access, s *store) livePorts {
	return livePorts{Source: m, Channels: &socketChannels{m, a, s}, Presence: p}
}

// CheckReader implements live.ChannelActions.
func (s *socketChannels) CheckReader(ctx context.Context, caller identity.Caller, channelID string) error {
	c, ok, err := s.access.channels.Get(ctx, channelID)
	if err != nil {
		return err
	}
	if !ok {
		return live.ErrChannelDeleted
	}
	canRead, err := s.access.canRead(ctx, caller, &c)
	if err == nil && !canRead {
		return live.ErrNotReader
	}
	return err
}

// PostMessage implements live.ChannelActions. It checks no right: the socket has just called CheckReader.
// It returns 404 if the channel was deleted, and the errors of messages.Service.PostLater.
func (s *socketChannels) PostMessage(
	ctx context.Context, channelID string, n messages.NewMessage, done func(messages.Posted, error),
) error {
	c, ok, err := s.access.channels.Get(ctx, channelID)
	if err != nil {
		return err
	}
	if !ok {
		return errNoChannel
	}
	return s.messages.PostLater(ctx, s.access.channelForMessages(&c), n, done)
}

// MarkRead implements live.ChannelActions.
func (s *socketChannels) MarkRead(ctx context.Context, accountID, channelID string, seq int64) error {
	return s.store.raiseReadMarker(ctx, accountID, channelID, seq)
}
