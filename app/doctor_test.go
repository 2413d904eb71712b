package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/diagnosis"
)

// findings are what lyceum doctor says, by the name of the check.
type findings map[string][]diagnosis.Finding

// askDoctor runs lyceum doctor and returns its exit status and what it says.
func askDoctor(t *testing.T, vars map[string]string, flags ...string) (int, findings) {
	t.Helper()
	status, out := lyceum(t, vars, "", append([]string{"doctor", "--json"}, flags...)...)
	out, _, _ = strings.Cut(out, "\nlyceum: ") // the error comes after the list
	var list struct{ Items []diagnosis.Finding }
	require.NoError(t, json.Unmarshal([]byte(out), &list), "%s", out)
	all := findings{}
	for _, f := range list.Items {
		require.NotContains(t, f.Found, "\n")
		require.Equal(t, f.Status == diagnosis.OK, f.Advice == "", "advice where something is wrong: %+v", f)
		all[f.Check] = append(all[f.Check], f)
	}
	return status, all
}

// has reports whether a check has a finding of a status that says something.
func (f findings) has(check string, status diagnosis.Status, found string) bool {
	return slices.ContainsFunc(f[check], func(one diagnosis.Finding) bool {
		return one.Status == status && strings.Contains(one.Found, found)
	})
}

// TestDoctorOnAHealthyInstallation examines a serving installation on embedded parts and one on services.
func TestDoctorOnAHealthyInstallation(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, services map[string]string) {
		vars := newEmbedded(t)
		maps.Copy(vars, services)
		p := launch(t, vars["DATA_DIR"], vars)
		addAsset(p.Site())
		status, found := askDoctor(t, vars)
		for check, all := range found {
			for _, f := range all {
				require.NotEqual(t, diagnosis.Failed, f.Status, "%s: %s", check, f.Found)
			}
		}
		require.Equal(t, 0, status)
		require.True(t, found.has("keys", diagnosis.OK, "they open what was sealed"), "%v", found["keys"])
		require.True(t, found.has("migrations", diagnosis.OK, "applied"))
		require.True(t, found.has("files", diagnosis.OK, "in the object store"))
		require.True(t, found.has("outbox", diagnosis.OK, "wait"))
		if services["DATABASE_URL"] != "" {
			require.True(t, found.has("clock", diagnosis.OK, "database"))
			require.True(t, found.has("clock", diagnosis.OK, "redis"))
			require.True(t, found.has("clock", diagnosis.OK, "object store"))
			require.True(t, found.has("uploads", diagnosis.OK, "browsers may send files"))
			require.True(t, found.has("database", diagnosis.Warning, "superuser"), "that of the tests")
		}
		status, out := lyceum(t, vars, "", "doctor")
		require.Equal(t, 0, status)
		require.Contains(t, out, "ok       keys")
	})
}

func addAsset(s *sitetest.Site) {
	s.T.Helper()
	s.AddAsset(s.AdminToken(), "doctor.txt", "text/plain", "a file")
}

