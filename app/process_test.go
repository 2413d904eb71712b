package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// TestMain lets the test binary be the program itself: tests that kill or signal it need a process
// of its own.
func TestMain(m *testing.M) {
	if os.Getenv("LYCEUM_TEST_MAIN") != "" {
		main()
		return
	}
	testkit.Main(m)
}

// ownProgram is the test binary, which is the program itself in a process of its own.
var ownProgram = sitetest.Program{Path: os.Args[0], Env: []string{"LYCEUM_TEST_MAIN=1"}}

// lyceum runs a command to its end.
func lyceum(t *testing.T, vars map[string]string, stdin string, args ...string) (status int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := ownProgram.Command(ctx, vars, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// launch starts `lyceum serve` with its data in a folder and waits until it answers.
func launch(t *testing.T, dir string, vars map[string]string) *sitetest.Process {
	t.Helper()
	env := map[string]string{"DATA_DIR": dir}
	maps.Copy(env, vars)
	return ownProgram.Launch(t, env)
}

// What was acknowledged survives kill -9, and the next start is ready at once.
func TestAcknowledgedSurvivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	type ack struct{ path, id string }
	var acked []ack
	messages := 0
	var killed []string
	for round := range testkit.Rounds(100) {
		p := launch(t, dir, nil)
		s := p.Site()
		admin := s.AdminToken()
		for i := range 3 {
			c := s.Want(201, "POST", "/courses", admin,
				map[string]any{"title": fmt.Sprintf("Kill %d %d", round, i), "status": "published"})
			l := s.Want(201, "POST", "/courses/"+c.Text("id")+"/lessons", admin, `{"title":"One"}`)
			s.Want(200, "PUT", "/courses/"+c.Text("id")+"/lessons/"+l.Text("id")+"/progress", admin, `{"percent":40}`)
			s.Want(201, "POST", "/channels/hq/messages", admin, `{"body":"still here"}`)
			messages++
			acked = append(acked, ack{"/courses/" + c.Text("id") + "/progress", l.Text("id")})
		}
		email, _, _ := s.NewAccount(fmt.Sprintf("killed-%d", round))
		killed = append(killed, email)
		p.Kill()
	}
	p := launch(t, dir, nil)
	s := p.Site()
	admin := s.AdminToken()
	for _, a := range acked {
		require.EqualValues(t, 40, s.Want(200, "GET", a.path, admin, nil).Get("percent"))
	}
	require.EqualValues(t, messages, s.Want(200, "GET", "/channels/hq", admin, nil).Get("last_seq"))
	require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	// A mail that was being sent when its server was killed is sent again when its lease of a minute ends.
	require.Eventually(t, func() bool {
		arrived := map[string]bool{}
		for _, m := range s.Mails() {
			arrived[m.(map[string]any)["to"].([]any)[0].(string)] = true
		}
		return !slices.ContainsFunc(killed, func(email string) bool { return !arrived[email] })
	}, 2*time.Minute, 200*time.Millisecond)
}

// SIGTERM: readyz fails while requests are still served, sockets get 1001, exit 0.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), map[string]string{"SHUTDOWN_DELAY": "1s"})
	s := p.Site()
	c := s.Dial("/ws/channels/hq?token="+s.AdminToken(), nil)
	c.Until("welcome")
	require.NoError(t, p.Cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return s.Call("GET", "/readyz", "", nil).Status == 503 },
		900*time.Millisecond, 20*time.Millisecond)
	s.Want(200, "GET", "/courses", "", nil)
	require.Equal(t, 1001, c.CloseCode())
	require.NoError(t, p.Cmd.Wait(), "%s", p.Out)
}

func TestASecondServerIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil)
	status, out := lyceum(t, map[string]string{"DATA_DIR": dir, "HTTP_ADDR": "127.0.0.1:0"}, "", "serve")
	require.Equal(t, 1, status)
	require.Contains(t, out, fmt.Sprint(p.Cmd.Process.Pid))
	status, _ = lyceum(t, map[string]string{"DATA_DIR": dir}, "", "migrate", "up")
	require.Equal(t, 1, status)
	status, out = lyceum(t, map[string]string{"DATA_DIR": dir}, "", "migrate", "status")
	require.Equal(t, 0, status, out)
	require.NotContains(t, out, "pending")

	// A new administrator is seen by the serving process at once.
	status, out = lyceum(t, map[string]string{"DATA_DIR": dir}, "a long enough phrase\n", "admin", "create",
		"--email", "second@example.com", "--password-stdin")
	require.Equal(t, 0, status, out)
	s := p.Site()
	token := s.Login("second@example.com", "a long enough phrase")
	entries := s.Want(200, "GET", "/admin/audit-logs?action=user.registered&limit=1", token, nil)
	require.Equal(t, "cli", entries.Text("items.0.data.via"))
	require.Nil(t, entries.Get("items.0.actor"))

	busy := strings.TrimPrefix(p.URL, "http://")
	status, out = lyceum(t, map[string]string{"DATA_DIR": t.TempDir(), "HTTP_ADDR": busy}, "", "serve")
	require.Equal(t, 1, status)
	require.Contains(t, out, busy)
	require.Contains(t, out, "in use")
}

// Lists are JSON for programs.
func TestListsOfCommandsAsJSON(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"DATA_DIR": t.TempDir(), "ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD": "hunter2 hunter2"}
	status, out := lyceum(t, vars, "", "migrate", "up")
	require.Equal(t, 0, status, out)
	for args, says := range map[string]string{
		"modules": `"name": "courses"`, "config": `"key": "HTTP_ADDR"`, "migrate status": `"status": "applied"`,
		"outbox dead": `"items": []`,
	} {
		status, out := lyceum(t, vars, "", append(strings.Fields(args), "--json")...)
		require.Equal(t, 0, status, out)
		require.True(t, json.Valid([]byte(out)), "%s: %s", args, out)
		require.Contains(t, out, says, args)
		require.NotContains(t, out, "hunter2", args)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := map[string]string{
		"DATA_DIR": dir, "DATABASE_URL": "", "ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD": "hunter2 hunter2",
	}
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{0, "lyceum ", []string{"version"}},
		{0, "DEPENDS ON", []string{"modules"}},
		{0, "ADMIN_PASSWORD=********", []string{"config"}},
		{0, `"openapi": "3.1`, []string{"openapi"}},
		{0, "openapi: 3.1", []string{"openapi", "--yaml"}},
		{0, "Usage:", []string{"--help"}},
		{0, "Usage:", []string{"migrate", "down", "--help"}},
		{0, "up  202611240001_events_create_outbox", []string{"migrate", "up"}},
		{0, "applied", []string{"migrate", "status"}},
		{0, "down  ", []string{"migrate", "down"}},
		{2, "whole number", []string{"migrate", "down", "x"}},
		{1, "no migration left", []string{"migrate", "down", "1000"}},
		{0, "made the administrator", []string{"admin", "create", "--email", "x@example.com", "--password-stdin"}},
		{0, "down  ", []string{"migrate", "down"}},
		{1, "not up to date", []string{"admin", "create", "--email", "y@example.com", "--password-stdin"}},
		{2, "needs DATABASE_URL", []string{"worker"}},
		{2, "unknown command", []string{"nope"}},
		{2, "unknown flag", []string{"serve", "--nope"}},
		{2, "needs --email", []string{"admin", "create"}},
		{2, "sub-commands", []string{"migrate"}},
	} {
		status, out := lyceum(t, env, "a long enough phrase\n", c.args...)
		require.Equal(t, c.status, status, "%v: %s", c.args, out)
		require.Contains(t, out, c.says, "%v", c.args)
		require.NotContains(t, out, "hunter2", "%v", c.args)
	}
}

