package chat

import (
	"cmp"
	"context"
	"slices"

	"lyceum/modules/chat/chatapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// posted is a stored message.
type posted struct {
	message
	// fresh is false if the message was stored before.
	fresh bool
	// created is false if the message was stored before for its client id, as the answer says. It is true for a message
	// that an earlier try of the same request stored.
	created bool
}

// postTo is post for a channel that is named by its slug. It returns 404 for a channel that does not exist and 403 for one
// that the caller may not read.
func (s *Service) postTo(ctx context.Context, slug string, n newMessage) (posted, error) {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return posted{}, err
	}
	return s.post(ctx, c, n)
}

// post stores a message of the caller in a channel. When it returns without an error the message is
// in the database and every replica has been woken. The caller must be a reader of c.
//
// The message commits together with those of others, in a transaction of its channel and not in one of the caller's.
func (s *Service) post(ctx context.Context, c *channel, n newMessage) (posted, error) {
	db.RequireNoTx(ctx, "chat: post")
	if faults := slices.Concat(bodyFaults(n.Body), clientIDFaults(n.ClientID)); len(faults) > 0 {
		return posted{}, apperr.InvalidFields(faults...)
	}
	author := identity.CallerFrom(ctx).UserID
	if err := s.limiter.TakeHit(ctx, s.pace, author+" "+c.ID).RefusalError("You are writing faster than this channel takes."); err != nil {
		return posted{}, err
	}
	named, err := s.mentions(ctx, c, n.Body, author)
	if err != nil {
		return posted{}, err
	}
	return s.queues.post(ctx, c.ID, draft{newMessage: n, Author: author, Mentions: named})
}

// mentions lists the accounts that a body names and that may read the channel: the others must not
// learn from it that the channel exists.
func (s *Service) mentions(ctx context.Context, c *channel, body, author string) ([]string, error) {
	named := mentioned(body, author)
	if len(named) == 0 {
		return nil, nil
	}
	found, err := s.accounts.ByIDs(ctx, named)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, id := range named {
		a, ok := found[id]
		if !ok || !a.Active {
			continue
		}
		may, err := s.access.mayRead(ctx, identity.Caller{UserID: id, Role: a.Role}, c)
		if err != nil {
			return nil, err
		}
		if may {
			out = append(out, id)
		}
	}
	return out, nil
}

// append numbers and stores drafts of one channel in their order, all or none.
func (s *Service) append(ctx context.Context, channelID string, drafts []draft) (out []posted, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.store.takeNumbers(ctx, channelID, len(drafts))
		if db.IsNotFound(err) {
			return errNoChannel
		}
		if err != nil {
			return err
		}
		prior, err := s.priorOf(ctx, channelID, drafts)
		if err != nil {
			return err
		}
		before, err := s.storedBefore(ctx, channelID, drafts)
		if err != nil {
			return err
		}
		out = s.number(c, drafts, prior, before)
		return s.keep(ctx, c, drafts, out)
	})
	return out, err
}

type sender struct{ author, clientID string }

// priorOf finds what was sent before. The channel's row is held, so nobody adds to it meanwhile.
func (s *Service) priorOf(ctx context.Context, channelID string, drafts []draft) (map[sender]message, error) {
	var authors, clientIDs []string
	for _, d := range drafts {
		if d.ClientID != nil {
			authors, clientIDs = append(authors, d.Author), append(clientIDs, *d.ClientID)
		}
	}
	prior := map[sender]message{}
	if len(clientIDs) == 0 {
		return prior, nil
	}
	found, err := s.store.byClientIDs(ctx, channelID, authors, clientIDs)
	for _, m := range found {
		prior[sender{m.AuthorID, *m.ClientID}] = m
	}
	return prior, err
}

// storedBefore returns the messages that earlier tries of the same requests have stored, by their ids.
func (s *Service) storedBefore(ctx context.Context, channelID string, drafts []draft) (map[string]message, error) {
	var repeatable []string
	for _, d := range drafts {
		if d.ID != "" {
			repeatable = append(repeatable, d.ID)
		}
	}
	if len(repeatable) == 0 {
		return nil, nil
	}
	found, err := s.store.byIDs(ctx, channelID, repeatable)
	out := map[string]message{}
	for _, m := range found {
		out[m.ID] = m
	}
	return out, err
}

func (s *Service) number(c *channel, drafts []draft, prior map[sender]message, before map[string]message) []posted {
	now, seq := s.clock.Now(), c.LastSeq-int64(len(drafts))
	out := make([]posted, len(drafts))
	for i, d := range drafts {
		if m, ok := before[d.ID]; ok {
			out[i] = posted{message: m, created: true}
			continue
		}
		if d.ClientID != nil {
			if m, ok := prior[sender{d.Author, *d.ClientID}]; ok {
				out[i] = posted{message: m}
				continue
			}
		}
		seq++
		m := message{ID: cmp.Or(d.ID, ids.New()), ChannelID: c.ID, Seq: seq, AuthorID: d.Author, Body: d.Body, ClientID: d.ClientID, Version: 1, CreatedAt: now}
		if d.ClientID != nil {
			prior[sender{d.Author, *d.ClientID}] = m
		}
		out[i] = posted{m, true, true}
	}
	return out
}

func (s *Service) keep(ctx context.Context, c *channel, drafts []draft, out []posted) error {
	var rows []message
	for _, p := range out {
		if p.fresh {
			rows = append(rows, p.message)
		}
	}
	if unused := len(drafts) - len(rows); unused > 0 {
		if err := s.store.giveBack(ctx, c.ID, unused); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.store.insertMessages(ctx, rows); err != nil {
		return err
	}
	for i, p := range out {
		if p.fresh {
			if err := s.tell(ctx, c, &p.message, drafts[i].Mentions); err != nil {
				return err
			}
		}
	}
	db.AfterCommit(ctx, func() { s.broadcast.SendSignal(topicMessages, c.ID) })
	return nil
}

func (s *Service) tell(ctx context.Context, c *channel, m *message, named []string) error {
	if len(named) == 0 {
		return nil
	}
	return s.events.Publish(ctx, chatapi.Mentioned{MessageID: m.ID, ChannelSlug: c.Slug, AuthorID: m.AuthorID, UserIDs: slices.Clone(named)})
}
