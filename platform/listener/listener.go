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
	// unused is nil unless EndUnusedOnClose was called.
	unused *unusedConns
	// loggedAt is the time of the last log line.
	loggedAt time.Time
}

// NewPatient wraps ln. isFull may be nil.
func NewPatient(ln net.Listener, isFull func() bool) *Patient {
	if isFull == nil {
		isFull = func() bool { return false }
	}
	return &Patient{Listener: ln, isFull: isFull, closed: make(chan struct{})}
}

// Accept returns the next connection. It waits as long as the process is short of descriptors or
// memory, and returns net.ErrClosed once the listener is closed.
func (p *Patient) Accept() (net.Conn, error) {
	wait := shortestWait
	for {
		for p.isFull() {
			p.logShortage("connections wait, as many are open as file descriptors allow", nil)
			if !p.waitUnlessClosed(shortestWait) {
				return nil, net.ErrClosed
			}
		}
		conn, err := p.Listener.Accept()
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
			return p.newConn(tcp), nil
		}
		if err == nil || !isShortage(err) {
			return conn, err
		}
		p.logShortage("connection not accepted, will be tried again", err)
		if !p.waitUnlessClosed(wait) {
			return nil, net.ErrClosed
		}
		wait = min(2*wait, longestWait)
	}
}

// newConn returns an accepted connection.
func (p *Patient) newConn(tcp *net.TCPConn) *Conn {
	c := &Conn{TCPConn: tcp, unused: p.unused}
	if c.unused != nil {
		c.unused.add(c)
	}
	return c
}

// EndUnusedOnClose makes Close also end the connections on which the client sends nothing within 250 ms. A server that
// waits for its connections would wait seconds for them. It is called before Accept, and is for protocols in which
// the client speaks first.
func (p *Patient) EndUnusedOnClose() { p.unused = &unusedConns{deadlines: map[*Conn]time.Time{}} }

// Close ends the listener and every Accept.
func (p *Patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	err := p.Listener.Close()
	if p.unused != nil {
		p.unused.endReads()
	}
	return err
}

// waitUnlessClosed waits for d. It returns false at once if the listener is closed. lifecycle.Sleep
// does not fit, as Accept has no context.
func (p *Patient) waitUnlessClosed(d time.Duration) bool {
	select {
	case <-p.closed:
		return false
	case <-time.After(d):
		return true
	}
}

// logShortage logs a shortage at most once a minute. It needs no lock, as one goroutine calls Accept.
func (p *Patient) logShortage(message string, err error) {
	if time.Since(p.loggedAt) < logEvery {
		return
	}
	p.loggedAt = time.Now()
	slog.Warn(message, "address", p.Addr().String(), "error", err)
}

// isShortage reports whether accept failed for want of descriptors or memory, or because the client
// went away first.
func isShortage(err error) bool {
	for _, shortage := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.ECONNRESET, syscall.EINTR, syscall.EAGAIN,
	} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// connectionsWithin returns how many of a number of file descriptors may be connections from
// outside. The rest is kept for the database, Redis, objects and mail: without it, connections that
// only wait would keep the others from being answered.
func connectionsWithin(descriptors uint64) int {
	const reserved = 128
	if descriptors >= 4*reserved {
		return int(min(descriptors-reserved, 1<<30))
	}
	return int(max(descriptors/4, 4))
}
