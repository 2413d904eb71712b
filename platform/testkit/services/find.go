package services

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// debianPackages names the packages that hold the programs, with spaces between them. MinIO has none; it is
// built from source.
var debianPackages = map[string]string{
	Postgres: "postgresql", Redis: "redis-server", Chromium: "chromium", Node: "nodejs npm",
	PgBouncer: "pgbouncer",
}

// FindProgram returns the path of a program, or an error of one line that says how to install it.
func FindProgram(name string) (string, error) {
	var path string
	switch name {
	case Postgres:
		path = findPostgres()
	case Redis:
		path = lookPath("redis-server")
	case MinIO:
		path = findMinIO()
	case Chromium:
		path = lookPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
	case Node:
		path = findNode()
	case PgBouncer:
		path = lookPath("pgbouncer", "/usr/sbin/pgbouncer")
	default:
		return "", fmt.Errorf("no such service: %q; there are %s", name, strings.Join(AllServices, ", "))
	}
	if path == "" {
		return "", fmt.Errorf("%s is missing: %s", name, installHint(name))
	}
	return path, nil
}

// installHint says how to install a program.
func installHint(name string) string {
	const command = "go run ./tools/services -- go test ./... (go tool task test)"
	if packages := debianPackages[name]; packages != "" {
		return "apt-get install " + packages + ", or run the tests by " + command
	}
	return command + " builds it"
}

// lookPath returns the first program in PATH, or an empty string.
func lookPath(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// findPostgres returns the newest PostgreSQL server that has its initdb beside it. Debian installs
// servers outside of PATH.
func findPostgres() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path := lookPath("postgres"); path != "" {
		found = append(found, path)
	}
	slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	for _, path := range slices.Backward(found) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
			return path
		}
	}
	return ""
}

// findMinIO returns the MinIO of the cache, or one in PATH.
func findMinIO() string {
	path := filepath.Join(minioDir(), "minio")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return lookPath("minio")
}

// findAll returns the paths of programs by their names. It installs missing ones.
func findAll(ctx context.Context, names []string, log io.Writer) (map[string]string, error) {
	if err := installMissing(ctx, listMissing(names), log); err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for _, name := range names {
		path, err := FindProgram(name)
		if err != nil {
			return nil, err
		}
		paths[name] = path
	}
	return paths, nil
}

// listMissing returns the names of the programs that are not on the machine.
func listMissing(names []string) []string {
	var out []string
	for _, name := range names {
		if _, err := FindProgram(name); err != nil {
			out = append(out, name)
		}
	}
	return out
}
