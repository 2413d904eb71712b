// Command dev runs the program and restarts it when its sources change:
//
//	go tool task dev
//
// It looks at the files twice a second. While the sources do not compile, the server that runs goes on. Arguments are
// passed to the program.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	dir, err := os.MkdirTemp("", "lyceum-dev-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev: "+err.Error())
		os.Exit(1)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := &reloader{
		root: ".", pkg: "./app", binary: filepath.Join(dir, "lyceum"), args: os.Args[1:], out: os.Stdout,
		interval: 500 * time.Millisecond,
	}
	r.run(ctx)
}

// stopTime is how long a server may take to stop before it is killed.
const stopTime = 30 * time.Second

// reloader builds a program, runs it, and does so again when its sources change.
type reloader struct {
	// root is the folder of the sources, and pkg the package of the program in it.
	root, pkg string
	// binary is the file that is built.
	binary string
	args   []string
	out    io.Writer
	// interval is the time between two looks at the files.
	interval time.Duration

	// server is the program that runs, or nil.
	server *process
}

// process is a running program. ended is closed when it has ended.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// run works until ctx ends, and stops the program then.
func (r *reloader) run(ctx context.Context) {
	seen := takeSnapshot(r.root)
	r.say("building %s", r.pkg)
	r.reload(ctx)
	ticker := time.NewTicker(r.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			r.stop()
			return
		case <-r.ended():
			r.say("the server has ended: %s; it starts again after the next change", r.server.cmd.ProcessState)
			r.server = nil
		case <-ticker.C:
			now := takeSnapshot(r.root)
			file := seen.firstChange(now)
			if file == "" {
				continue
			}
			r.say("%s has changed", file)
			seen = r.waitForQuiet(ctx, now)
			r.reload(ctx)
		}
	}
}

// waitForQuiet returns the snapshot of the files once they no longer change, as while an editor saves many of them.
func (r *reloader) waitForQuiet(ctx context.Context, last snapshot) snapshot {
	for ctx.Err() == nil {
		time.Sleep(r.interval / 2)
		now := takeSnapshot(r.root)
		if last.firstChange(now) == "" {
			return now
		}
		last = now
	}
	return last
}

// reload builds the program and starts it in place of the one that runs. If the sources do not compile, that one
// stays.
func (r *reloader) reload(ctx context.Context) {
	started := time.Now()
	fresh := r.binary + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-o", fresh, r.pkg)
	cmd.Dir = r.root
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() == nil {
			r.say("the build failed, the server stays as it was\n%s", out)
		}
		return
	}
	r.stop()
	if err := os.Rename(fresh, r.binary); err != nil {
		r.say("%v", err)
		return
	}
	r.say("built in %s, starting", time.Since(started).Round(10*time.Millisecond))
	r.start()
}

// start starts the program.
func (r *reloader) start() {
	cmd := exec.Command(r.binary, r.args...) //nolint:noctx // it is stopped by a signal, so that it can finish its work
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = r.root, os.Stdin, r.out, r.out
	if err := cmd.Start(); err != nil {
		r.say("%v", err)
		return
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the state of the process says how it ended
		close(p.ended)
	}()
	r.server = p
}

// stop asks the program to end and waits for it.
func (r *reloader) stop() {
	if r.server == nil {
		return
	}
	_ = r.server.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-r.server.ended:
	case <-time.After(stopTime):
		_ = r.server.cmd.Process.Kill()
		<-r.server.ended
	}
	r.server = nil
}

// ended returns a channel that is closed when the program has ended, or nil if none runs.
func (r *reloader) ended() <-chan struct{} {
	if r.server == nil {
		return nil
	}
	return r.server.ended
}

// say writes a line about what happens.
func (r *reloader) say(format string, args ...any) { fmt.Fprintf(r.out, "dev: "+format+"\n", args...) }
