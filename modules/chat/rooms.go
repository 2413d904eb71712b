package chat

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"lyceum/platform/lifecycle"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ws"
)

// Topics between replicas; keys are told at each.
const (
	// topicTyping has "<channel id> <user id>".
	topicTyping = "chat.typing"
	// topicPresence has a channel's id: somebody came or went.
	topicPresence = "chat.presence"
	// topicPush has "<user id> <JSON object>".
	topicPush = "chat.push"
)

// pollEvery is how soon a room looks by itself: signals may be lost on their way, here or there.
const pollEvery = time.Second

// rooms are the channels that somebody is in on this replica.
type rooms struct {
	store    *store
	people   *people
	bus      *broadcast.Bus
	hub      *ws.Hub
	clock    clock.Clock
	presence *presence
	// channels are those that exist, for the checks that every socket undergoes all the time.
	channels *cache.Invalidated[channel]

	mu   sync.Mutex
	open map[string]*room
}

func newRooms(s *store, p *people, b *broadcast.Bus, h *ws.Hub, c clock.Clock) *rooms {
	r := &rooms{store: s, people: p, bus: b, hub: h, clock: c, presence: newPresence(s, b, c), open: map[string]*room{}}
	r.channels = cache.NewInvalidated(b, topicChannel, r.loadChannel)
	b.Subscribe(topicMessages, func(id string) { r.each(id, func(o *room) { poke(o.wake) }) })
	b.Subscribe(topicChanges, func(id string) { r.each(id, (*room).wakeChanges) })
	b.Subscribe(topicPresence, func(id string) { r.each(id, (*room).wakePresence) })
	b.Subscribe(topicTyping, r.onTyping)
	b.Subscribe(topicPush, r.onPush)
	return r
}

func (r *rooms) loadChannel(ctx context.Context, id string) (channel, bool, error) {
	c, err := r.store.channelByID(ctx, id)
	if db.IsNotFound(err) {
		return channel{}, false, nil
	}
	return *c, err == nil, err
}

// each calls fn for the room with an id, or for all when the id is empty: what was signalled meanwhile is unknown.
func (r *rooms) each(id string, fn func(*room)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != "" {
		if o := r.open[id]; o != nil {
			fn(o)
		}
		return
	}
	for _, o := range r.open {
		fn(o)
	}
}

func (r *rooms) onTyping(key string) {
	id, user, ok := strings.Cut(key, " ")
	if ok {
		r.each(id, func(o *room) { o.wakeTyping(user) })
	}
}

// Push implements chatapi.Pusher.
func (r *rooms) Push(userID string, notification any) {
	raw, err := json.Marshal(notification)
	if err != nil {
		slog.Error("a notification can't be encoded", "error", err)
		return
	}
	r.bus.SendSignal(topicPush, userID+" "+string(raw))
}

func (r *rooms) onPush(key string) {
	user, raw, ok := strings.Cut(key, " ")
	if !ok {
		return
	}
	f, err := notificationFrame(jsontext.Value(raw))
	if err != nil {
		slog.Error("a notification is no JSON object", "error", err)
		return
	}
	r.hub.SendToUser(user, f)
}

// enter gives the room of a channel, opening it with h as what was delivered so far.
func (r *rooms) enter(slug string, h head) *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.open[h.ID]
	if o == nil {
		o = newRoom(r, slug, h)
		r.open[h.ID] = o
		go o.run()
	}
	o.guests++
	return o
}

func (r *rooms) leave(o *room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o.guests--; o.guests == 0 {
		delete(r.open, o.id)
		close(o.stop)
	}
}

// Run polls, keeps presence alive and tidies up until ctx ends.
func (r *rooms) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { r.presence.run(ctx) })
	lifecycle.RunEvery(ctx, "chat poll", pollEvery, r.poll)
	wg.Wait()
}

// poll wakes rooms that are behind the database.
func (r *rooms) poll(ctx context.Context) {
	ids := r.ids()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, roomTime)
	defer cancel()
	heads, err := r.store.heads(ctx, ids)
	if err != nil {
		slog.Debug("chat: could not poll", "error", err)
		return
	}
	for _, h := range heads {
		r.each(h.ID, func(o *room) { o.compare(h) })
	}
}

func (r *rooms) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, 0, len(r.open))
	for id := range r.open {
		out = append(out, id)
	}
	return out
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
