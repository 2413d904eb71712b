package folder

import (
	"lyceum/platform/blob/blobtest"

	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
)

// sendRaw sends bytes to a server and gives all that comes back until it closes or falls silent.
func sendRaw(t *testing.T, addr, request string) string {
	t.Helper()
	conn := dial(t, addr)
	defer conn.Close()
	io.WriteString(conn, request)                         // it shows in the answer
	conn.SetReadDeadline(time.Now().Add(2 * time.Second)) // nor this
	b, _ := io.ReadAll(conn)
	return string(b)
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", addr)
	require.NoError(t, err)
	return conn
}

// putRequest returns the bytes of an upload that announces size bytes and sends body.
func putRequest(target string, size int, body string) string {
	return fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		target, size, body)
}

func splitURL(t *testing.T, s blob.Signed) (addr, target string) {
	t.Helper()
	u, err := url.Parse(s.URL)
	require.NoError(t, err)
	return u.Host, u.RequestURI()
}

func TestEveryAnswerIsSandboxed(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "content", "text/html")
	good := blobtest.SignGet(t, f, id, blob.GetRequest{})
	bad := good
	bad.URL += "0"
	for _, r := range []blobtest.Reply{
		blobtest.Get(t, good, nil), blobtest.Get(t, bad, nil),
		blobtest.Get(t, blobtest.SignGet(t, f, blobtest.NewID(), blob.GetRequest{}), nil),
		blobtest.Get(t, good, map[string]string{"Range": "bytes=100-"}),
		blobtest.Upload(t,
			blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: 1}),
			"too long"),
		blobtest.Upload(t,
			blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: 1}), "x"),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin", "Content-Disposition": "attachment",
		} {
			require.Equal(t, want, r.Header.Get(name), "%s of %d", name, r.Status)
		}
		if r.Status >= 400 {
			require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"), r.Status)
			require.Equal(t, "no-store", r.Header.Get("Cache-Control"), r.Status)
		}
	}
}

func TestRefusalsHaveTheirCodes(t *testing.T) {
	f, clock := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	ok := blob.PutRequest{ContentType: "text/plain", Size: 4}
	chunked := blobtest.SignPut(t, f, id, ok)
	for _, c := range []struct {
		what   string
		r      blobtest.Reply
		status int
		code   string
	}{
		{"too long", blobtest.Upload(t, blobtest.SignPut(t, f, id, ok), "12345"), 413, "body-too-large"},
		{"too short", blobtest.Upload(t, blobtest.SignPut(t, f, id, ok), "123"), 400, "malformed-request"},
		{"chunked", blobtest.Call(t, blobtest.Request{
			Method: "PUT", URL: chunked.URL, Headers: chunked.Headers,
			Body: io.MultiReader(strings.NewReader("1234")), Size: -1,
		}), 411, "length-required"},
		{"missing", blobtest.Get(t, blobtest.SignGet(t, f, id, blob.GetRequest{}), nil), 404, "not-found"},
		{
			"unsigned", blobtest.Call(t, blobtest.Request{Method: "GET", URL: strings.Split(chunked.URL, "?")[0]}),
			403, "forbidden",
		},
	} {
		require.Equal(t, c.status, c.r.Status, "%s: %d %s", c.what, c.r.Status, c.r.Body)
		require.Equal(t, c.code, c.r.Code(), "%s: %d %s", c.what, c.r.Status, c.r.Body)
	}
	signed := blobtest.SignGet(t, f, id, blob.GetRequest{})
	clock.forward(time.Hour)
	r := blobtest.Get(t, signed, nil)
	require.Equal(t, 403, r.Status, "expired: %d %s", r.Status, r.Body)
	require.Contains(t, string(r.Body), "expired", "expired: %d %s", r.Status, r.Body)
	requireNoTempFiles(t, f)
}

