package chat

import (
	"context"
	"math"

	"lyceum/platform/db"
)

// takeNumbers moves a channel's last number up by n and gives the channel as it is then. It holds
// the channel's row until the transaction ends: whoever numbers next waits, so what is visible of a
// channel has no gaps.
func (s *store) takeNumbers(ctx context.Context, channelID string, n int) (*channel, error) {
	return s.oneChannel(ctx, "UPDATE chat_channels SET last_seq = last_seq + ? WHERE id = ? AND deleted_at IS NULL RETURNING *", n, channelID)
}

// giveBack returns numbers that turned out not to be needed, in the transaction that took them.
func (s *store) giveBack(ctx context.Context, channelID string, n int) error {
	return s.db.Conn(ctx).Exec("UPDATE chat_channels SET last_seq = last_seq - ? WHERE id = ?", n, channelID).Error
}

func (s *store) insertMessages(ctx context.Context, rows []message) error {
	return s.db.Conn(ctx).Create(&rows).Error
}

// byClientIDs finds messages of these authors with these client ids, perhaps a few more than asked.
func (s *store) byClientIDs(ctx context.Context, channelID string, authors, clientIDs []string) (found []message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND author_id IN ? AND client_id IN ?", channelID, authors, clientIDs).Find(&found).Error
	return found, err
}

// byIDs returns those messages of a channel that have one of the ids.
func (s *store) byIDs(ctx context.Context, channelID string, ids []string) (found []message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND id IN ?", channelID, ids).Find(&found).Error
	return found, err
}

func (s *store) message(ctx context.Context, channelID, id string) (*message, error) {
	m := &message{}
	return m, s.db.Conn(ctx).Where("id = ? AND channel_id = ?", id, channelID).Take(m).Error
}

// nextChange numbers an edit or deletion; the channel's row is held as by takeNumbers.
func (s *store) nextChange(ctx context.Context, channelID string) (int64, error) {
	c, err := s.oneChannel(ctx, "UPDATE chat_channels SET last_change = last_change + 1 WHERE id = ? AND deleted_at IS NULL RETURNING *", channelID)
	if err != nil {
		return 0, err
	}
	return c.LastChange, nil
}

func (s *store) saveMessage(ctx context.Context, m *message) error {
	m.Version++
	return s.db.Conn(ctx).Model(&message{}).Where("id = ?", m.ID).Updates(map[string]any{
		"body": m.Body, "change": m.Change, "version": m.Version, "edited_at": m.EditedAt, "deleted_at": m.DeletedAt,
	}).Error
}

// after gives messages behind seq, in order.
func (s *store) after(ctx context.Context, channelID string, seq int64, limit int) (found []message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND seq > ?", channelID, seq).Order("seq").Limit(limit).Find(&found).Error
	return found, err
}

// changedAfter gives messages up to seq whose newest change lies behind change, in the order of changes.
func (s *store) changedAfter(ctx context.Context, channelID string, change, seq int64, limit int) (found []message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND change > ? AND change > 0 AND seq <= ?", channelID, change, seq).
		Order("change").Limit(limit).Find(&found).Error
	return found, err
}

// changes selects the messages up to seq MaxSeq whose newest change lies in (After, UpTo].
type changes struct {
	After, UpTo, MaxSeq int64
}

// changedIn returns the first limit messages of a selection in the order of their changes.
func (s *store) changedIn(ctx context.Context, channelID string, c changes, limit int) (found []message, err error) {
	err = s.db.Conn(ctx).Where("channel_id = ? AND change > ? AND change > 0 AND change <= ? AND seq <= ?", channelID, c.After, c.UpTo, c.MaxSeq).
		Order("change").Limit(limit).Find(&found).Error
	return found, err
}

// omitted describes the messages that a replay of changes leaves out: Count of them, their lowest and highest seq, and
// their newest change.
type omitted struct {
	Count, FromSeq, ToSeq, Change int64
}

// olderChanges describes all messages of a selection but those with the newest kept changes.
func (s *store) olderChanges(ctx context.Context, channelID string, c changes, kept int) (o omitted, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT count(*) AS count, COALESCE(min(seq), 0) AS from_seq, COALESCE(max(seq), 0) AS to_seq,
		COALESCE(max(change), 0) AS change FROM (SELECT seq, change FROM chat_messages
		WHERE channel_id = ? AND change > ? AND change > 0 AND change <= ? AND seq <= ? ORDER BY change DESC LIMIT ? OFFSET ?) older`,
		channelID, c.After, c.UpTo, c.MaxSeq, math.MaxInt64, kept).Scan(&o).Error
	return o, err
}

// span is a part of a channel's messages: those with After < seq < Before, 0 for no bound, the
// newest first when Newest.
type span struct {
	After, Before int64
	Newest        bool
}

func (s *store) history(ctx context.Context, channelID string, p span, limit int) (found []message, err error) {
	q := s.db.Conn(ctx).Where("channel_id = ? AND seq > ?", channelID, p.After)
	if p.Before > 0 {
		q = q.Where("seq < ?", p.Before)
	}
	order := "seq"
	if p.Newest {
		order = "seq DESC"
	}
	err = q.Order(order).Limit(limit).Find(&found).Error
	return found, err
}

// lockMessage reads a message while its channel's row is held.
func (s *store) lockMessage(ctx context.Context, channelID, id string) (*message, error) {
	if _, err := s.lockChannel(ctx, channelID); err != nil {
		if db.IsNotFound(err) {
			return nil, errNoChannel
		}
		return nil, err
	}
	m, err := s.message(ctx, channelID, id)
	if db.IsNotFound(err) {
		return nil, errNoMessage
	}
	return m, err
}
