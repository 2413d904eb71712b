package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
	"lyceum/tools/bench/yardstick"
)

// TestMain lets the test binary be the yardstick, as the program can be.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == yardstick.Command {
		os.Exit(yardstick.Serve(context.Background(), os.Stderr))
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	testkit.Close()
	_ = os.RemoveAll(builtFolder)
	os.Exit(code)
}

// builtFolder has the program that all tests share. It is empty until buildOnce is called.
var builtFolder string

// buildOnce returns Lyceum as a program.
func buildOnce(t *testing.T) string {
	t.Helper()
	file := filepath.Join(builtFolder, "lyceum")
	if builtFolder == "" {
		folder, err := os.MkdirTemp("", "bench-test-")
		require.NoError(t, err)
		builtFolder, file = folder, filepath.Join(folder, "lyceum")
		require.NoError(t, buildProgram(t.Context(), file))
	}
	return file
}

// measureQuickly runs the program on little data and returns what it prints. It checks that nothing is left behind.
func measureQuickly(t *testing.T, args ...string) string {
	t.Helper()
	var out, log bytes.Buffer
	program, temp := buildOnce(t), t.TempDir()
	t.Setenv("TMPDIR", temp)
	require.Zero(t, run(t.Context(), append([]string{"-quick", "-binary", program}, args...), &out, &log), "%s", &log)
	left, err := filepath.Glob(filepath.Join(temp, folderPrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, left)
	return out.String()
}

// useServices sets the variables of the services as tools/services does.
func useServices(t *testing.T) {
	t.Helper()
	s3 := testkit.MinIO(t)
	for name, value := range map[string]string{
		"TEST_DATABASE_URL": testkit.Postgres(t), "TEST_REDIS_URL": testkit.Redis(t), "TEST_S3_ENDPOINT": s3.Endpoint,
		"TEST_S3_ACCESS_KEY": s3.AccessKey, "TEST_S3_SECRET_KEY": s3.SecretKey,
	} {
		t.Setenv(name, value)
	}
}

func TestComparison(t *testing.T) {
	useServices(t)
	dir := t.TempDir()
	out := measureQuickly(t, "-only", "detail-not-modified,class-mix,login,chat-paced", "-out", dir)
	for _, row := range []string{"detail-not-modified", "class-mix", "login", "chat-paced"} {
		require.Regexp(t, `(?m)^`+row+` +\d\.\d\d +[\d.]+ / [\d.]+ `, out)
	}
	require.Regexp(t, `An open socket took (-|[\d.]+) KiB / (-|[\d.]+)\.`, out)
	require.FileExists(t, filepath.Join(dir, "rates.svg"))
}

func TestMeasuringEmbedded(t *testing.T) {
	require.Regexp(t, `(?m)^class-mix +\d`, measureQuickly(t, "-sqlite", "-only", "class-mix"))
}

func TestWrongArguments(t *testing.T) {
	var log bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"-only", "nothing"}, &log, &log))
	require.Contains(t, log.String(), `no such scenario: "nothing"; there are list-anonymous, list-member`)
	require.Zero(t, run(t.Context(), []string{"-help"}, &log, &log))
}

func TestServicesAreNeeded(t *testing.T) {
	vars := map[string]string{
		"TEST_DATABASE_URL": "postgres://u@127.0.0.1:1/postgres?x=y", "TEST_REDIS_URL": "redis://127.0.0.1:2",
		"TEST_S3_ENDPOINT": "127.0.0.1:3",
	}
	lookUp := func(name string) string { return vars[name] }
	_, err := findServices(lookUp)
	require.NoError(t, err)
	other, err := replaceDatabase(vars["TEST_DATABASE_URL"], "other")
	require.NoError(t, err)
	require.Equal(t, "postgres://u@127.0.0.1:1/other?x=y", other)
	delete(vars, "TEST_REDIS_URL")
	_, err = findServices(lookUp)
	require.ErrorContains(t, err, "use -sqlite")
}