func TestHeadSaysWhatGetWould(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "0123456789", "video/mp4")
	signed := blobtest.SignGet(t, f, id, blob.GetRequest{})
	whole := blobtest.Get(t, signed, nil)
	head := blobtest.Call(t, blobtest.Request{Method: "HEAD", URL: signed.URL})
	require.Equal(t, 200, head.Status, "%d %q", head.Status, head.Body)
	require.Empty(t, head.Body, "%d %q", head.Status, head.Body)
	for _, name := range []string{
		"Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition",
	} {
		require.Equal(t, whole.Header.Get(name), head.Header.Get(name), "%s: %q and %q", name,
			head.Header.Get(name), whole.Header.Get(name))
		require.NotEmpty(t, head.Header.Get(name), "%s: %q and %q", name, head.Header.Get(name),
			whole.Header.Get(name))
	}
	r := blobtest.Call(t,
		blobtest.Request{Method: "HEAD", URL: signed.URL, Headers: map[string]string{"Range": "bytes=0-3"}})
	require.Equal(t, 200, r.Status, "HEAD takes no Range: %d", r.Status)
	r = blobtest.Call(t,
		blobtest.Request{Method: "HEAD", URL: blobtest.SignPut(t, f, id, blob.PutRequest{ContentType: "a/b", Size: 1}).URL})
	require.Equal(t, 403, r.Status, "HEAD with a URL for PUT: %d", r.Status)
}

func TestCacheLifeEndsWithTheURL(t *testing.T) {
	f, clock := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "content", "text/plain")
	signed := blobtest.SignGet(t, f, id, blob.GetRequest{Expires: 10 * time.Minute})
	clock.forward(9 * time.Minute)
	var left int
	_, err := fmt.Sscanf(blobtest.Get(t, signed, nil).Header.Get("Cache-Control"), "private, max-age=%d", &left)
	require.NoError(t, err, "max-age %d, %v", left, err)
	require.False(t, left < 50, "max-age %d, %v", left, err)
	require.LessOrEqual(t, left, 60, "max-age %d, %v", left, err)
}

func TestConditionsAndRangesTogether(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "0123456789", "video/mp4")
	signed := blobtest.SignGet(t, f, id, blob.GetRequest{})
	first := blobtest.Get(t, signed, nil)
	etag, modified := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
	past, future := "Mon, 02 Jan 2006 15:04:05 GMT", "Mon, 02 Jan 2090 15:04:05 GMT"
	for _, c := range []struct {
		headers map[string]string
		status  int
		body    string
	}{
		{map[string]string{"Range": "bytes=0-3", "If-Range": etag}, 206, "0123"},
		{map[string]string{"Range": "bytes=0-3", "If-Range": modified}, 206, "0123"},
		{map[string]string{"Range": "bytes=0-3", "If-Range": `"other"`}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=0-3", "If-Range": "W/" + etag}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=0-3", "If-Range": past}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=0-3", "If-None-Match": etag}, 304, ""},
		{map[string]string{"If-None-Match": "W/" + etag}, 304, ""},
		{map[string]string{"If-None-Match": `"a", ` + etag}, 304, ""},
		{map[string]string{"If-None-Match": "*"}, 304, ""},
		{map[string]string{"If-None-Match": `"a"`, "If-Modified-Since": future}, 200, "0123456789"},
		{map[string]string{"If-Modified-Since": modified}, 304, ""},
		{map[string]string{"If-Modified-Since": past}, 200, "0123456789"},
		{map[string]string{"If-Modified-Since": "yesterday"}, 200, "0123456789"},
		{map[string]string{"If-Match": etag}, 200, "0123456789"},
		{map[string]string{"If-Match": `"a"`}, 412, "precondition-failed"},
		{map[string]string{"If-Match": "W/" + etag}, 412, "precondition-failed"},
		{map[string]string{"If-Unmodified-Since": past}, 412, "precondition-failed"},
		{map[string]string{"If-Unmodified-Since": future}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=20-"}, 416, "range-not-satisfiable"},
		{map[string]string{"Range": "bytes=0-1,4-5"}, 200, "0123456789"},
	} {
		r := blobtest.Get(t, signed, c.headers)
		body := string(r.Body)
		if r.Status >= 400 {
			body = r.Code()
		}
		require.Equal(t, c.status, r.Status, "%v: %d %q", c.headers, r.Status, body)
		require.Equal(t, c.body, body, "%v: %d %q", c.headers, r.Status, body)
		switch r.Status {
		case http.StatusNotModified:
			require.Equal(t, etag, r.Header.Get("ETag"), c.headers)
			require.NotEmpty(t, r.Header.Get("Cache-Control"), c.headers)
		case http.StatusRequestedRangeNotSatisfiable:
			require.Equal(t, "bytes */10", r.Header.Get("Content-Range"), c.headers)
		}
	}
}

