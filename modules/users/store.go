package users

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

func (s *store) insert(ctx context.Context, u *user) error { return s.db.Conn(ctx).Create(u).Error }

func (s *store) byID(ctx context.Context, id string) (*user, error) {
	return s.one(ctx, "id = ?", id)
}

func (s *store) byEmail(ctx context.Context, email string) (*user, error) {
	return s.one(ctx, "email = ?", email)
}

func (s *store) one(ctx context.Context, where string, arg string) (*user, error) {
	u := &user{}
	return u, s.db.QueryRow(ctx, `SELECT id, email, display_name, folded_name, role, status, email_verified, version, created_at, updated_at, last_login_at
		FROM users WHERE `+where, []any{arg}, &u.ID, &u.Email, &u.DisplayName, &u.FoldedName, &u.Role, &u.Status, &u.EmailVerified, &u.Version,
		&u.CreatedAt, &u.UpdatedAt, &u.LastLoginAt)
}

// lockForUpdate returns an account and keeps out everybody else who locks it until the transaction ends. It returns
// db.ErrNotFound if there is no such account.
func (s *store) lockForUpdate(ctx context.Context, id string) (*user, error) {
	return s.lock(ctx, id, s.db.ForUpdate())
}

// lockForShare returns an account with a lock that readers share and a change waits for; db.ErrNotFound if there is no such
// account. SQLite needs no lock: a transaction has the database to itself.
func (s *store) lockForShare(ctx context.Context, id string) (*user, error) {
	suffix := ""
	if s.db.Dialect() == db.Postgres {
		suffix = " FOR SHARE"
	}
	return s.lock(ctx, id, suffix)
}

func (s *store) lock(ctx context.Context, id, suffix string) (*user, error) {
	var found []user
	err := s.db.Conn(ctx).Raw("SELECT * FROM users WHERE id = ?"+suffix, id).Scan(&found).Error
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, db.ErrNotFound
	}
	return &found[0], nil
}

// lockAdmins reads the active administrators in one order, so that two demotions wait for one
// another and the second sees what the first did.
func (s *store) lockAdmins(ctx context.Context) (ids []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM users WHERE role = 'admin' AND status = 'active' ORDER BY id" + s.db.ForUpdate()).Scan(&ids).Error
	return ids, err
}

func (s *store) byIDs(ctx context.Context, ids []string) (found []user, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Where("id IN ?", ids).Find(&found).Error
	return found, err
}

func (s *store) name(ctx context.Context, id string) (name string, ok bool, err error) {
	err = s.db.QueryRow(ctx, "SELECT display_name FROM users WHERE id = ?", []any{id}, &name)
	if db.IsNotFound(err) {
		return "", false, nil
	}
	return name, err == nil, err
}

func (s *store) names(ctx context.Context, ids []string) (map[string]string, error) {
	out := make(map[string]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var found []struct{ ID, DisplayName string }
	err := s.db.Conn(ctx).Raw("SELECT id, display_name FROM users WHERE id IN ?", ids).Scan(&found).Error
	for _, f := range found {
		out[f.ID] = f.DisplayName
	}
	return out, err
}

func (s *store) byEmails(ctx context.Context, emails []string) (found []user, err error) {
	if len(emails) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Where("email IN ?", emails).Find(&found).Error
	return found, err
}

// save writes what may change and counts the version up.
func (s *store) save(ctx context.Context, u *user) error {
	u.Version++
	return s.db.Conn(ctx).Model(&user{}).Where("id = ?", u.ID).Updates(map[string]any{
		"email": u.Email, "display_name": u.DisplayName, "folded_name": u.FoldedName, "role": u.Role, "status": u.Status,
		"email_verified": u.EmailVerified, "version": u.Version, "updated_at": u.UpdatedAt,
	}).Error
}

// touchLogin notes a login and says whether the account is active; it is held for the rest of the transaction.
func (s *store) touchLogin(ctx context.Context, id string, at clock.Time) (bool, error) {
	n, err := s.db.Exec(ctx, "UPDATE users SET last_login_at = ? WHERE id = ? AND status = ?", at, id, active)
	return n == 1, err
}

func (s *store) remove(ctx context.Context, id string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM users WHERE id = ?", id).Error
}

func (s *store) list(ctx context.Context, f listFilter, after *keyset.Position, limit int) (found []user, err error) {
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

func (s *store) empty(ctx context.Context) (bool, error) {
	var found []string
	err := s.db.Conn(ctx).Raw("SELECT id FROM users LIMIT 1").Scan(&found).Error
	return len(found) == 0, err
}
