package listener

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failing is a listener that fails before it accepts.
type failing struct {
	net.Listener
	errs chan error
}

func (f *failing) Accept() (net.Conn, error) {
	select {
	case err := <-f.errs:
		return nil, err
	default:
		return f.Listener.Accept()
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func accept(err error) error {
	return &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
}

func TestAccept(t *testing.T) {
	t.Run("shortages are waited out", func(t *testing.T) {
		f := &failing{listen(t), make(chan error, 8)}
		for _, err := range []error{
			syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED,
		} {
			f.errs <- accept(err)
		}
		p := NewPatient(f, nil)
		go func() { _, _ = net.Dial("tcp", f.Addr().String()) }()
		conn, err := p.Accept()
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	})
	t.Run("other faults end it", func(t *testing.T) {
		f := &failing{listen(t), make(chan error, 1)}
		f.errs <- accept(syscall.EBADF)
		_, err := NewPatient(f, nil).Accept()
		require.ErrorIs(t, err, syscall.EBADF)
	})
	t.Run("a full server accepts once there is room", func(t *testing.T) {
		ln := listen(t)
		var full atomic.Bool
		full.Store(true)
		p := NewPatient(ln, full.Load)
		go func() { _, _ = net.Dial("tcp", ln.Addr().String()) }()
		got := make(chan net.Conn, 1)
		go func() {
			conn, _ := p.Accept()
			got <- conn
		}()
		select {
		case <-got:
			require.Fail(t, "accepted though full")
		case <-time.After(50 * time.Millisecond):
		}
		full.Store(false)
		require.NotNil(t, <-got)
	})
}

func TestCloseEndsAcceptThatWaits(t *testing.T) {
	for name, p := range map[string]*Patient{
		"full":     NewPatient(listen(t), func() bool { return true }),
		"shortage": NewPatient(&failing{listen(t), shortages(1000)}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan error, 1)
			go func() {
				_, err := p.Accept()
				ended <- err
			}()
			require.NoError(t, p.Close())
			err := <-ended
			require.True(t, errors.Is(err, net.ErrClosed), "%v", err)
		})
	}
}

// A server that ends waits for its connections, but not for those on which nothing is sent.
func TestCloseEndsUnusedConnections(t *testing.T) {
	ln := listen(t)
	p := NewPatient(ln, nil)
	p.EndUnusedOnClose()
	open := func() (client, server net.Conn) {
		client, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		server, err = p.Accept()
		require.NoError(t, err)
		t.Cleanup(func() { _ = server.Close() })
		require.NoError(t, server.SetReadDeadline(time.Now().Add(20*time.Second)))
		return client, server
	}
	one := make([]byte, 1)
	send := func(client, server net.Conn) {
		t.Helper()
		_, err := client.Write([]byte("a"))
		require.NoError(t, err)
		_, err = server.Read(one)
		require.NoError(t, err)
	}
	used, usedServer := open()
	send(used, usedServer)
	_, unusedServer := open()
	late, lateServer := open()
	_, closedServer := open()
	require.NoError(t, closedServer.Close())
	require.Len(t, p.unused.deadlines, 2)

	began := time.Now()
	require.NoError(t, p.Close())
	p.unused.mu.Lock()
	p.unused.ends = began.Add(time.Minute) // the grace, without a race against it
	require.NoError(t, p.unused.apply(lateServer.(*Conn)))
	p.unused.mu.Unlock()
	send(late, lateServer)
	p.unused.mu.Lock()
	p.unused.ends = began.Add(unusedGrace)
	require.NoError(t, p.unused.apply(unusedServer.(*Conn)))
	p.unused.mu.Unlock()

	require.NoError(t, unusedServer.SetReadDeadline(time.Now().Add(20*time.Second)), "the server sets its own")
	_, err := unusedServer.Read(one)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, time.Since(began), 10*time.Second)
	send(late, lateServer) // the grace is over, which a connection in use does not notice
	send(used, usedServer)
	require.Empty(t, p.unused.deadlines[lateServer.(*Conn)])
}

func shortages(n int) chan error {
	errs := make(chan error, n)
	for range n {
		errs <- accept(syscall.EMFILE)
	}
	return errs
}

func TestConnectionsWithin(t *testing.T) {
	for descriptors, want := range map[uint64]int{
		8: 4, 64: 16, 256: 64, 1024: 896, 1 << 20: 1<<20 - 128, 1 << 63: 1 << 30,
	} {
		require.Equal(t, want, connectionsWithin(descriptors), "%d", descriptors)
	}
}
