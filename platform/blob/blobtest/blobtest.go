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

// conformance is what every blob.Store must do; each store's other tests are for what only it does.
var conformance = map[string]func(*testing.T, blob.Store){
	"upload and download":           testRoundTrip,
	"empty object":                  testEmpty,
	"upload of another size":        testWrongSize,
	"upload of another type":        testWrongType,
	"upload with a checksum":        testChecksum,
	"upload once":                   testOnce,
	"tampered URL":                  testTampered,
	"other method":                  testOtherMethod,
	"expired URL":                   testExpired,
	"ranges":                        testRanges,
	"conditional download":          testConditional,
	"how a download is shown":       testDisposition,
	"missing object":                testMissing,
	"ids that are none":             testIDs,
	"what can't be signed":          testUnsignable,
	"delete twice":                  testDelete,
	"put replaces":                  testReplace,
	"put of another size":           testPutMismatch,
	"put from a reader that fails":  testPutBroken,
	"read a prefix":                 testPrefix,
	"ping":                          func(t *testing.T, s blob.Store) { require.NoError(t, s.Ping(t.Context())) },
	"life of a URL is told exactly": testExpiresAt,
}

// Run checks that a store does what blob.Store promises.
func Run(t *testing.T, s blob.Store) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func testRoundTrip(t *testing.T, s blob.Store) {
	id, body := NewID(), strings.Repeat("lecture ", 50_000)
	if r := Upload(t, SignPut(t, s, id, blob.PutRequest{ContentType: "video/mp4", Size: int64(len(body))}), body); r.Status != 200 {
		t.Fatalf("upload: %d %s", r.Status, r.Body)
	}
	info, err := s.Stat(t.Context(), id)
	require.NoError(t, err)
	if info.Size != int64(len(body)) || info.ContentType != "video/mp4" || info.ETag == "" {
		t.Errorf("got %+v", info)
	}
	r := Get(t, SignGet(t, s, id, blob.GetRequest{ContentType: "video/mp4"}), nil)
	if r.Status != 200 || string(r.Body) != body {
		t.Errorf("download: %d, %d bytes", r.Status, len(r.Body))
	}
	if r.Header.Get("ETag") != `"`+info.ETag+`"` || r.Header.Get("Content-Type") != "video/mp4" || r.Header.Get("Last-Modified") == "" {
		t.Errorf("headers: %v", r.Header)
	}
	o, err := s.Open(t.Context(), id)
	require.NoError(t, err)
	defer o.Close()
	if b, err := io.ReadAll(o); err != nil || string(b) != body {
		t.Errorf("open: %d bytes, %v", len(b), err)
	}
}

func testEmpty(t *testing.T, s blob.Store) {
	id := NewID()
	if r := Upload(t, SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain"}), ""); r.Status != 200 {
		t.Fatalf("upload: %d %s", r.Status, r.Body)
	}
	if r := Get(t, SignGet(t, s, id, blob.GetRequest{}), nil); r.Status != 200 || len(r.Body) != 0 {
		t.Errorf("download: %d %q", r.Status, r.Body)
	}
	if b, err := s.ReadPrefix(t.Context(), id, 10); err != nil || len(b) != 0 {
		t.Errorf("prefix: %q, %v", b, err)
	}
}

func testWrongSize(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 10})
	for _, body := range []string{"", "123456789", "12345678901", strings.Repeat("x", 100_000)} {
		if r := Upload(t, signed, body); r.Status < 400 || r.Status > 499 {
			t.Errorf("%d bytes: %d", len(body), r.Status)
		}
	}
	r := Call(t, signed.Method, signed.URL, signed.Headers, io.MultiReader(strings.NewReader("1234567890")), -1)
	if r.Status < 400 || r.Status > 499 {
		t.Errorf("no length: %d", r.Status)
	}
	RequireAbsent(t, s, id)
	if r := Upload(t, signed, "1234567890"); r.Status != 200 {
		t.Errorf("the right size after all: %d %s", r.Status, r.Body)
	}
}

// refused is 403. MinIO answers 400 AccessDenied where a signed header is missing.
func refused(r Reply) bool {
	return r.Status == 403 || r.Status == 400 && bytes.Contains(r.Body, []byte("<Error>"))
}

func testWrongType(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "image/png", Size: 3})
	for _, contentType := range []string{"", "text/html", "image/png; charset=utf-8"} {
		signed.Headers["Content-Type"] = contentType
		if r := Upload(t, signed, "png"); !refused(r) {
			t.Errorf("%q: %d", contentType, r.Status)
		}
	}
	RequireAbsent(t, s, id)
}

func testChecksum(t *testing.T, s blob.Store) {
	id := NewID()
	sum := sha256.Sum256([]byte("right"))
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 5, SHA256Hex: hex.EncodeToString(sum[:])})
	if r := Upload(t, signed, "wrong"); r.Status != 400 {
		t.Errorf("other bytes: %d %s", r.Status, r.Body)
	}
	RequireAbsent(t, s, id)
	if r := Upload(t, signed, "right"); r.Status != 200 {
		t.Errorf("the right bytes: %d %s", r.Status, r.Body)
	}
}

