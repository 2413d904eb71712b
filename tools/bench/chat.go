package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fasthttp/websocket"
	"golang.org/x/sync/errgroup"
)

// chatLoad is what happens in a chat: every message is delivered to every socket.
type chatLoad struct {
	// sockets are open, and the first senders of them send.
	sockets, senders int
	// perSecond is how many messages are sent a second. 0 lets each sender send the next message when the one before is
	// acknowledged.
	perSecond int
}

const (
	// openingSockets is how many sockets are opened at the same time.
	openingSockets = 16
	// deliveryTime bounds the time until the last message is delivered.
	deliveryTime = 20 * time.Second
	// calmTime is how long the sockets are left alone after they were opened, so that the news of their presence are
	// over.
	calmTime = time.Second
)

// chatRoom is the client's end of the sockets of one round.
type chatRoom struct {
	load    chatLoad
	began   time.Time
	sockets []*chatSocket
	// delivered counts the messages that have reached a socket, of all sockets together.
	delivered atomic.Int64
	reading   sync.WaitGroup
}

// chatSocket is one socket.
type chatSocket struct {
	conn *websocket.Conn
	acks chan struct{}
	// latencies are the times from the sending of each message to its arrival here.
	latencies []time.Duration
}

// measureChat sends messages for some time and returns the sorted times of their deliveries, the time until the last
// one, and what the server had used before.
func (m *meter) measureChat(
	ctx context.Context, side *side, s scenario, length time.Duration,
) (latencies []time.Duration, took time.Duration, before usage, err error) {
	room := &chatRoom{load: *s.chat, began: time.Now()}
	defer room.close()
	if err := room.open(ctx, m.data, side); err != nil {
		return nil, 0, before, err
	}
	if before, err = side.server.readUsage(ctx, false); err != nil {
		return nil, 0, before, err
	}
	began := time.Now()
	sent, err := room.sendMessages(ctx, began.Add(length))
	if err == nil {
		err = room.waitForDeliveries(ctx, sent)
	}
	took = time.Since(began)
	room.close()
	for _, socket := range room.sockets {
		latencies = append(latencies, socket.latencies...)
	}
	slices.Sort(latencies)
	return latencies, took, before, err
}

// open opens the sockets. The first time that a side opens many, it notes what each takes of the server's memory.
func (r *chatRoom) open(ctx context.Context, d *dataset, side *side) error {
	memory := readMemory(side.server.pid())
	r.sockets = make([]*chatSocket, r.load.sockets)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(openingSockets)
	for i := range r.sockets {
		r.sockets[i] = &chatSocket{acks: make(chan struct{}, 1)}
		group.Go(func() (err error) {
			address := "ws://" + side.server.addr + side.routes.openSocket(d.learner(i))
			dialer := websocket.Dialer{ReadBufferSize: 4096, WriteBufferSize: 512, HandshakeTimeout: requestTime}
			s := r.sockets[i]
			//nolint:bodyclose // the body of an upgrade needs no closing
			if s.conn, _, err = dialer.DialContext(groupCtx, address, nil); err != nil {
				return fmt.Errorf("opening a socket: %w", err)
			}
			r.reading.Go(func() { r.readMessages(s) })
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	select {
	case <-time.After(calmTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	if side.socketKiB == 0 {
		side.socketKiB = (readMemory(side.server.pid()) - memory) * 1024 / float64(len(r.sockets))
	}
	return nil
}

// close closes the sockets and waits until nothing reads any more. It may be called twice.
func (r *chatRoom) close() {
	for _, s := range r.sockets {
		if s != nil && s.conn != nil {
			_ = s.conn.Close()
		}
	}
	r.reading.Wait()
}

// readMessages reads what a socket gets until it is closed.
func (r *chatRoom) readMessages(s *chatSocket) {
	var frame bytes.Buffer
	for {
		_, in, err := s.conn.NextReader()
		if err != nil {
			return
		}
		frame.Reset()
		if _, err := io.Copy(&frame, in); err != nil {
			return
		}
		switch text := frame.Bytes(); {
		case bytes.HasPrefix(text, []byte(`{"type":"message"`)):
			s.latencies = append(s.latencies, time.Since(r.began)-readSendingTime(text))
			r.delivered.Add(1)
		case bytes.HasPrefix(text, []byte(`{"type":"ack"`)):
			select {
			case s.acks <- struct{}{}:
			default:
			}
		}
	}
}

// readSendingTime returns when a message was sent, after the beginning of the room: its body says so in nanoseconds.
func readSendingTime(text []byte) time.Duration {
	_, rest, _ := bytes.Cut(text, []byte(`"body":"`))
	digits, _, _ := bytes.Cut(rest, []byte(`"`))
	nanos, _ := strconv.ParseInt(string(digits), 10, 64) // the body is ours
	return time.Duration(nanos)
}

// send sends a message that says when it was sent.
func (r *chatRoom) send(s *chatSocket) error {
	return s.conn.WriteMessage(websocket.TextMessage,
		fmt.Appendf(nil, `{"type":"message","body":"%d"}`, time.Since(r.began).Nanoseconds()))
}

// sendMessages sends messages until the deadline and returns how many.
func (r *chatRoom) sendMessages(ctx context.Context, deadline time.Time) (sent int64, err error) {
	var count atomic.Int64
	group, groupCtx := errgroup.WithContext(ctx)
	for _, s := range r.sockets[:r.load.senders] {
		wait := r.waitForAck
		if r.load.perSecond > 0 {
			wait = newPace(time.Duration(r.load.senders) * time.Second / time.Duration(r.load.perSecond))
		}
		group.Go(func() error {
			for time.Now().Before(deadline) {
				if err := r.send(s); err != nil {
					return err
				}
				count.Add(1)
				if err := wait(groupCtx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return count.Load(), err
}

// waitForAck waits until the last message of a socket is acknowledged.
func (*chatRoom) waitForAck(ctx context.Context, s *chatSocket) error {
	select {
	case <-s.acks:
		return nil
	case <-time.After(deliveryTime):
		return errors.New("a message was not acknowledged")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newPace returns a function that waits for the next one of moments that are an interval apart.
func newPace(interval time.Duration) func(context.Context, *chatSocket) error {
	next := time.Now()
	return func(ctx context.Context, _ *chatSocket) error {
		next = next.Add(interval)
		select {
		case <-time.After(time.Until(next)):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waitForDeliveries waits until each socket has got every message.
func (r *chatRoom) waitForDeliveries(ctx context.Context, sent int64) error {
	want := sent * int64(len(r.sockets))
	deadline := time.Now().Add(deliveryTime)
	for r.delivered.Load() < want {
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d messages were delivered", r.delivered.Load(), want)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