// TestABrokenUploadLeavesNothing cuts the connection in the middle.
func TestABrokenUploadLeavesNothing(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	addr, target := splitURL(t, blobtest.SignPut(t, f, id, blob.PutRequest{ContentType: "text/plain", Size: 1 << 20}))
	conn := dial(t, addr)
	io.WriteString(conn, putRequest(target, 1<<20, strings.Repeat("x", 1<<19))) // a fault shows in the next step
	hasTempFiles := func(n int) func() bool {
		return func() bool { entries, _ := os.ReadDir(f.tempDir); return len(entries) == n }
	}
	eventually(t, "the upload does not arrive", hasTempFiles(1))
	conn.Close()
	eventually(t, "its temporary file stays", hasTempFiles(0))
	blobtest.RequireAbsent(t, f, id)
}

func eventually(t *testing.T, failure string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 10*time.Second, 5*time.Millisecond, failure)
}

// TestAStalledUploadIsGivenUp and the next test shorten the 30 s that clients have.
func TestAStalledUploadIsGivenUp(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	f.stallTimeout = 200 * time.Millisecond
	addr, target := splitURL(t,
		blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: 100_000}))
	answer := sendRaw(t, addr, putRequest(target, 100_000, strings.Repeat("x", 50_000)))
	require.True(t, strings.HasPrefix(answer, "HTTP/1.1 408 "), "got %s", answer)
	require.Contains(t, answer, "request-timeout", "got %s", answer)
	requireNoTempFiles(t, f)
}

// However many send one object at once, it takes the room of a few on the disk.
func TestFewTransfersOfOneObjectAtOnce(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	signed := blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: 100_000})
	addr, target := splitURL(t, signed)
	var open []net.Conn
	for range maxActiveUploads {
		conn := dial(t, addr)
		io.WriteString(conn, putRequest(target, 100_000, strings.Repeat("x", 50_000))) // a fault shows in the next step
		open = append(open, conn)
	}
	busy := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.activeUploads) * f.activeUploads[strings.TrimPrefix(strings.Split(target, "?")[0], "/objects/")]
	}
	eventually(t, "they never arrive", func() bool { return busy() == maxActiveUploads })
	r := blobtest.Upload(t, signed, strings.Repeat("x", 100_000))
	require.Equal(t, 503, r.Status, "one too many: %d %s", r.Status, r.Body)
	for _, conn := range open {
		conn.Close()
	}
	eventually(t, "they never end", func() bool { return busy() == 0 })
	r = blobtest.Upload(t, signed, strings.Repeat("x", 100_000))
	require.Equal(t, 200, r.Status, "the next: %d %s", r.Status, r.Body)
	requireNoTempFiles(t, f)
}

func TestAStalledDownloadIsGivenUp(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	f.stallTimeout = 200 * time.Millisecond
	id := blobtest.NewID()
	require.NoError(t, f.Put(t.Context(), id, &zeros{}, 64<<20, "video/mp4"))
	before := openFiles(t)
	addr, target := splitURL(t, blobtest.SignGet(t, f, id, blob.GetRequest{}))
	conn := dial(t, addr)
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target)
	eventually(t, "the file was never opened", func() bool { return openFiles(t) > before+1 })
	eventually(t, "the file stays open", func() bool { return openFiles(t) <= before+1 })
}

