package folder

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"lyceum/platform/blob"
)

// Query parameters of a signed URL. All of them, and any that is added, are under the signature.
const (
	qExpires     = "expires" // Unix time in milliseconds
	qSize        = "size"
	qType        = "type"
	qSHA256      = "sha256"
	qOnce        = "once"
	qFilename    = "filename"
	qDisposition = "disposition"
	qSignature   = "signature"
)

// PresignPut implements Store.
func (f *Store) PresignPut(_ context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
	if err := p.Check(id); err != nil {
		return blob.Signed{}, err
	}
	q := url.Values{qSize: {strconv.FormatInt(p.Size, 10)}, qType: {p.ContentType}}
	if p.SHA256Hex != "" {
		q.Set(qSHA256, strings.ToLower(p.SHA256Hex))
	}
	if p.Once {
		q.Set(qOnce, "1")
	}
	s := f.signed(http.MethodPut, id, q, p.Expires)
	s.Headers = map[string]string{"Content-Type": p.ContentType}
	return s, nil
}

// PresignGet implements Store. The URL answers HEAD too.
func (f *Store) PresignGet(_ context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
	if err := g.Check(id); err != nil {
		return blob.Signed{}, err
	}
	q := url.Values{}
	for key, value := range map[string]string{
		qFilename: g.Filename, qType: g.ContentType, qDisposition: g.Disposition,
	} {
		if value != "" {
			q.Set(key, value)
		}
	}
	s := f.signed(http.MethodGet, id, q, g.Expires)
	s.Headers = map[string]string{}
	return s, nil
}

// At returns a URL that the folder signed, under another origin that its Handler is reached at. A nil folder, and an empty
// origin, leave it as it is.
func (f *Store) At(origin, signed string) string {
	if f == nil || origin == "" {
		return signed
	}
	rest, ours := strings.CutPrefix(signed, f.base)
	if !ours {
		return signed
	}
	return origin + "/objects/" + rest
}

func (f *Store) signed(method, id string, q url.Values, life time.Duration) blob.Signed {
	expires := f.now().Add(life).UTC().Truncate(time.Millisecond)
	q.Set(qExpires, strconv.FormatInt(expires.UnixMilli(), 10))
	mac := f.mac(method, id, q)
	q.Set(qSignature, hex.EncodeToString(mac))
	return blob.Signed{Method: method, URL: f.base + id + "?" + q.Encode(), ExpiresAt: expires}
}

// mac signs method, id and the sorted query. Encode escapes "\n", so the parts can't run into
// each other.
func (f *Store) mac(method, id string, q url.Values) []byte {
	m := hmac.New(sha256.New, f.key)
	m.Write([]byte(method + "\n" + id + "\n" + q.Encode()))
	return m.Sum(nil)
}

// grant is what a URL with a valid signature allows.
type grant struct {
	query   url.Values
	expires time.Time
}

var errSignature = errors.New("blob: the signature does not fit")
var errExpired = errors.New("blob: the URL has expired")

// verify checks a request against the signature in its query.
func (f *Store) verify(method, id, rawQuery string) (grant, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil || len(q[qSignature]) != 1 {
		return grant{}, errSignature
	}
	text := q.Get(qSignature)
	got, err := hex.DecodeString(text)
	if err != nil || text != strings.ToLower(text) { // one spelling, so that any change shows
		return grant{}, errSignature
	}
	q.Del(qSignature)
	if !blob.IsID(id) || !hmac.Equal(got, f.mac(method, id, q)) {
		return grant{}, errSignature
	}
	ms, err := strconv.ParseInt(q.Get(qExpires), 10, 64)
	if err != nil {
		return grant{}, errSignature
	}
	g := grant{query: q, expires: time.UnixMilli(ms)}
	if !f.now().Before(g.expires) {
		return grant{}, errExpired
	}
	return g, nil
}

// incoming is the upload that the grant allows.
func (g grant) incoming(id string) (incoming, error) {
	size, err := strconv.ParseInt(g.query.Get(qSize), 10, 64)
	if err != nil {
		return incoming{}, errSignature
	}
	return incoming{
		id: id, size: size, contentType: g.query.Get(qType),
		sha256Hex: g.query.Get(qSHA256), once: g.query.Get(qOnce) == "1",
	}, nil
}
