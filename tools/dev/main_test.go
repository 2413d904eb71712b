package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// output collects what the reloader and its program print.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) count(words string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Count(o.text.String(), words)
}

// program is a server in miniature: it says its version and its arguments, waits for a signal, and says that it stops.
const program = `package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

//go:embed page.html
var page string

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	fmt.Println("version %s of", page, os.Args[1])
	<-stop
	fmt.Println("stopping %[1]s")
}
`

func TestReload(t *testing.T) {
	root, out := t.TempDir(), &output{}
	write := func(file, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text), 0o644))
	}
	wait := func(words string, times int) {
		t.Helper()
		require.Eventually(t, func() bool { return out.count(words) >= times }, time.Minute, 10*time.Millisecond,
			"%q, %d times: %s", words, times, &out.text)
	}
	write("go.mod", "module example\n\ngo 1.24\n")
	write("page.html", "one")
	write("main.go", fmt.Sprintf(program, "1"))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	r := &reloader{
		root: root, pkg: ".", binary: filepath.Join(t.TempDir(), "program"), args: []string{"serve"}, out: out,
		interval: 20 * time.Millisecond,
	}
	go func() { defer close(done); r.run(ctx) }()
	wait("version 1 of one serve", 1)

	write("main.go", fmt.Sprintf(program, "2"))
	wait("stopping 1", 1)
	wait("version 2 of one serve", 1)
	require.Equal(t, 1, out.count("main.go has changed"))

	write("main.go", "package main\n\nfunc main() { broken }\n")
	wait("the build failed", 1)
	require.Zero(t, out.count("stopping 2"), "the server goes on while the sources do not compile")

	write("main.go", fmt.Sprintf(program, "3"))
	write("page.html", "two")
	wait("stopping 2", 1)
	wait("version 3 of two serve", 1)

	cancel()
	<-done
	require.Equal(t, 1, out.count("stopping 3"), "the program ends with the reloader")
}

// A program that ends by itself is started again after the next change, and not before.
func TestAProgramThatEnds(t *testing.T) {
	root, out := t.TempDir(), &output{}
	write := func(file, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(text), 0o644))
	}
	write("go.mod", "module example\n\ngo 1.24\n")
	write("main.go", "package main\n\nfunc main() { println(\"once\") }\n")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	r := &reloader{root: root, pkg: ".", binary: filepath.Join(t.TempDir(), "p"), out: out, interval: 20 * time.Millisecond}
	go func() { defer close(done); r.run(ctx) }()
	require.Eventually(t, func() bool { return out.count("the server has ended: exit status 0") == 1 }, time.Minute, 10*time.Millisecond)
	write("main.go", "package main\n\nfunc main() { println(\"twice\") }\n")
	require.Eventually(t, func() bool { return out.count("twice") == 1 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, 1, out.count("once"))
	cancel()
	<-done
}

func TestSnapshot(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"a.go", "a_test.go", "b.sql", "c.md", ".git/d.go", "node_modules/e.js", "data/f.js", "x/data/g.js"} {
		path := filepath.Join(root, filepath.FromSlash(file))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	before := takeSnapshot(root)
	require.Len(t, before, 3)
	require.Empty(t, before.firstChange(takeSnapshot(root)))

	require.NoError(t, os.Remove(filepath.Join(root, "b.sql")))
	require.Equal(t, filepath.Join(root, "b.sql"), before.firstChange(takeSnapshot(root)))
	later := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(root, "a.go"), later, later))
	require.Equal(t, filepath.Join(root, "a.go"), before.firstChange(takeSnapshot(root)))
}
