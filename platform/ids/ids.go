// Package ids makes and checks the ids of everything that is stored: UUIDs of version 7 (RFC 9562
// §5.7), which begin with the time. Ids that were made later sort later, so that rows with
// neighboring ids stand beside each other in an index.
package ids

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// New returns a new id. Within one process each is greater than the one before.
func New() string {
	return uuid.Must(uuid.NewV7()).String()
}

// IsValid reports whether s is an id in its one accepted form: a UUID of 36 characters in lower
// case. No stored thing has another text as its id, so callers answer it as missing without asking
// the database.
func IsValid(s string) bool {
	if len(s) != 36 {
		return false
	}
	u, err := uuid.Parse(s)
	return err == nil && u.String() == s
}

// None is the id of nothing. It sorts before every id that New returns.
const None = "00000000-0000-0000-0000-000000000000"

// FirstAt returns an id that sorts before every one that New returns from that time on, and after those that it has
// returned before, up to the millisecond. It finds rows of some age by their primary key.
func FirstAt(t time.Time) string {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], uint64(t.UnixMilli())<<16) //nolint:gosec // times before 1970 have no ids
	u[6], u[8] = 0x70, 0x80
	return u.String()
}