// A database that a newer version has used is left alone: every command says so and ends with 1, but the one that lists.
func TestASchemaFromANewerVersionEndsTheStart(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{
		"newer": "209901010000_badges_create_badges", "unknown in between": "202611250000_badges_create_badges",
	} {
		for kind, vars := range map[string]map[string]string{
			"embedded": {}, "postgres": {"DATABASE_URL": testkit.Postgres(t)},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				vars["DATA_DIR"], vars["HTTP_ADDR"] = t.TempDir(), "127.0.0.1:0"
				status, out := lyceum(t, vars, "", "migrate", "up")
				require.Equal(t, 0, status, out)
				d, err := db.Open(t.Context(), db.Options{URL: vars["DATABASE_URL"], Dir: vars["DATA_DIR"], MaxConns: 2})
				require.NoError(t, err)
				_, err = d.Exec(t.Context(), "INSERT INTO schema_migrations (id) VALUES (?)", id)
				require.NoError(t, err)
				require.NoError(t, d.Close())
				commands := [][]string{
					{"serve"}, {"migrate", "up"}, {"migrate", "down"},
					{"admin", "create", "--email", "a@b.example", "--password-stdin"},
					{"admin", "remove-factor", "--email", "a@b.example"}, {"audit", "verify"}, {"audit", "anchor"},
					{"audit", "accept-break", "--reason", "x"},
					{"outbox", "dead"}, {"outbox", "retry"}, {"progress", "recompute"},
				}
				for _, args := range commands {
					status, out := lyceum(t, vars, "a long enough phrase\n", args...)
					require.Equal(t, 1, status, "%v: %s", args, out)
					require.Contains(t, out, "newer than this program", "%v", args)
					require.Contains(t, out, id, "%v", args)
				}
				vars["AUTO_MIGRATE"] = "false"
				status, out = lyceum(t, vars, "", "serve")
				require.Equal(t, 1, status, out)
				require.Contains(t, out, "newer than this program")
				status, out = lyceum(t, vars, "", "migrate", "status")
				require.Equal(t, 0, status, out)
				require.Contains(t, out, "unknown  "+id)
			})
		}
	}
}

// An operator who keeps migrations in their own hands is not surprised by one.
func TestAdminCreateLeavesAnEmptyDatabaseToTheOperator(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"DATA_DIR": t.TempDir(), "AUTO_MIGRATE": "false"}
	create := []string{"admin", "create", "--email", "x@example.com", "--password-stdin"}
	status, out := lyceum(t, vars, "a long enough phrase\n", create...)
	require.Equal(t, 1, status, out)
	require.Contains(t, out, "lyceum migrate up")
	status, out = lyceum(t, vars, "", "migrate", "up")
	require.Equal(t, 0, status, out)
	status, out = lyceum(t, vars, "a long enough phrase\n", create...)
	require.Equal(t, 0, status, out)
	status, out = lyceum(t, vars, "", "audit", "verify")
	require.Equal(t, 0, status, out)
}

func TestFaultyConfigurationEndsTheStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		vars   map[string]string
		says   []string
	}{
		{2, map[string]string{"APP_ENV": "staging", "WS_MAX": "many"}, []string{"APP_ENV", "staging", "WS_MAX", "many"}},
		{2, map[string]string{"HTTP_ADDR": ":99999"}, []string{"HTTP_ADDR", ":99999", "65535"}},
		{2, map[string]string{"CORS_ORIGINS": "https://*.example"}, []string{"CORS_ORIGINS", "https://*.example"}},
		{2, map[string]string{"SMTP_URL": "smtp://u:hunter2#x@127.0.0.1:25"}, []string{"SMTP_URL", "percent-encoded"}},
		{2, map[string]string{"APP_ENV": "production"}, []string{"PUBLIC_URL", "JWT_KEYS_DIR", "SMTP_URL"}},
		{2, map[string]string{"MODULES_DISABLED": "auth,nope"}, []string{"auth", "nope"}},
		{2, map[string]string{"ADMIN_EMAIL": "a@b.example", "ADMIN_PASSWORD": "password"}, []string{"ADMIN_PASSWORD"}},
		{1, map[string]string{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/x"}, []string{"DATABASE_URL"}},
		{1, map[string]string{"REDIS_URL": "redis://:hunter2@127.0.0.1:1"}, []string{"REDIS_URL"}},
		{
			1,
			map[string]string{
				"S3_ENDPOINT": "127.0.0.1:1", "S3_BUCKET": "bucket", "S3_ACCESS_KEY": "k",
				"S3_SECRET_KEY": "hunter2hunter2",
			},
			[]string{"S3_ENDPOINT"},
		},
	} {
		c.vars["DATA_DIR"] = t.TempDir()
		if c.vars["HTTP_ADDR"] == "" {
			c.vars["HTTP_ADDR"] = "127.0.0.1:0"
		}
		status, out := lyceum(t, c.vars, "", "serve")
		require.Equal(t, c.status, status, "%v: %s", c.vars, out)
		for _, says := range c.says {
			require.Contains(t, out, says)
		}
		require.NotContains(t, out, "hunter2")
	}
}

// W2, L3: tokens in URLs never reach a log.
func TestTokensNeverReachALog(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), map[string]string{"LOG_LEVEL": "debug", "LOG_FORMAT": "json"})
	s := p.Site()
	token := s.AdminToken()
	s.Dial("/ws/channels/hq?token="+token, nil).Until("welcome")
	s.Call("GET", "/courses?token=canary-token-1&ticket=canary-ticket-2", "", nil)
	s.Call("POST", "/auth/login", "", `{"email":"canary@example.com","password":"canary-password-3"}`)
	s.Call("POST", "/invites/redeem", token, `{"code":"canary-code-4"}`)
	for method, path := range map[string]string{
		"GET": "/notifications/unsubscribe/canary-link-5", "PUT": "/notifications/unsubscribe/canary-link-6",
		"POST": "/notifications/unsubscribe/canary-link-7/", "PATCH": "/notifications//unsubscribe/canary-link-8",
		"DELETE": "/Notifications/Unsubscribe/canary-link-9",
	} {
		s.Call(method, path, "", nil)
	}
	log := p.Out.String()
	require.Contains(t, log, "/ws/channels/hq")
	require.NotContains(t, log, token)
	for _, canary := range []string{
		"canary-token-1", "canary-ticket-2", "canary-password-3", "canary-code-4", "canary@example.com", "canary-link",
	} {
		require.NotContains(t, log, canary)
	}
}

