package blobtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
)

// conformance has a test for each promise of blob.Store. What only one store does is tested beside it.
var conformance = map[string]func(*testing.T, blob.Store){
	"upload and download":           testRoundTrip,
	"empty object":                  testEmptyObject,
	"upload of another size":        testWrongSize,
	"upload of another type":        testWrongType,
	"upload with a checksum":        testChecksum,
	"upload once":                   testOnce,
	"tampered URL":                  testTamperedURL,
	"other method":                  testOtherMethod,
	"expired URL":                   testExpiredURL,
	"ranges":                        testRanges,
	"conditional download":          testConditional,
	"how a download is shown":       testDisposition,
	"missing object":                testMissingObject,
	"ids that are none":             testMalformedIDs,
	"what can't be signed":          testUnsignable,
	"delete twice":                  testDelete,
	"put replaces":                  testReplace,
	"put of another size":           testPutMismatch,
	"put from a reader that fails":  testBrokenReader,
	"read a prefix":                 testPrefix,
	"ping":                          func(t *testing.T, s blob.Store) { require.NoError(t, s.Ping(t.Context())) },
	"life of a URL is told exactly": testExpiresAt,
}

// Run checks that a store keeps the promises of blob.Store. Its URLs must lead to a server that answers.
func Run(t *testing.T, s blob.Store) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// requireContent fails the test unless the object begins with content.
func requireContent(t *testing.T, s blob.Store, id, content string) {
	t.Helper()
	got, err := s.ReadPrefix(t.Context(), id, len(content)+3)
	require.NoError(t, err)
	require.Equal(t, content, string(got))
}

// requireRefused fails the test unless the signature of a request was refused: 403, or 400 AccessDenied as
// MinIO answers if a signed header is missing.
func requireRefused(t *testing.T, r Reply, what string) {
	t.Helper()
	if r.Status == http.StatusBadRequest {
		require.Contains(t, string(r.Body), "<Error>", what)
		return
	}
	require.Equal(t, http.StatusForbidden, r.Status, "%s: %s", what, r.Body)
}

func testRoundTrip(t *testing.T, s blob.Store) {
	id, body := NewID(), strings.Repeat("lecture ", 50_000)
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "video/mp4", Size: int64(len(body))})
	uploaded := Upload(t, signed, body)
	require.Equal(t, http.StatusOK, uploaded.Status, "%s", uploaded.Body)

	info, err := s.Stat(t.Context(), id)
	require.NoError(t, err)
	require.NotEmpty(t, info.ETag)
	require.Equal(t, blob.Info{Size: int64(len(body)), ContentType: "video/mp4", ETag: info.ETag}, info)

	r := Get(t, SignGet(t, s, id, blob.GetRequest{ContentType: "video/mp4"}), nil)
	require.Equal(t, http.StatusOK, r.Status)
	require.True(t, string(r.Body) == body, "the download differs from the upload: %d bytes", len(r.Body))
	require.Equal(t, `"`+info.ETag+`"`, r.Header.Get("ETag"))
	require.Equal(t, "video/mp4", r.Header.Get("Content-Type"))
	require.NotEmpty(t, r.Header.Get("Last-Modified"))

	content, err := s.Open(t.Context(), id)
	require.NoError(t, err)
	defer content.Close()
	got, err := io.ReadAll(content)
	require.NoError(t, err)
	require.True(t, string(got) == body, "the object differs from the upload: %d bytes", len(got))
}

func testEmptyObject(t *testing.T, s blob.Store) {
	id := NewID()
	uploaded := Upload(t, SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain"}), "")
	require.Equal(t, http.StatusOK, uploaded.Status, "%s", uploaded.Body)
	r := Get(t, SignGet(t, s, id, blob.GetRequest{}), nil)
	require.Equal(t, http.StatusOK, r.Status)
	require.Empty(t, r.Body)
	requireContent(t, s, id, "")
}

func testWrongSize(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 10})
	requireClientError := func(r Reply, what string) {
		require.GreaterOrEqual(t, r.Status, 400, what)
		require.Less(t, r.Status, 500, what)
	}
	for _, body := range []string{"", "123456789", "12345678901", strings.Repeat("x", 100_000)} {
		requireClientError(Upload(t, signed, body), body[:min(len(body), 20)])
	}
	chunked := io.MultiReader(strings.NewReader("1234567890"))
	requireClientError(Call(t, Request{
		Method: signed.Method, URL: signed.URL, Headers: signed.Headers, Body: chunked, Size: -1,
	}), "no length")
	RequireAbsent(t, s, id)
	r := Upload(t, signed, "1234567890")
	require.Equal(t, http.StatusOK, r.Status, "the right size after all: %s", r.Body)
}

