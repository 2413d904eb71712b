package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lyceum/app/sitetest"

	"github.com/stretchr/testify/require"
)

// A process killed while an archive arrives or is worked on leaves nothing that can be read. The next start
// removes its files; what was staged goes as uploads do that nobody completes.
func TestAKilledImportLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{
		50 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond, 1200 * time.Millisecond,
	} {
		killImport(t, delay)
	}
}

// killImport kills a process after some time of an import and checks what is left at the next start. An import
// that was answered before then is complete and leaves what it should.
func killImport(t *testing.T, delay time.Duration) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "scratch"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "scratch", "left"), []byte("x"), 0o600))
	p := launch(t, dir, nil)
	s := p.Site()
	admin := s.AdminToken()
	nothingLarge(s, admin)
	answered := make(chan bool, 1)
	go func() {
		req, err := http.NewRequest("POST", s.URL+"/courses/import", sitetest.LargeArchive(300<<20))
		if err != nil {
			answered <- false
			return
		}
		req.Header.Set("Content-Type", sitetest.ArchiveType)
		req.Header.Set("Authorization", "Bearer "+admin)
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		answered <- err == nil
	}()
	time.Sleep(delay)
	p.Kill()
	isComplete := <-answered
	s = launch(t, dir, nil).Site()
	if !isComplete {
		nothingLarge(s, s.AdminToken())
	}
	for _, place := range []string{"scratch", "objects/tmp"} {
		left, err := os.ReadDir(filepath.Join(dir, place))
		require.NoError(t, err)
		require.Empty(t, left, place)
	}
}

func nothingLarge(s *sitetest.Site, admin string) {
	s.T.Helper()
	require.Empty(s.T, s.Want(200, "GET", "/courses?status=draft&q=large", admin, nil).Items())
	require.Empty(s.T, s.Want(200, "GET", "/storage/assets?prefix=large", admin, nil).Items())
	require.Equal(s.T, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
}