// A fresh start on an empty folder answers within two seconds, and data survive a plain restart.
func TestFirstStartShowsTheDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil)
	// The server may answer before its greeting has come through the pipe.
	says := func(words string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(p.Out.String(), words) }, 5*time.Second,
			10*time.Millisecond, words)
	}
	for _, account := range seed.DemoAccounts {
		says(account.Email)
	}
	says("for trying out only")
	s := p.Site()
	require.Len(t, s.Want(200, "GET", "/courses", "", nil).Items(), 1)
	require.Len(t, s.Want(200, "GET", "/courses", s.Login("member@lyceum.local", seed.DemoPassword), nil).Items(), 2)
	require.Len(t,
		s.Want(200, "GET", "/courses?status=draft", s.Login("instructor@lyceum.local", seed.DemoPassword), nil).Items(),
		1)

	without := launch(t, t.TempDir(), map[string]string{"DEMO": "false"}).Site()
	require.Empty(t, without.Want(200, "GET", "/courses", "", nil).Items())
	without.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
		map[string]string{"email": "admin@lyceum.local", "password": seed.DemoPassword})

	production := launch(t, t.TempDir(),
		map[string]string{
			"APP_ENV": "production", "JWT_KEYS_DIR": t.TempDir(), "SMTP_URL": "smtp://127.0.0.1:1",
			"SHUTDOWN_DELAY": "0s",
		}).Site()
	require.Empty(t, production.Want(200, "GET", "/courses", "", nil).Items())
	production.WantProblem(404, "not-found", "GET", "/dev/mailbox/messages", "", nil)
	production.WantProblem(404, "not-found", "GET", "/metrics", "", nil)
	require.Equal(t, "degraded", production.Want(200, "GET", "/readyz", "", nil).Text("status"))
}

// onlyJSON holds every line of an output to be a record, and returns them.
func onlyJSON(t *testing.T, out string) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(out) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record), "%q", line)
		require.NotEmpty(t, record["msg"], "%q", line)
		records = append(records, record)
	}
	return records
}

