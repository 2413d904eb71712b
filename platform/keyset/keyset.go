// Package keyset has the position of keyset pagination. A page begins after the last row of the
// page before, which is found by the values that the list is ordered by. Unlike an offset, a
// position stays right while rows come and go, and costs the same on every page.
package keyset

import "lyceum/platform/clock"

// Position is the place of a row in a list that is ordered by creation time, then by id. Stores
// take a *Position as the row to begin after; nil stands for the first page.
type Position struct {
	CreatedAt clock.Time
	ID        string
}
