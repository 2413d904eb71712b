package storage

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/keyset"
)

// holdings answers what the module holds about an account.
type holdings struct {
	service *Service
	page    int
}

func newHoldings(s *Service) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module is the name that the records stand under.
func (holdings) Module() string { return "storage" }

type heldAsset struct {
	ID          string      `json:"id"`
	Key         string      `json:"key"`
	ContentType string      `json:"content_type"`
	Size        int64       `json:"size"`
	Status      string      `json:"status"`
	CreatedAt   clock.Time  `json:"created_at"`
	CompletedAt *clock.Time `json:"completed_at"`
}

// Export hands over what the account uploaded, finished or not; their content is behind signed links.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return h.pages(ctx, userID, lockNone, func(page []asset) error {
		for _, a := range page {
			if err := record("assets", heldAsset{a.ID, a.Key, a.ContentType, a.Size, a.Status, a.CreatedAt, a.CompletedAt}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Erase removes what the account uploaded and nothing uses. What is used stays with those who use
// it; administrators manage it.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.pages(ctx, userID, lockForUpdate, func(page []asset) error {
		return h.service.removeUnused(ctx, page)
	})
}

// pages hands an uploader's assets to fn, the oldest first.
func (h holdings) pages(ctx context.Context, userID string, lock rowLock, fn func([]asset) error) error {
	var last keyset.Position
	for {
		page, err := h.service.store.held(ctx, userID, last, h.page, lock)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
		a := page[len(page)-1]
		last = positionOf(&a)
	}
}
