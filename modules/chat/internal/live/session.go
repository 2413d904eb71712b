package live

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/ws"
)

// Opening is a request to open a socket of a channel.
type Opening struct {
	ChannelID, Slug string
	AccountID       string
	// AfterSeq is the last message that the client has, or NoReplay.
	AfterSeq int64
	// AfterChange is the last change that the client has, or NoReplay.
	AfterChange int64
}

// NoReplay is the AfterSeq or AfterChange of a client that wants nothing from before its socket.
const NoReplay = -1

// socketSession is one socket in one channel. It implements ws.Session.
type socketSession struct {
	feeds           *Feeds
	channelID, slug string
	accountID       string
	afterSeq        int64
	afterChange     int64

	conn *ws.Conn
	feed *channelFeed
	// seq and change are the newest message and change that this socket was sent. From addSession
	// on feed.mu guards them.
	seq, change int64
	// typedAt is when the last typing frame was passed on.
	typedAt time.Time
	// readSeq is the read marker that was written last.
	readSeq int64
	// pending are the messages that wait for their commit.
	pending pendingPosts
	refused refusalCounter
}

// NewSession returns the session of a new socket, whose account must be a reader of the channel.
func (fs *Feeds) NewSession(o Opening) ws.Session {
	return &socketSession{
		feeds: fs, channelID: o.ChannelID, slug: o.Slug, accountID: o.AccountID,
		afterSeq: o.AfterSeq, afterChange: o.AfterChange,
	}
}

// OnOpen implements ws.Session. It sends the welcome, then what the client missed, and joins the
// feed.
func (s *socketSession) OnOpen(ctx context.Context, c *ws.Conn) {
	s.conn = c
	if err := s.joinFeed(ctx); err != nil && !errors.Is(err, ws.ErrClosed) {
		c.Send(encodeError(err))
		c.Close(ws.CodeInternal, "the channel can't be read now")
	}
}

// joinFeed does the work of OnOpen and returns its error:
//
//  1. make the account present, which others should see even while a long replay runs
//  2. load how far the channel is, and the account's name
//  3. hold the channel's feed, so that it exists when the session joins it
//  4. send the welcome, with the head of step 2
//  5. send what the client missed up to that head
//  6. send what came since, until the session can join the feed
func (s *socketSession) joinFeed(ctx context.Context) error {
	s.feeds.presence.Join(ctx, s.channelID, s.accountID)
	h, err := s.loadHead(ctx)
	if err != nil {
		return err
	}
	person, err := s.feeds.loadPerson(ctx, s.accountID)
	if err != nil {
		return err
	}
	s.feed = s.feeds.acquireFeed(s.slug, h)
	s.conn.Send(ws.EncodeFrame(welcomeFrame{"welcome", s.slug, person, h.LastSeq, h.LastChange, ws.HeartbeatSeconds}))
	s.seq, s.change = h.LastSeq, h.LastChange
	if err := s.replayMessages(ctx, h); err != nil {
		return err
	}
	if err := s.replayChanges(ctx, h); err != nil {
		return err
	}
	return s.catchUp(ctx)
}

// loadHead returns how far the channel is, or 404 if its row is gone. A channel that was just
// deleted may still have one; the first access check then closes the socket.
func (s *socketSession) loadHead(ctx context.Context) (messages.Head, error) {
	found, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Head, error) {
		return s.feeds.messages.ListHeads(ctx, []string{s.channelID})
	})
	if err != nil {
		return messages.Head{}, err
	}
	if len(found) == 0 {
		return messages.Head{}, apperr.NotFound("There is no such channel.")
	}
	return found[0], nil
}

// CheckAccess implements ws.Session. A socket stays open while the answer is not known.
func (s *socketSession) CheckAccess(ctx context.Context, caller identity.Caller) (code int, reason string) {
	err := s.feeds.channels.CheckReader(ctx, caller, s.channelID)
	switch {
	case errors.Is(err, ErrChannelDeleted):
		return ws.CodeGone, err.Error()
	case errors.Is(err, ErrNotReader):
		return ws.CodeForbidden, err.Error()
	}
	return 0, ""
}

// OnClose implements ws.Session.
func (s *socketSession) OnClose() {
	if s.conn == nil {
		return // it was never opened
	}
	if s.feed != nil {
		s.feed.removeSession(s)
		s.feeds.releaseFeed(s.feed)
	}
	s.feeds.presence.Leave(s.channelID, s.accountID)
}
