package testkit

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/platform/testkit/services"
)

// emptyTemplate is the template of PostgreSQL for databases without content.
const emptyTemplate = "template0"

// Postgres returns the URL of a new, empty database. It is dropped when the test ends, also while
// connections to it are open.
func Postgres(t testing.TB) string {
	t.Helper()
	return PostgresFrom(t, "")
}

// PostgresFrom returns the URL of a new database with the content of a template that PostgresTemplate
// has made. An empty name means an empty database.
func PostgresFrom(t testing.TB, template string) string {
	t.Helper()
	if template == "" {
		template = emptyTemplate
	}
	base := postgresURL(t)
	name := uniqueName("test_")
	createDatabase(t, base, name, template)
	t.Cleanup(func() { runAdminSQL(t, base, "DROP DATABASE IF EXISTS "+quoteName(name)+" WITH (FORCE)") })
	return urlOfDatabase(base, name)
}

// createDatabase makes a database with the content of another one.
func createDatabase(t testing.TB, base, name, template string) {
	t.Helper()
	conn := connectPostgres(t, base)
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to say to it
	statement := "CREATE DATABASE " + quoteName(name) + " TEMPLATE " + quoteName(template)
	// The default of PostgreSQL 15 and later writes every page to the log, too, which takes twice as long.
	major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	if n, err := strconv.Atoi(major); err == nil && n >= 15 {
		statement += " STRATEGY file_copy"
	}
	execAdminSQL(t, conn, statement)
}

// PostgresTemplate returns the name of a database for PostgresFrom. The first call with a name makes
// it; all packages that share a server share the template too. build fills it, for example with
// migrations, and must close its connections. The name has to change with the work of build, as a
// hash of the migrations does.
func PostgresTemplate(t testing.TB, name string, build func(databaseURL string) error) string {
	t.Helper()
	base := postgresURL(t)
	name = "template_" + name
	conn := connectPostgres(t, base)
	defer conn.Close(context.Background()) //nolint:errcheck // the lock ends with the connection
	ctx := t.Context()
	var exists bool
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
		t.Fatal(err)
	}
	row := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name)
	if err := row.Scan(&exists); err != nil {
		t.Fatal(err)
	}
	if exists {
		return name
	}
	// It has another name until it is complete, so a failed build leaves no half template.
	building := uniqueName("building_")
	createDatabase(t, base, building, emptyTemplate)
	if err := build(urlOfDatabase(base, building)); err != nil {
		runAdminSQL(t, base, "DROP DATABASE "+quoteName(building)+" WITH (FORCE)")
		t.Fatalf("template %s: %v", name, err)
	}
	runAdminSQL(t, base, "ALTER DATABASE "+quoteName(building)+" RENAME TO "+quoteName(name))
	return name
}

// postgresURL returns the URL of the server on which databases are made.
func postgresURL(t testing.TB) string {
	t.Helper()
	skipWithoutServices(t, services.Postgres)
	if base := os.Getenv(services.EnvPostgres); base != "" {
		return base
	}
	return sharedServer(t, services.Postgres).URL
}

// connectPostgres opens a connection that the caller closes.
func connectPostgres(t testing.TB, databaseURL string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// runAdminSQL runs one statement on a connection of its own.
func runAdminSQL(t testing.TB, base, statement string) {
	t.Helper()
	conn := connectPostgres(t, base)
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to say to it
	execAdminSQL(t, conn, statement)
}

// execAdminSQL runs one statement. It has a context of its own, as that of a test has ended when the
// cleanup runs.
func execAdminSQL(t testing.TB, conn *pgx.Conn, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// quoteName returns a name as an SQL identifier.
func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

// urlOfDatabase returns the URL of another database on the same server.
func urlOfDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic(fmt.Sprintf("testkit: %q is not a URL", base)) // pgx has connected to it before
	}
	u.Path = "/" + name
	return u.String()
}

// hostOf returns the host and port of a URL, and false for a text that has none.
func hostOf(rawURL string) (string, bool) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return "", false
	}
	return u.Host, true
}

// uniqueName returns a random name of lower-case letters and digits after a prefix. It is valid for
// databases and for buckets.
func uniqueName(prefix string) string {
	return prefix + strings.ToLower(rand.Text())
}
