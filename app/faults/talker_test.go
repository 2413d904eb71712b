package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/fasthttp/websocket"
)

// talker is a person who writes over a socket. Whenever it ends, they open it again where they were, and send again
// what was not acknowledged.
type talker struct {
	load   *load
	who    *person
	number int
	// seen is the number of the last message that they got, without a gap before it.
	seen int64
	// pending is what was sent last, until it is acknowledged.
	pending string
	sent    int
	// resumed is how often the socket was opened again.
	resumed int
}

// frame is what of a frame the talker looks at.
type frame struct {
	Type     string `json:"type"`
	Seq      int64  `json:"seq"`
	ClientID string `json:"client_id"`
	Code     string `json:"code"`
	LastSeq  int64  `json:"last_seq"`
}

// talkPause lies between two messages of one talker.
const talkPause = 40 * time.Millisecond

// talk writes until the load finishes and the last message is acknowledged.
func (k *talker) talk() {
	for !k.load.isFinishing() || k.pending != "" {
		if k.load.life.Err() != nil {
			return
		}
		conn, err := k.open()
		if err != nil {
			k.load.refuse(workSocket, err.Error())
			k.load.wait(retryPause)
			continue
		}
		if err := k.writeMessages(conn); err != nil {
			k.load.refuse(workSocket, err.Error())
			k.resumed++
		}
		_ = conn.Close()
	}
}

// open opens the socket after the last message that was seen.
func (k *talker) open() (*websocket.Conn, error) {
	url := fmt.Sprintf("ws%s/ws/channels/hq?after_seq=%d", strings.TrimPrefix(k.load.url, "http"), k.seen)
	dialer := websocket.Dialer{HandshakeTimeout: requestTimeout}
	conn, res, err := dialer.DialContext(k.load.life, url, http.Header{"Authorization": {"Bearer " + k.who.token}})
	if err != nil && res != nil {
		_ = res.Body.Close()
		err = fmt.Errorf("%w: %s", err, res.Status)
		if res.StatusCode < http.StatusInternalServerError {
			k.load.surprise(workSocket, "%v", err)
		}
	}
	return conn, err
}

// writeMessages writes one message after the other until the socket ends or the load finishes.
func (k *talker) writeMessages(conn *websocket.Conn) error {
	for !k.load.isFinishing() || k.pending != "" {
		begun := time.Now()
		if k.pending == "" {
			k.pending = fmt.Sprintf("socket %d %d", k.number, k.sent)
			k.sent++
		}
		message := object{"type": "message", "body": k.pending, "client_id": k.pending}
		if err := conn.WriteJSON(message); err != nil {
			return err
		}
		seq, err := k.awaitAck(conn)
		if err != nil {
			return err
		}
		body := k.pending
		k.load.time(workSocket, time.Since(begun))
		k.load.acknowledge(workSocket, begun, func() { k.load.messages[body] = seq })
		k.pending = ""
		k.load.wait(talkPause)
	}
	return nil
}

// awaitAck reads on until the pending message is acknowledged, and returns its number.
func (k *talker) awaitAck(conn *websocket.Conn) (seq int64, err error) {
	for {
		f, err := k.read(conn)
		switch {
		case err != nil:
			return 0, err
		case f.Type == "ack" && f.ClientID == k.pending:
			return f.Seq, nil
		case f.Type == "error" && (f.Code == "unavailable" || f.Code == "storage-full"):
			return 0, fmt.Errorf("the socket answers %s", f.Code)
		case f.Type == "error":
			k.load.surprise(workSocket, "error %s", f.Code)
			return 0, fmt.Errorf("the socket answers %s", f.Code)
		}
	}
}

// read reads a frame and holds the messages to come in order, without a gap, once each.
func (k *talker) read(conn *websocket.Conn) (f frame, err error) {
	if err := conn.SetReadDeadline(time.Now().Add(requestTimeout)); err != nil {
		return f, err
	}
	_, raw, err := conn.ReadMessage()
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, err
	}
	switch f.Type {
	case "message":
		if f.Seq != k.seen+1 {
			k.load.surprise(workSocket, "message %d came after %d", f.Seq, k.seen)
		}
		k.seen = max(k.seen, f.Seq)
	case "gap":
		k.load.surprise(workSocket, "gap: %s", raw)
	}
	return f, nil
}

// catchUp opens the socket once more and reads up to the last message of the channel.
func (k *talker) catchUp(last int64) error {
	conn, err := k.open()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for k.seen < last {
		if _, err := k.read(conn); err != nil {
			return fmt.Errorf("after message %d of %d: %w", k.seen, last, err)
		}
	}
	return nil
}
