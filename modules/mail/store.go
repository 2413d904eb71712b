package mail

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/keyset"
)

// store reads and writes the table mail_messages.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insertBatch is how many rows one INSERT writes.
const insertBatch = 200

// insert adds mails.
func (s *store) insert(ctx context.Context, mails []storedMail) error {
	return s.db.Conn(ctx).CreateInBatches(mails, insertBatch).Error
}

// maxLate is how many late mails one sweep finds.
const maxLate = 200

// findLate returns the jobs of queued mails that were due by the given time, at most maxLate, those
// that are due for the longest time first.
func (s *store) findLate(ctx context.Context, before clock.Time) (found []jobs.Job, err error) {
	var late []storedMail
	err = s.db.Conn(ctx).Raw(
		"SELECT id, traceparent, request_id FROM mail_messages WHERE status = ? AND next_at <= ? ORDER BY next_at LIMIT ?",
		statusQueued, before, maxLate).Scan(&late).Error
	for _, m := range late {
		found = append(found, jobs.Job{ID: m.ID, Cause: m.Cause})
	}
	return found, err
}

// claim counts an attempt at a mail that is due and makes it due again after sendLease. ok is false
// if the mail is not due: it is sent, failed, deleted or claimed by another worker.
func (s *store) claim(ctx context.Context, id string, now clock.Time) (m storedMail, ok bool, err error) {
	res := s.db.Conn(ctx).Exec(
		"UPDATE mail_messages SET attempts = attempts + 1, next_at = ? WHERE id = ? AND status = ? AND next_at <= ?",
		now.Add(sendLease), id, statusQueued, now)
	if res.Error != nil || res.RowsAffected == 0 {
		return m, false, res.Error
	}
	err = s.db.Conn(ctx).Where("id = ?", id).Take(&m).Error
	return m, err == nil, err
}

// saveSent notes that the mail server accepted a mail, and erases its text.
func (s *store) saveSent(ctx context.Context, id string, now clock.Time) error {
	return s.db.Conn(ctx).Exec(
		"UPDATE mail_messages SET status = ?, sent_at = ?, sealed = NULL, last_error = '' WHERE id = ?",
		statusSent, now, id).Error
}

// saveFailure saves the status, the time of the next attempt and the error of a mail.
func (s *store) saveFailure(ctx context.Context, m storedMail) error {
	return s.db.Conn(ctx).Exec(
		"UPDATE mail_messages SET status = ?, next_at = ?, last_error = ? WHERE id = ?",
		m.Status, m.NextAt, m.LastError, m.ID).Error
}

// requeueAll makes all mails of a status due now and returns their ids.
func (s *store) requeueAll(ctx context.Context, status string, now clock.Time) (due []string, err error) {
	err = s.db.Conn(ctx).Raw(
		"UPDATE mail_messages SET status = ?, next_at = ?, tried_since = ? WHERE status = ? RETURNING id",
		statusQueued, now, now, status).Scan(&due).Error
	return due, err
}

// requeue makes one mail due now.
func (s *store) requeue(ctx context.Context, id string, now clock.Time) error {
	return s.db.Conn(ctx).Exec(
		"UPDATE mail_messages SET status = ?, next_at = ?, tried_since = ? WHERE id = ?", statusQueued, now, now, id).Error
}

// lock returns a mail and locks its row until the caller's transaction ends. ok is false if there
// is none.
func (s *store) lock(ctx context.Context, id string) (m storedMail, ok bool, err error) {
	err = s.db.Conn(ctx).Raw("SELECT * FROM mail_messages WHERE id = ?"+s.db.ForUpdate(), id).Scan(&m).Error
	return m, m.ID != "", err
}

// list returns up to limit mails without their texts, the newest first; see Service.list.
func (s *store) list(
	ctx context.Context, status string, after *keyset.Position, limit int,
) (found []storedMail, err error) {
	q := s.db.Conn(ctx).Omit("sealed")
	if status != "" {
		q = q.Where("status = ?", status)
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}

// listByAccount returns up to limit mails to an account after the given one, the oldest first.
func (s *store) listByAccount(
	ctx context.Context, userID string, after heldMail, limit int,
) (found []heldMail, err error) {
	q := s.db.Conn(ctx).Table("mail_messages").
		Select("id, kind, recipient, subject, status, created_at, sent_at").
		Where("user_id = ?", userID)
	if after.ID != "" {
		q = q.Where("id > ?", after.ID) // ids rise with time
	}
	err = q.Order("id").Limit(limit).Scan(&found).Error
	return found, err
}

// deleteByAccount deletes the mails to an account and, if email is not empty, all to that address.
func (s *store) deleteByAccount(ctx context.Context, userID, email string) error {
	return s.db.Conn(ctx).Exec(
		"DELETE FROM mail_messages WHERE user_id = ? OR recipient = ? AND recipient <> ''", userID, email).Error
}

// countUnsent returns how many queued mails were due before a time, and how many mails since another time have failed.
func (s *store) countUnsent(ctx context.Context, dueBefore, failedSince clock.Time) (late, failed int64, err error) {
	err = s.db.QueryRow(ctx, "SELECT (SELECT count(*) FROM mail_messages WHERE status = ? AND next_at < ?), "+
		"(SELECT count(*) FROM mail_messages WHERE status = ? AND created_at > ?)",
		[]any{statusQueued, dueBefore, statusFailed, failedSince}, &late, &failed)
	return late, failed, err
}

// removeOld removes the mails from before a time that do not wait, and returns how many there were.
func (s *store) removeOld(ctx context.Context, before clock.Time) (int64, error) {
	return s.db.RemoveRows(ctx, "mail_messages", "id < ? AND created_at < ? AND status <> ?",
		ids.FirstAt(before.StdTime()), before, statusQueued)
}
