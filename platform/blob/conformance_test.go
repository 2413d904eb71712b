package blob

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

	"lyceum/platform/testkit"
)

// conformance is what every Store must do; each store's other tests are for what only it does.
var conformance = map[string]func(*testing.T, Store){
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
	"ping":                          func(t *testing.T, s Store) { noError(t, s.Ping(t.Context())) },
	"life of a URL is told exactly": testExpiresAt,
}

func TestFolderConforms(t *testing.T) {
	f, _ := newTestFolder(t, t.TempDir())
	runConformance(t, f)
}

func TestS3Conforms(t *testing.T) {
	runConformance(t, newTestS3(t))
}

func runConformance(t *testing.T, s Store) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func s3Config(info testkit.S3Info) S3Config {
	return S3Config{
		Endpoint: info.Endpoint, Bucket: info.Bucket, Region: info.Region,
		AccessKey: info.AccessKey, SecretKey: info.SecretKey,
	}
}

func newTestS3(t *testing.T) *S3 {
	t.Helper()
	s, err := NewS3(s3Config(testkit.MinIO(t)))
	noError(t, err)
	noError(t, s.Prepare(t.Context()))
	return s
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func absent(t *testing.T, s Store, id string) {
	t.Helper()
	if _, err := s.Stat(t.Context(), id); !errors.Is(err, ErrNotFound) {
		t.Errorf("the object should not be there: %v", err)
	}
}

func testRoundTrip(t *testing.T, s Store) {
	id, body := newID(), strings.Repeat("lecture ", 50_000)
	if r := upload(t, signPut(t, s, id, PutRequest{ContentType: "video/mp4", Size: int64(len(body))}), body); r.status != 200 {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	info, err := s.Stat(t.Context(), id)
	noError(t, err)
	if info.Size != int64(len(body)) || info.ContentType != "video/mp4" || info.ETag == "" {
		t.Errorf("got %+v", info)
	}
	r := get(t, signGet(t, s, id, GetRequest{ContentType: "video/mp4"}), nil)
	if r.status != 200 || string(r.body) != body {
		t.Errorf("download: %d, %d bytes", r.status, len(r.body))
	}
	if r.header.Get("ETag") != `"`+info.ETag+`"` || r.header.Get("Content-Type") != "video/mp4" || r.header.Get("Last-Modified") == "" {
		t.Errorf("headers: %v", r.header)
	}
	o, err := s.Open(t.Context(), id)
	noError(t, err)
	defer o.Close()
	if b, err := io.ReadAll(o); err != nil || string(b) != body {
		t.Errorf("open: %d bytes, %v", len(b), err)
	}
}

func testEmpty(t *testing.T, s Store) {
	id := newID()
	if r := upload(t, signPut(t, s, id, PutRequest{ContentType: "text/plain"}), ""); r.status != 200 {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	if r := get(t, signGet(t, s, id, GetRequest{}), nil); r.status != 200 || len(r.body) != 0 {
		t.Errorf("download: %d %q", r.status, r.body)
	}
	if b, err := s.ReadPrefix(t.Context(), id, 10); err != nil || len(b) != 0 {
		t.Errorf("prefix: %q, %v", b, err)
	}
}

func testWrongSize(t *testing.T, s Store) {
	id := newID()
	signed := signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 10})
	for _, body := range []string{"", "123456789", "12345678901", strings.Repeat("x", 100_000)} {
		if r := upload(t, signed, body); r.status < 400 || r.status > 499 {
			t.Errorf("%d bytes: %d", len(body), r.status)
		}
	}
	r := call(t, signed.Method, signed.URL, signed.Headers, io.MultiReader(strings.NewReader("1234567890")), -1)
	if r.status < 400 || r.status > 499 {
		t.Errorf("no length: %d", r.status)
	}
	absent(t, s, id)
	if r := upload(t, signed, "1234567890"); r.status != 200 {
		t.Errorf("the right size after all: %d %s", r.status, r.body)
	}
}

// refused is 403. MinIO answers 400 AccessDenied where a signed header is missing.
func refused(r reply) bool {
	return r.status == 403 || r.status == 400 && bytes.Contains(r.body, []byte("<Error>"))
}

func testWrongType(t *testing.T, s Store) {
	id := newID()
	signed := signPut(t, s, id, PutRequest{ContentType: "image/png", Size: 3})
	for _, contentType := range []string{"", "text/html", "image/png; charset=utf-8"} {
		signed.Headers["Content-Type"] = contentType
		if r := upload(t, signed, "png"); !refused(r) {
			t.Errorf("%q: %d", contentType, r.status)
		}
	}
	absent(t, s, id)
}

func testChecksum(t *testing.T, s Store) {
	id := newID()
	sum := sha256.Sum256([]byte("right"))
	signed := signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 5, SHA256Hex: hex.EncodeToString(sum[:])})
	if r := upload(t, signed, "wrong"); r.status != 400 {
		t.Errorf("other bytes: %d %s", r.status, r.body)
	}
	absent(t, s, id)
	if r := upload(t, signed, "right"); r.status != 200 {
		t.Errorf("the right bytes: %d %s", r.status, r.body)
	}
}

