package storage

import (
	"cmp"
	"context"
	"unicode/utf8"

	"gorm.io/gorm/clause"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

func (s *store) insert(ctx context.Context, a *asset) error { return s.db.Conn(ctx).Create(a).Error }

// byKey gives the row of a key, whatever its status; db.ErrNotFound when there is none.
func (s *store) byKey(ctx context.Context, key string, lock rowLock) (*asset, error) {
	return s.one(ctx, "SELECT * FROM storage_assets WHERE key = ?"+s.suffix(ctx, lock), key)
}

// byID returns the row with an id; db.ErrNotFound if there is none.
func (s *store) byID(ctx context.Context, id string, lock rowLock) (*asset, error) {
	return s.one(ctx, "SELECT * FROM storage_assets WHERE id = ?"+s.suffix(ctx, lock), id)
}

// byBlob returns the row whose object has an id; db.ErrNotFound if there is none.
func (s *store) byBlob(ctx context.Context, blobID string) (*asset, error) {
	return s.one(ctx, "SELECT * FROM storage_assets WHERE blob_id = ?", blobID)
}

// pendingOf returns some of an account's unfinished uploads and holds their rows.
func (s *store) pendingOf(ctx context.Context, uploader string, limit int) (found []asset, err error) {
	err = s.db.Conn(ctx).Raw("SELECT * FROM storage_assets WHERE uploader_id = ? AND status = ? ORDER BY created_at, id LIMIT ?"+s.db.ForUpdate(),
		uploader, pending, limit).Scan(&found).Error
	return found, err
}

// byKeys gives the completed assets of the keys.
func (s *store) byKeys(ctx context.Context, keys []string) (found []asset, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Raw("SELECT * FROM storage_assets WHERE status = ? AND key IN ?", completed, keys).Scan(&found).Error
	return found, err
}

func (s *store) one(ctx context.Context, query, arg string) (*asset, error) {
	var found []asset
	if err := s.db.Conn(ctx).Raw(query, arg).Scan(&found).Error; err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// rowLock is how a row is held until the end of the transaction in which it is read.
type rowLock int

const (
	lockNone rowLock = iota
	// lockForShare is shared by readers; a deletion waits for all of them. It does nothing outside of a transaction.
	lockForShare
	// lockForUpdate keeps out everybody else who locks the row.
	lockForUpdate
)

// suffix returns what a query ends with for a lock. SQLite needs none: a transaction has the database to itself.
func (s *store) suffix(ctx context.Context, l rowLock) string {
	switch {
	case l == lockForUpdate:
		return s.db.ForUpdate()
	case l == lockForShare && s.db.Dialect() == db.Postgres && db.IsInTx(ctx):
		return " FOR SHARE"
	}
	return ""
}

func (s *store) complete(ctx context.Context, id string, at clock.Time) error {
	res := s.db.Conn(ctx).Exec("UPDATE storage_assets SET status = ?, completed_at = ? WHERE id = ?", completed, at, id)
	if res.Error == nil && res.RowsAffected == 0 {
		return db.ErrNotFound
	}
	return res.Error
}

// beginRefusal keeps others from completing an upload until its object is deleted, but no longer than until.
func (s *store) beginRefusal(ctx context.Context, id string, until clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE storage_assets SET refusing_until = ? WHERE id = ?", until, id).Error
}

// endRefusal ends what beginRefusal began. refusedAt is when the object was deleted, or nil if it was not.
func (s *store) endRefusal(ctx context.Context, id string, refusedAt *clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE storage_assets SET refusing_until = NULL, refused_at = COALESCE(?, refused_at) WHERE id = ?",
		refusedAt, id).Error
}

// lockUploader makes those who would add to one uploader's sum wait for each other.
func (s *store) lockUploader(ctx context.Context, id string) error {
	if s.db.Dialect() != db.Postgres {
		return nil // a transaction has the database to itself there
	}
	return s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "storage quota "+id).Error
}