// TestDoctorOnBrokenInstallations breaks installations, each in one way, and wants to be told of it.
func TestDoctorOnBrokenInstallations(t *testing.T) {
	t.Parallel()
	whole := newEmbedded(t)
	p := launch(t, whole["DATA_DIR"], whole)
	addAsset(p.Site())
	sealThings(p.Site())
	p.Stop()
	for _, c := range []struct {
		name   string
		check  string
		status diagnosis.Status
		found  string
		harm   func(t *testing.T, dir string, vars map[string]string)
	}{
		{"an invalid configuration", "configuration", diagnosis.Failed, "LOG_LEVEL: found", func(_ *testing.T, _ string, vars map[string]string) {
			vars["LOG_LEVEL"] = "loud"
		}},
		{"lost keys", "keys", diagnosis.Failed, "there are no keys", func(t *testing.T, dir string, _ map[string]string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "keys")))
		}},
		{"other keys", "keys", diagnosis.Failed, "second factors: 1 ", func(t *testing.T, dir string, vars map[string]string) {
			vars["JWT_KEYS_DIR"] = filepath.Join(t.TempDir(), "keys")
			other := newEmbedded(t)
			other["JWT_KEYS_DIR"] = vars["JWT_KEYS_DIR"]
			launch(t, other["DATA_DIR"], other).Stop()
		}},
		{"keys that others can read", "keys", diagnosis.Failed, "can be read by other users", func(t *testing.T, dir string, _ map[string]string) {
			require.NoError(t, os.Chmod(filepath.Join(dir, "keys", "secret"), 0o644))
		}},
		{"a damaged database", "database", diagnosis.Failed, "not a database", func(t *testing.T, dir string, _ map[string]string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "lyceum.db"), []byte(strings.Repeat("no database ", 1000)), 0o600))
		}},
		{"a lost file", "files", diagnosis.Failed, "2 of the newest 2 files", func(t *testing.T, dir string, _ map[string]string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "objects", "objects")))
		}},
		{"a delivery that was given up", "outbox", diagnosis.Failed, "1 deliveries were given up", func(t *testing.T, dir string, vars map[string]string) {
			execIn(t, vars, `INSERT INTO outbox_deliveries (id, event_id, event, subscriber, payload, state, next_at, created_at)
				VALUES ('a', 'b', 'c', 'd', '{}', 'dead', 0, 0)`)
		}},
		{"a delivery that is late", "outbox", diagnosis.Warning, "1 deliveries wait", func(t *testing.T, dir string, vars map[string]string) {
			execIn(t, vars, "DELETE FROM outbox_deliveries")
			execIn(t, vars, `INSERT INTO outbox_deliveries (id, event_id, event, subscriber, payload, state, next_at, created_at)
				VALUES ('a', 'b', 'c', 'd', '{}', 'pending', 0, 0)`)
		}},
		{"a mail that waits", "mail queue", diagnosis.Failed, "1 mails are due", func(t *testing.T, dir string, vars map[string]string) {
			execIn(t, vars, "UPDATE mail_messages SET status = 'sent'")
			execIn(t, vars, `INSERT INTO mail_messages (id, kind, recipient, subject, status, next_at, created_at)
				VALUES ('a', 'b', 'c', 'd', 'queued', 1, 0)`)
		}},
		{"a newer schema", "migrations", diagnosis.Failed, "newer than this program", func(t *testing.T, dir string, vars map[string]string) {
			execIn(t, vars, "INSERT INTO schema_migrations VALUES ('209901010000_users_create_robots')")
		}},
		{"a pending migration", "migrations", diagnosis.Failed, "1 are pending", func(t *testing.T, dir string, vars map[string]string) {
			vars["AUTO_MIGRATE"] = "false"
			status, out := lyceum(t, vars, "", "migrate", "down")
			require.Equal(t, 0, status, out)
		}},
		{"limits that are off", "configuration", diagnosis.Warning, "RATE_LIMIT_ENABLED", func(_ *testing.T, _ string, vars map[string]string) {
			vars["RATE_LIMIT_ENABLED"] = "false"
		}},
		{"a proxy that is not known", "configuration", diagnosis.Warning, "TRUSTED_PROXIES", func(_ *testing.T, _ string, vars map[string]string) {
			vars["PUBLIC_URL"] = "https://lyceum.example.org"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole["DATA_DIR"])))
			vars := map[string]string{"DATA_DIR": dir}
			require.NoError(t, os.Chmod(filepath.Join(dir, "keys"), 0o700))
			tightenKeys(t, dir)
			c.harm(t, dir, vars)
			status, found := askDoctor(t, vars)
			require.True(t, found.has(c.check, c.status, c.found), "%v", found)
			want := 0
			if c.status == diagnosis.Failed {
				want = 1
			}
			require.Equal(t, want, status, "%v", found)
		})
	}
}

// tightenKeys takes the rights of others from copied keys.
func tightenKeys(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "keys", "*"))
	require.NoError(t, err)
	for _, file := range files {
		require.NoError(t, os.Chmod(file, 0o600))
	}
}

func execIn(t *testing.T, vars map[string]string, statement string) {
	t.Helper()
	in := openData(t, map[string]string{"DATA_DIR": vars["DATA_DIR"]})
	require.NoError(t, in.DB.ExecSchema(t.Context(), statement))
}

// TestDoctorWithoutServices examines an installation whose services are all away. Each is told, and no password.
func TestDoctorWithoutServices(t *testing.T) {
	t.Parallel()
	vars := newEmbedded(t)
	maps.Copy(vars, map[string]string{
		"DATABASE_URL": "postgres://me:hunter1@127.0.0.1:1/x", "REDIS_URL": "redis://:hunter2@127.0.0.1:1",
		"S3_ENDPOINT": "127.0.0.1:1", "S3_BUCKET": "bucket", "S3_ACCESS_KEY": "me", "S3_SECRET_KEY": "hunter3",
		"SMTP_URL": "smtp://me:hunter4@127.0.0.1:1",
	})
	status, found := askDoctor(t, vars)
	require.Equal(t, 1, status)
	for _, check := range []string{"database", "redis", "object store", "mail"} {
		require.True(t, found.has(check, diagnosis.Failed, "refused"), "%s: %v", check, found[check])
	}
	_, out := lyceum(t, vars, "", "doctor")
	require.NotContains(t, out, "hunter")
}

// TestDoctorSendsATestMail has a mail server take the mail, and refuse another.
func TestDoctorSendsATestMail(t *testing.T) {
	t.Parallel()
	server := sitetest.StartMailServer(t)
	vars := newEmbedded(t)
	vars["SMTP_URL"] = "smtp://" + server.Address
	status, found := askDoctor(t, vars, "--mail-to", "ops@example.org")
	require.Equal(t, 0, status, "%v", found)
	require.True(t, found.has("mail", diagnosis.OK, "has taken the test mail"))
	require.Len(t, server.Mails("A test mail of Lyceum"), 1)
	status, found = askDoctor(t, vars, "--mail-to", "no address")
	require.Equal(t, 1, status)
	require.True(t, found.has("mail", diagnosis.Failed, "the test mail was refused"), "%v", found["mail"])
}
