// Package storageapi is what other modules may ask of storage, and what storage asks of them.
package storageapi

import (
	"context"
	"io"

	"lyceum/platform/identity"
)

// Assets answers about stored objects by the key that a teacher gave them.
type Assets interface {
	// Usable says whether the caller may use the key in a lesson or as a cover: a completed asset
	// that the caller uploaded, or any for administrators.
	Usable(ctx context.Context, caller identity.Caller, key string) (bool, error)
	// Store puts an object of the server's own making under a key, such as demo data. An existing key is kept. It
	// returns key-taken if the key is being uploaded. It must not be called inside a transaction, which would hold
	// others up while the bytes are written.
	Store(ctx context.Context, ownerID, key, contentType string, size int64, r io.Reader) error
}

// File is a stored object as an archive describes it.
type File struct {
	Key         string
	ContentType string
	// Size in bytes.
	Size int64
	// SHA256 in hexadecimal; empty where nobody told it.
	SHA256 string
}

// Library reads assets for those whose own rule says that they may be read.
type Library interface {
	// Files describes the completed assets of the keys; a key that has none is left out.
	Files(ctx context.Context, keys []string) (map[string]File, error)
	// OpenFile reads the asset of a key; ok false where there is none or the store has lost its object. The
	// caller closes it.
	OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error)
}

// Staged is a file that an import has brought.
type Staged struct {
	// Key is the one asked for, or another where that was taken.
	Key string
	// ID is for Settle and Discard; empty where an asset of the caller's had the same bytes already.
	ID string
}

// StartSize is how much of a file tells what it is: sound files may begin with other things.
const StartSize = 64 << 10

// Intake takes the files of an import in two steps, so that all of them become assets together with what
// uses them or not at all.
type Intake interface {
	// Check returns the rules of uploads that a file breaks, of kind Invalid; start is its first StartSize bytes, or all of them.
	Check(f File, start []byte) error
	// Stage stores a file of the caller's outside every transaction, where nobody can use it yet: 422
	// quota-exceeded, 503 storage-full. SHA256 is taken as checked. What is never settled goes by itself.
	Stage(ctx context.Context, f File, open func() (io.ReadCloser, error)) (Staged, error)
	// Settle makes staged files assets in the caller's transaction, with their audit entries.
	Settle(ctx context.Context, ids []string) error
	// Discard removes what was staged and not settled.
	Discard(ctx context.Context, ids []string) error
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
	MayReadKey(ctx context.Context, caller identity.Caller, key string) (bool, error)
	// UsesOfKeys lists what uses each of the keys.
	UsesOfKeys(ctx context.Context, keys []string) (map[string][]Use, error)
}

// KeyUserGroup is the fx group that collects KeyUser answers.
const KeyUserGroup = `group:"key_users"`
