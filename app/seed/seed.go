// Package seed fills the database of a new installation with what it begins with:
//
//	the sealed beginning of the audit log   always
//	demo accounts and courses               DEMO, with an empty embedded database, not in production
//	the first administrator                 ADMIN_EMAIL and ADMIN_PASSWORD
//
// It is part of the composition root, as it asks several modules.
package seed

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/courses"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/keyring"
)

// Parts are what the data is made with. A part of a disabled module is nil.
type Parts struct {
	fx.In
	Config     *config.Config
	DB         *db.DB
	Keys       *keyring.Keys
	Auth       *auth.Service
	AuthConfig *auth.Config
	Users      *users.Service
	Courses    *courses.Service      `optional:"true"`
	Files      storageapi.FilePutter `optional:"true"`
}

// Fill fills the database where that has not happened yet. It reports whether the demo accounts are
// there. Replicas that start together may call it at the same time.
func Fill(ctx context.Context, p Parts) (hasDemo bool, err error) {
	if err := SealEmptyLog(ctx, p.Users, p.DB, p.Keys); err != nil {
		return false, err
	}
	if hasDemo, err = loadDemo(ctx, p); err != nil {
		return false, fmt.Errorf("demo data: %w", err)
	}
	return hasDemo, ensureAdmin(ctx, p)
}

// SealEmptyLog begins the audit log of a database that has no account yet, whether or not the audit
// module is on: what is audited later must follow a sealed beginning.
func SealEmptyLog(ctx context.Context, u *users.Service, d *db.DB, k *keyring.Keys) error {
	empty, err := u.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	return audit.SealEmptyLog(ctx, d, k)
}
