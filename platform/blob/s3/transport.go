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

// newTransport returns a transport with a deadline on every step: a service that accepts
// connections and does not answer must not hold a request. The transfer of content may take as long
// as bytes move.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &stallGuardConn{conn}, nil
		},
		TLSHandshakeTimeout:   2 * time.Second,
		ResponseHeaderTimeout: stallTimeout, // the service answers a large upload once it is on its disks
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       stallTimeout - 5*time.Second,
		MaxIdleConnsPerHost:   16,
		MaxConnsPerHost:       64,
		// Objects arrive as they are stored, not unpacked on the way.
		DisableCompression: true,
	}
}

// stallGuardConn is a connection whose reads and writes fail after stallTimeout without a byte. A
// deadline for the whole transfer would cut large objects on slow links.
type stallGuardConn struct{ net.Conn }

// Read implements net.Conn. It sets the deadline anew.
func (c *stallGuardConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn. It sets the deadline anew.
func (c *stallGuardConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stallTimeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// exactReader reads content of an announced length. It returns blob.ErrMismatch for shorter or
// longer content before it returns the last byte, so that the service does not store it.
type exactReader struct {
	r io.Reader
	// left is how many bytes are still announced.
	left int64
	// err is the first error, which the library would hide among its own.
	err error
}

// Read implements io.Reader. It reads one byte beyond the end to find longer content.
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
	case e.left == 0 && hasMore(e.r):
		e.err = fmt.Errorf("%w: it is longer", blob.ErrMismatch)
	}
	if e.err != nil {
		return 0, e.err
	}
	return n, nil
}

// hasMore reports whether r has another byte, and reads it.
func hasMore(r io.Reader) bool {
	n, _ := io.ReadFull(r, make([]byte, 1))
	return n > 0
}

// responseOf returns the answer of the service inside of an error, or an empty one if the service
// has not answered.
func responseOf(err error) minio.ErrorResponse {
	var r minio.ErrorResponse
	errors.As(err, &r)
	return r
}

// errorCode returns the code of the service's answer inside of an error, or "".
func errorCode(err error) string { return responseOf(err).Code }

// toStoreError returns the error of package blob that an error of the service stands for:
// ErrNotFound, ErrFull, or an error that wraps it.
func toStoreError(err error) error {
	switch errorCode(err) {
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
