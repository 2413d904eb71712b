package services

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Server is one server process. It can be stopped and started again on the same address with the same
// data, so that tests see how its clients behave meanwhile.
type Server struct {
	// URL begins with postgres://, redis:// or http://.
	URL string
	// Addr is the host and the port.
	Addr string

	name string
	// data is the directory of the server's files and of its log.
	data string
	// command returns the command that runs the server, once for each start.
	command func() *exec.Cmd
	// ready returns nil once the server answers.
	ready func(context.Context) error
	// stopSignal asks the server to stop. The system sends deathSignal when this process dies.
	stopSignal, deathSignal syscall.Signal
	cmd                     *exec.Cmd
	// done is closed once the process has ended.
	done chan struct{}
}

// Bounds of a start and of a stop. A server that takes longer is killed.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
)

// Start runs the server and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	var err error
	// The children of a killed server may hold its memory for another moment, during which PostgreSQL
	// refuses to start.
	for range startTries {
		if err = s.startOnce(ctx); err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	return err
}

// startTries is how often a start is tried.
const startTries = 5

// startOnce starts the process and waits until it answers. The error of a failed start holds the end
// of the log.
func (s *Server) startOnce(ctx context.Context) error {
	logPath := filepath.Join(s.data, "server.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = s.command()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	TieToThread(s.cmd, s.deathSignal)
	if err := s.launchProcess(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.awaitReady(ctx); err != nil {
		s.Kill()
		return fmt.Errorf("%s did not start: %w\n%s", s.name, err, readTail(logPath))
	}
	return nil
}

// launchProcess starts the process from a thread that lives as long as the process does. Linux sends
// the death signal when the starting thread ends, and Go ends idle threads.
func (s *Server) launchProcess() error {
	started := make(chan error)
	done := make(chan struct{})
	s.done = done
	cmd := s.cmd
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait() //nolint:errcheck // how it ended is in its log
		}
		close(done)
	}()
	return <-started
}

// awaitReady waits until the server answers. It returns an error if the process ends or does not
// answer within startTimeout.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var err error
	for {
		if err = s.ready(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-s.done:
			return errors.New("it ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop asks the server to stop and waits until it has ended. After stopTimeout it kills it.
func (s *Server) Stop() {
	s.Thaw()
	s.signalServer(s.stopSignal)
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		s.Kill()
	}
}

// Kill ends the server and its children at once, as a crash does.
func (s *Server) Kill() {
	for _, pid := range s.listProcesses() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-s.done
}

// Freeze suspends the server while its connections stay open, as on a machine that hangs. It returns
// once every thread is suspended.
func (s *Server) Freeze() {
	s.signalAll(syscall.SIGSTOP)
	for deadline := time.Now().Add(5 * time.Second); !s.isFrozen() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// isFrozen returns whether every thread of the server is suspended. A thread notices the signal with
// a delay.
func (s *Server) isFrozen() bool {
	for _, pid := range s.listProcesses() {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, file := range files {
			// The form is NUMBER (NAME) STATE …, and a name may contain any character.
			b, err := os.ReadFile(file)
			_, state, ok := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
			if err == nil && ok && !strings.HasPrefix(state, "T") {
				return false
			}
		}
	}
	return true
}

// Thaw ends Freeze.
func (s *Server) Thaw() { s.signalAll(syscall.SIGCONT) }

// signalServer sends a signal to the server process alone.
func (s *Server) signalServer(sig syscall.Signal) {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Signal(sig) //nolint:errcheck // one that has ended needs no signal
	}
}

// signalAll sends a signal to the server and its children.
func (s *Server) signalAll(sig syscall.Signal) {
	for _, pid := range s.listProcesses() {
		syscall.Kill(pid, sig)
	}
}

// listProcesses returns the ids of the server and its children, parents first. A signal to the process
// group would miss the children of PostgreSQL, which have groups of their own.
func (s *Server) listProcesses() []int {
	select {
	case <-s.done:
		return nil
	default:
		return listDescendants(s.cmd.Process.Pid)
	}
}

// listDescendants returns a process and its children, as /proc lists them.
func listDescendants(pid int) []int {
	out := []int{pid}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(b)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				out = append(out, listDescendants(child)...)
			}
		}
	}
	return out
}
