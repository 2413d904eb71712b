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

// store reads and writes the tables of the module. Lookups of one asset return db.ErrNotFound if
// there is none; lookups of trash return nil.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insert adds an asset. db.IsDuplicate is true of the error if its key is taken.
func (s *store) insert(ctx context.Context, a *asset) error { return s.db.Conn(ctx).Create(a).Error }

// findByKey returns the row with the key, whatever its status.
func (s *store) findByKey(ctx context.Context, key string) (*asset, error) {
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE key = ?", key)
}

// shareLockByKey is findByKey with a shared lock: nobody can delete the row before the transaction
// ends, and those who take the lock don't wait for each other. Outside of a transaction it is
// findByKey alone.
func (s *store) shareLockByKey(ctx context.Context, key string) (*asset, error) {
	if s.db.Dialect() != db.Postgres || !db.IsInTx(ctx) {
		return s.findByKey(ctx, key) // SQLite runs one writing transaction at a time
	}
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE key = ? FOR SHARE", key)
}

// lockByKey is findByKey with a lock on the row.
func (s *store) lockByKey(ctx context.Context, key string) (*asset, error) {
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE key = ?"+s.db.ForUpdate(), key)
}

// findByID returns the row with the id, whatever its status.
func (s *store) findByID(ctx context.Context, id string) (*asset, error) {
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE id = ?", id)
}

// lockByID is findByID with a lock on the row.
func (s *store) lockByID(ctx context.Context, id string) (*asset, error) {
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE id = ?"+s.db.ForUpdate(), id)
}

// findByObjectID returns the row whose object has the id.
func (s *store) findByObjectID(ctx context.Context, objectID string) (*asset, error) {
	return s.queryAsset(ctx, "SELECT * FROM storage_assets WHERE blob_id = ?", objectID)
}

// lockPending returns at most limit unfinished uploads of an account with a lock on their rows.
func (s *store) lockPending(ctx context.Context, uploader string, limit int) (found []asset, err error) {
	err = s.db.Conn(ctx).Raw("SELECT * FROM storage_assets WHERE uploader_id = ? AND status = ? ORDER BY created_at, id LIMIT ?"+s.db.ForUpdate(),
		uploader, statusPending, limit).Scan(&found).Error
	return found, err
}

// findByKeys returns the completed assets of the keys.
func (s *store) findByKeys(ctx context.Context, keys []string) (found []asset, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Raw("SELECT * FROM storage_assets WHERE status = ? AND key IN ?", statusCompleted, keys).Scan(&found).Error
	return found, err
}

// queryAsset returns the row that a query finds.
func (s *store) queryAsset(ctx context.Context, query, arg string) (*asset, error) {
	var found []asset
	if err := s.db.Conn(ctx).Raw(query, arg).Scan(&found).Error; err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// markCompleted completes an upload.
func (s *store) markCompleted(ctx context.Context, id string, at clock.Time) error {
	res := s.db.Conn(ctx).Exec("UPDATE storage_assets SET status = ?, completed_at = ? WHERE id = ?",
		statusCompleted, at, id)
	if res.Error == nil && res.RowsAffected == 0 {
		return db.ErrNotFound
	}
	return res.Error
}

// beginRefusal takes a lease on an upload, which keeps others from completing it until endRefusal or
// leaseEnd.
func (s *store) beginRefusal(ctx context.Context, id string, leaseEnd clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE storage_assets SET refusing_until = ? WHERE id = ?", leaseEnd, id).Error
}

// endRefusal ends the lease of beginRefusal. refusedAt is when the object was deleted, or nil if it
// was not.
func (s *store) endRefusal(ctx context.Context, id string, refusedAt *clock.Time) error {
	return s.db.Conn(ctx).Exec("UPDATE storage_assets SET refusing_until = NULL, refused_at = COALESCE(?, refused_at) WHERE id = ?",
		refusedAt, id).Error
}

// lockUploader serializes the quota checks of one uploader until the transaction ends.
func (s *store) lockUploader(ctx context.Context, id string) error {
	if s.db.Dialect() != db.Postgres {
		return nil // SQLite runs one writing transaction at a time
	}
	return s.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "storage quota "+id).Error
}

