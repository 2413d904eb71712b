// Package blob keeps objects: whole files under server-made ids, uploaded and fetched by clients
// through signed URLs, so that their bytes never pass through the API.
//
// Two stores answer the same interface and the same tests: Folder, a directory of this machine
// that serves its own URLs, and S3 over any S3-compatible service. An object appears whole or not
// at all. Names that people choose never reach a store: an id is a UUID that the server made, and
// a file name is only metadata of a download (docs: OWASP ASVS 5.3.2).
package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors that callers tell apart with errors.Is. Every other error of a Store means that the
// store could not be reached or is damaged, which is 503 for a caller.
var (
	// ErrNotFound: no object has this id.
	ErrNotFound = errors.New("blob: no such object")
	// ErrFull: the store has no room left. Reading goes on.
	ErrFull = errors.New("blob: the store is full")
	// ErrMismatch: the bytes that arrived are not those announced: another size or checksum.
	ErrMismatch = errors.New("blob: the content differs from what was announced")
	// ErrDamaged: an object is there, but what the disk gives back is not one. It may be replaced or deleted.
	ErrDamaged = errors.New("blob: the object is damaged")
	// ErrExists: an object is there already and may not be replaced.
	ErrExists = errors.New("blob: the object exists")
)

// SourceError is a failure of the reader that the content comes from, as opposed to one of the store.
type SourceError struct{ Err error }

// Error returns the text of the reader's error.
func (e *SourceError) Error() string { return "blob: reading the content: " + e.Err.Error() }

// Unwrap returns the reader's error.
func (e *SourceError) Unwrap() error { return e.Err }

// Store keeps objects. Ids are UUIDs in lower-case text form; any other id is ErrNotFound where
// an object is looked up and an error where one is written. All methods are safe to use at the
// same time.
type Store interface {
	// PresignPut makes a URL that uploads one object of exactly this size and type. It is
	// computed here, without a request to the store, and says nothing about whether the id exists.
	PresignPut(ctx context.Context, id string, p PutRequest) (Signed, error)
	// PresignGet makes a URL that downloads an object, in whole or in ranges. It is computed
	// here too: a missing object is noticed only by whoever follows the URL (404).
	PresignGet(ctx context.Context, id string, g GetRequest) (Signed, error)
	// Stat describes an object; ErrNotFound when there is none.
	Stat(ctx context.Context, id string) (Info, error)
	// Open reads a whole object; ErrNotFound when there is none. The caller closes it.
	Open(ctx context.Context, id string) (io.ReadCloser, error)
	// ReadPrefix reads the first n bytes, or all of a shorter object: enough to look at magic
	// bytes. ErrNotFound when there is none.
	ReadPrefix(ctx context.Context, id string, n int) ([]byte, error)
	// Put writes an object of size bytes, replacing one of the same id. ErrMismatch when r holds
	// fewer or more, ErrFull when there is no room; the object that was there stays then.
	Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error
	// Delete removes an object. A missing one is no error.
	Delete(ctx context.Context, id string) error
	// Ping says whether the store answers.
	Ping(ctx context.Context) error
}

// PutRequest says what an upload URL accepts.
type PutRequest struct {
	// ContentType is the exact Content-Type that the client must send.
	ContentType string
	// Size is the exact length of the body in bytes, zero or more.
	Size int64
	// SHA256Hex, when set, is the checksum that the body must have, as 64 hexadecimal digits.
	SHA256Hex string
	// Expires is how long the URL may be used, from one second to seven days.
	Expires time.Duration
	// Once refuses to replace an object: what was checked after an upload can't be swapped with
	// a second use of the URL. The folder answers the very same bytes again with 200, S3 with 412.
	Once bool
}

// GetRequest says how a download URL answers.
type GetRequest struct {
	// Filename is the name offered for saving; any text, it is cleaned and encoded.
	Filename string
	// ContentType is the type to answer with; empty means the stored one.
	ContentType string
	// Disposition is "inline", "attachment" or empty. Only video, audio and raster images are
	// ever inline; with an empty one they are, where ContentType tells.
	Disposition string
	// Expires is how long the URL may be used, from one second to seven days.
	Expires time.Duration
}

// Signed is a request that a client may make without further credentials.
type Signed struct {
	Method string
	URL    string
	// Headers are those the client must set. Content-Length is bound too and set by any client.
	Headers   map[string]string
	ExpiresAt time.Time
}

// Info describes an object.
type Info struct {
	Size        int64
	ContentType string
	// ETag changes with the content; without quotes.
	ETag string
}
