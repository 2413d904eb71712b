package testkit

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ports are given out below 32768, where Linux begins to take those of outgoing connections.
const (
	firstPort      = 10000
	portsPerBlock  = 250
	numberOfBlocks = 90
)

// portBlock is a range of ports that one process has for itself. The packages of a module are
// tested by processes that run at the same time, and a port that two of them find free would be
// bound by only one.
type portBlock struct {
	// reservation listens on the first port, which marks the block as taken until the process ends.
	reservation net.Listener
	first       int

	mu   sync.Mutex
	last int // offset of the port given out last
}

// reservePortBlock takes a block that no other process has.
func reservePortBlock(ctx context.Context) (*portBlock, error) {
	for _, i := range rand.Perm(numberOfBlocks) {
		first := firstPort + i*portsPerBlock
		if ln, err := listen(ctx, first); err == nil {
			return &portBlock{reservation: ln, first: first}, nil
		}
	}
	return nil, errors.New("all blocks of ports are taken")
}

// next returns the port on which nothing listens and that was given out the longest time ago.
func (b *portBlock) next(ctx context.Context) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range portsPerBlock - 1 {
		b.last = b.last%(portsPerBlock-1) + 1
		port := b.first + b.last
		if ln, err := listen(ctx, port); err == nil {
			return port, ln.Close()
		}
	}
	return 0, errors.New("all ports of the block are in use")
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

var portBlockOfProcess = sync.OnceValues(func() (*portBlock, error) {
	return reservePortBlock(context.Background())
})

// FreePort returns a port of loopback on which nothing listens. Neither an outgoing connection nor
// a test in another process takes it before the caller listens on it.
func FreePort(t testing.TB) string {
	t.Helper()
	block, err := portBlockOfProcess()
	require.NoError(t, err)
	port, err := block.next(t.Context())
	require.NoError(t, err)
	return strconv.Itoa(port)
}
