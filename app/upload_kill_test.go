package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// Killed at any moment of an upload, the store has all of an object or nothing of it, keeps no leftovers, and the
// upload can be sent again.
func TestAKilledUploadLeavesNoHalf(t *testing.T) {
	t.Parallel()
	dir, env := t.TempDir(), map[string]string{
		"RATE_LIMIT_ENABLED": "false", "HTTP_ADDR": "127.0.0.1:" + testkit.FreePort(t),
	}
	env["PUBLIC_URL"] = "http://" + env["HTTP_ADDR"]
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 3))
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = 'a' + byte(random.IntN(26))
	}
	sum := sha256.Sum256(content)
	p := launch(t, dir, env)
	admin := p.Site().AdminToken()
	whole := 0
	for round := range testkit.Rounds(100) {
		s := p.Site()
		body := map[string]any{
			"key": "kill-" + hex.EncodeToString([]byte{byte(round)}), "content_type": "text/plain",
			"size": len(content),
		}
		if round%2 == 0 {
			body["sha256"] = hex.EncodeToString(sum[:])
		}
		up := s.Want(201, "POST", "/storage/uploads", admin, body)
		// In every other round the kill falls into the end, where the object gets its place.
		cut, wait := random.IntN(len(content)), random.IntN(3000)
		if round%2 == 1 {
			cut, wait = len(content)-random.IntN(2), random.IntN(30_000)
		}
		sent, answered := make(chan struct{}), make(chan int, 1)
		go func() { answered <- sendCutting(s, up, &cutting{data: content, at: cut, reached: sent}) }()
		<-sent
		time.Sleep(time.Duration(wait) * time.Microsecond)
		p.Kill()
		status := <-answered

		p = launch(t, dir, env)
		s = p.Site()
		leftovers, err := os.ReadDir(filepath.Join(dir, "objects", "tmp"))
		require.NoError(t, err)
		require.Empty(t, leftovers)
		complete := "/storage/uploads/" + up.Text("id") + "/complete"
		a := s.Call("POST", complete, admin, nil)
		if a.Status == 200 {
			whole++
		} else {
			require.Equal(t, "upload-incomplete", a.Text("code"), "%s", a.Raw)
			require.NotEqual(t, 200, status, "what was answered is there")
			s.WantProblem(404, "not-found", "GET", "/storage/sign?key="+body["key"].(string), admin, nil)
			s.Upload(up, string(content))
			s.Want(200, "POST", complete, admin, nil)
		}
		got := s.Want(200, "GET",
			s.Want(200, "GET", "/storage/sign?key="+body["key"].(string), admin, nil).Text("url"), "", nil)
		require.True(t, bytes.Equal(content, got.Raw))
	}
	t.Logf("%d of %d were whole", whole, testkit.Rounds(100))
}

// cutting gives data, tells when it has come to a place, and goes on.
type cutting struct {
	data    []byte
	at, n   int
	reached chan struct{}
}

func (c *cutting) Read(p []byte) (int, error) {
	if c.n == len(c.data) {
		return 0, io.EOF
	}
	end := len(c.data)
	if c.n < c.at {
		end = c.at
	}
	n := copy(p, c.data[c.n:min(end, c.n+64<<10)])
	if c.n += n; c.reached != nil && c.n >= c.at {
		close(c.reached)
		c.reached = nil
	}
	return n, nil
}

// sendCutting sends an upload's bytes and gives the status of the answer, 0 without one.
func sendCutting(s *sitetest.Site, up sitetest.Answer, body *cutting) int {
	req, err := http.NewRequestWithContext(s.T.Context(), http.MethodPut, up.Text("upload.url"), body)
	require.NoError(s.T, err)
	req.ContentLength = int64(len(body.data))
	for k, v := range up.Get("upload.headers").(map[string]any) {
		req.Header.Set(k, v.(string))
	}
	res, err := sitetest.Client.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}
