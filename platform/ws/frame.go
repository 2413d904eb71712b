package ws

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Frame holds one or more text frames in their wire format. It is encoded once and may be sent to
// many sockets.
type Frame struct {
	wire      []byte
	count     int
	createdAt time.Time
}

// EncodeFrame returns v as one text frame of JSON. It panics if v can't be encoded, as frames are
// structs of this program and not data of a client.
func EncodeFrame(v any) Frame {
	payload, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ws: encode %T: %v", v, err))
	}
	return NewTextFrame(payload)
}

// NewTextFrame returns one text frame of a payload that is JSON already.
func NewTextFrame(payload []byte) Frame {
	wire := appendFrame(make([]byte, 0, len(payload)+4), opText, payload)
	return Frame{wire: wire, count: 1, createdAt: time.Now()}
}

// JoinFrames returns a frame that holds several frames in the given order. They enter a queue
// together, so no other frame comes between them.
func JoinFrames(frames ...Frame) Frame {
	size := 0
	for _, f := range frames {
		size += len(f.wire)
	}
	joined := Frame{wire: make([]byte, 0, size), createdAt: time.Now()}
	for _, f := range frames {
		joined.wire = append(joined.wire, f.wire...)
		joined.count += f.count
	}
	return joined
}

// Opcodes of RFC 6455 §5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// finalBit marks the last fragment of a message. Every frame of the server is one.
const finalBit = 0x80

// appendFrame appends a frame of a server to b: unmasked, in one fragment, with the payload length
// in 7, 16 or 64 bits (RFC 6455 §5.2).
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, finalBit|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xFFFF:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// maxControlBytes bounds the payload of a control frame (RFC 6455 §5.5).
const maxControlBytes = 125

// appendCloseFrame appends a close frame with a code and as much of the reason as fits.
func appendCloseFrame(b []byte, code int, reason string) []byte {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	payload = append(payload, reason...)
	return appendFrame(b, opClose, payload[:min(len(payload), maxControlBytes)])
}
