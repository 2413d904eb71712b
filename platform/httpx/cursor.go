package httpx

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

// PageQuery are the parameters of every list; embed it in the input.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Items on a page"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"next_cursor of the page before"`
}

// Page is the body of every list.
type Page[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"Asks for the next page; null on the last"`
}

func (Page[T]) isPage() {}

// Cursors signs where a list goes on: opaque to clients, bound to the caller, the list and its
// filters, so that a forged or borrowed one is refused (ASVS 2.2.1).
type Cursors struct{ key []byte }

// NewCursors derives its own key.
func NewCursors(k *keyring.Keys) *Cursors { return &Cursors{k.Derive("cursors")} }

// Encode makes the cursor that continues after position; filters is every parameter that shapes the list.
func (c *Cursors) Encode(ctx context.Context, list string, filters, position any) *string {
	raw, err := json.Marshal(position)
	if err != nil {
		panic(err) // positions are plain structs of ours
	}
	raw = pack(raw)
	s := base64.RawURLEncoding.EncodeToString(append(c.mac(ctx, list, filters, raw), raw...))
	return &s
}

// Decode reads a cursor into position and says whether there was one. A cursor that is not ours,
// or from another list, filter or caller, is 422.
func (c *Cursors) Decode(ctx context.Context, list string, filters any, cursor string, position any) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < macSize || !hmac.Equal(raw[:macSize], c.mac(ctx, list, filters, raw[macSize:])) ||
		json.Unmarshal(unpack(raw[macSize:]), position) != nil {
		return false, invalidAt("query.cursor", "not a cursor of this list")
	}
	return true, nil
}

const macSize = 16

// longPosition is when a position is packed, so that one with a long title still fits into an address.
const longPosition = 256

// pack makes a long position short; no JSON begins with a zero byte.
func pack(raw []byte) []byte {
	if len(raw) < longPosition {
		return raw
	}
	out := bytes.NewBuffer([]byte{0})
	w, err := flate.NewWriter(out, flate.BestCompression)
	if err != nil {
		panic(err) // only for a level that is none
	}
	_, _ = w.Write(raw) // a buffer takes all
	_ = w.Close()
	return out.Bytes()
}

// unpack undoes pack. What it reads is ours: its MAC was right.
func unpack(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != 0 {
		return raw
	}
	out, _ := io.ReadAll(flate.NewReader(bytes.NewReader(raw[1:]))) // what is cut short is no JSON
	return out
}

func (c *Cursors) mac(ctx context.Context, list string, filters any, position []byte) []byte {
	f, err := json.Marshal(filters)
	if err != nil {
		panic(err) // filters are plain structs of ours
	}
	h := hmac.New(sha256.New, c.key)
	for _, part := range [][]byte{[]byte(identity.CallerFrom(ctx).UserID), []byte(list), f, position} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":"))
		h.Write(part)
	}
	return h.Sum(nil)[:macSize]
}

// Paged wraps one page: items beyond limit mean that there is a next one, and position says where
// it begins. It sets Link (RFC 8288) from the request's own path and query.
func Paged[T, P any](ctx context.Context, c *Cursors, list string, filters any, items []T, limit int, position func(T) P) *Out[Page[T]] {
	out := &Out[Page[T]]{Body: Page[T]{Items: items}}
	if out.Body.Items == nil {
		out.Body.Items = []T{}
	}
	if len(items) > limit {
		out.Body.Items = items[:limit]
		out.Body.NextCursor = c.Encode(ctx, list, filters, position(items[limit-1]))
		out.Link = nextLink(requestinfo.From(ctx).URI, *out.Body.NextCursor)
	}
	out.tagged = true
	return out
}

func nextLink(path, cursor string) string {
	u, err := url.Parse(path)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("cursor", cursor)
	u.RawQuery = q.Encode()
	return "<" + u.String() + `>; rel="next"`
}
