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

// debianPackage is what brings a program where apt-get is.
var debianPackage = map[string]string{
	Postgres: "postgresql", Redis: "redis-server", Chromium: "chromium",
}

// Find gives the path of a program, or an error of one line that says how to get it.
func Find(name string) (string, error) {
	var path string
	switch name {
	case Postgres:
		path = findPostgres()
	case Redis:
		path = inPath("redis-server")
	case MinIO:
		path = findMinIO()
	case Chromium:
		path = inPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
	default:
		return "", fmt.Errorf("no such service: %q; there are %s", name, strings.Join(All, ", "))
	}
	if path == "" {
		return "", fmt.Errorf("%s is missing: %s", name, remedy(name))
	}
	return path, nil
}

func remedy(name string) string {
	const command = "go run ./tools/services -- go test ./... (go tool task test)"
	if pkg := debianPackage[name]; pkg != "" {
		return "apt-get install " + pkg + ", or run the tests by " + command
	}
	return command + " builds it"
}

func inPath(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// findPostgres looks where Debian keeps the servers too, which is outside PATH; the newest wins.
func findPostgres() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if path := inPath("postgres"); path != "" {
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

func findMinIO() string {
	path := filepath.Join(minioDir(), "minio")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return inPath("minio")
}

// findAll finds what is asked for and installs what is missing.
func findAll(ctx context.Context, names []string, log io.Writer) (map[string]string, error) {
	if err := install(ctx, missing(names), log); err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for _, name := range names {
		path, err := Find(name)
		if err != nil {
			return nil, err
		}
		paths[name] = path
	}
	return paths, nil
}

func missing(names []string) []string {
	var out []string
	for _, name := range names {
		if _, err := Find(name); err != nil {
			out = append(out, name)
		}
	}
	return out
}
