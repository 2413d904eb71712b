// Package storageapi is what other modules may ask of storage, and what storage asks of them.
package storageapi

import (
	"context"
	"io"

	"lyceum/platform/identity"
)

// KeyChecker decides which keys a caller may put into lessons and courses.
type KeyChecker interface {
	// MayUseKey reports whether the caller may use the key in a lesson or as a cover: it must be
	// that of a completed asset that the caller uploaded, or of any for administrators. Inside a
	// transaction the asset can't be removed until its end.
	MayUseKey(ctx context.Context, caller identity.Caller, key string) (bool, error)
}

// FilePutter stores files of the server's own making.
type FilePutter interface {
	// PutFile stores a file of the server's own making under a key, such as demo data. It does
	// nothing if the key has a completed asset, and returns key-taken while an upload holds the
	// key. It must not be called inside a transaction, which would hold others up while the bytes
	// are written.
	PutFile(ctx context.Context, uploaderID, key, contentType string, size int64, r io.Reader) error
}

// File describes a file, as an archive does.
type File struct {
	Key         string
	ContentType string
	// Size in bytes.
	Size int64
	// SHA256 in hexadecimal; empty if unknown.
	SHA256 string
}

// FileReader reads completed assets. It checks no rights: the calling module must have done so.
type FileReader interface {
	// DescribeFiles describes the completed assets of the keys; a key that has none is left out.
	DescribeFiles(ctx context.Context, keys []string) (map[string]File, error)
	// OpenFile returns the bytes of the asset with the key. The caller closes it. ok is false if
	// there is no completed asset, or the object store has lost its object.
	OpenFile(ctx context.Context, key string) (r io.ReadCloser, ok bool, err error)
}

// StagedFile is a file that an import has brought.
type StagedFile struct {
	// Key is the one asked for, or another if that was taken.
	Key string
	// ID is for CompleteStaged and DiscardStaged; empty if an asset that the caller may use has the
	// same bytes under Key.
	ID string
}

// PrefixSize is how many of the first bytes CheckFile needs; audio files may begin with long tags.
const PrefixSize = 64 << 10

// FileImporter takes the files of an import in two steps, so that all of them become assets together
// with what uses them, or none does.
type FileImporter interface {
	// CheckFile returns a validation error that names every rule of uploads that a file breaks.
	// prefix is its first PrefixSize bytes, or all of a shorter one.
	CheckFile(f File, prefix []byte) error
	// StageFile stores a file of the caller, outside of every transaction, where nobody can use it
	// yet. The caller has compared SHA256 with the bytes; without one, no asset has the same bytes.
	// It returns problem quota-exceeded or storage-full. What is not completed within two hours is
	// removed.
	StageFile(ctx context.Context, f File, open func() (io.ReadCloser, error)) (StagedFile, error)
	// CompleteStaged makes assets of staged files in the caller's transaction, with their audit
	// entries. It returns an error of kind Unavailable if one of them is not staged any more.
	CompleteStaged(ctx context.Context, ids []string) error
	// DiscardStaged removes those of the files that were not completed.
	DiscardStaged(ctx context.Context, ids []string) error
}

// Use is one place that uses a key. If the caller may not read it, only Type is set.
type Use struct {
	Type     string `json:"type" enum:"course,lesson"`
	ID       string `json:"id,omitempty"`
	CourseID string `json:"course_id,omitempty"`
	Title    string `json:"title,omitempty"`
}

// KeyReferrer is implemented by a module whose rows refer to assets by key. Provide one with
// fx.ResultTags(KeyReferrerGroup).
type KeyReferrer interface {
	// MayReadKey reports whether the caller may read something that uses the key. An error of kind
	// Forbidden is a no that says more, such as lesson-locked.
	MayReadKey(ctx context.Context, caller identity.Caller, key string) (bool, error)
	// ListUses returns what uses each of the keys.
	ListUses(ctx context.Context, keys []string) (map[string][]Use, error)
}

// KeyReferrerGroup is the fx group of all KeyReferrers.
const KeyReferrerGroup = `group:"key_referrers"`
