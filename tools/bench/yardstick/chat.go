package yardstick

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/valyala/fasthttp"

	"lyceum/platform/ids"
)

// Channel is the slug of the channel of chats, which every site has from its start.
const Channel = "hq"

const (
	// mostPosts is how many messages the hub stores in one statement.
	mostPosts = 64
	// hubQueue is how many writes may wait at a socket before it is closed.
	hubQueue = 256
)

// insertMessages numbers and stores messages of a channel, which is named by its slug.
const insertMessages = `WITH numbered AS (
		UPDATE chat_channels SET last_seq = last_seq + $2 WHERE slug = $1 RETURNING id, last_seq - $2 AS before
	)
	INSERT INTO chat_messages (id, channel_id, seq, author_id, body, version, created_at)
	SELECT m.id, c.id, c.before + m.n, m.author, m.body, 1, $6
	FROM numbered c, unnest($3::text[]::uuid[], $4::text[]::uuid[], $5::text[]) WITH ORDINALITY AS m(id, author, body, n)
	RETURNING seq`

// post is a message that waits to be stored.
type post struct {
	from     *hubSocket
	id, body string
}

// hub is a bare chat: one goroutine stores what has arrived in one statement and hands it to all sockets.
type hub struct {
	pool  *pgxpool.Pool
	posts chan post

	mu      sync.Mutex
	sockets map[*hubSocket]bool
}

// hubSocket is an open socket of an account. The bytes in writes are whole WebSocket frames.
type hubSocket struct {
	user   string
	writes chan []byte
}

// newHub returns a hub that stores messages until ctx ends.
func newHub(ctx context.Context, pool *pgxpool.Pool) *hub {
	h := &hub{pool: pool, posts: make(chan post, mostPosts), sockets: map[*hubSocket]bool{}}
	go h.storePosts(ctx)
	return h
}

// accept upgrades a request to a socket of the user that it names.
func (h *hub) accept(ctx *fasthttp.RequestCtx) error {
	s := &hubSocket{user: string(ctx.QueryArgs().Peek("user")), writes: make(chan []byte, hubQueue)}
	upgrader := websocket.FastHTTPUpgrader{ReadBufferSize: 512, WriteBufferSize: 512}
	return upgrader.Upgrade(ctx, func(conn *websocket.Conn) {
		h.add(s)
		go func() {
			for frames := range s.writes {
				if _, err := conn.NetConn().Write(frames); err != nil {
					_ = conn.Close()
				}
			}
			_ = conn.Close()
		}()
		h.readPosts(conn, s)
		h.remove(s)
	})
}

// readPosts reads the messages of a socket until it is closed.
func (h *hub) readPosts(conn *websocket.Conn, s *hubSocket) {
	for {
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return
		}
		var m struct {
			Body string `json:"body"`
		}
		if json.Unmarshal(raw, &m) == nil {
			h.posts <- post{from: s, id: ids.New(), body: m.Body}
		}
	}
}

func (h *hub) add(s *hubSocket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[s] = true
	s.writes <- appendFrame(nil, []byte(`{"type":"welcome"}`))
}

func (h *hub) remove(s *hubSocket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sockets[s] {
		delete(h.sockets, s)
		close(s.writes)
	}
}

// storePosts stores the messages that have arrived, and tells all sockets of them. What can't be stored is dropped,
// which the client of the measurement notices.
func (h *hub) storePosts(ctx context.Context) {
	for {
		var group []post
		select {
		case p := <-h.posts:
			group = append(group, p)
		case <-ctx.Done():
			return
		}
		for len(group) < mostPosts && len(h.posts) > 0 {
			group = append(group, <-h.posts)
		}
		if seqs, now, err := h.store(ctx, group); err == nil && len(seqs) == len(group) {
			h.deliver(group, seqs, now)
		}
	}
}

// store stores messages in one statement and returns their numbers.
func (h *hub) store(ctx context.Context, group []post) (seqs []int64, now int64, err error) {
	names, users, bodies := make([]string, len(group)), make([]string, len(group)), make([]string, len(group))
	for i, p := range group {
		names[i], users[i], bodies[i] = p.id, p.from.user, p.body
	}
	now = time.Now().UnixMilli()
	rows, err := h.pool.Query(ctx, insertMessages, Channel, len(group), names, users, bodies, now)
	if err != nil {
		return nil, now, err
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, now, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, now, rows.Err()
}

// deliver hands messages to all sockets, together in one write, and acknowledges them. A socket that is too far behind
// is closed.
func (h *hub) deliver(group []post, seqs []int64, now int64) {
	var all []byte
	for i, p := range group {
		all = appendFrame(all, appendMessage(nil, p, seqs[i], now))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	send := func(s *hubSocket, frames []byte) {
		select {
		case s.writes <- frames:
		default:
			delete(h.sockets, s)
			close(s.writes)
		}
	}
	for s := range h.sockets {
		send(s, all)
	}
	for i, p := range group {
		if h.sockets[p.from] {
			ack := strconv.AppendInt([]byte(`{"type":"ack","client_id":null,"seq":`), seqs[i], 10)
			send(p.from, appendFrame(nil, append(appendText(ack, `,"id":"`, p.id), `"}`...)))
		}
	}
}

// appendMessage appends a message as JSON, with the fields that Lyceum sends.
func appendMessage(out []byte, p post, seq, now int64) []byte {
	out = strconv.AppendInt(append(out, `{"type":"message","seq":`...), seq, 10)
	out = appendText(out, `,"id":"`, p.id)
	out = appendText(out, `","channel":"`, Channel)
	out = appendText(out, `","user":{"id":"`, p.from.user)
	out = appendText(out, `","display_name":"learner"},"body":"`, p.body)
	out = appendTime(out, `","created_at":"`, now)
	return append(out, `","edited_at":null,"deleted":false}`...)
}

// appendFrame appends a text as a WebSocket frame of a server (RFC 6455 §5.2). It is shorter than 64 KiB.
func appendFrame(out, text []byte) []byte {
	const finalText, twoBytes = 0x81, 126
	if len(text) < twoBytes {
		out = append(out, finalText, byte(len(text)))
	} else {
		out = binary.BigEndian.AppendUint16(append(out, finalText, twoBytes), uint16(len(text)))
	}
	return append(out, text...)
}