// zeros is endless.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if left := int64(64<<20) - z.n; int64(len(p)) > left {
		p = p[:left]
	}
	z.n += int64(len(p))
	if len(p) == 0 {
		return 0, io.EOF
	}
	clear(p)
	return len(p), nil
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// TestLargeObjectsAreNotHeldInMemory sends 64 MiB up and down while the heap may grow by 24.
func TestLargeObjectsAreNotHeldInMemory(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	signed := blobtest.SignPut(t, f, id, blob.PutRequest{ContentType: "video/mp4", Size: 64 << 20})
	r := blobtest.Call(t,
		blobtest.Request{Method: "PUT", URL: signed.URL, Headers: signed.Headers, Body: &zeros{}, Size: 64 << 20})
	require.Equal(t, 200, r.Status, "%d %s", r.Status, r.Body)
	resp, err := http.Get(blobtest.SignGet(t, f, id, blob.GetRequest{}).URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, resp.Body)
	require.NoError(t, err, "%d bytes, %v", n, err)
	require.EqualValues(t, 64<<20, n, "%d bytes, %v", n, err)
	require.Equal(t, fmt.Sprintf(`"%x"`, sum.Sum(nil)[:16]), resp.Header.Get("ETag"), "the bytes differ")
	runtime.ReadMemStats(&now)
	grown := int64(now.HeapSys) - int64(before.HeapSys)
	require.LessOrEqual(t, grown, int64(24<<20), "the heap grew by %d MiB", grown>>20)
}

func TestConnectionsAreKeptAfterUploadsAndRefusals(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "content", "text/plain")
	addr, getTarget := splitURL(t, blobtest.SignGet(t, f, id, blob.GetRequest{}))
	_, putTarget := splitURL(t,
		blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: 3}))
	upload := func(body string) string { return putRequest(putTarget, len(body), body) }
	download := "GET " + getTarget + " HTTP/1.1\r\nHost: x\r\n\r\n"
	last := strings.Replace(download, "Host: x", "Host: x\r\nConnection: close", 1)
	answer := sendRaw(t, addr, upload("abc")+upload("too long")+download+last)
	var codes []string
	for line := range strings.SplitSeq(answer, "\r\n") {
		if i := strings.Index(line, "HTTP/1.1 "); i >= 0 {
			codes = append(codes, line[i+9:i+12])
		}
	}
	got := strings.Join(codes, " ")
	require.Equal(t, "200 413 200 200", got, "got %s\n%s", got, answer)
	require.True(t, bytes.HasSuffix([]byte(answer), []byte("content")), "got %s\n%s", got, answer)
}

func TestNoFileStaysOpen(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, strings.Repeat("x", 100_000), "text/plain")
	signed := blobtest.SignGet(t, f, id, blob.GetRequest{})
	etag := blobtest.Get(t, signed, nil).Header.Get("ETag")
	before := openFiles(t)
	for range 20 {
		blobtest.Get(t, signed, nil)
		blobtest.Call(t, blobtest.Request{Method: "HEAD", URL: signed.URL})
		blobtest.Get(t, signed, map[string]string{"If-None-Match": etag})
		blobtest.Get(t, signed, map[string]string{"If-Match": `"a"`})
		blobtest.Get(t, signed, map[string]string{"Range": "bytes=5-9"})
		blobtest.Get(t, signed, map[string]string{"Range": "bytes=900000-"})
	}
	eventually(t, "files stay open", func() bool { return openFiles(t) <= before+2 })
}

// A client that does not wait for "100 Continue" is still sending when its upload is refused.
func TestRefusedUploadsReadTheirAnswer(t *testing.T) {
	f, clock := newServedStore(t, t.TempDir())
	const size = 16 << 20
	sign := func(r blob.PutRequest) string {
		_, target := splitURL(t, blobtest.SignPut(t, f, blobtest.NewID(), r))
		return target
	}
	expired := sign(blob.PutRequest{ContentType: "text/plain", Size: size})
	clock.forward(2 * time.Hour)
	addr, good := splitURL(t,
		blobtest.SignPut(t, f, blobtest.NewID(), blob.PutRequest{ContentType: "text/plain", Size: size}))
	for name, c := range map[string]struct {
		target string
		status string
	}{
		"forged":     {good + "0", "403"},
		"expired":    {expired, "403"},
		"too long":   {sign(blob.PutRequest{ContentType: "text/plain", Size: 1}), "413"},
		"wrong type": {sign(blob.PutRequest{ContentType: "image/png", Size: size}), "403"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, addr)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
			_, err := io.WriteString(conn, putRequest(c.target, size, strings.Repeat("x", size)))
			require.NoError(t, err, "the server reads on")
			answer := make([]byte, 12)
			_, err = io.ReadFull(conn, answer)
			require.NoError(t, err)
			require.Equal(t, "HTTP/1.1 "+c.status, string(answer))
		})
	}
}
