package usersapi

import "context"

// Holder is answered by every module that holds something about accounts. Provide one with
// fx.ResultTags(HolderGroup).
type Holder interface {
	// Module is the name of the module; in an export its records stand under it.
	Module() string
	// Export hands over everything that the module holds about the account, record by record. A
	// section is a list of records of one kind; all records of one section come one after another.
	// It runs outside a transaction and reads in pages, as an account may hold a great deal. No
	// secret, hash or data of other people is ever part of a record.
	Export(ctx context.Context, userID string, record Record) error
	// Erase removes or anonymises it, in the caller's transaction. What others rely on stays without
	// its person: courses, messages, counts.
	Erase(ctx context.Context, userID string) error
}

// Record takes one record of an export; an error of it ends the export. v is marshalled as JSON, in snake_case.
type Record func(section string, v any) error

// HolderGroup is the fx group that collects Holder answers.
const HolderGroup = `group:"account_holders"`

// ExportPage is how many rows an export reads at once.
const ExportPage = 500

// Part hands over one section of an export, reading limit rows at once.
type Part func(ctx context.Context, userID string, limit int, record Record) error

// Section makes a part of a query that gives the records after one; the first page follows the zero record.
func Section[T any](name string, next func(ctx context.Context, userID string, after T, limit int) ([]T, error)) Part {
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
