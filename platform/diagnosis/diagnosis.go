// Package diagnosis says how the health of a part is told to an operator: as findings, each with what to do
// about it. Parts that own tables declare a Check, and lyceum doctor runs all of them.
package diagnosis

import (
	"context"

	"lyceum/platform/db"
)

// Status is how serious a finding is.
type Status string

// The statuses of findings. Failed means that something does not work, or will not.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Failed  Status = "failed"
)

// Finding is the result of one check.
type Finding struct {
	// Check names what was examined.
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Found is a sentence without a full stop.
	Found string `json:"found"`
	// Advice says what to do. It is empty for OK.
	Advice string `json:"advice,omitempty"`
}

// Check examines one part of the database. Modules declare checks for what they own.
type Check struct {
	Name string
	// Run returns the finding, whose name is filled in. An error means that the database can't be asked.
	Run func(ctx context.Context, d *db.DB) (Finding, error)
}