// LOG_FORMAT=json: every line that a server prints is JSON, what it greets with and what ends it included.
func TestAServerThatLogsJSONPrintsNothingElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, map[string]string{"LOG_FORMAT": "json", "LOG_LEVEL": "debug"})
	s := p.Site()
	s.AdminToken()
	rawRequest(s, "nonsense\r\n\r\n", time.Second)
	p.Stop()
	records := onlyJSON(t, p.Out.String())
	require.Contains(t, p.Out.String(), `"admin@lyceum.local"`)
	require.NotContains(t, p.Out.String(), seed.DemoPassword)
	require.NotEmpty(t, records)

	for _, c := range []struct {
		status int
		vars   map[string]string
		args   []string
	}{
		{2, map[string]string{"APP_ENV": "staging"}, []string{"serve"}}, {2, map[string]string{"APP_ENV": "staging"}, nil},
		{2, nil, []string{"worker"}},
		{1, map[string]string{"REDIS_URL": "redis://127.0.0.1:1"}, []string{"serve"}},
		{2, nil, []string{"serve", "--nope"}},
		{2, map[string]string{"MODULES_DISABLED": "nope"}, []string{"serve"}},
	} {
		vars := map[string]string{"LOG_FORMAT": "json", "DATA_DIR": t.TempDir(), "HTTP_ADDR": "127.0.0.1:0"}
		maps.Copy(vars, c.vars)
		status, out := lyceum(t, vars, "", c.args...)
		require.Equal(t, c.status, status, "%v: %s", c.args, out)
		require.NotEmpty(t, onlyJSON(t, out), "%v", c.args)
	}
	// Text is for people: the greeting is there, and so is the password that it is safe to show.
	text := launch(t, t.TempDir(), map[string]string{"LOG_FORMAT": "text"})
	require.Eventually(t, func() bool { return strings.Contains(text.Out.String(), seed.DemoPassword) },
		5*time.Second, 10*time.Millisecond)
}

// A server that logs JSON prints nothing else while Redis is away: the library of the job queue prints an error for each
// try.
func TestAServerThatLosesRedisPrintsNothingElse(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	vars := sitetest.Services(t)
	vars["REDIS_URL"], vars["LOG_FORMAT"] = redis.URL, "json"
	p := launch(t, t.TempDir(), vars)
	redis.Kill()
	require.Eventually(t, func() bool { return strings.Contains(p.Out.String(), "worker.fetch") }, 15*time.Second,
		10*time.Millisecond, "%s", p.Out)
	redis.Start()
	require.Eventually(t, func() bool { return p.Site().Call("GET", "/readyz", "", nil).Text("status") == "ready" },
		15*time.Second, 50*time.Millisecond)
	p.Stop()
	onlyJSON(t, p.Out.String())
	require.Less(t, strings.Count(p.Out.String(), "worker.fetch"), 10)
}

// A folder that the operator shares with others stays open to them: the file in it is private.
func TestAFolderOfOthersStaysOpen(t *testing.T) {
	t.Parallel()
	shared := filepath.Join(t.TempDir(), "shared")
	require.NoError(t, os.Mkdir(shared, 0o755))
	require.NoError(t, os.Chmod(shared, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(shared, "theirs"), nil, 0o644))
	for _, vars := range []map[string]string{
		{"DATABASE_URL": "sqlite://" + filepath.Join(shared, "lyceum.db"), "DATA_DIR": t.TempDir()}, {"DATA_DIR": shared},
		{"JWT_KEYS_DIR": shared, "DATA_DIR": t.TempDir()},
	} {
		for range 2 {
			status, out := lyceum(t, vars, "", "migrate", "up")
			require.Equal(t, 0, status, out)
			info, err := os.Stat(shared)
			require.NoError(t, err)
			require.EqualValues(t, 0o755, info.Mode().Perm(), "%v", vars)
		}
	}
	info, err := os.Stat(filepath.Join(shared, "lyceum.db"))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
}

// What the server keeps is nobody else's, also in a folder that existed before.
func TestTheDataFolderIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "objects"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lyceum.db"), nil, 0o644))
	require.NoError(t, os.Chmod(dir, 0o777))
	elsewhere := filepath.Join(t.TempDir(), "apart.db")
	for _, vars := range []map[string]string{{}, {"DATABASE_URL": "sqlite://" + elsewhere}} {
		p := launch(t, dir, vars)
		p.Site().NewAccount("private")
		wide := func(root string) {
			require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.Type()&os.ModeSocket != 0 {
					return err
				}
				info, err := os.Stat(path)
				if errors.Is(err, os.ErrNotExist) {
					return nil
				}
				require.NoError(t, err)
				require.Zero(t, info.Mode().Perm()&0o077, "%s %s", path, info.Mode())
				return nil
			}))
		}
		wide(dir)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if vars["DATABASE_URL"] != "" {
				wide(elsewhere + suffix)
			}
		}
		p.Stop()
	}
}
