package usersapi

import "context"

// Holder takes part in the export and the deletion of accounts. Every module that stores something
// about accounts provides one with fx.ResultTags(HolderGroup).
type Holder interface {
	// Module returns the name of the module. Its records stand under it in an export.
	Module() string
	// Export hands over what the module stores about an account, record by record. A section is a
	// list of records of one kind, which follow each other. Export runs outside a transaction and
	// reads in pages, as an account may have a great deal. No secret, no hash and nothing of other
	// people is part of a record.
	Export(ctx context.Context, userID string, record Record) error
	// Erase deletes or anonymizes it in the caller's transaction. What others rely on stays without
	// its person: courses, messages, counts.
	Erase(ctx context.Context, userID string) error
}

// Record takes one record of an export. v is written as JSON, whose names are in snake_case. An
// error of Record ends the export.
type Record func(section string, v any) error

// HolderGroup is the fx group of all Holders.
const HolderGroup = `group:"account_holders"`

// ExportPage is how many rows an export reads at once.
const ExportPage = 500

// Part hands over one section of an export and reads at most limit rows at once.
type Part func(ctx context.Context, userID string, limit int, record Record) error

// Section returns the Part of a section whose records next returns page by page. next returns at
// most limit records after a record; the first page follows the zero record.
func Section[T any](
	name string, next func(ctx context.Context, userID string, after T, limit int) ([]T, error),
) Part {
	return func(ctx context.Context, userID string, limit int, record Record) error {
		for last := *new(T); ; {
			page, err := next(ctx, userID, last, limit)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, r := range page {
				if err := record(name, r); err != nil {
					return err
				}
			}
			last = page[len(page)-1]
		}
	}
}

// Export hands over parts one after another.
func Export(ctx context.Context, userID string, limit int, record Record, parts ...Part) error {
	for _, part := range parts {
		if err := part(ctx, userID, limit, record); err != nil {
			return err
		}
	}
	return nil
}
