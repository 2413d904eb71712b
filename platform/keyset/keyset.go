// Package keyset has the position of keyset pagination: a page begins after the last row of the
// page before, found by the values that the list is ordered by. Unlike an offset it stays right
// while rows come and go.
package keyset

import "lyceum/platform/clock"

// Position is the place of a row in a list that is ordered by creation time, then by id. Stores
// take a *Position as the row to begin after; nil stands for the first page.
type Position struct {
	CreatedAt clock.Time
	ID        string
}
