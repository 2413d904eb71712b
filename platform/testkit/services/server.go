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

// Server is one server process that can be stopped and started again on the same address with
// the same data, to see what its users do meanwhile.
type Server struct {
	// URL is how clients name it: postgres://…, redis://…, http://….
	URL string
	// Addr is host:port.
	Addr string

	name    string
	data    string
	command func() *exec.Cmd
	ready   func(context.Context) error
	// stopSignal ends it in good order; deathSignal is sent to it when this process dies.
	stopSignal, deathSignal syscall.Signal
	cmd                     *exec.Cmd
	done                    chan struct{}
}

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
)

// Start runs the server and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	var err error
	// A server that was killed may leave children that hold its memory for a moment yet: PostgreSQL
	// refuses to start beside them.
	for range startTries {
		if err = s.startOnce(ctx); err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	return err
}

const startTries = 5

func (s *Server) startOnce(ctx context.Context) error {
	logPath := filepath.Join(s.data, "server.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = s.command()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	Tie(s.cmd, s.deathSignal)
	if err := s.launch(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.await(ctx); err != nil {
		s.Kill()
		return fmt.Errorf("%s did not start: %w\n%s", s.name, err, tail(logPath))
	}
	return nil
}

// launch starts the process from a thread that lives as long as it does: Linux sends the death
// signal when the starting thread ends, not the process.
func (s *Server) launch() error {
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

func (s *Server) await(ctx context.Context) error {
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

// Stop ends the server in good order and waits for its end.
func (s *Server) Stop() {
	s.Thaw()
	s.signal(s.stopSignal)
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		s.Kill()
	}
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	for _, pid := range s.pids() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	<-s.done
}

// Freeze stops the server from doing anything while its connections stay open, as a machine that
// hangs would. It returns when every thread stands still.
func (s *Server) Freeze() {
	s.signalAll(syscall.SIGSTOP)
	for deadline := time.Now().Add(5 * time.Second); !s.still() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// still looks for a thread that has not noticed the signal yet.
func (s *Server) still() bool {
	for _, pid := range s.pids() {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, file := range files {
			// NUMBER (NAME) STATE …, and a name may hold anything.
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

func (s *Server) signal(sig syscall.Signal) {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Signal(sig) //nolint:errcheck // one that has ended needs no signal
	}
}

func (s *Server) signalAll(sig syscall.Signal) {
	for _, pid := range s.pids() {
		syscall.Kill(pid, sig)
	}
}

// pids lists the server and its children, parents first: PostgreSQL's are in process groups of
// their own, so that a signal to a group would miss them.
func (s *Server) pids() []int {
	select {
	case <-s.done:
		return nil
	default:
		return descendants(s.cmd.Process.Pid)
	}
}

func descendants(pid int) []int {
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
				out = append(out, descendants(child)...)
			}
		}
	}
	return out
}
