package folder

import (
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"
)

// stallTimeout is how long a client may neither send nor take a byte. Objects are large and links
// are slow, so a transfer may take any time as long as bytes move.
const stallTimeout = 30 * time.Second

// downloadBody is the body of a download. The server calls WriteTo and then Close.
type downloadBody struct {
	io.Reader
	object       *object
	conn         *fasthttp.RequestCtx
	stallTimeout time.Duration
}

// Close closes the object.
func (o *downloadBody) Close() error { return o.object.Close() }

// WriteTo sends the content in pieces of 128 KiB. The client has stall for each.
func (o *downloadBody) WriteTo(w io.Writer) (int64, error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	var total int64
	for {
		n, readErr := o.Read(*buf)
		if n > 0 {
			if err := o.conn.SetWriteDeadline(time.Now().Add(o.stallTimeout)); err != nil {
				return total, err
			}
			written, err := w.Write((*buf)[:n])
			total += int64(written)
			if err != nil {
				return total, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return total, nil
		}
		if readErr != nil {
			return total, readErr
		}
	}
}

// uploadReader is the body of an upload. The client has stall for each piece that it sends.
type uploadReader struct {
	io.Reader
	conn         *fasthttp.RequestCtx
	stallTimeout time.Duration
}

// Read implements io.Reader. It sets the deadline of the connection anew.
func (b *uploadReader) Read(p []byte) (int, error) {
	if err := b.conn.SetReadDeadline(time.Now().Add(b.stallTimeout)); err != nil {
		return 0, err
	}
	return b.Reader.Read(p)
}
