package pagination

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"

	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

const (
	// macBytes is how much of the HMAC-SHA-256 a cursor holds: 128 bits (RFC 2104 §5).
	macBytes = 16
	// compressFromBytes is the size in bytes from which a position is compressed, so that one with
	// a long title fits into a URL.
	compressFromBytes = 256
)

// Cursors signs the positions at which lists go on. A cursor is opaque to clients and bound to the
// caller, the list and its filters, so that a forged or borrowed one is refused (ASVS 2.2.1). It is
// safe for concurrent use.
type Cursors struct{ key []byte }

// NewCursors returns a Cursors whose key is derived from the secret of the server: cursors of all
// replicas are valid on all of them, and after a restart.
func NewCursors(keys *keyring.Keys) *Cursors { return &Cursors{keys.DeriveKey("cursors")} }

// NewRequest returns the request for the page that query asks for. name is the name of the list.
// filters holds every parameter that changes which rows the list has or their order: a cursor is
// refused with others. filters become JSON; a change of their type invalidates the cursors that
// clients hold.
func (c *Cursors) NewRequest(name string, filters any, query Query) Request {
	return Request{cursors: c, name: name, filters: filters, query: query}
}

// encodeCursor returns the cursor of the page after position.
func (c *Cursors) encodeCursor(ctx context.Context, r Request, position any) string {
	raw, err := json.Marshal(position)
	if err != nil {
		panic(err) // positions are plain structs
	}
	raw = compressPosition(raw)
	return base64.RawURLEncoding.EncodeToString(append(c.signPosition(ctx, r, raw), raw...))
}

// decodeCursor reads the cursor of a request into position and reports whether there is one. It
// returns a validation error for a cursor that was not signed here, or for another list, other
// filters or another caller.
func (c *Cursors) decodeCursor(ctx context.Context, r Request, position any) (bool, error) {
	if r.query.Cursor == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(r.query.Cursor)
	if err != nil || len(raw) < macBytes || !hmac.Equal(raw[:macBytes], c.signPosition(ctx, r, raw[macBytes:])) ||
		json.Unmarshal(decompressPosition(raw[macBytes:]), position) != nil {
		return false, validation.InvalidAt("query.cursor", "not a cursor of this list")
	}
	return true, nil
}

// signPosition returns the MAC of a position together with the caller, the list and its filters.
// The length before each part keeps two requests from having the same text.
func (c *Cursors) signPosition(ctx context.Context, r Request, position []byte) []byte {
	filters, err := json.Marshal(r.filters)
	if err != nil {
		panic(err) // filters are plain structs
	}
	h := hmac.New(sha256.New, c.key)
	for _, part := range [][]byte{[]byte(identity.CallerFrom(ctx).UserID), []byte(r.name), filters, position} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":"))
		h.Write(part)
	}
	return h.Sum(nil)[:macBytes]
}

// compressPosition returns a shorter form of a long position, which begins with a zero byte as no
// JSON does. It returns a short position unchanged.
func compressPosition(raw []byte) []byte {
	if len(raw) < compressFromBytes {
		return raw
	}
	out := bytes.NewBuffer([]byte{0})
	w, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		panic(err) // only for an invalid level
	}
	_, _ = w.Write(raw) // a buffer accepts everything
	_ = w.Close()
	return out.Bytes()
}

// decompressPosition is the reverse of compressPosition. Its input is trusted: only this server can
// have signed it, so it is not a bomb.
func decompressPosition(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != 0 {
		return raw
	}
	out, _ := io.ReadAll(flate.NewReader(bytes.NewReader(raw[1:]))) // a truncated text is not valid JSON
	return out
}
