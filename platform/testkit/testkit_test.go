package testkit

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

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
	if err := exec1(t, a, "CREATE TABLE things (id int)"); err != nil {
		t.Fatal(err)
	}
	if err := exec1(t, b, "CREATE TABLE things (id int)"); err != nil {
		t.Errorf("the second database knows the first one's table: %v", err)
	}
}

func TestPostgresIsDroppedThoughConnectionsAreOpen(t *testing.T) {
	var databaseURL string
	t.Run("inner", func(t *testing.T) {
		databaseURL = Postgres(t)
		connect(t, databaseURL) // and never closed
	})
	if databaseURL == "" {
		t.Skip("the inner test was skipped")
	}
	if err := exec1(t, databaseURL, "SELECT 1"); err == nil {
		t.Error("the database is still there")
	}
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
		if err := exec1(t, url, "INSERT INTO seeded VALUES (2)"); err != nil {
			t.Error(err)
		}
	}
	if built != 1 {
		t.Errorf("built %d times", built)
	}
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
		t.Error("a failed build went unnoticed")
	}()
	built := false
	PostgresTemplate(t, name, func(string) error { built = true; return nil })
	if !built {
		t.Error("the failed template was taken for a good one")
	}
}

func TestRedisServersAreApart(t *testing.T) {
	ctx := t.Context()
	a, _ := hostOf(Redis(t))
	b, _ := hostOf(Redis(t))
	if _, err := services.RedisCall(ctx, a, "SET k v"); err != nil {
		t.Fatal(err)
	}
	reply, err := services.RedisCall(ctx, b, "EXISTS k")
	if err != nil || reply != ":0" {
		t.Errorf("got %q, %v", reply, err)
	}
}

func TestRedisNumbersOnAGivenServer(t *testing.T) {
	url := Redis(t)
	if first, second := redisNumber(t, url), redisNumber(t, url); first == second || !strings.HasSuffix(second, "/2") {
		t.Errorf("got %s and %s", first, second)
	}
}

func TestOwnServersComeBack(t *testing.T) {
	s := OwnRedis(t)
	s.Kill()
	if _, err := services.RedisCall(t.Context(), s.Addr, "PING"); err == nil {
		t.Error("killed, it answers")
	}
	s.Start()
	if _, err := services.RedisCall(t.Context(), s.Addr, "PING"); err != nil {
		t.Error(err)
	}
}

func TestMinIOGivesBucketNamesOfTheirOwn(t *testing.T) {
	a, b := MinIO(t), MinIO(t)
	if a.Endpoint != b.Endpoint || a.Bucket == b.Bucket || a.SecretKey == "" {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestChromiumRuns(t *testing.T) {
	out, err := exec.Command(Chromium(t), "--version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Chrom") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestMissingServicesFailTheTest(t *testing.T) {
	for _, name := range []string{services.EnvPostgres, services.EnvRedis, services.EnvS3Endpoint, services.EnvChromium, EnvEmbedded} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	h := &halted{TB: t}
	func() {
		defer func() { _ = recover() }()
		Redis(h)
	}()
	if !strings.HasPrefix(h.fatal, "redis is missing: apt-get install redis-server") || strings.Contains(h.fatal, "\n") {
		t.Errorf("got %q", h.fatal)
	}
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
		if !skipped {
			t.Errorf("%s was not skipped", name)
		}
	}
}

func TestRounds(t *testing.T) {
	for _, c := range []struct {
		prove      string
		full, want int
	}{{"", 1000, 20}, {"", 10, 1}, {"0", 100, 2}, {"1", 1000, 1000}} {
		t.Setenv(EnvProve, c.prove)
		if got := Rounds(c.full); got != c.want {
			t.Errorf("LYCEUM_PROVE=%s: Rounds(%d) = %d, want %d", c.prove, c.full, got, c.want)
		}
	}
}

func TestSeedCanBeGiven(t *testing.T) {
	t.Setenv(EnvSeed, "42")
	if got := Seed(t); got != 42 {
		t.Errorf("got %d", got)
	}
}