func testOnce(t *testing.T, s Store) {
	id := newID()
	signed := signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 4, Once: true})
	if r := upload(t, signed, "good"); r.status != 200 {
		t.Fatalf("first: %d %s", r.status, r.body)
	}
	if r := upload(t, signed, "evil"); r.status != 412 {
		t.Errorf("second: %d %s", r.status, r.body)
	}
	delete(signed.Headers, "If-None-Match")
	if r := upload(t, signed, "evil"); !refused(r) && r.status != 412 {
		t.Errorf("second, without the header: %d %s", r.status, r.body)
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "good" {
		t.Errorf("it was replaced by %q", b)
	}
}

// tampered gives u with each of its parts changed in turn.
func tampered(t *testing.T, raw string) map[string]string {
	t.Helper()
	u, err := url.Parse(raw)
	noError(t, err)
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
	other.Path = u.Path[:len(u.Path)-36] + newID()
	out["parameters added"], out["another id"] = added.String(), other.String()
	return out
}

func testTampered(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	for what, raw := range tampered(t, signGet(t, s, id, GetRequest{Filename: "notes.txt", ContentType: "text/plain"}).URL) {
		if r := call(t, "GET", raw, nil, nil, 0); !refused(r) {
			t.Errorf("GET, %s: %d", what, r.status)
		}
	}
	signed := signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 7})
	for what, raw := range tampered(t, signed.URL) {
		if r := call(t, "PUT", raw, signed.Headers, strings.NewReader("replace"), 7); !refused(r) {
			t.Errorf("PUT, %s: %d", what, r.status)
		}
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "content" {
		t.Errorf("it was replaced by %q", b)
	}
}

func testOtherMethod(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	download := signGet(t, s, id, GetRequest{})
	if r := call(t, "PUT", download.URL, nil, strings.NewReader("replace"), 7); r.status != 403 {
		t.Errorf("PUT with a URL for GET: %d", r.status)
	}
	if r := call(t, "GET", signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 7}).URL, nil, nil, 0); !refused(r) {
		t.Errorf("GET with a URL for PUT: %d", r.status)
	}
	if r := call(t, "DELETE", download.URL, nil, nil, 0); r.status != 403 && r.status != 405 {
		t.Errorf("DELETE with a URL for GET: %d", r.status)
	}
	if b, _ := s.ReadPrefix(t.Context(), id, 10); string(b) != "content" {
		t.Errorf("it was replaced by %q", b)
	}
}

func testExpired(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	download := signGet(t, s, id, GetRequest{Expires: time.Second})
	uploading := signPut(t, s, id, PutRequest{ContentType: "text/plain", Size: 7, Expires: time.Second})
	time.Sleep(2100 * time.Millisecond)
	if r := get(t, download, nil); r.status != 403 {
		t.Errorf("GET: %d", r.status)
	}
	if r := upload(t, uploading, "replace"); r.status != 403 {
		t.Errorf("PUT: %d", r.status)
	}
}

