package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors of a Store. Any other error means that the store can't be reached or is damaged.
var (
	// ErrNotFound means that no object has the id.
	ErrNotFound = errors.New("blob: no such object")
	// ErrFull means that the store has no room left. Objects can still be read and deleted.
	ErrFull = errors.New("blob: the store is full")
	// ErrMismatch means that the content has another size or checksum than announced.
	ErrMismatch = errors.New("blob: the content differs from what was announced")
	// ErrDamaged means that the object exists but can't be read. It may be replaced or deleted.
	ErrDamaged = errors.New("blob: the object is damaged")
	// ErrExists means that the object exists and may not be replaced.
	ErrExists = errors.New("blob: the object exists")
)

// SourceError is a failure of the reader that the content comes from, as opposed to one of the
// store: a client that breaks off, for example.
type SourceError struct{ Err error }

// Error returns the text of the reader's error.
func (e *SourceError) Error() string { return "blob: reading the content: " + e.Err.Error() }

// Unwrap returns the reader's error.
func (e *SourceError) Unwrap() error { return e.Err }

// Store keeps objects by their ids: UUIDs in lower-case text form. For any other id the methods
// that look an object up return ErrNotFound, and those that write one return an error. A store is
// safe for concurrent use.
type Store interface {
	// PresignPut returns a request that uploads one object of exactly this size and type. It makes
	// no request to the store and does not look whether the object exists.
	PresignPut(ctx context.Context, id string, p PutRequest) (Signed, error)
	// PresignGet returns a request that downloads an object, as a whole or in ranges. It makes no
	// request to the store: a client that follows the URL of a missing object is answered 404.
	PresignGet(ctx context.Context, id string, g GetRequest) (Signed, error)
	// Stat describes an object. It returns ErrNotFound if there is none.
	Stat(ctx context.Context, id string) (Info, error)
	// Open returns the content of an object. The caller closes it. It returns ErrNotFound if there
	// is none.
	Open(ctx context.Context, id string) (io.ReadCloser, error)
	// ReadPrefix returns the first n bytes of an object, or all of a shorter one. It returns
	// ErrNotFound if there is none.
	ReadPrefix(ctx context.Context, id string, n int) ([]byte, error)
	// Put writes an object of size bytes in place of one that is there. It returns ErrMismatch if r
	// holds fewer or more bytes, ErrFull if there is no room, and an error that wraps r's own if
	// reading fails. After an error the object that was there is unchanged.
	Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error
	// Delete removes an object. It returns nil if there is none.
	Delete(ctx context.Context, id string) error
	// Ping returns an error if the store can't be used.
	Ping(ctx context.Context) error
}

// PutRequest is what a signed upload accepts.
type PutRequest struct {
	// ContentType is the exact Content-Type that the client must send.
	ContentType string
	// Size is the exact length of the body in bytes, zero or more.
	Size int64
	// SHA256Hex, if set, is the checksum that the body must have, as 64 hexadecimal digits.
	SHA256Hex string
	// Expires is how long the URL is valid, from one second to seven days.
	Expires time.Duration
	// Once refuses to replace an object: an upload that was checked can't be replaced with a second
	// use of the URL. If the same bytes are sent again, blob/folder answers 200 and S3 answers 412.
	Once bool
}

// GetRequest is how a signed download is answered.
type GetRequest struct {
	// Filename is the name offered for saving. It may be any text: it is cleaned and encoded.
	Filename string
	// ContentType is the type of the answer. Empty means the stored type.
	ContentType string
	// Disposition is "inline", "attachment" or empty. Only video, audio and raster images are shown
	// inline, unless it is "attachment".
	Disposition string
	// Expires is how long the URL is valid, from one second to seven days.
	Expires time.Duration
}

// Signed is a request that a client may make without further credentials until ExpiresAt.
type Signed struct {
	Method string
	URL    string
	// Headers are those that the client must send. Content-Length is signed too; every client sends
	// it.
	Headers   map[string]string
	ExpiresAt time.Time
}

// Info describes an object.
type Info struct {
	Size        int64
	ContentType string
	// ETag changes with the content. It has no quotes.
	ETag string
}
