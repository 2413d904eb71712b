package users

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

// store reads and writes the table users. Lookups of one account return db.ErrNotFound for a
// missing one; lookups of many leave it out.
type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

// insert adds an account. It returns an error for which db.IsDuplicate is true if another account
// has the address.
func (s *store) insert(ctx context.Context, a *account) error { return s.db.Conn(ctx).Create(a).Error }

// Lookups of one account, which every request makes, go without GORM.
const (
	selectByID = `SELECT id, email, display_name, folded_name, role, status, email_verified, version,
			created_at, updated_at, last_login_at
		FROM users WHERE id = ?`
	selectByEmail = `SELECT id, email, display_name, folded_name, role, status, email_verified, version,
			created_at, updated_at, last_login_at
		FROM users WHERE email = ?`
)

// findByID returns an account.
func (s *store) findByID(ctx context.Context, id string) (*account, error) {
	return s.queryAccount(ctx, selectByID, id)
}

// findByEmail returns the account with a canonical address.
func (s *store) findByEmail(ctx context.Context, email string) (*account, error) {
	return s.queryAccount(ctx, selectByEmail, email)
}

// queryAccount returns the account that selectByID or selectByEmail finds.
func (s *store) queryAccount(ctx context.Context, query, key string) (*account, error) {
	a := &account{}
	return a, s.db.QueryRow(ctx, query, []any{key},
		&a.ID, &a.Email, &a.DisplayName, &a.FoldedName, &a.Role, &a.Status, &a.EmailVerified, &a.Version,
		&a.CreatedAt, &a.UpdatedAt, &a.LastLoginAt)
}

// lockForUpdate returns an account and keeps others from locking it until the transaction ends.
func (s *store) lockForUpdate(ctx context.Context, id string) (*account, error) {
	if s.db.Dialect() == db.SQLite {
		return s.findByID(ctx, id) // a transaction has the database to itself
	}
	return s.queryAccount(ctx, selectByID+" FOR UPDATE", id)
}

// lockForShare returns an account with a lock that others may share and that a change waits for.
func (s *store) lockForShare(ctx context.Context, id string) (*account, error) {
	if s.db.Dialect() == db.SQLite {
		return s.findByID(ctx, id)
	}
	return s.queryAccount(ctx, selectByID+" FOR SHARE", id)
}

// lockAdmins locks the active administrators and returns their ids. It takes the locks in one
// order, so that two demotions wait for one another and the second sees what the first has done.
func (s *store) lockAdmins(ctx context.Context) (ids []string, err error) {
	query := "SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id" + s.db.ForUpdate()
	err = s.db.Conn(ctx).Raw(query).Scan(&ids).Error
	return ids, err
}

// findByIDs returns the accounts with the ids.
func (s *store) findByIDs(ctx context.Context, ids []string) (found []account, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Where("id IN ?", ids).Find(&found).Error
	return found, err
}

// findByEmails returns the accounts with the canonical addresses.
func (s *store) findByEmails(ctx context.Context, emails []string) (found []account, err error) {
	if len(emails) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Where("email IN ?", emails).Find(&found).Error
	return found, err
}

// findName returns the display name of an account; ok is false if there is none.
func (s *store) findName(ctx context.Context, id string) (name string, ok bool, err error) {
	err = s.db.QueryRow(ctx, "SELECT display_name FROM users WHERE id = ?", []any{id}, &name)
	if db.IsNotFound(err) {
		return "", false, nil
	}
	return name, err == nil, err
}

// findNames returns display names by account id.
func (s *store) findNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return names, nil
	}
	var found []struct{ ID, DisplayName string }
	err := s.db.Conn(ctx).Raw("SELECT id, display_name FROM users WHERE id IN ?", ids).Scan(&found).Error
	for _, f := range found {
		names[f.ID] = f.DisplayName
	}
	return names, err
}

// save writes the columns that may change and raises the version.
func (s *store) save(ctx context.Context, a *account) error {
	a.Version++
	return s.db.Conn(ctx).Model(&account{}).Where("id = ?", a.ID).Updates(map[string]any{
		"email": a.Email, "display_name": a.DisplayName, "folded_name": a.FoldedName, "role": a.Role,
		"status": a.Status, "email_verified": a.EmailVerified, "version": a.Version, "updated_at": a.UpdatedAt,
	}).Error
}

// updateLastLogin sets the time of the last login and reports whether the account is active. The
// row is locked for the rest of the transaction.
func (s *store) updateLastLogin(ctx context.Context, id string, at clock.Time) (isActive bool, err error) {
	n, err := s.db.Exec(ctx, "UPDATE users SET last_login_at = ? WHERE id = ? AND status = ?", at, id, statusActive)
	return n == 1, err
}

// remove deletes an account.
func (s *store) remove(ctx context.Context, id string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM users WHERE id = ?", id).Error
}

// list returns at most limit accounts after a position, the newest first.
func (s *store) list(
	ctx context.Context, f listFilter, after *keyset.Position, limit int,
) (found []account, err error) {
	q := s.db.Conn(ctx)
	if f.Role != "" {
		q = q.Where("role = ?", f.Role)
	}
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if f.Q != "" {
		like := "%" + text.EscapeLike(text.FoldCase(f.Q)) + "%"
		q = q.Where(`(email LIKE ? ESCAPE '\' OR folded_name LIKE ? ESCAPE '\')`, like, like)
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&found).Error
	return found, err
}

// isEmpty reports whether there is no account.
func (s *store) isEmpty(ctx context.Context) (bool, error) {
	var found []string
	err := s.db.Conn(ctx).Raw("SELECT id FROM users LIMIT 1").Scan(&found).Error
	return len(found) == 0, err
}
