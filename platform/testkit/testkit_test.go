package testkit

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit/services"
)

func TestMain(m *testing.M) { Main(m) }

func exec1(t *testing.T, databaseURL, sql string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), sql)
	return err
}

func TestPostgresGivesADatabaseOfItsOwn(t *testing.T) {
	a, b := Postgres(t), Postgres(t)
	require.NoError(t, exec1(t, a, "CREATE TABLE things (id int)"))
	require.NoError(t, exec1(t, b, "CREATE TABLE things (id int)"), "the second database knows the first one's table")
}

func TestPostgresIsDroppedThoughConnectionsAreOpen(t *testing.T) {
	var databaseURL string
	t.Run("inner", func(t *testing.T) {
		databaseURL = Postgres(t)
		connectPostgres(t, databaseURL) // and never closed
	})
	if databaseURL == "" {
		t.Skip("the inner test was skipped")
	}
	require.Error(t, exec1(t, databaseURL, "SELECT 1"), "the database is still there")
}

func TestPostgresTemplateIsBuiltOnceAndCopied(t *testing.T) {
	built := 0
	name := uniqueName("once_")
	build := func(databaseURL string) error {
		built++
		return exec1(t, databaseURL, "CREATE TABLE seeded AS SELECT 1 AS n")
	}
	for range 2 {
		url := PostgresFrom(t, PostgresTemplate(t, name, build))
		require.NoError(t, exec1(t, url, "INSERT INTO seeded VALUES (2)"))
	}
	require.Equal(t, 1, built)
}

// halted is a testing.TB that remembers what ended it.
type halted struct {
	testing.TB
	fatal string
}

func (h *halted) Fatal(args ...any) { h.fatal = fmt.Sprint(args...); panic(h) }

func (h *halted) Fatalf(format string, args ...any) { h.Fatal(fmt.Sprintf(format, args...)) }

func TestAFailedTemplateLeavesNothing(t *testing.T) {
	name := uniqueName("broken_")
	func() {
		defer func() { _ = recover() }()
		PostgresTemplate(&halted{TB: t}, name, func(string) error { return errors.New("no") })
		require.Fail(t, "a failed build went unnoticed")
	}()
	built := false
	PostgresTemplate(t, name, func(string) error { built = true; return nil })
	require.True(t, built, "the failed template was taken for a good one")
}

func TestRedisServersAreApart(t *testing.T) {
	ctx := t.Context()
	a, _ := hostOf(Redis(t))
	b, _ := hostOf(Redis(t))
	_, err := services.RedisCall(ctx, a, "SET k v")
	require.NoError(t, err)
	reply, err := services.RedisCall(ctx, b, "EXISTS k")
	require.NoError(t, err)
	require.Equal(t, ":0", reply)
}

func TestRedisNumbersOnAGivenServer(t *testing.T) {
	url := Redis(t)
	first, second := takeRedisNumber(t, url), takeRedisNumber(t, url)
	require.NotEqual(t, first, second)
	require.True(t, strings.HasSuffix(second, "/2"), second)
}

func TestOwnServersComeBack(t *testing.T) {
	s := OwnRedis(t)
	s.Kill()
	_, err := services.RedisCall(t.Context(), s.Addr, "PING")
	require.Error(t, err, "killed, it answers")
	s.Start()
	_, err = services.RedisCall(t.Context(), s.Addr, "PING")
	require.NoError(t, err)
}

func TestMinIOGivesBucketNamesOfTheirOwn(t *testing.T) {
	a, b := MinIO(t), MinIO(t)
	require.Equal(t, a.Endpoint, b.Endpoint)
	require.NotEqual(t, a.Bucket, b.Bucket)
	require.NotEmpty(t, a.SecretKey)
}

func TestChromiumRuns(t *testing.T) {
	out, err := exec.Command(Chromium(t), "--version").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "Chrom")
}

func TestMissingServicesFailTheTest(t *testing.T) {
	for _, name := range []string{
		services.EnvPostgres, services.EnvRedis, services.EnvS3Endpoint, services.EnvChromium, EnvEmbedded,
	} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	h := &halted{TB: t}
	func() {
		defer func() { _ = recover() }()
		Redis(h)
	}()
	require.True(t, strings.HasPrefix(h.fatal, "redis is missing: apt-get install redis-server"), h.fatal)
	require.NotContains(t, h.fatal, "\n")
}

func TestEmbeddedSkipsWithTheReason(t *testing.T) {
	t.Setenv(EnvEmbedded, "1")
	for name, ask := range map[string]func(testing.TB){
		"postgres": func(t testing.TB) { Postgres(t) },
		"redis":    func(t testing.TB) { Redis(t) },
		"minio":    func(t testing.TB) { MinIO(t) },
		"chromium": func(t testing.TB) { Chromium(t) },
		"own":      func(t testing.TB) { OwnPostgres(t) },
	} {
		skipped := false
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { skipped = t.Skipped() })
			ask(t)
		})
		require.True(t, skipped, name)
	}
}

func TestRounds(t *testing.T) {
	for _, c := range []struct {
		prove      string
		full, want int
	}{{"", 1000, 20}, {"", 10, 1}, {"0", 100, 2}, {"1", 1000, 1000}} {
		t.Setenv(EnvProve, c.prove)
		require.Equal(t, c.want, Rounds(c.full), "LYCEUM_PROVE=%s: Rounds(%d)", c.prove, c.full)
	}
}

func TestSeedCanBeGiven(t *testing.T) {
	t.Setenv(EnvSeed, "42")
	require.EqualValues(t, 42, Seed(t))
}
