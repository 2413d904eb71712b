package messages

import (
	"cmp"
	"context"
	"slices"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/telemetry"
)

// Post stores a message of the caller, who must be a reader of the channel. When it returns without
// an error the message is committed and the feeds of this replica are awake. The feeds of other
// replicas hear of it by a signal, or find it by their poll a second later.
//
// It returns validation faults for the body and the client id, 429 if the caller posts faster than
// RATE_LIMIT_CHAT, and 404 if the channel was deleted meanwhile. A client id that the author used
// before in the channel returns the message that was stored then.
//
// The message commits together with those of other authors, so Post must not be called in a
// transaction.
func (s *Service) Post(ctx context.Context, c Channel, n NewMessage) (Posted, error) {
	d, err := s.newDraft(ctx, c, n)
	if err != nil {
		return Posted{}, err
	}
	return s.queue.post(ctx, c.ID, d)
}

// PostLater is Post that does not wait for the commit. It returns the faults and refusals that are known
// before; otherwise it calls done once with what Post would return. The messages of a channel are stored,
// and done is called, in the order of the calls. done must return at once, as other authors wait for it.
func (s *Service) PostLater(ctx context.Context, c Channel, n NewMessage, done func(Posted, error)) error {
	d, err := s.newDraft(ctx, c, n)
	if err != nil {
		return err
	}
	s.queue.enqueue(c.ID, d, done)
	return nil
}

// newDraft returns the draft of a message of the caller, or why it can't be posted.
func (s *Service) newDraft(ctx context.Context, c Channel, n NewMessage) (Draft, error) {
	db.RequireNoTx(ctx, "chat: post")
	if faults := slices.Concat(checkBody(n.Body), checkClientID(n.ClientID)); len(faults) > 0 {
		return Draft{}, apperr.InvalidFields(faults...)
	}
	authorID := identity.CallerFrom(ctx).UserID
	hit := s.limiter.TakeHit(ctx, s.budget, authorID+" "+c.ID)
	if err := hit.RefusalError("You are writing faster than this channel takes."); err != nil {
		return Draft{}, err
	}
	mentions, err := s.readersMentioned(ctx, c, n.Body, authorID)
	return Draft{NewMessage: n, AuthorID: authorID, Mentions: mentions, Cause: telemetry.CauseOf(ctx)}, err
}

// Append numbers and stores drafts of one channel in their order, all or none, and returns a
// message for each. Only the commitQueue calls it; Post is the way to post a message. A draft that
// was stored before gets its message from then and no number. It returns 404 if the channel does
// not exist.
//
// Drafts are new as a rule, and then one statement does it. If the database says that one of them
// is stored already, nothing of them is, and the steps sort them out. After another error, such as a
// lost connection, they may be stored or not, as after a failed commit: authors who repeat a message
// give it a client id.
func (s *Service) Append(ctx context.Context, channelID string, drafts []Draft) ([]Posted, error) {
	if s.canAppendAtOnce(ctx, drafts) {
		posted, err := s.appendAtOnce(ctx, channelID, drafts)
		if !leavesNothing(err) {
			return posted, err
		}
	}
	return s.appendInSteps(ctx, channelID, drafts)
}

// canAppendAtOnce returns whether drafts need nothing but their rows: mentions need events in the same
// transaction. SQLite has no such statement, and no round trips to save.
func (s *Service) canAppendAtOnce(ctx context.Context, drafts []Draft) bool {
	hasMentions := func(d Draft) bool { return len(d.Mentions) > 0 }
	return s.db.Dialect() == db.Postgres && !db.IsInTx(ctx) && !slices.ContainsFunc(drafts, hasMentions)
}

// leavesNothing returns whether an error of appendAtOnce means that nothing is stored and the steps may do it.
func leavesNothing(err error) bool { return db.IsDuplicate(err) || db.IsRetryable(err) }

// appendAtOnce does the work of Append for drafts of which none was stored before. Otherwise it returns
// an error that leavesNothing knows.
func (s *Service) appendAtOnce(ctx context.Context, channelID string, drafts []Draft) ([]Posted, error) {
	posted, list := make([]Posted, len(drafts)), make([]Message, len(drafts))
	now := s.clock.Now()
	for i, d := range drafts {
		list[i] = newMessage(channelID, d, now)
	}
	head, err := s.store.appendMessages(ctx, channelID, list, now)
	switch {
	case db.IsNotFound(err):
		return nil, errNoChannel
	case leavesNothing(err):
		return nil, err
	case err != nil: // they may be stored
		s.broadcast.SendSignal(TopicMessages, channelID)
		return nil, err
	}
	for i := range list {
		list[i].Seq = head.LastSeq - int64(len(list)-1-i)
		posted[i] = Posted{list[i], true, true}
	}
	for _, tell := range s.appendListeners {
		tell(Appended{channelID, list, head.LastChange})
	}
	s.broadcast.SignalOthers(TopicMessages, channelID)
	return posted, nil
}