// sumUsed returns how many bytes count against the quota of an uploader: assets, unfinished
// uploads, and deleted objects that an upload URL could still bring back.
func (s *store) sumUsed(ctx context.Context, uploader string, now clock.Time) (n int64, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT CAST(COALESCE((SELECT SUM(size) FROM storage_assets WHERE uploader_id = ?), 0)
		+ COALESCE((SELECT SUM(size) FROM storage_trash WHERE uploader_id = ? AND live_until > ?), 0) AS bigint)`, uploader, uploader, now).Scan(&n).Error
	return n, err
}

// moveToTrash deletes the rows of assets and puts their objects into the trash.
func (s *store) moveToTrash(ctx context.Context, assets []asset, now clock.Time) error {
	if len(assets) == 0 {
		return nil
	}
	assetIDs, rows := make([]string, len(assets)), make([]trashedObject, len(assets))
	for i := range assets {
		assetIDs[i], rows[i] = assets[i].ID, newTrashedObject(&assets[i], now)
	}
	conn := s.db.Conn(ctx)
	if err := conn.Exec("DELETE FROM storage_assets WHERE id IN ?", assetIDs).Error; err != nil {
		return err
	}
	return conn.Table("storage_trash").Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "blob_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"next_at", "last_at", "live_until", "size", "uploader_id"}),
	}).Create(&rows).Error
}

// forgetTrash deletes the row of the trash of an object.
func (s *store) forgetTrash(ctx context.Context, objectID string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM storage_trash WHERE blob_id = ?", objectID).Error
}

// list returns completed assets, the newest first; an empty uploader means everyone's.
func (s *store) list(
	ctx context.Context, uploader, prefix string, after *keyset.Position, limit int,
) (found []asset, err error) {
	q := s.db.Conn(ctx).Where("status = ?", statusCompleted)
	if uploader != "" {
		q = q.Where("uploader_id = ?", uploader)
	}
	if prefix != "" {
		// Not LIKE, which ignores case on SQLite: keys are compared by bytes, so the index on key
		// serves a range.
		q = q.Where("key >= ?", prefix)
		if end, bounded := prefixEnd(prefix); bounded {
			q = q.Where("key < ?", end)
		}
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}

// prefixEnd returns the first text that sorts after all texts with a prefix. bounded is false if
// there is none.
func prefixEnd(prefix string) (end string, bounded bool) {
	letters := []rune(prefix)
	for i := len(letters) - 1; i >= 0; i-- {
		if letters[i] == utf8.MaxRune {
			continue
		}
		if letters[i]++; letters[i] == 0xD800 {
			letters[i] = 0xE000 // skip the surrogates
		}
		return string(letters[:i+1]), true
	}
	return "", false
}

// listByUploader returns at most limit assets of an account after a position, whatever their
// status, the oldest first.
func (s *store) listByUploader(
	ctx context.Context, uploader string, after keyset.Position, limit int,
) ([]asset, error) {
	return s.queryByUploader(ctx, `SELECT * FROM storage_assets WHERE uploader_id = ? AND (created_at, id) > (?, ?)
		ORDER BY created_at, id LIMIT ?`, uploader, after, limit)
}

// lockByUploader is listByUploader with a lock on the rows.
func (s *store) lockByUploader(
	ctx context.Context, uploader string, after keyset.Position, limit int,
) ([]asset, error) {
	return s.queryByUploader(ctx, `SELECT * FROM storage_assets WHERE uploader_id = ? AND (created_at, id) > (?, ?)
		ORDER BY created_at, id LIMIT ?`+s.db.ForUpdate(), uploader, after, limit)
}

// queryByUploader returns the rows that a query for a page of an uploader's assets finds.
func (s *store) queryByUploader(
	ctx context.Context, query, uploader string, after keyset.Position, limit int,
) (found []asset, err error) {
	// The zero position is before all rows. A zero clock.Time would be NULL, which compares to nothing,
	// and an empty id is no UUID.
	err = s.db.Conn(ctx).Raw(query, uploader, after.CreatedAt.UnixMilli(), cmp.Or(after.ID, ids.None), limit).
		Scan(&found).Error
	return found, err
}

// listOverdue returns the ids of uploads whose URL ended before a time and that nobody completed.
func (s *store) listOverdue(ctx context.Context, before clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM storage_assets WHERE status = ? AND expires_at < ? ORDER BY expires_at LIMIT 200",
		statusPending, before).Scan(&found).Error
	return found, err
}

// listDueTrash returns the ids of objects that are to be deleted by now.
func (s *store) listDueTrash(ctx context.Context, now clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT blob_id FROM storage_trash WHERE next_at <= ? ORDER BY next_at LIMIT 200",
		now).Scan(&found).Error
	return found, err
}

// findDueTrash returns the trash of an object, or nil if there is none or it is not due.
func (s *store) findDueTrash(ctx context.Context, objectID string, now clock.Time) (*trashedObject, error) {
	return s.queryTrash(ctx, "SELECT * FROM storage_trash WHERE blob_id = ? AND next_at <= ?", objectID, now)
}

// lockDueTrash is findDueTrash with a lock on the row.
func (s *store) lockDueTrash(ctx context.Context, objectID string, now clock.Time) (*trashedObject, error) {
	return s.queryTrash(ctx, "SELECT * FROM storage_trash WHERE blob_id = ? AND next_at <= ?"+s.db.ForUpdate(),
		objectID, now)
}

// queryTrash returns the row of the trash that a query finds; nil if there is none.
func (s *store) queryTrash(ctx context.Context, query string, args ...any) (*trashedObject, error) {
	var found []trashedObject
	if err := s.db.Conn(ctx).Raw(query, args...).Scan(&found).Error; err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// recordDeletion drops the row of an object that was deleted now if this was the last deletion, or
// else sets when the object is deleted next.
func (s *store) recordDeletion(ctx context.Context, t *trashedObject, now clock.Time) error {
	if !now.Before(t.LastAt) {
		return s.forgetTrash(ctx, t.ObjectID)
	}
	return s.db.Conn(ctx).Exec("UPDATE storage_trash SET next_at = ? WHERE blob_id = ?", t.nextDeletion(now),
		t.ObjectID).Error
}
