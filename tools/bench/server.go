package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Bounds of the life of a server.
const (
	startTime = time.Minute
	stopTime  = 20 * time.Second
	pollTime  = 20 * time.Millisecond
	// idleTime is the length of a look at a server, and idleCPU what one that does nothing uses in it at most.
	idleTime = 250 * time.Millisecond
	idleCPU  = 10 * time.Millisecond
	// logTail is how many bytes of a log are shown.
	logTail = 4000
)

// server is a process that answers HTTP on loopback.
type server struct {
	name, addr string
	// readyURL answers 200 when the server is ready, and metricsURL has the metrics of the Go runtime.
	readyURL, metricsURL string
	logFile              string
	cmd                  *exec.Cmd
	ended                chan struct{}
	// scrapeAllocs is how many allocations one look at metricsURL makes.
	scrapeAllocs float64
}

// startServer starts the command of s and returns s once it is ready. If it does not get ready, the error has the end
// of its log.
func startServer(ctx context.Context, s *server) (*server, error) {
	log, err := os.Create(s.logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	tieToProcess(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.ended = make(chan struct{})
	go func() {
		_ = s.cmd.Wait() // the log says why it ended
		close(s.ended)
	}()
	if err := s.waitUntilReady(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("starting %s: %w\n%s", s.name, err, s.readLog())
	}
	return s, nil
}

// waitUntilReady returns when the server answers readyURL with 200. It returns an error after startTime, or if the
// server ends.
func (s *server) waitUntilReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if _, err := readURL(ctx, s.readyURL); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("it has ended: %s", s.cmd.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollTime):
		}
	}
}

// waitUntilIdle returns when the server has no more work of its own, such as deliveries, and at the latest after most.
// Without readable CPU time it returns at once. It returns an error if ctx ends.
func (s *server) waitUntilIdle(ctx context.Context, most time.Duration) error {
	deadline := time.Now().Add(most)
	before, err := readCPUTime(s.pid())
	for err == nil && time.Now().Before(deadline) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(idleTime):
		}
		after, err := readCPUTime(s.pid())
		if err != nil || after-before <= idleCPU {
			return nil
		}
		before = after
	}
	return nil
}

// pid returns the id of the process.
func (s *server) pid() int { return s.cmd.Process.Pid }

// hasEnded reports whether the process has ended.
func (s *server) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// stop asks the process to end, and kills it after stopTime.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// readLog returns the last logTail bytes of the log.
func (s *server) readLog() string {
	raw, err := os.ReadFile(s.logFile)
	if err != nil {
		return err.Error()
	}
	return string(raw[max(0, len(raw)-logTail):])
}

// readURL returns the body of a page on loopback. It returns an error for any status but 200.
func readURL(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return readAll(res.Body)
}