// newMessage returns the message of a draft, without its number.
func newMessage(channelID string, d Draft, now clock.Time) Message {
	return Message{
		ID: cmp.Or(d.ID, ids.New()), ChannelID: channelID, AuthorID: d.AuthorID,
		Body: d.Body, ClientID: d.ClientID, Version: 1, CreatedAt: now,
	}
}

// appendInSteps does the work of Append in a transaction. The order of steps matters: taking the
// numbers locks the channel's row, so nobody adds a message between the search for earlier ones and
// the commit.
func (s *Service) appendInSteps(
	ctx context.Context, channelID string, drafts []Draft,
) (posted []Posted, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		numbered, err := s.store.takeNumbers(ctx, channelID, len(drafts))
		if db.IsNotFound(err) {
			return errNoChannel
		}
		if err != nil {
			return err
		}
		byClientID, err := s.loadByClientID(ctx, channelID, drafts)
		if err != nil {
			return err
		}
		byID, err := s.loadByID(ctx, channelID, drafts)
		if err != nil {
			return err
		}
		posted = s.numberDrafts(numbered, drafts, byClientID, byID)
		return s.storeFresh(ctx, numbered, drafts, posted)
	})
	return posted, err
}

// clientKey names a message by the name that its author's client gave to it.
type clientKey struct{ authorID, clientID string }

// loadByClientID returns the messages that are stored under the client ids of drafts.
func (s *Service) loadByClientID(
	ctx context.Context, channelID string, drafts []Draft,
) (map[clientKey]Message, error) {
	var authorIDs, clientIDs []string
	for _, d := range drafts {
		if d.ClientID != nil {
			authorIDs, clientIDs = append(authorIDs, d.AuthorID), append(clientIDs, *d.ClientID)
		}
	}
	stored := map[clientKey]Message{}
	if len(clientIDs) == 0 {
		return stored, nil
	}
	found, err := s.store.listByClientIDs(ctx, channelID, authorIDs, clientIDs)
	for _, m := range found {
		stored[clientKey{m.AuthorID, *m.ClientID}] = m
	}
	return stored, err
}

// loadByID returns the messages that earlier tries of the same requests have stored, by their ids.
func (s *Service) loadByID(
	ctx context.Context, channelID string, drafts []Draft,
) (map[string]Message, error) {
	var repeatable []string
	for _, d := range drafts {
		if d.ID != "" {
			repeatable = append(repeatable, d.ID)
		}
	}
	stored := map[string]Message{}
	if len(repeatable) == 0 {
		return stored, nil
	}
	found, err := s.store.listByIDs(ctx, channelID, repeatable)
	for _, m := range found {
		stored[m.ID] = m
	}
	return stored, err
}

// numberDrafts returns a message for each draft: the stored one, or a new one with the next of the
// numbers that were taken. It adds the new ones to byClientID, so that two drafts of a group with
// the same client id are one message. Two drafts of a group never have the same id: a request that
// is repeated while the first try runs waits for it (package idempotency).
func (s *Service) numberDrafts(
	c numberedChannel, drafts []Draft, byClientID map[clientKey]Message, byID map[string]Message,
) []Posted {
	now, seq := s.clock.Now(), c.LastSeq-int64(len(drafts))
	posted := make([]Posted, len(drafts))
	for i, d := range drafts {
		if m, ok := byID[d.ID]; ok {
			posted[i] = Posted{Message: m, IsCreated: true}
			continue
		}
		if d.ClientID != nil {
			if m, ok := byClientID[clientKey{d.AuthorID, *d.ClientID}]; ok {
				posted[i] = Posted{Message: m}
				continue
			}
		}
		seq++
		m := newMessage(c.ID, d, now)
		m.Seq = seq
		if d.ClientID != nil {
			byClientID[clientKey{d.AuthorID, *d.ClientID}] = m
		}
		posted[i] = Posted{m, true, true}
	}
	return posted
}

// storeFresh inserts the new messages, returns the numbers that were not needed, publishes mentions
// and signals the replicas after the commit.
func (s *Service) storeFresh(ctx context.Context, c numberedChannel, drafts []Draft, posted []Posted) error {
	var fresh []Message
	for _, p := range posted {
		if p.IsFresh {
			fresh = append(fresh, p.Message)
		}
	}
	if unused := len(drafts) - len(fresh); unused > 0 {
		if err := s.store.returnNumbers(ctx, c.ID, unused); err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := s.store.insertMessages(ctx, fresh); err != nil {
		return err
	}
	for i, p := range posted {
		if p.IsFresh {
			d := drafts[i]
			if err := s.publishMentions(d.Cause.Attach(ctx), c.Slug, &p.Message, d.Mentions); err != nil {
				return err
			}
		}
	}
	db.AfterCommitAttempt(ctx, func() { s.broadcast.SendSignal(TopicMessages, c.ID) })
	return nil
}
