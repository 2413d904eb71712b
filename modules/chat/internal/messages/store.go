package messages

import (
	"context"
	"math"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// store reads and writes chat_messages, and the counters of chat_channels.
type store struct{ db *db.DB }

// Head is the number of the newest message and of the newest change of a channel.
type Head struct {
	ID         string
	LastSeq    int64
	LastChange int64
}

// Span is a part of a channel's messages: those with After < Seq < Before. A Before of 0 is no
// bound.
type Span struct {
	After, Before int64
	// NewestFirst turns the order round.
	NewestFirst bool
}

// NoUpperBound is the UpTo of a ChangeRange without an end.
const NoUpperBound = math.MaxInt64

// ChangeRange selects the messages with a Seq of at most MaxSeq whose newest change is above After
// and at most UpTo.
type ChangeRange struct {
	After, UpTo, MaxSeq int64
}

// OlderChanges describes the messages that a replay of changes leaves out: their number, their
// lowest and highest seq, and their newest change.
type OlderChanges struct {
	Count, FromSeq, ToSeq, Change int64
}

// numberedChannel is a channel whose numbers were just taken.
type numberedChannel struct {
	ID, Slug            string
	LastSeq, LastChange int64
}

// takeNumbers raises the last number of a channel by n and returns the channel as it is then. It
// locks the channel's row until the transaction ends: who takes numbers next waits, so committed
// numbers have no gaps. It returns db.ErrNotFound for a channel that does not exist.
func (s *store) takeNumbers(ctx context.Context, channelID string, n int) (numberedChannel, error) {
	return s.updateCounter(ctx, `UPDATE chat_channels SET last_seq = last_seq + ? WHERE id = ? AND deleted_at IS NULL
		RETURNING id, slug, last_seq, last_change`, n, channelID)
}

// returnNumbers lowers the last number of a channel by numbers that the same transaction took.
func (s *store) returnNumbers(ctx context.Context, channelID string, n int) error {
	return s.db.Conn(ctx).Exec("UPDATE chat_channels SET last_seq = last_seq - ? WHERE id = ?", n, channelID).Error
}

// takeChangeNumber returns the number of the next edit or deletion. It locks as takeNumbers does.
func (s *store) takeChangeNumber(ctx context.Context, channelID string) (int64, error) {
	c, err := s.updateCounter(ctx, `UPDATE chat_channels SET last_change = last_change + 1
		WHERE id = ? AND deleted_at IS NULL RETURNING id, slug, last_seq, last_change`, channelID)
	return c.LastChange, err
}

// updateCounter runs an UPDATE of one channel and returns the row.
func (s *store) updateCounter(ctx context.Context, statement string, args ...any) (numberedChannel, error) {
	var found []numberedChannel
	err := s.db.Conn(ctx).Raw(statement, args...).Scan(&found).Error
	if err != nil {
		return numberedChannel{}, err
	}
	if len(found) == 0 {
		return numberedChannel{}, db.ErrNotFound
	}
	return found[0], nil
}

// appendMessagesQuery numbers and stores messages of a channel. Its row is held as by takeNumbers.
const appendMessagesQuery = `WITH numbered AS (
		UPDATE chat_channels SET last_seq = last_seq + ? WHERE id = ? AND deleted_at IS NULL RETURNING id, last_seq, last_change
	), stored AS (
		INSERT INTO chat_messages (id, channel_id, seq, author_id, body, client_id, version, created_at)
		SELECT CAST(m.id AS uuid), c.id, c.last_seq - ? + m.n, CAST(m.author_id AS uuid), m.body, m.client_id, 1, ?
		FROM numbered c, unnest(CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]), CAST(? AS text[]))
			WITH ORDINALITY AS m(id, author_id, body, client_id, n)
	)
	SELECT last_seq, last_change FROM numbered`

// appendMessages stores messages with the next numbers of their channel, in one statement of
// PostgreSQL, and returns how far the channel is then. It returns db.ErrNotFound for a channel
// that does not exist, and stores nothing if one of them is stored already.
func (s *store) appendMessages(ctx context.Context, channelID string, list []Message, now clock.Time) (h Head, err error) {
	n := len(list)
	messageIDs, authorIDs, bodies, clientIDs := make([]string, n), make([]string, n), make([]string, n), make([]*string, n)
	for i, m := range list {
		messageIDs[i], authorIDs[i], bodies[i], clientIDs[i] = m.ID, m.AuthorID, m.Body, m.ClientID
	}
	h.ID = channelID
	err = s.db.QueryRow(ctx, appendMessagesQuery,
		[]any{n, channelID, n, now, messageIDs, authorIDs, bodies, clientIDs}, &h.LastSeq, &h.LastChange)
	return h, err
}

// insertMessages stores numbered messages with one statement.
func (s *store) insertMessages(ctx context.Context, rows []Message) error {
	return s.db.Conn(ctx).Create(&rows).Error
}

// listByClientIDs returns the messages of any of the authors with any of the client ids. These may
// be more than the pairs of author and client id that the caller looks for.
func (s *store) listByClientIDs(
	ctx context.Context, channelID string, authorIDs, clientIDs []string,
) (found []Message, err error) {
	err = s.db.Conn(ctx).
		Where("channel_id = ? AND author_id IN ? AND client_id IN ?", channelID, authorIDs, clientIDs).
		Find(&found).Error
	return found, err
}

// listByIDs returns the messages of a channel that have one of the ids.
func (s *store) listByIDs(ctx context.Context, channelID string, ids []string) (found []Message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND id IN ?", channelID, ids).Find(&found).Error
	return found, err
}

// lockForChange locks the row of a channel and returns one of its messages. Every writer of
// messages locks the channel first, so the message can't change until the transaction ends. It
// returns 404 if the channel or the message does not exist.
func (s *store) lockForChange(ctx context.Context, channelID, id string) (*Message, error) {
	var locked []string
	err := s.db.Conn(ctx).
		Raw("SELECT id FROM chat_channels WHERE id = ? AND deleted_at IS NULL"+s.db.ForUpdate(), channelID).
		Scan(&locked).Error
	if err != nil {
		return nil, err
	}
	if len(locked) == 0 {
		return nil, errNoChannel
	}
	m := &Message{}
	err = s.db.Conn(ctx).Where("id = ? AND channel_id = ?", id, channelID).Take(m).Error
	if db.IsNotFound(err) {
		return nil, ErrNoMessage
	}
	return m, err
}

// saveMessage writes what an edit or deletion changes and raises the version.
func (s *store) saveMessage(ctx context.Context, m *Message) error {
	m.Version++
	return s.db.Conn(ctx).Model(&Message{}).Where("id = ?", m.ID).Updates(map[string]any{
		"body": m.Body, "change": m.Change, "version": m.Version, "edited_at": m.EditedAt, "deleted_at": m.DeletedAt,
	}).Error
}

// listHeads returns how far channels are. Deleted channels count until their rows are purged.
func (s *store) listHeads(ctx context.Context, channelIDs []string) (found []Head, err error) {
	err = s.db.Conn(ctx).
		Raw("SELECT id, last_seq, last_change FROM chat_channels WHERE id IN ?", channelIDs).Scan(&found).Error
	return found, err
}

// listAfter returns messages after a number, in ascending order. The order is that of the commits,
// as numbers are taken under the lock of the channel.
func (s *store) listAfter(ctx context.Context, channelID string, seq int64, limit int) (found []Message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND seq > ?", channelID, seq).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}

// listSpan returns the first messages of a span in its order.
func (s *store) listSpan(ctx context.Context, channelID string, span Span, limit int) (found []Message, err error) {
	q := s.db.Conn(ctx).Where("channel_id = ? AND seq > ?", channelID, span.After)
	if span.Before > 0 {
		q = q.Where("seq < ?", span.Before)
	}
	order := "seq"
	if span.NewestFirst {
		order = "seq DESC"
	}
	err = q.Order(order).Limit(limit).Find(&found).Error
	return found, err
}

// listChanged repeats "change > 0" so that the partial index of changed messages serves.
func (s *store) listChanged(
	ctx context.Context, channelID string, r ChangeRange, limit int,
) (found []Message, err error) {
	err = s.db.Conn(ctx).
		Where("channel_id = ? AND change > ? AND change > 0 AND change <= ? AND seq <= ?",
			channelID, r.After, r.UpTo, r.MaxSeq).
		Order("change").Limit(limit).Find(&found).Error
	return found, err
}

// describeOlderChanges describes all messages of a range but those with the newest kept changes.
func (s *store) describeOlderChanges(
	ctx context.Context, channelID string, r ChangeRange, kept int,
) (older OlderChanges, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT count(*) AS count, COALESCE(min(seq), 0) AS from_seq, COALESCE(max(seq), 0) AS to_seq,
		COALESCE(max(change), 0) AS change FROM (SELECT seq, change FROM chat_messages
		WHERE channel_id = ? AND change > ? AND change > 0 AND change <= ? AND seq <= ?
		ORDER BY change DESC LIMIT ? OFFSET ?) older`,
		channelID, r.After, r.UpTo, r.MaxSeq, math.MaxInt64, kept).Scan(&older).Error
	return older, err
}