func testExpiresAt(t *testing.T, s Store) {
	before := time.Now()
	for _, signed := range []Signed{
		signGet(t, s, newID(), GetRequest{Expires: time.Hour}),
		signPut(t, s, newID(), PutRequest{ContentType: "text/plain", Expires: time.Hour}),
	} {
		if life := signed.ExpiresAt.Sub(before); life < time.Hour-time.Second || life > time.Hour+5*time.Second {
			t.Errorf("%s: lives %s", signed.Method, life)
		}
		if signed.ExpiresAt.Location() != time.UTC {
			t.Errorf("%s: not in UTC", signed.Method)
		}
	}
}

func testRanges(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "0123456789", "video/mp4")
	signed := signGet(t, s, id, GetRequest{ContentType: "video/mp4"})
	for header, want := range map[string]string{
		"bytes=0-3": "0123", "bytes=4-": "456789", "bytes=-3": "789", "bytes=8-100": "89", "bytes=0-0": "0", "bytes=-100": "0123456789",
	} {
		r := get(t, signed, map[string]string{"Range": header})
		if r.status != http.StatusPartialContent || string(r.body) != want || !strings.HasSuffix(r.header.Get("Content-Range"), "/10") {
			t.Errorf("%s: %d %q %s", header, r.status, r.body, r.header.Get("Content-Range"))
		}
	}
	if r := get(t, signed, map[string]string{"Range": "bytes=10-"}); r.status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %d", r.status)
	}
	if r := get(t, signed, nil); r.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("Accept-Ranges: %q", r.header.Get("Accept-Ranges"))
	}
}

func testConditional(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	signed := signGet(t, s, id, GetRequest{})
	etag := get(t, signed, nil).header.Get("ETag")
	if r := get(t, signed, map[string]string{"If-None-Match": etag}); r.status != http.StatusNotModified || len(r.body) != 0 {
		t.Errorf("unchanged: %d %q", r.status, r.body)
	}
	put(t, s, id, "changed", "text/plain")
	if r := get(t, signed, map[string]string{"If-None-Match": etag}); r.status != 200 || string(r.body) != "changed" {
		t.Errorf("changed: %d %q", r.status, r.body)
	}
}

func testDisposition(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	for _, c := range []struct {
		g    GetRequest
		want string
	}{
		{GetRequest{}, "attachment"},
		{GetRequest{ContentType: "video/mp4"}, "inline"},
		{GetRequest{ContentType: "video/mp4", Disposition: "attachment"}, "attachment"},
		{GetRequest{ContentType: "text/html", Disposition: "inline"}, "attachment"},
		{GetRequest{ContentType: "image/svg+xml", Disposition: "inline", Filename: "a.svg"}, `attachment; filename="a.svg"`},
		{GetRequest{ContentType: "image/png", Filename: "Prüfung 1.png"}, `inline; filename="Pr_fung 1.png"; filename*=UTF-8''Pr%C3%BCfung%201.png`},
	} {
		r := get(t, signGet(t, s, id, c.g), nil)
		if got := r.header.Get("Content-Disposition"); r.status != 200 || got != c.want {
			t.Errorf("%+v: %d %s", c.g, r.status, got)
		}
		if r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%+v: no nosniff", c.g)
		}
		if cache := r.header.Get("Cache-Control"); !strings.HasPrefix(cache, "private, max-age=") {
			t.Errorf("%+v: Cache-Control %q", c.g, cache)
		}
	}
}