func testWrongType(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "image/png", Size: 3})
	for _, contentType := range []string{"", "text/html", "image/png; charset=utf-8"} {
		signed.Headers["Content-Type"] = contentType
		requireRefused(t, Upload(t, signed, "png"), contentType)
	}
	RequireAbsent(t, s, id)
}

func testChecksum(t *testing.T, s blob.Store) {
	id := NewID()
	sum := sha256.Sum256([]byte("right"))
	signed := SignPut(t, s, id, blob.PutRequest{
		ContentType: "text/plain", Size: 5, SHA256Hex: hex.EncodeToString(sum[:]),
	})
	r := Upload(t, signed, "wrong")
	require.Equal(t, http.StatusBadRequest, r.Status, "other bytes: %s", r.Body)
	RequireAbsent(t, s, id)
	r = Upload(t, signed, "right")
	require.Equal(t, http.StatusOK, r.Status, "the right bytes: %s", r.Body)
}

func testOnce(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 4, Once: true})
	r := Upload(t, signed, "good")
	require.Equal(t, http.StatusOK, r.Status, "first: %s", r.Body)
	r = Upload(t, signed, "evil")
	require.Equal(t, http.StatusPreconditionFailed, r.Status, "second: %s", r.Body)
	delete(signed.Headers, "If-None-Match")
	if r = Upload(t, signed, "evil"); r.Status != http.StatusPreconditionFailed {
		requireRefused(t, r, "second, without the header")
	}
	requireContent(t, s, id, "good")
}

// tamper returns a URL with each of its parts changed in turn.
func tamper(t *testing.T, raw string) map[string]string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	out := map[string]string{"no query": strings.Split(raw, "?")[0]}
	for key := range u.Query() {
		changed, removed := *u, *u
		q := u.Query()
		q.Set(key, q.Get(key)+"0")
		changed.RawQuery = q.Encode()
		q.Del(key)
		removed.RawQuery = q.Encode()
		out[key+" changed"], out[key+" removed"] = changed.String(), removed.String()
	}
	added, other := *u, *u
	added.RawQuery += "&response-content-type=text%2Fhtml&type=text%2Fhtml"
	other.Path = u.Path[:len(u.Path)-36] + NewID()
	out["parameters added"], out["another id"] = added.String(), other.String()
	return out
}

func testTamperedURL(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	download := SignGet(t, s, id, blob.GetRequest{Filename: "notes.txt", ContentType: "text/plain"})
	for what, raw := range tamper(t, download.URL) {
		requireRefused(t, Call(t, Request{Method: http.MethodGet, URL: raw}), "GET, "+what)
	}
	upload := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7})
	for what, raw := range tamper(t, upload.URL) {
		r := Call(t, Request{
			Method: http.MethodPut, URL: raw, Headers: upload.Headers, Body: strings.NewReader("replace"), Size: 7,
		})
		requireRefused(t, r, "PUT, "+what)
	}
	requireContent(t, s, id, "content")
}

func testOtherMethod(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	download := SignGet(t, s, id, blob.GetRequest{})
	upload := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7})
	r := Call(t, Request{Method: http.MethodPut, URL: download.URL, Body: strings.NewReader("replace"), Size: 7})
	require.Equal(t, http.StatusForbidden, r.Status, "PUT with a URL for GET")
	requireRefused(t, Call(t, Request{Method: http.MethodGet, URL: upload.URL}), "GET with a URL for PUT")
	r = Call(t, Request{Method: http.MethodDelete, URL: download.URL})
	require.Contains(t, []int{http.StatusForbidden, http.StatusMethodNotAllowed}, r.Status, "DELETE with a URL for GET")
	requireContent(t, s, id, "content")
}

