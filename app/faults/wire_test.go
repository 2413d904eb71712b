package faults

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire is the network between the replicas and one service. It can be cut, and it can swallow what is sent.
type wire struct {
	// Addr is where the service is reached through the wire.
	Addr   string
	target string

	mu    sync.Mutex
	state wireState
	// changed is closed and made anew when the state changes.
	changed chan struct{}
	conns   map[net.Conn]struct{}
}

type wireState int

const (
	wireOpen wireState = iota
	// wireCut refuses connections.
	wireCut
	// wireHung keeps connections and passes nothing on, as a firewall that drops packets does.
	wireHung
)

// newWire puts a wire before the service at an address until the end of the test.
func newWire(t *testing.T, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{
		Addr: listener.Addr().String(), target: target, changed: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	t.Cleanup(func() { _ = listener.Close(); w.Cut() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.serve(conn)
		}
	}()
	return w
}

// Cut ends all connections and refuses new ones.
func (w *wire) Cut() {
	w.set(wireCut)
	w.mu.Lock()
	defer w.mu.Unlock()
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

// Hang keeps all connections open, and nothing passes any more.
func (w *wire) Hang() { w.set(wireHung) }

// Mend lets everything pass again.
func (w *wire) Mend() { w.set(wireOpen) }

func (w *wire) set(s wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
	close(w.changed)
	w.changed = make(chan struct{})
}

// pass waits while the wire hangs. It returns false if the wire is cut.
func (w *wire) pass() bool {
	for {
		w.mu.Lock()
		state, changed := w.state, w.changed
		w.mu.Unlock()
		if state != wireHung {
			return state == wireOpen
		}
		<-changed
	}
}

// keep remembers a connection that Cut has to end. It returns false and ends it at once while the wire is cut.
func (w *wire) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == wireCut {
		_ = conn.Close()
		return false
	}
	w.conns[conn] = struct{}{}
	return true
}

// drop ends a connection.
func (w *wire) drop(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = conn.Close()
	delete(w.conns, conn)
}

// serve carries one connection.
func (w *wire) serve(near net.Conn) {
	if !w.keep(near) {
		return
	}
	defer w.drop(near)
	if !w.pass() {
		return
	}
	far, err := net.Dial("tcp", w.target)
	if err != nil || !w.keep(far) {
		return
	}
	defer w.drop(far)
	var both sync.WaitGroup
	both.Go(func() { w.carry(far, near) })
	both.Go(func() { w.carry(near, far) })
	both.Wait()
}

// carry passes bytes on in one direction until one end closes.
func (w *wire) carry(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !w.pass() {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if errors.Is(err, io.EOF) {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
