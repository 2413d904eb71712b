package ws

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Frame is one or more text frames as they stand on the wire: encoded once, sent to many.
type Frame struct {
	raw  []byte
	n    int
	made time.Time
}

// Text encodes v as one JSON text frame.
func Text(v any) Frame {
	payload, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("ws: %T can't be encoded: %v", v, err)) // frames are plain structs of ours
	}
	return Raw(payload)
}

// Raw makes one text frame of JSON that is encoded already.
func Raw(payload []byte) Frame {
	return Frame{raw: appendFrame(make([]byte, 0, len(payload)+4), opText, payload), n: 1, made: time.Now()}
}

// Join makes one of several, to be written at once and in this order.
func Join(frames ...Frame) Frame {
	size := 0
	for _, f := range frames {
		size += len(f.raw)
	}
	out := Frame{raw: make([]byte, 0, size), made: time.Now()}
	for _, f := range frames {
		out.raw = append(out.raw, f.raw...)
		out.n += f.n
	}
	return out
}

// Opcodes of RFC 6455 5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

const finalBit = 0x80

// appendFrame writes a server's frame: never masked, never fragmented.
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

// maxControl bounds a control frame's payload (RFC 6455 5.5).
const maxControl = 125

func appendClose(b []byte, code int, reason string) []byte {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	payload = append(payload, reason...)
	return appendFrame(b, opClose, payload[:min(len(payload), maxControl)])
}