func testExpiredURL(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	download := SignGet(t, s, id, blob.GetRequest{Expires: time.Second})
	upload := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7, Expires: time.Second})
	require.Equal(t, http.StatusOK, Get(t, download, nil).Status)
	isRefused := func(r Reply) bool { return r.Status == http.StatusForbidden }
	require.Eventually(t, func() bool { return isRefused(Get(t, download, nil)) },
		5*time.Second, 100*time.Millisecond, "GET goes on after a second")
	require.Eventually(t, func() bool { return isRefused(Upload(t, upload, "replace")) },
		5*time.Second, 100*time.Millisecond, "PUT goes on after a second")
}

func testExpiresAt(t *testing.T, s blob.Store) {
	before := time.Now()
	for _, signed := range []blob.Signed{
		SignGet(t, s, NewID(), blob.GetRequest{Expires: time.Hour}),
		SignPut(t, s, NewID(), blob.PutRequest{ContentType: "text/plain", Expires: time.Hour}),
	} {
		life := signed.ExpiresAt.Sub(before)
		require.GreaterOrEqual(t, life, time.Hour-time.Second, signed.Method)
		require.LessOrEqual(t, life, time.Hour+5*time.Second, signed.Method)
		require.Equal(t, time.UTC, signed.ExpiresAt.Location(), signed.Method)
	}
}

func testRanges(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "0123456789", "video/mp4")
	signed := SignGet(t, s, id, blob.GetRequest{ContentType: "video/mp4"})
	for header, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=4-": "456789", "bytes=-3": "789", "bytes=8-100": "89", "bytes=0-0": "0",
		"bytes=-100": "0123456789",
	} {
		r := Get(t, signed, map[string]string{"Range": header})
		require.Equal(t, http.StatusPartialContent, r.Status, header)
		require.Equal(t, want, string(r.Body), header)
		require.Regexp(t, `/10$`, r.Header.Get("Content-Range"), header)
	}
	r := Get(t, signed, map[string]string{"Range": "bytes=10-"})
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, r.Status, "beyond the end")
	require.Equal(t, "bytes", Get(t, signed, nil).Header.Get("Accept-Ranges"))
}

func testConditional(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	signed := SignGet(t, s, id, blob.GetRequest{})
	ifNoneMatch := map[string]string{"If-None-Match": Get(t, signed, nil).Header.Get("ETag")}
	r := Get(t, signed, ifNoneMatch)
	require.Equal(t, http.StatusNotModified, r.Status)
	require.Empty(t, r.Body)
	Put(t, s, id, "changed", "text/plain")
	r = Get(t, signed, ifNoneMatch)
	require.Equal(t, http.StatusOK, r.Status)
	require.Equal(t, "changed", string(r.Body))
}

func testDisposition(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	for _, c := range []struct {
		g    blob.GetRequest
		want string
	}{
		{blob.GetRequest{}, "attachment"},
		{blob.GetRequest{ContentType: "video/mp4"}, "inline"},
		{blob.GetRequest{ContentType: "video/mp4", Disposition: "attachment"}, "attachment"},
		{blob.GetRequest{ContentType: "text/html", Disposition: "inline"}, "attachment"},
		{
			blob.GetRequest{ContentType: "image/svg+xml", Disposition: "inline", Filename: "a.svg"},
			`attachment; filename="a.svg"`,
		},
		{
			blob.GetRequest{ContentType: "image/png", Filename: "Prüfung 1.png"},
			`inline; filename="Pr_fung 1.png"; filename*=UTF-8''Pr%C3%BCfung%201.png`,
		},
	} {
		r := Get(t, SignGet(t, s, id, c.g), nil)
		require.Equal(t, http.StatusOK, r.Status, "%+v", c.g)
		require.Equal(t, c.want, r.Header.Get("Content-Disposition"), "%+v", c.g)
		require.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), "%+v", c.g)
		require.Regexp(t, "^private, max-age=", r.Header.Get("Cache-Control"), "%+v", c.g)
	}
}

