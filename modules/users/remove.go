package users

import (
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// holders asks every module about what it holds of an account. It stands apart from Service, which
// those modules ask themselves.
type holders struct {
	service   *Service
	passwords usersapi.Passwords
	all       []usersapi.Holder
}

// HolderParams collects the answers of all modules.
type HolderParams struct {
	fx.In
	All []usersapi.Holder `group:"account_holders"`
}

func newHolders(s *Service, p usersapi.Passwords, h HolderParams) *holders {
	slices.SortFunc(h.All, func(a, b usersapi.Holder) int { return strings.Compare(a.Module(), b.Module()) })
	return &holders{s, p, h.All}
}

// removeMe deletes the caller's account: 403 wrong-password, 409 last-admin.
func (h *holders) removeMe(ctx context.Context, password string) error {
	if err := h.passwords.Prove(ctx, password); err != nil {
		return err
	}
	return h.remove(ctx, identity.CallerFrom(ctx).UserID)
}

// remove deletes an account: each module erases or anonymises its part in the same transaction, audit
// entries keep the id alone, and the address is free again. 404, 409 last-admin.
func (h *holders) remove(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errMissing
	}
	return h.service.db.InTx(ctx, func(ctx context.Context) error {
		admins, err := h.service.store.lockAdmins(ctx)
		if err != nil {
			return err
		}
		u, err := h.service.store.lockForUpdate(ctx, id)
		if db.IsNotFound(err) {
			return errMissing
		}
		if err != nil {
			return err
		}
		if err := db.CheckVersion(ctx, u.Version); err != nil {
			return err
		}
		if u.activeAdmin() {
			if len(admins) < 2 {
				return errLastAdmin
			}
			if err := h.service.events.Publish(ctx, usersapi.AdminLost{UserID: id}); err != nil {
				return err
			}
		}
		return h.erase(ctx, u)
	})
}

func (h *holders) erase(ctx context.Context, u *user) error {
	if err := h.eraseAll(ctx, u.ID); err != nil {
		return err
	}
	if err := h.service.store.remove(ctx, u.ID); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() { h.service.broadcast.SendSignal(identity.TopicAccount, u.ID) })
	if err := h.service.events.Publish(ctx, removed{u.ID}); err != nil {
		return err
	}
	return h.service.record(ctx, auditapi.Entry{Action: "user.deleted", TargetID: u.ID})
}

func (h *holders) eraseAll(ctx context.Context, id string) error {
	for _, holder := range h.all {
		if err := holder.Erase(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// removed tells that an account is gone, once everything that was under way then has ended.
type removed struct {
	UserID string `json:"user_id"`
}

// EventName implements events.Event.
func (removed) EventName() string { return "users.removed" }

// Delay implements events.Delayed: no request and no delivery lasts as long.
func (removed) Delay() time.Duration { return 30 * time.Second }

// onRemoved erases once more: a request of the account that ran beside its deletion may have written after it.
func (h *holders) onRemoved(ctx context.Context, e removed) error {
	return h.eraseAll(ctx, e.UserID)
}

func newSubscribers(h *holders) []events.Subscription {
	return []events.Subscription{events.SubscribeDurable("users", h.onRemoved)}
}