func testMissing(t *testing.T, s Store) {
	id := newID()
	absent(t, s, id)
	if _, err := s.Open(t.Context(), id); !errors.Is(err, ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	for _, n := range []int{0, 5} {
		if _, err := s.ReadPrefix(t.Context(), id, n); !errors.Is(err, ErrNotFound) {
			t.Errorf("prefix of %d: %v", n, err)
		}
	}
	if r := get(t, signGet(t, s, id, GetRequest{}), nil); r.status != 404 {
		t.Errorf("download: %d", r.status)
	}
}

func testIDs(t *testing.T, s Store) {
	ctx := t.Context()
	for _, id := range []string{
		"", ".", "..", "../../etc/passwd", "a/b", strings.ToUpper(newID()), newID() + "/x", "%2e%2e",
		strings.Replace(newID(), "-", "/", 1), newID()[:35], strings.Repeat("0", 36), "x\x00",
	} {
		if _, err := s.Stat(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("stat %q: %v", id, err)
		}
		if _, err := s.Open(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("open %q: %v", id, err)
		}
		if err := s.Delete(ctx, id); err != nil {
			t.Errorf("delete %q: %v", id, err)
		}
		if err := s.Put(ctx, id, strings.NewReader("x"), 1, "text/plain"); err == nil {
			t.Errorf("put %q succeeded", id)
		}
		if _, err := s.PresignGet(ctx, id, GetRequest{Expires: time.Minute}); err == nil {
			t.Errorf("presign %q succeeded", id)
		}
	}
}

func testUnsignable(t *testing.T, s Store) {
	for what, p := range map[string]PutRequest{
		"size":     {ContentType: "text/plain", Size: -1, Expires: time.Minute},
		"no type":  {Size: 1, Expires: time.Minute},
		"type":     {ContentType: "text/plain\r\nX: y", Size: 1, Expires: time.Minute},
		"checksum": {ContentType: "text/plain", Size: 1, SHA256Hex: "abc", Expires: time.Minute},
		"short":    {ContentType: "text/plain", Size: 1, Expires: time.Millisecond},
		"long":     {ContentType: "text/plain", Size: 1, Expires: 8 * 24 * time.Hour},
	} {
		if _, err := s.PresignPut(t.Context(), newID(), p); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if _, err := s.PresignGet(t.Context(), newID(), GetRequest{ContentType: "a\nb", Expires: time.Minute}); err == nil {
		t.Error("a type with a line break was accepted")
	}
	if err := s.Put(t.Context(), newID(), strings.NewReader(""), -1, "text/plain"); err == nil {
		t.Error("a negative size was accepted")
	}
}

func testDelete(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "content", "text/plain")
	for range 2 {
		noError(t, s.Delete(t.Context(), id))
		absent(t, s, id)
	}
}

func testReplace(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "first", "text/plain")
	put(t, s, id, "second one", "text/csv")
	info, err := s.Stat(t.Context(), id)
	noError(t, err)
	if info.Size != 10 || info.ContentType != "text/csv" {
		t.Errorf("got %+v", info)
	}
}

func testPutMismatch(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "before", "text/plain")
	for _, size := range []int64{0, 6, 8, 1000} {
		if err := s.Put(t.Context(), id, strings.NewReader("content"), size, "text/plain"); size != 7 && !errors.Is(err, ErrMismatch) {
			t.Errorf("7 bytes announced as %d: %v", size, err)
		}
	}
	if b, err := s.ReadPrefix(t.Context(), id, 10); string(b) != "before" {
		t.Errorf("it was replaced by %q, %v", b, err)
	}
}

func testPutBroken(t *testing.T, s Store) {
	id, broken := newID(), errors.New("line cut")
	r := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(broken))
	if err := s.Put(t.Context(), id, r, 200_000, "text/plain"); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	absent(t, s, id)
}

func testPrefix(t *testing.T, s Store) {
	id := newID()
	put(t, s, id, "\x89PNG\r\n\x1a\n and more", "image/png")
	for n, want := range map[int]string{0: "", 4: "\x89PNG", 1000: "\x89PNG\r\n\x1a\n and more"} {
		if b, err := s.ReadPrefix(t.Context(), id, n); err != nil || string(b) != want {
			t.Errorf("%d: %q, %v", n, b, err)
		}
	}
}