func testOnce(t *testing.T, s blob.Store) {
	id := NewID()
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 4, Once: true})
	if r := Upload(t, signed, "good"); r.Status != 200 {
		t.Fatalf("first: %d %s", r.Status, r.Body)
	}
	if r := Upload(t, signed, "evil"); r.Status != 412 {
		t.Errorf("second: %d %s", r.Status, r.Body)
	}
	delete(signed.Headers, "If-None-Match")
	if r := Upload(t, signed, "evil"); !refused(r) && r.Status != 412 {
		t.Errorf("second, without the header: %d %s", r.Status, r.Body)
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "good" {
		t.Errorf("it was replaced by %q", b)
	}
}

// tampered gives u with each of its parts changed in turn.
func tampered(t *testing.T, raw string) map[string]string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	out := map[string]string{"no query": strings.Split(raw, "?")[0]}
	for key := range u.Query() {
		changed, gone := *u, *u
		q := u.Query()
		q.Set(key, q.Get(key)+"0")
		changed.RawQuery = q.Encode()
		q.Del(key)
		gone.RawQuery = q.Encode()
		out[key+" changed"], out[key+" removed"] = changed.String(), gone.String()
	}
	added, other := *u, *u
	added.RawQuery += "&response-content-type=text%2Fhtml&type=text%2Fhtml"
	other.Path = u.Path[:len(u.Path)-36] + NewID()
	out["parameters added"], out["another id"] = added.String(), other.String()
	return out
}

func testTampered(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	for what, raw := range tampered(t, SignGet(t, s, id, blob.GetRequest{Filename: "notes.txt", ContentType: "text/plain"}).URL) {
		if r := Call(t, "GET", raw, nil, nil, 0); !refused(r) {
			t.Errorf("GET, %s: %d", what, r.Status)
		}
	}
	signed := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7})
	for what, raw := range tampered(t, signed.URL) {
		if r := Call(t, "PUT", raw, signed.Headers, strings.NewReader("replace"), 7); !refused(r) {
			t.Errorf("PUT, %s: %d", what, r.Status)
		}
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "content" {
		t.Errorf("it was replaced by %q", b)
	}
}

func testOtherMethod(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	download := SignGet(t, s, id, blob.GetRequest{})
	if r := Call(t, "PUT", download.URL, nil, strings.NewReader("replace"), 7); r.Status != 403 {
		t.Errorf("PUT with a URL for GET: %d", r.Status)
	}
	if r := Call(t, "GET", SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7}).URL, nil, nil, 0); !refused(r) {
		t.Errorf("GET with a URL for PUT: %d", r.Status)
	}
	if r := Call(t, "DELETE", download.URL, nil, nil, 0); r.Status != 403 && r.Status != 405 {
		t.Errorf("DELETE with a URL for GET: %d", r.Status)
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "content" {
		t.Errorf("it was replaced by %q", b)
	}
}

func testExpired(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	download := SignGet(t, s, id, blob.GetRequest{Expires: time.Second})
	uploading := SignPut(t, s, id, blob.PutRequest{ContentType: "text/plain", Size: 7, Expires: time.Second})
	time.Sleep(2100 * time.Millisecond)
	if r := Get(t, download, nil); r.Status != 403 {
		t.Errorf("GET: %d", r.Status)
	}
	if r := Upload(t, uploading, "replace"); r.Status != 403 {
		t.Errorf("PUT: %d", r.Status)
	}
}

func testExpiresAt(t *testing.T, s blob.Store) {
	before := time.Now()
	for _, signed := range []blob.Signed{
		SignGet(t, s, NewID(), blob.GetRequest{Expires: time.Hour}),
		SignPut(t, s, NewID(), blob.PutRequest{ContentType: "text/plain", Expires: time.Hour}),
	} {
		if life := signed.ExpiresAt.Sub(before); life < time.Hour-time.Second || life > time.Hour+5*time.Second {
			t.Errorf("%s: lives %s", signed.Method, life)
		}
		if signed.ExpiresAt.Location() != time.UTC {
			t.Errorf("%s: not in UTC", signed.Method)
		}
	}
}

func testRanges(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "0123456789", "video/mp4")
	signed := SignGet(t, s, id, blob.GetRequest{ContentType: "video/mp4"})
	for header, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=4-": "456789", "bytes=-3": "789", "bytes=8-100": "89", "bytes=0-0": "0", "bytes=-100": "0123456789",
	} {
		r := Get(t, signed, map[string]string{"Range": header})
		if r.Status != http.StatusPartialContent || string(r.Body) != want || !strings.HasSuffix(r.Header.Get("Content-Range"), "/10") {
			t.Errorf("%s: %d %q %s", header, r.Status, r.Body, r.Header.Get("Content-Range"))
		}
	}
	if r := Get(t, signed, map[string]string{"Range": "bytes=10-"}); r.Status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %d", r.Status)
	}
	if r := Get(t, signed, nil); r.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("Accept-Ranges: %q", r.Header.Get("Accept-Ranges"))
	}
}

