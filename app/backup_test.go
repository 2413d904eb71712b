package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/backup"
	"lyceum/platform/testkit"
)

// backUp runs lyceum backup and returns the folder and its manifest.
func backUp(t *testing.T, vars map[string]string, flags ...string) (string, backup.Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	status, out := lyceum(t, vars, "", append([]string{"backup", dir}, flags...)...)
	require.Equal(t, 0, status, out)
	return dir, readManifest(t, dir)
}

func readManifest(t *testing.T, dir string) (m backup.Manifest) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	return m
}

// sumsOf returns the checksum of the rows of each table.
func sumsOf(m backup.Manifest) map[string]string {
	sums := map[string]string{}
	for _, table := range m.Tables {
		sums[table.Name] = fmt.Sprintf("%d rows, %s", table.Rows, table.ContentSHA256)
	}
	return sums
}

// restoreInto runs lyceum restore and returns what it says.
func restoreBackup(t *testing.T, vars map[string]string, dir string, flags ...string) string {
	t.Helper()
	status, out := lyceum(t, vars, "", append([]string{"restore", dir}, flags...)...)
	require.Equal(t, 0, status, out)
	return out
}

// newEmbedded returns the configuration of an empty installation with embedded parts.
func newEmbedded(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	return map[string]string{"DATA_DIR": dir, "JWT_KEYS_DIR": filepath.Join(dir, "keys"), "RATE_LIMIT_ENABLED": "false"}
}

// newOnServices returns the configuration of an empty installation on PostgreSQL, Redis and MinIO.
func newOnServices(t *testing.T) map[string]string {
	t.Helper()
	vars := newEmbedded(t)
	maps.Copy(vars, sitetest.Services(t))
	vars["DATABASE_URL"] = testkit.Postgres(t)
	return vars
}

// TestAnInstallationMoves moves an installation from embedded parts to services and back, and uses it at each place. The
// first backup is made while it serves.
func TestAnInstallationMoves(t *testing.T) {
	t.Parallel()
	start := newEmbedded(t)
	// One address at all places: tokens name it.
	address := "127.0.0.1:" + testkit.FreePort(t)
	serve := func(vars map[string]string) *sitetest.Process {
		vars["HTTP_ADDR"], vars["PUBLIC_URL"] = address, "http://"+address
		return launch(t, vars["DATA_DIR"], vars)
	}
	p := serve(start)
	sealed := sealThings(p.Site())
	writeInChat(p.Site(), "before the move")
	dir, m := backUp(t, start, "--with-keys")
	p.Stop()
	requireRowsOfEverything(t, m)

	for i, there := range []map[string]string{newOnServices(t), newEmbedded(t)} {
		out := restoreBackup(t, there, dir)
		require.NotContains(t, out, "do not work", "the keys are there")
		_, same := backUp(t, there)
		require.Equal(t, sumsOf(m), sumsOf(same))
		require.Equal(t, m.Objects.Count, same.Objects.Count)

		p := serve(there)
		requireMoved(p.Site(), sealed, i == 0)
		dir, m = backUp(t, there, "--with-keys")
		p.Stop()
	}
}

// requireRowsOfEverything checks that the story has put rows into the tables that matter.
func requireRowsOfEverything(t *testing.T, m backup.Manifest) {
	t.Helper()
	require.EqualValues(t, 1, m.Objects.Count)
	for _, table := range m.Tables {
		switch table.Name {
		case "users", "courses", "lessons", "invites", "audit_entries", "audit_head", "auth_factors", "auth_recovery_codes",
			"auth_sessions", "chat_channels", "chat_messages", "storage_assets", "mail_messages", "idempotency_records":
			require.NotZero(t, table.Rows, table.Name)
		}
	}
}

func writeInChat(s *sitetest.Site, body string) {
	s.T.Helper()
	s.Want(201, "POST", "/channels/hq/messages", s.AdminToken(), map[string]string{"body": body})
}

// requireMoved checks that everything of the old place works at the new one, what was sealed included.
func requireMoved(s *sitetest.Site, k sealedThings, isFirst bool) {
	s.T.Helper()
	require.Equal(s.T, "ready", s.Want(200, "GET", "/readyz", "", nil).Text("status"))
	s.Want(200, "GET", "/users/me", k.user, nil)
	s.Want(200, "GET", "/admin/users?limit=1&cursor="+k.cursor, k.admin, nil)
	again := s.Want(201, "POST", "/courses", k.admin, `{"title":"Once"}`, idempotencyKey)
	require.Equal(s.T, k.course, again.Text("id"))
	if isFirst {
		s.Want(200, "POST", "/invites/redeem", k.halfway, map[string]string{"code": k.code})
		s.Want(200, "POST", "/auth/mfa/totp/confirm", k.halfway,
			map[string]string{"code": sitetest.TOTPCode(s.T, k.unconfirmed, 0)})
		s.Want(200, "POST", "/auth/refresh", "", map[string]string{"refresh_token": k.refresh})
	}
	require.Equal(s.T, "before the move", s.Want(200, "GET", "/channels/hq/messages?q=before", k.admin, nil).Text("items.0.body"))
	require.NotEmpty(s.T, s.Want(200, "GET", "/courses?q=welcome", k.admin, nil).Items(), "the index of texts follows")
	require.Equal(s.T, true, s.Want(200, "GET", "/admin/audit-logs/verify", k.admin, nil).Get("ok"))
	signed := s.Want(200, "GET", "/storage/sign?key="+seed.DemoVideoKey, k.admin, nil).Text("url")
	res, err := http.Get(signed)
	require.NoError(s.T, err)
	require.Equal(s.T, sitetest.DemoVideo, string(s.ReadAnswer(res).Raw))
	writeInChat(s, "after the move")
}

