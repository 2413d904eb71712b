package blobtest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
)

// NewID returns the id of an object that no store has.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Reply is a whole HTTP answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Code returns the code of a problem document, or "" for any other body.
func (r Reply) Code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(r.Body, &p)
	return p.Code
}

// Request is a request of a client.
type Request struct {
	Method, URL string
	// Headers are sent unless their value is "".
	Headers map[string]string
	// Body is nil for none. Size is its length in bytes, or negative to send it in chunks.
	Body io.Reader
	Size int64
}

// Call makes a request and returns the whole answer.
func Call(t *testing.T, r Request) Reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.Method, r.URL, r.Body)
	require.NoError(t, err)
	if r.Body != nil {
		req.ContentLength = r.Size
	}
	for name, value := range r.Headers {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%s %s: reading the answer", r.Method, r.URL)
	return Reply{resp.StatusCode, resp.Header, b}
}

// Upload sends a body as a client would that has the signed request.
func Upload(t *testing.T, s blob.Signed, body string) Reply {
	t.Helper()
	return Call(t, Request{
		Method: s.Method, URL: s.URL, Headers: s.Headers, Body: strings.NewReader(body), Size: int64(len(body)),
	})
}

// Get follows a signed URL with further headers.
func Get(t *testing.T, s blob.Signed, headers map[string]string) Reply {
	t.Helper()
	return Call(t, Request{Method: s.Method, URL: s.URL, Headers: headers})
}

// SignPut returns a signed upload. It lasts a minute if p has no life.
func SignPut(t *testing.T, s blob.Store, id string, p blob.PutRequest) blob.Signed {
	t.Helper()
	if p.Expires == 0 {
		p.Expires = time.Minute
	}
	signed, err := s.PresignPut(t.Context(), id, p)
	require.NoError(t, err)
	return signed
}

// SignGet returns a signed download. It lasts a minute if g has no life.
func SignGet(t *testing.T, s blob.Store, id string, g blob.GetRequest) blob.Signed {
	t.Helper()
	if g.Expires == 0 {
		g.Expires = time.Minute
	}
	signed, err := s.PresignGet(t.Context(), id, g)
	require.NoError(t, err)
	return signed
}

// Put stores an object.
func Put(t *testing.T, s blob.Store, id, body, contentType string) {
	t.Helper()
	require.NoError(t, s.Put(t.Context(), id, strings.NewReader(body), int64(len(body)), contentType))
}

// RequireAbsent fails the test if the store has the object.
func RequireAbsent(t *testing.T, s blob.Store, id string) {
	t.Helper()
	_, err := s.Stat(t.Context(), id)
	require.ErrorIs(t, err, blob.ErrNotFound, "the object should not be there")
}
