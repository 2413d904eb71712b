// Package ids makes and reads the ids of everything that is stored: UUIDv7 (RFC 9562), so that ids
// made later sort later.
package ids

import "github.com/google/uuid"

// New makes an id.
func New() string {
	return uuid.Must(uuid.NewV7()).String()
}

// IsValid says whether s is an id in its one accepted form: 36 characters, lower case. Anything
// else can't name a stored thing, so callers answer it as missing.
func IsValid(s string) bool {
	if len(s) != 36 {
		return false
	}
	u, err := uuid.Parse(s)
	return err == nil && u.String() == s
}

// None is no id of ours: it comes before every one, and nothing has it.
const None = "00000000-0000-0000-0000-000000000000"
