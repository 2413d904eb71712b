package testkit

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/platform/testkit/services"
)

// Postgres gives the URL of a new, empty database of the test's own. It is dropped when the test
// ends, open connections included.
func Postgres(t testing.TB) string {
	t.Helper()
	return PostgresFrom(t, "")
}

// PostgresFrom is Postgres with the content of the database named template, as PostgresTemplate
// makes it.
func PostgresFrom(t testing.TB, template string) string {
	t.Helper()
	if template == "" {
		template = "template0"
	}
	base := postgresBase(t)
	name := uniqueName("test_")
	admin(t, base, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template))
	t.Cleanup(func() { admin(t, base, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)") })
	return onDatabase(base, name)
}

// PostgresTemplate makes a database for PostgresFrom, once for all packages that share a server,
// and gives its name: build fills it, for example with migrations, and must close its connections.
// The name has to change with what build does, as a hash of the migrations would.
func PostgresTemplate(t testing.TB, name string, build func(databaseURL string) error) string {
	t.Helper()
	base := postgresBase(t)
	name = "template_" + name
	conn := connect(t, base)
	defer conn.Close(context.Background()) //nolint:errcheck // this also lets go of the lock
	ctx := t.Context()
	var exists bool
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if exists {
		return name
	}
	// Under another name until it is done, so that a failed build leaves no half template.
	building := uniqueName("building_")
	admin(t, base, "CREATE DATABASE "+quote(building)+" TEMPLATE template0")
	if err := build(onDatabase(base, building)); err != nil {
		admin(t, base, "DROP DATABASE "+quote(building)+" WITH (FORCE)")
		t.Fatalf("template %s: %v", name, err)
	}
	admin(t, base, "ALTER DATABASE "+quote(building)+" RENAME TO "+quote(name))
	return name
}

func postgresBase(t testing.TB) string {
	t.Helper()
	need(t, services.Postgres)
	if base := os.Getenv(services.EnvPostgres); base != "" {
		return base
	}
	return shared(t, services.Postgres).URL
}

func connect(t testing.TB, databaseURL string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// admin runs one statement with a context of its own, as cleanup runs when the test's is over.
func admin(t testing.TB, base, statement string) {
	t.Helper()
	conn := connect(t, base)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer conn.Close(ctx) //nolint:errcheck // nothing is left to say to it
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func onDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic(fmt.Sprintf("testkit: %q is not a URL", base)) // pgx has connected to it before
	}
	u.Path = "/" + name
	return u.String()
}

func hostOf(rawURL string) (string, bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return "", false
	}
	return u.Host, true
}

// uniqueName fits databases and buckets: lower-case letters and digits.
func uniqueName(prefix string) string {
	return prefix + strings.ToLower(rand.Text())
}
