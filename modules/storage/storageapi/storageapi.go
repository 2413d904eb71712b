// Package storageapi is what other modules may ask of storage, and what storage asks of them.
package storageapi

import (
	"context"
	"io"

	"lyceum/platform/auth"
)

// Assets answers about stored objects by the key that a teacher gave them.
type Assets interface {
	// Usable says whether the caller may use the key in a lesson or as a cover: a completed asset
	// that the caller uploaded, or any for administrators.
	Usable(ctx context.Context, caller auth.Caller, key string) (bool, error)
	// Store puts an object of the server's own making under a key, such as demo data or an import; an
	// existing key is kept, one that is being uploaded is 409 key-taken. Large objects are best stored
	// outside a transaction, which would hold others up while the bytes are written.
	Store(ctx context.Context, ownerID, key, contentType string, size int64, r io.Reader) error
}

// Use is one place that uses a key. Of one that the caller may not read there is the type alone.
type Use struct {
	Type     string `json:"type" enum:"course,lesson"`
	ID       string `json:"id,omitempty"`
	CourseID string `json:"course_id,omitempty"`
	Title    string `json:"title,omitempty"`
}

// KeyUser is answered by every module whose things refer to keys. Provide one with fx.ResultTags(KeyUserGroup).
type KeyUser interface {
	// MayReadKey says whether the caller may read something that uses the key.
	MayReadKey(ctx context.Context, caller auth.Caller, key string) (bool, error)
	// UsesOfKeys lists what uses each of the keys.
	UsesOfKeys(ctx context.Context, keys []string) (map[string][]Use, error)
}

// KeyUserGroup is the fx group that collects KeyUser answers.
const KeyUserGroup = `group:"key_users"`
