package users

import (
	"context"
	"slices"
	"strings"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/ids"
)

// HolderParams collects the holders of all modules.
type HolderParams struct {
	fx.In
	Holders []usersapi.Holder `group:"account_holders"`
}

// sort returns the holders by the names of their modules, so that every deletion and every export
// goes through them in the same order.
func (p HolderParams) sort() []usersapi.Holder {
	byModule := func(a, b usersapi.Holder) int { return strings.Compare(a.Module(), b.Module()) }
	return slices.SortedFunc(slices.Values(p.Holders), byModule)
}

// deleter deletes accounts together with what all modules hold about them.
type deleter struct {
	service *Service
	holders []usersapi.Holder
}

func newDeleter(s *Service, p HolderParams) *deleter { return &deleter{s, p.sort()} }

// Delete implements usersapi.Deleter.
func (d *deleter) Delete(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoAccount
	}
	return d.service.db.InTx(ctx, func(ctx context.Context) error {
		// The administrators are locked before the account, as in updateAccount.
		admins, err := d.service.store.lockAdmins(ctx)
		if err != nil {
			return err
		}
		a, err := d.service.store.lockForUpdate(ctx, id)
		if db.IsNotFound(err) {
			return errNoAccount
		}
		if err != nil {
			return err
		}
		if err := db.CheckVersion(ctx, a.Version); err != nil {
			return err
		}
		if a.isActiveAdmin() {
			if len(admins) < 2 {
				return errLastAdmin
			}
			if err := d.service.events.Publish(ctx, usersapi.AdminLost{UserID: id}); err != nil {
				return err
			}
		}
		return d.deleteLocked(ctx, id)
	})
}

// deleteLocked deletes a locked account: what the modules hold first, as they look the account up.
func (d *deleter) deleteLocked(ctx context.Context, id string) error {
	if err := d.eraseHeld(ctx, id); err != nil {
		return err
	}
	if err := d.service.store.remove(ctx, id); err != nil {
		return err
	}
	d.service.dropCachesAfterCommit(ctx, id)
	if err := d.service.events.Publish(ctx, usersapi.Deleted{UserID: id}); err != nil {
		return err
	}
	return d.service.publishEntry(ctx, auditapi.Entry{Action: "user.deleted", TargetID: id})
}

// eraseHeld makes every module erase what it holds about an account.
func (d *deleter) eraseHeld(ctx context.Context, id string) error {
	for _, holder := range d.holders {
		if err := holder.Erase(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// newSubscribers subscribes to the deletion of accounts: what they hold is erased once more, as a
// request of the account that ran beside its deletion may have written after it.
func newSubscribers(d *deleter) []events.Subscription {
	return []events.Subscription{
		events.SubscribeDurable("users", func(ctx context.Context, e usersapi.Deleted) error {
			return d.eraseHeld(ctx, e.UserID)
		}),
		events.SubscribeRetired("users", func(ctx context.Context, e accountRemoved) error {
			return d.eraseHeld(ctx, e.UserID)
		}),
	}
}

// accountRemoved is the event user.deleted under the name that earlier versions stored.
type accountRemoved struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (accountRemoved) EventName() string { return "users.removed" }