// used sums what an uploader has, unfinished uploads included, and what he could still bring back.
func (s *store) used(ctx context.Context, uploader string, now clock.Time) (n int64, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT CAST(COALESCE((SELECT SUM(size) FROM storage_assets WHERE uploader_id = ?), 0)
		+ COALESCE((SELECT SUM(size) FROM storage_trash WHERE uploader_id = ? AND live_until > ?), 0) AS bigint)`, uploader, uploader, now).Scan(&n).Error
	return n, err
}

// remove takes the row out and leaves its object in the trash.
func (s *store) remove(ctx context.Context, a *asset, now clock.Time) error {
	return s.removeAll(ctx, []asset{*a}, now)
}

// removeAll is remove of a page of assets.
func (s *store) removeAll(ctx context.Context, assets []asset, now clock.Time) error {
	if len(assets) == 0 {
		return nil
	}
	ids, rows := make([]string, len(assets)), make([]trash, len(assets))
	for i := range assets {
		ids[i], rows[i] = assets[i].ID, assets[i].trash(now)
	}
	conn := s.db.Conn(ctx)
	if err := conn.Exec("DELETE FROM storage_assets WHERE id IN ?", ids).Error; err != nil {
		return err
	}
	return conn.Table("storage_trash").Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "blob_id"}}, DoUpdates: clause.AssignmentColumns([]string{"next_at", "last_at", "live_until", "size", "uploader_id"}),
	}).Create(&rows).Error
}

// forgetTrash takes an object out of the trash.
func (s *store) forgetTrash(ctx context.Context, blobID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM storage_trash WHERE blob_id = ?", blobID).Error
}

// list gives completed assets, the newest first; an empty uploader means everyone's.
func (s *store) list(ctx context.Context, uploader, prefix string, after *keyset.Position, limit int) (found []asset, err error) {
	q := s.db.Conn(ctx).Where("status = ?", completed)
	if uploader != "" {
		q = q.Where("uploader_id = ?", uploader)
	}
	if prefix != "" {
		// Not LIKE, which ignores case on SQLite: keys are compared by bytes, so that a range of them is an index's.
		q = q.Where("key >= ?", prefix)
		if end, bounded := behind(prefix); bounded {
			q = q.Where("key < ?", end)
		}
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}

// behind is the first text that comes after all that begin with a prefix; there is none after the last letters of all.
func behind(prefix string) (end string, bounded bool) {
	letters := []rune(prefix)
	for i := len(letters) - 1; i >= 0; i-- {
		if letters[i] == utf8.MaxRune {
			continue
		}
		if letters[i]++; letters[i] == 0xD800 {
			letters[i] = 0xE000 // what lies between is no text
		}
		return string(letters[:i+1]), true
	}
	return "", false
}

// held gives a page of what an account uploaded, whatever its status, the oldest first.
func (s *store) held(ctx context.Context, uploader string, after keyset.Position, limit int, lock rowLock) (found []asset, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT * FROM storage_assets WHERE uploader_id = ? AND (created_at, id) > (?, ?)
		ORDER BY created_at, id LIMIT ?`+s.suffix(ctx, lock), uploader, after.CreatedAt.UnixMilli(), cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// abandoned lists uploads whose URL ended before a time and that nobody completed.
func (s *store) abandoned(ctx context.Context, before clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM storage_assets WHERE status = ? AND expires_at < ? ORDER BY expires_at LIMIT 200", pending, before).Scan(&found).Error
	return found, err
}

func (s *store) dueTrash(ctx context.Context, now clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT blob_id FROM storage_trash WHERE next_at <= ? ORDER BY next_at LIMIT 200", now).Scan(&found).Error
	return found, err
}

// dueTrashOf returns the trash of an object, or nil if there is none or it is not due.
func (s *store) dueTrashOf(ctx context.Context, blobID string, now clock.Time) (*trash, error) {
	return s.oneTrash(ctx, "SELECT * FROM storage_trash WHERE blob_id = ? AND next_at <= ?", blobID, now)
}

// lockTrash is dueTrashOf with a lock on the row.
func (s *store) lockTrash(ctx context.Context, blobID string, now clock.Time) (*trash, error) {
	return s.oneTrash(ctx, "SELECT * FROM storage_trash WHERE blob_id = ? AND next_at <= ?"+s.db.ForUpdate(), blobID, now)
}

func (s *store) oneTrash(ctx context.Context, query string, args ...any) (*trash, error) {
	var found []trash
	if err := s.db.Conn(ctx).Raw(query, args...).Scan(&found).Error; err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// emptied forgets an object that is gone for good, or waits for its last time.
func (s *store) emptied(ctx context.Context, t *trash, now clock.Time) error {
	if !now.Before(t.LastAt) {
		return s.forgetTrash(ctx, t.BlobID)
	}
	return s.db.Conn(ctx).Exec("UPDATE storage_trash SET next_at = ? WHERE blob_id = ?", t.again(now), t.BlobID).Error
}