// TestABackupWithoutFilesIsAnError makes backups of an installation whose files are lost, or are those of another one. The
// old backups stay.
func TestABackupWithoutFilesIsAnError(t *testing.T) {
	t.Parallel()
	vars := newEmbedded(t)
	p := launch(t, vars["DATA_DIR"], vars)
	p.Stop()
	parent := t.TempDir()
	save := func(name string, flags ...string) (int, string) {
		return lyceum(t, vars, "", append([]string{"backup", filepath.Join(parent, name), "--keep", "1"}, flags...)...)
	}
	status, out := save("whole")
	require.Equal(t, 0, status, out)
	require.NoError(t, os.RemoveAll(filepath.Join(vars["DATA_DIR"], "objects", "objects")))
	status, out = save("lacking")
	require.Equal(t, 1, status, out)
	require.Contains(t, out, "1 files that the database names are not in the object store")
	require.DirExists(t, filepath.Join(parent, "whole"))
	status, out = save("accepted", "--allow-missing")
	require.Equal(t, 0, status, out)
	require.NoDirExists(t, filepath.Join(parent, "whole"))
	require.Contains(t, restoreBackup(t, newEmbedded(t), filepath.Join(parent, "accepted")), "1 files are lost")

	require.NoError(t, os.RemoveAll(filepath.Join(vars["DATA_DIR"], "objects")))
	status, out = save("nothing")
	require.Equal(t, 1, status, out)
	require.Contains(t, out, "is DATA_DIR that of the server?")
	require.NoDirExists(t, filepath.Join(parent, "nothing"))
}

// TestARestoreWithoutKeysSaysWhatIsLost restores a backup without keys. What was sealed is told, and refused later.
func TestARestoreWithoutKeysSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	start := newEmbedded(t)
	p := launch(t, start["DATA_DIR"], start)
	sealed := sealThings(p.Site())
	dir, _ := backUp(t, start)
	p.Stop()

	there := newEmbedded(t)
	out := restoreBackup(t, there, dir)
	for _, lost := range []string{"do not work", "open invite codes", "sessions", "second factors: 1 ", "Put the old keys there"} {
		require.Contains(t, out, lost)
	}
	require.NoDirExists(t, there["JWT_KEYS_DIR"], "no key is made by asking")
	p = launch(t, there["DATA_DIR"], there)
	requireLossTold(p.Site())
	sealed.requireRefused(p.Site())
	p.Stop()

	same := newEmbedded(t)
	same["JWT_KEYS_DIR"] = start["JWT_KEYS_DIR"]
	require.NotContains(t, restoreBackup(t, same, dir), "do not work", "the old keys are there")
}

func TestBackupRefusals(t *testing.T) {
	t.Parallel()
	vars := newEmbedded(t)
	p := launch(t, vars["DATA_DIR"], vars)
	dir, _ := backUp(t, vars)
	nothing := newEmbedded(t)
	for _, c := range []struct {
		name, want string
		vars       map[string]string
		status     int
		args       []string
	}{
		{"no folder", "needs one argument", vars, 2, []string{"backup"}},
		{"two folders", "needs one argument", vars, 2, []string{"restore", "a", "b"}},
		{"a folder that is not empty", "is not empty", vars, 1, []string{"backup", dir}},
		{"a recipient that is none", "--recipient", vars, 2, []string{"backup", filepath.Join(t.TempDir(), "x"), "--recipient", "me"}},
		{"to keep none", "--keep", vars, 2, []string{"backup", filepath.Join(t.TempDir(), "x"), "--keep", "0"}},
		{"no database", "there is no database", nothing, 1, []string{"backup", filepath.Join(t.TempDir(), "x")}},
		{"no backup", "not a backup", nothing, 1, []string{"restore", t.TempDir()}},
		{"an identity that is none", "--identity", nothing, 2, []string{"restore", dir, "--identity", filepath.Join(dir, "manifest.json")}},
		{"a served installation", fmt.Sprintf("in use by process %d", p.Cmd.Process.Pid), vars, 1, []string{"restore", dir, "--force"}},
	} {
		status, out := lyceum(t, c.vars, "", c.args...)
		require.Equal(t, c.status, status, "%s: %s", c.name, out)
		require.Contains(t, out, c.want, c.name)
	}
	p.Stop()
	status, out := lyceum(t, vars, "", "restore", dir)
	require.Equal(t, 1, status)
	require.Contains(t, out, "users (4 rows)")
	require.Contains(t, out, "--force")
	entries, err := os.ReadDir(nothing["DATA_DIR"])
	require.NoError(t, err)
	require.Empty(t, entries, "a refused command leaves nothing")
	require.Contains(t, restoreBackup(t, nothing, dir, "--check"), "the backup is whole")
	require.False(t, strings.Contains(restoreBackup(t, vars, dir, "--force"), "do not work"))
}
