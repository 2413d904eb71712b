// Package listener keeps servers accepting connections while the process has no file descriptors
// left.
//
// Servers in Go end, or never accept again, when accept(2) fails. Such a failure passes as soon as
// some other connection or file is closed, so Patient waits for that and tries again.
package listener

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

// Times of waiting for descriptors, and how often a shortage is logged.
const (
	shortestWait = 5 * time.Millisecond
	longestWait  = 250 * time.Millisecond
	logEvery     = time.Minute
)

// Patient is a listener whose Accept fails only once it is closed.
type Patient struct {
	net.Listener
	// isFull reports whether as many connections are open as the process can serve; new ones wait
	// in the system's queue.
	isFull func() bool
	closed chan struct{}
	once   sync.Once
	logged time.Time
}

// NewPatient wraps ln. isFull may be nil.
func NewPatient(ln net.Listener, isFull func() bool) *Patient {
	if isFull == nil {
		isFull = func() bool { return false }
	}
	return &Patient{Listener: ln, isFull: isFull, closed: make(chan struct{})}
}

// Accept waits for the next connection, however long the process is short of descriptors or memory
// for it.
func (p *Patient) Accept() (net.Conn, error) {
	wait := shortestWait
	for {
		for p.isFull() {
			p.log("as many connections are open as file descriptors allow", nil)
			if !p.sleep(shortestWait) {
				return nil, net.ErrClosed
			}
		}
		conn, err := p.Listener.Accept()
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
			return &Conn{TCPConn: tcp}, nil
		}
		if err == nil || !isShortage(err) {
			return conn, err
		}
		p.log("a connection could not be accepted yet", err)
		if !p.sleep(wait) {
			return nil, net.ErrClosed
		}
		wait = min(2*wait, longestWait)
	}
}

// Close ends the listener and every Accept.
func (p *Patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}

func (p *Patient) sleep(d time.Duration) bool {
	select {
	case <-p.closed:
		return false
	case <-time.After(d):
		return true
	}
}

// log tells of a shortage once a minute: Accept is called by one goroutine.
func (p *Patient) log(message string, err error) {
	if time.Since(p.logged) < logEvery {
		return
	}
	p.logged = time.Now()
	slog.Warn(message, "address", p.Addr().String(), "error", err)
}

// isShortage reports whether accept failed for want of descriptors or memory, or because the client
// went away first.
func isShortage(err error) bool {
	for _, shortage := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
		syscall.ECONNRESET, syscall.EINTR, syscall.EAGAIN} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// Reserve returns how many of a number of file descriptors may be connections from outside. The
// rest is kept for the database, Redis, objects and mail: without it, connections that only wait
// would keep the others from being answered.
func Reserve(descriptors uint64) int {
	const forParts = 128
	if descriptors >= 4*forParts {
		return int(min(descriptors-forParts, 1<<30))
	}
	return int(max(descriptors/4, 4))
}
