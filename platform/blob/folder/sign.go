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

// Query parameters of a signed URL. The signature covers all parameters, also those that a client
// adds.
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

// PresignPut implements blob.Store.
func (s *Store) PresignPut(_ context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
	if err := p.Validate(id); err != nil {
		return blob.Signed{}, err
	}
	q := url.Values{qSize: {strconv.FormatInt(p.Size, 10)}, qType: {p.ContentType}}
	if p.SHA256Hex != "" {
		q.Set(qSHA256, strings.ToLower(p.SHA256Hex))
	}
	if p.Once {
		q.Set(qOnce, "1")
	}
	signed := s.signRequest(http.MethodPut, id, q, p.Expires)
	signed.Headers = map[string]string{"Content-Type": p.ContentType}
	return signed, nil
}

// PresignGet implements blob.Store. The URL answers HEAD too.
func (s *Store) PresignGet(_ context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
	if err := g.Validate(id); err != nil {
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
	signed := s.signRequest(http.MethodGet, id, q, g.Expires)
	signed.Headers = map[string]string{}
	return signed, nil
}

// RebaseURL returns a signed URL of the store under another origin at which clients reach Handler:
// the signature does not cover the origin. It returns any other URL unchanged, and every URL if s
// is nil or origin is "".
func (s *Store) RebaseURL(origin, signed string) string {
	if s == nil || origin == "" {
		return signed
	}
	rest, ours := strings.CutPrefix(signed, s.urlPrefix)
	if !ours {
		return signed
	}
	return origin + "/objects/" + rest
}

// signRequest returns a signed request with the given parameters that is valid for life from now.
func (s *Store) signRequest(method, id string, q url.Values, life time.Duration) blob.Signed {
	expires := s.now().Add(life).UTC().Truncate(time.Millisecond)
	q.Set(qExpires, strconv.FormatInt(expires.UnixMilli(), 10))
	mac := s.computeMAC(method, id, q)
	q.Set(qSignature, hex.EncodeToString(mac))
	return blob.Signed{Method: method, URL: s.urlPrefix + id + "?" + q.Encode(), ExpiresAt: expires}
}

// computeMAC returns the signature of a method, an id and a query (HMAC-SHA-256, RFC 2104). Encode
// sorts the query and escapes line breaks, so that no two requests have the same text.
func (s *Store) computeMAC(method, id string, q url.Values) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(method + "\n" + id + "\n" + q.Encode()))
	return m.Sum(nil)
}

// signedRules are the rules of a URL whose signature is valid.
type signedRules struct {
	query   url.Values
	expires time.Time
}

// errSignature means that a URL was not signed by this store, or not for this method.
var errSignature = errors.New("blob: the signature does not fit")

// errExpired means that a URL was signed by this store and has expired.
var errExpired = errors.New("blob: the URL has expired")

// verifyRequest returns the rules of a request. It returns errSignature if the URL was not signed
// by this store for this method and id, and errExpired if its time is over.
func (s *Store) verifyRequest(method, id, rawQuery string) (signedRules, error) {
	q, err := url.ParseQuery(rawQuery)
	if err != nil || len(q[qSignature]) != 1 {
		return signedRules{}, errSignature
	}
	text := q.Get(qSignature)
	got, err := hex.DecodeString(text)
	if err != nil || text != strings.ToLower(text) { // one spelling is valid, so any change of a URL is found
		return signedRules{}, errSignature
	}
	q.Del(qSignature)
	if !blob.IsID(id) || !hmac.Equal(got, s.computeMAC(method, id, q)) {
		return signedRules{}, errSignature
	}
	ms, err := strconv.ParseInt(q.Get(qExpires), 10, 64)
	if err != nil {
		return signedRules{}, errSignature
	}
	rules := signedRules{query: q, expires: time.UnixMilli(ms)}
	if !s.now().Before(rules.expires) {
		return signedRules{}, errExpired
	}
	return rules, nil
}

// parseUpload returns the upload of the object id that the rules allow.
func (rules signedRules) parseUpload(id string) (upload, error) {
	size, err := strconv.ParseInt(rules.query.Get(qSize), 10, 64)
	if err != nil {
		return upload{}, errSignature
	}
	return upload{
		id: id, size: size, contentType: rules.query.Get(qType),
		sha256Hex: rules.query.Get(qSHA256), once: rules.query.Get(qOnce) == "1",
	}, nil
}
