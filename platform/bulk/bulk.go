// Package bulk holds what requests with many rows have in common, such as an import of a list of
// mail addresses. Each row has a result of its own, and an atomic request with one failed row
// changes nothing.
//
//	NewRows(emails) ─▶ the module sets Exists, Failed and ID ─▶ SkipIfFailed(rows, atomic)
//	                   for each row                              └─ false: create the Created rows
package bulk

import (
	"slices"

	"lyceum/platform/text"
)

// Statuses of a row, as clients see them.
const (
	// Created is the status of a row that is carried out, and of every row before it is looked at.
	Created = "created"
	// Exists is the status of a row whose result was there before.
	Exists = "exists"
	// Failed is the status of a row with an error.
	Failed = "error"
	// Skipped is the status of a sound row of an atomic request that another row has stopped.
	Skipped = "skipped"
)

// Row is one row of a request and its result.
type Row struct {
	// Email is the mail address as it was given, Address its normal form. Address is empty if Email
	// is not a mail address.
	Email, Address string
	// Status is one of the constants above.
	Status string
	// Error is the code of the error of a failed row.
	Error string
	// ID is the id of the object that the row has led to, or "" if there is none.
	ID string
}

// NewRows returns a row for each address, in order. Rows without a valid address have failed with
// invalid-email. Addresses that are given twice have two rows.
func NewRows(emails []string) []Row {
	rows := make([]Row, len(emails))
	for i, email := range emails {
		address, err := text.NormalizeEmail(email)
		rows[i] = Row{Email: email, Address: address, Status: Created}
		if err != nil {
			rows[i].MarkFailed("invalid-email")
		}
	}
	return rows
}

// MarkFailed gives the row an error code.
func (r *Row) MarkFailed(code string) { r.Status, r.Error = Failed, code }

// ListAddresses returns the normal forms of the valid addresses, in order.
func ListAddresses(rows []Row) (addresses []string) {
	for _, r := range rows {
		if r.Address != "" {
			addresses = append(addresses, r.Address)
		}
	}
	return addresses
}

// SkipIfFailed returns whether the request must change nothing, which is so if it is atomic and a
// row has failed. It gives the rows that would have been created the status Skipped then.
func SkipIfFailed(rows []Row, atomic bool) bool {
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

// CountStatuses returns how many rows were created, existed and failed. Skipped rows are not
// counted.
func CountStatuses(rows []Row) (created, exists, failed int) {
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
