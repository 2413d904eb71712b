package storage

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/keyset"
)

// holdings implements usersapi.Holder: what this module stores about an account.
type holdings struct {
	service *Service
	// page is how many assets are read at once; tests set a small one.
	page int
}

func newHoldings(s *Service) usersapi.Holder { return holdings{s, usersapi.ExportPage} }

// Module implements usersapi.Holder.
func (holdings) Module() string { return "storage" }

// heldAsset is an asset in the export of its uploader.
type heldAsset struct {
	ID          string      `json:"id"`
	Key         string      `json:"key"`
	ContentType string      `json:"content_type"`
	Size        int64       `json:"size"`
	Status      string      `json:"status"`
	CreatedAt   clock.Time  `json:"created_at"`
	CompletedAt *clock.Time `json:"completed_at"`
}

// Export hands over what the account uploaded, completed or not. The bytes are not exported; signed
// URLs give them.
func (h holdings) Export(ctx context.Context, userID string, record usersapi.Record) error {
	return h.forEachPage(ctx, userID, h.service.store.listByUploader, func(page []asset) error {
		for _, a := range page {
			if err := record("assets",
				heldAsset{a.ID, a.Key, a.ContentType, a.Size, a.Status, a.CreatedAt, a.CompletedAt}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Erase removes what the account uploaded, except for completed assets that something uses: they stay
// with those who use them, and administrators manage them.
func (h holdings) Erase(ctx context.Context, userID string) error {
	return h.forEachPage(ctx, userID, h.service.store.lockByUploader, func(page []asset) error {
		return h.service.removeUnused(ctx, page)
	})
}

// readPage reads a page of an uploader's assets after a position.
type readPage func(ctx context.Context, uploader string, after keyset.Position, limit int) ([]asset, error)

// forEachPage hands an uploader's assets to fn, the oldest first. Unlike usersapi.Section it serves
// Erase, too, which locks what it reads.
func (h holdings) forEachPage(ctx context.Context, userID string, read readPage, fn func([]asset) error) error {
	var last keyset.Position
	for {
		page, err := read(ctx, userID, last, h.page)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := fn(page); err != nil {
			return err
		}
		last = positionOf(&page[len(page)-1])
	}
}
