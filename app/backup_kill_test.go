package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/backup"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
)

// openData opens what an installation keeps.
func openData(t *testing.T, vars map[string]string) backup.Installation {
	t.Helper()
	cfg, err := config.FromMap(vars, sitetest.Settings()...)
	require.NoError(t, err)
	declared, err := program.ReadDeclarations(modules)
	require.NoError(t, err)
	in, closeAll, err := program.OpenInstallation(t.Context(), cfg, declared, "test", false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = closeAll() })
	return in
}

// fillFast puts many rows and objects into an empty installation, past the API.
func fillFast(t *testing.T, vars map[string]string, rows int, objectBytes []int64) {
	t.Helper()
	in := openData(t, vars)
	_, err := in.Migrations.Up(t.Context())
	require.NoError(t, err)
	cast := "CAST(%s AS text)"
	if in.DB.Dialect() == "postgres" {
		cast = "CAST(%s AS uuid)"
	}
	id := func(prefix string) string {
		number := "substr('000000000000' || CAST(n AS text), length(CAST(n AS text)) + 1)"
		return fmt.Sprintf(cast, "'"+prefix+"-0000-7000-8000-' || "+number)
	}
	_, err = in.DB.Exec(t.Context(), `INSERT INTO notifications
		(id, user_id, event_id, kind, title, body, link, hidden, read_at, created_at)
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
		SELECT `+id("00000001")+", "+id("00000002")+", "+id("00000003")+`, 'announcement', 'A title of some length',
			'A body that says a little more than its title does, number ' || CAST(n AS text), '/courses', FALSE, NULL, n FROM numbers`, rows)
	require.NoError(t, err)
	for i, size := range objectBytes {
		blobID := uuid.NewString()
		require.NoError(t, in.Objects.Put(t.Context(), blobID, io.LimitReader(zeros{}, size), size, "video/mp4"))
		_, err := in.DB.Exec(t.Context(), `INSERT INTO storage_assets
			(id, key, blob_id, content_type, size, status, uploader_id, expires_at, created_at)
			VALUES (?, ?, ?, 'video/mp4', ?, 'completed', ?, 0, 0)`, uuid.NewString(), fmt.Sprint(i), blobID, size, uuid.NewString())
		require.NoError(t, err)
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// runKilled runs a command and kills it after some time. It reports whether the command had ended before.
func runKilled(t *testing.T, vars map[string]string, after time.Duration, args ...string) (hasEnded bool) {
	t.Helper()
	var out bytes.Buffer
	cmd := ownProgram.Command(context.Background(), vars, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	kill := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if err := cmd.Wait(); err == nil {
		return true
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, status.Signaled() && status.Signal() == syscall.SIGKILL, "%s", out.String())
	return false
}

// killRounds is how often the tests kill a process.
func killRounds() int { return testkit.Rounds(50) }

// TestAKilledBackupIsNone kills backups at any moment. What is left is refused, or it is whole.
func TestAKilledBackupIsNone(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, services map[string]string) {
		vars := newEmbedded(t)
		maps.Copy(vars, services)
		fillFast(t, vars, 5_000, []int64{2 << 20, 3 << 20, 7})
		begun := time.Now()
		_, m := backUp(t, vars)
		took := time.Since(begun)
		to := newEmbedded(t)
		whole, cut := 0, 0
		random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0)) //nolint:gosec // not a secret
		for i := range killRounds() {
			dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
			hasEnded := runKilled(t, vars, time.Duration(random.Int64N(int64(took))), "backup", dir)
			status, out := lyceum(t, to, "", "restore", "--check", dir)
			if status == 0 {
				whole++
				require.Equal(t, sumsOf(m), sumsOf(readManifest(t, dir)))
				continue
			}
			cut++
			require.False(t, hasEnded, "%s", out)
			require.Contains(t, out, "is not a backup that can be restored")
		}
		t.Logf("%d whole, %d cut off and refused", whole, cut)
	})
}

// TestAKilledRestoreCanBeRepeated kills restores at any moment. The target is as before, so that the restore can be
// repeated, or it has everything.
func TestAKilledRestoreCanBeRepeated(t *testing.T) {
	from := newEmbedded(t)
	fillFast(t, from, 5_000, []int64{2 << 20, 3 << 20, 7})
	dir, m := backUp(t, from)
	sitetest.OnBothKinds(t, func(t *testing.T, services map[string]string) {
		newTarget := func() map[string]string {
			vars := newEmbedded(t)
			maps.Copy(vars, services)
			if services["DATABASE_URL"] != "" {
				vars["DATABASE_URL"], vars["S3_BUCKET"] = testkit.Postgres(t), testkit.MinIO(t).Bucket
			}
			return vars
		}
		begun := time.Now()
		restoreBackup(t, newTarget(), dir)
		took := time.Since(begun)
		random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0)) //nolint:gosec // not a secret
		whole, repeated := 0, 0
		for range killRounds() {
			to := newTarget()
			runKilled(t, to, time.Duration(random.Int64N(int64(took))), "restore", dir)
			status, out := lyceum(t, to, "", "restore", dir)
			if status == 0 {
				repeated++
			} else {
				whole++
				require.Contains(t, out, "the database is not empty")
			}
			_, after := backUp(t, to)
			require.Equal(t, sumsOf(m), sumsOf(after))
			require.Equal(t, m.Objects.ContentBytes, after.Objects.ContentBytes)
			require.Zero(t, after.Objects.Missing)
		}
		t.Logf("%d were whole, %d were repeated", whole, repeated)
	})
}

// TestMemoryOfALargeBackup shows that more rows and larger objects take no more memory.
func TestMemoryOfALargeBackup(t *testing.T) {
	t.Parallel()
	rows, objectBytes := 5_000, []int64{96 << 20}
	if testkit.Rounds(50) > 1 { // under prove
		rows, objectBytes = 1_000_000, []int64{2 << 30, 2 << 30, 2 << 30, 2 << 30, 2 << 30}
	}
	small, large := newEmbedded(t), newEmbedded(t)
	fillFast(t, small, 10, []int64{10})
	fillFast(t, large, rows, objectBytes)
	dir := filepath.Join(t.TempDir(), "large")
	atRest := peakMemory(t, small, "backup", filepath.Join(t.TempDir(), "small"))
	saving := peakMemory(t, large, "backup", dir)
	restoring := peakMemory(t, newEmbedded(t), "restore", dir)
	require.Less(t, saving-atRest, int64(64<<20))
	require.Less(t, restoring-atRest, int64(96<<20))
}

// peakMemory runs a command and returns the most memory that its process has had.
func peakMemory(t *testing.T, vars map[string]string, args ...string) int64 {
	t.Helper()
	begun := time.Now()
	cmd := ownProgram.Command(t.Context(), vars, args...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	t.Logf("lyceum %s: %s at most, %s\n%s", args[0], command.FormatBytes(peak), time.Since(begun).Round(time.Millisecond),
		strings.TrimSpace(string(out)))
	return peak
}
