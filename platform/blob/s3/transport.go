package s3

import (
	"lyceum/platform/blob"

	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// newTransport has a deadline on everything: a store that takes connections and then says nothing
// must not hold a request. Content may take as long as it moves.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &movingConn{conn}, nil
		},
		TLSHandshakeTimeout:   2 * time.Second,
		ResponseHeaderTimeout: stallTimeout, // a large upload is answered once it is on the disks
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       stallTimeout - 5*time.Second,
		MaxIdleConnsPerHost:   16,
		MaxConnsPerHost:       64,
		// Objects are answered as they are stored, never unpacked on the way.
		DisableCompression: true,
	}
}

// movingConn gives up after stallTimeout without a byte in the direction waited for.
type movingConn struct{ net.Conn }

// Read waits for stallTimeout at most.
func (c *movingConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write waits for stallTimeout at most.
func (c *movingConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// exactReader refuses content that is shorter or longer than announced, before the store takes
// its last byte.
type exactReader struct {
	r    io.Reader
	left int64
	err  error
}

// Read hands on at most what is left, and looks one byte further before the end.
func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	switch {
	case err == io.EOF && e.left > 0:
		e.err = fmt.Errorf("%w: %d bytes are missing", blob.ErrMismatch, e.left)
	case err != nil && err != io.EOF:
		e.err = &blob.SourceError{Err: err}
	case e.left == 0 && longer(e.r):
		e.err = fmt.Errorf("%w: it is longer", blob.ErrMismatch)
	}
	if e.err != nil {
		return 0, e.err
	}
	return n, nil
}

func longer(r io.Reader) bool {
	n, _ := io.ReadFull(r, make([]byte, 1))
	return n > 0
}

// answer is what the service said, inside whatever wraps it; empty when it said nothing.
func answer(err error) minio.ErrorResponse {
	var r minio.ErrorResponse
	errors.As(err, &r)
	return r
}

// code is the service's own word for an error, or empty.
func code(err error) string { return answer(err).Code }

// storeError puts an error of the service into this package's words.
func storeError(err error) error {
	switch code(err) {
	case "NoSuchKey":
		return blob.ErrNotFound
	case "XMinioStorageFull", "QuotaExceeded", "InsufficientStorage":
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}
