// Package bulk has what orders of many rows share, one row for each address: what may become of a row, and that an
// atomic order with an error does nothing.
package bulk

import (
	"slices"

	"lyceum/platform/text"
)

// Statuses of a row.
const (
	Created = "created"
	Exists  = "exists"
	Failed  = "error"
	Skipped = "skipped"
)

// Row is one row of an order, and what became of it.
type Row struct {
	// Email as it was given; Address is its one form, empty for what is no address.
	Email, Address string
	Status         string
	// Error is a code, where the row has failed.
	Error string
	// ID is the id of what the row created, or "" if it created nothing.
	ID string
}

// Rows begins an order: all is to be created, but for what is no address.
func Rows(emails []string) []Row {
	rows := make([]Row, len(emails))
	for i, email := range emails {
		address, err := text.NormalizeEmail(email)
		rows[i] = Row{Email: email, Address: address, Status: Created}
		if err != nil {
			rows[i].Fail("invalid-email")
		}
	}
	return rows
}

// Fail gives the row an error.
func (r *Row) Fail(code string) { r.Status, r.Error = Failed, code }

// Addresses are those of rows that have one.
func Addresses(rows []Row) (out []string) {
	for _, r := range rows {
		if r.Address != "" {
			out = append(out, r.Address)
		}
	}
	return out
}

// Hold makes an atomic order with an error one that does nothing, and says so.
func Hold(rows []Row, atomic bool) bool {
	if !atomic || !slices.ContainsFunc(rows, func(r Row) bool { return r.Status == Failed }) {
		return false
	}
	for i := range rows {
		if rows[i].Status == Created {
			rows[i].Status = Skipped
		}
	}
	return true
}

// Count says how many rows were created, existed and failed.
func Count(rows []Row) (created, exists, failed int) {
	for _, r := range rows {
		switch r.Status {
		case Created:
			created++
		case Exists:
			exists++
		case Failed:
			failed++
		}
	}
	return created, exists, failed
}