func testConditional(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "content", "text/plain")
	signed := SignGet(t, s, id, blob.GetRequest{})
	etag := Get(t, signed, nil).Header.Get("ETag")
	if r := Get(t, signed, map[string]string{"If-None-Match": etag}); r.Status != http.StatusNotModified || len(r.Body) != 0 {
		t.Errorf("unchanged: %d %q", r.Status, r.Body)
	}
	Put(t, s, id, "changed", "text/plain")
	if r := Get(t, signed, map[string]string{"If-None-Match": etag}); r.Status != 200 || string(r.Body) != "changed" {
		t.Errorf("changed: %d %q", r.Status, r.Body)
	}
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
		{blob.GetRequest{ContentType: "image/svg+xml", Disposition: "inline", Filename: "a.svg"}, `attachment; filename="a.svg"`},
		{blob.GetRequest{ContentType: "image/png", Filename: "Prüfung 1.png"}, `inline; filename="Pr_fung 1.png"; filename*=UTF-8''Pr%C3%BCfung%201.png`},
	} {
		r := Get(t, SignGet(t, s, id, c.g), nil)
		if got := r.Header.Get("Content-Disposition"); r.Status != 200 || got != c.want {
			t.Errorf("%+v: %d %s", c.g, r.Status, got)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%+v: no nosniff", c.g)
		}
		if cache := r.Header.Get("Cache-Control"); !strings.HasPrefix(cache, "private, max-age=") {
			t.Errorf("%+v: Cache-Control %q", c.g, cache)
		}
	}
}

func testMissing(t *testing.T, s blob.Store) {
	id := NewID()
	RequireAbsent(t, s, id)
	if _, err := s.Open(t.Context(), id); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	for _, n := range []int{0, 5} {
		if _, err := s.ReadPrefix(t.Context(), id, n); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("prefix of %d: %v", n, err)
		}
	}
	if r := Get(t, SignGet(t, s, id, blob.GetRequest{}), nil); r.Status != 404 {
		t.Errorf("download: %d", r.Status)
	}
}

func testIDs(t *testing.T, s blob.Store) {
	ctx := t.Context()
	for _, id := range []string{
		"", ".", "..", "../../etc/passwd", "a/b", strings.ToUpper(NewID()), NewID() + "/x", "%2e%2e",
		strings.Replace(NewID(), "-", "/", 1), NewID()[:35], strings.Repeat("0", 36), "x\x00",
	} {
		if _, err := s.Stat(ctx, id); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("stat %q: %v", id, err)
		}
		if _, err := s.Open(ctx, id); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("open %q: %v", id, err)
		}
		if err := s.Delete(ctx, id); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
		if err := s.Put(ctx, id, strings.NewReader("x"), 1, "text/plain"); err == nil {
			t.Errorf("put %q succeeded", id)
		}
		if _, err := s.PresignGet(ctx, id, blob.GetRequest{Expires: time.Minute}); err == nil {
			t.Errorf("presign %q succeeded", id)
		}
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
		if _, err := s.PresignPut(t.Context(), NewID(), p); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if _, err := s.PresignGet(t.Context(), NewID(), blob.GetRequest{ContentType: "a\nb", Expires: time.Minute}); err == nil {
		t.Error("a type with a line break was accepted")
	}
	if err := s.Put(t.Context(), NewID(), strings.NewReader(""), -1, "text/plain"); err == nil {
		t.Error("a negative size was accepted")
	}
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
	if info.Size != 10 || info.ContentType != "text/csv" {
		t.Errorf("got %+v", info)
	}
}

func testPutMismatch(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "before", "text/plain")
	for _, size := range []int64{0, 6, 8, 1000} {
		if err := s.Put(t.Context(), id, strings.NewReader("content"), size, "text/plain"); size != 7 && !errors.Is(err, blob.ErrMismatch) {
			t.Errorf("7 bytes announced as %d: %v", size, err)
		}
	}
	if b, err := s.ReadPrefix(t.Context(), id, 10); string(b) != "before" {
		t.Errorf("it was replaced by %q, %v", b, err)
	}
}

func testPutBroken(t *testing.T, s blob.Store) {
	id, broken := NewID(), errors.New("line cut")
	r := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(broken))
	if err := s.Put(t.Context(), id, r, 200_000, "text/plain"); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	RequireAbsent(t, s, id)
}

func testPrefix(t *testing.T, s blob.Store) {
	id := NewID()
	Put(t, s, id, "\x89PNG\r\n\x1a\n and more", "image/png")
	for n, want := range map[int]string{0: "", 4: "\x89PNG", 1000: "\x89PNG\r\n\x1a\n and more"} {
		if b, err := s.ReadPrefix(t.Context(), id, n); err != nil || string(b) != want {
			t.Errorf("%d: %q, %v", n, b, err)
		}
	}
}