func testMissingObject(t *testing.T, s blob.Store) {
	id := NewID()
	RequireAbsent(t, s, id)
	_, err := s.Open(t.Context(), id)
	require.ErrorIs(t, err, blob.ErrNotFound)
	for _, n := range []int{0, 5} {
		_, err := s.ReadPrefix(t.Context(), id, n)
		require.ErrorIs(t, err, blob.ErrNotFound, "prefix of %d bytes", n)
	}
	require.Equal(t, http.StatusNotFound, Get(t, SignGet(t, s, id, blob.GetRequest{}), nil).Status)
}

func testMalformedIDs(t *testing.T, s blob.Store) {
	ctx := t.Context()
	for _, id := range []string{
		"", ".", "..", "../../etc/passwd", "a/b", strings.ToUpper(NewID()), NewID() + "/x", "%2e%2e",
		strings.Replace(NewID(), "-", "/", 1), NewID()[:35], strings.Repeat("0", 36), "x\x00",
	} {
		_, err := s.Stat(ctx, id)
		require.ErrorIs(t, err, blob.ErrNotFound, "stat %q", id)
		_, err = s.Open(ctx, id)
		require.ErrorIs(t, err, blob.ErrNotFound, "open %q", id)
		require.NoError(t, s.Delete(ctx, id), "delete %q", id)
		require.Error(t, s.Put(ctx, id, strings.NewReader("x"), 1, "text/plain"), "put %q", id)
		_, err = s.PresignGet(ctx, id, blob.GetRequest{Expires: time.Minute})
		require.Error(t, err, "presign %q", id)
	}
}

func testUnsignable(t *testing.T, s blob.Store) {
	for what, p := range map[string]blob.PutRequest{
		"size":     {ContentType: "text/plain", Size: -1, Expires: time.Minute},
		"no type":  {Size: 1, Expires: time.Minute},
		"type":     {ContentType: "text/plain\r\nX: y", Size: 1, Expires: time.Minute},
		"checksum": {ContentType: "text/plain", Size: 1, SHA256Hex: "abc", Expires: time.Minute},
		"short":    {ContentType: "text/plain", Size: 1, Expires: time.Millisecond},
		"long":     {ContentType: "text/plain", Size: 1, Expires: 8 * 24 * time.Hour},
	} {
		_, err := s.PresignPut(t.Context(), NewID(), p)
		require.Error(t, err, what)
	}
	_, err := s.PresignGet(t.Context(), NewID(), blob.GetRequest{ContentType: "a\nb", Expires: time.Minute})
	require.Error(t, err, "a type with a line break")
	require.Error(t, s.Put(t.Context(), NewID(), strings.NewReader(""), -1, "text/plain"), "a negative size")
}

func testDelete(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	for range 2 {
		require.NoError(t, s.Delete(t.Context(), id))
		RequireAbsent(t, s, id)
	}
}

func testReplace(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "first", "text/plain")
	Put(t, s, id, "second one", "text/csv")
	info, err := s.Stat(t.Context(), id)
	require.NoError(t, err)
	require.EqualValues(t, 10, info.Size)
	require.Equal(t, "text/csv", info.ContentType)
}

func testPutMismatch(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "before", "text/plain")
	for _, size := range []int64{0, 6, 8, 1000} {
		err := s.Put(t.Context(), id, strings.NewReader("content"), size, "text/plain")
		require.ErrorIs(t, err, blob.ErrMismatch, "7 bytes announced as %d", size)
	}
	requireContent(t, s, id, "before")
}

func testBrokenReader(t *testing.T, s blob.Store) {
	id, broken := NewID(), errors.New("line cut")
	r := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(broken))
	require.ErrorIs(t, s.Put(t.Context(), id, r, 200_000, "text/plain"), broken)
	RequireAbsent(t, s, id)
}

func testPrefix(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "\x89PNG\r\n\x1a\n and more", "image/png")
	for n, want := range map[int]string{0: "", 4: "\x89PNG", 1000: "\x89PNG\r\n\x1a\n and more"} {
		got, err := s.ReadPrefix(t.Context(), id, n)
		require.NoError(t, err, "%d bytes", n)
		require.Equal(t, want, string(got), "%d bytes", n)
	}
}
