package chat

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

const (
	// beatEvery is how often a replica with people in it says that it lives.
	beatEvery = 3 * time.Second
	// lingerTime is how long someone who left still counts, so that a reload shows nothing.
	lingerTime = 250 * time.Millisecond
	// joinTime is how long a socket waits for its arrival to be known everywhere.
	joinTime = time.Second
)

// seat is one person in one channel, on however many sockets.
type seat struct{ channelID, userID string }

// presence keeps who is on this replica in the database, where all replicas read it: a row per
// seat, and one per replica that it renews while it lives. Whatever changes while one write runs
// goes into the next, so a full room that reconnects costs a few transactions.
type presence struct {
	store   *store
	bus     *broadcast.Bus
	clock   clock.Clock
	replica string
	wake    chan struct{}

	mu sync.Mutex
	// sockets counts what is open; stored is what the database holds; dirty seats may differ.
	sockets map[seat]int
	since   map[seat]clock.Time
	stored  map[seat]bool
	dirty   map[seat]struct{}
	// written is closed by the write that takes what is dirty now.
	written chan struct{}
}

func newPresence(s *store, b *broadcast.Bus, c clock.Clock) *presence {
	return &presence{store: s, bus: b, clock: c, replica: ids.New(), wake: make(chan struct{}, 1), sockets: map[seat]int{},
		since: map[seat]clock.Time{}, stored: map[seat]bool{}, dirty: map[seat]struct{}{}, written: make(chan struct{})}
}

// join counts a socket and waits a little for its person to be seen by all.
func (p *presence) join(ctx context.Context, s seat) {
	p.mu.Lock()
	p.sockets[s]++
	if p.sockets[s] > 1 || p.stored[s] {
		p.mu.Unlock()
		return
	}
	p.since[s] = p.clock.Now()
	p.dirty[s] = struct{}{}
	written := p.written
	p.mu.Unlock()
	poke(p.wake)
	ctx, cancel := context.WithTimeout(ctx, joinTime)
	defer cancel()
	select {
	case <-written:
	case <-ctx.Done():
	}
}

func (p *presence) leave(s seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sockets[s]--; p.sockets[s] > 0 {
		return
	}
	delete(p.sockets, s)
	time.AfterFunc(lingerTime, func() {
		p.mu.Lock()
		p.dirty[s] = struct{}{}
		p.mu.Unlock()
		poke(p.wake)
	})
}

// run writes changes when they come and everything at each beat, until ctx ends. The loop is written
// out, as lifecycle.RunEvery can't be woken between two beats.
func (p *presence) run(ctx context.Context) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			p.goodbye()
			return
		case <-p.wake:
			p.write(ctx, false)
		case <-beat.C:
			p.write(ctx, true)
		}
	}
}

// goodbye takes everybody off, rather than leaving it to the others to notice.
func (p *presence) goodbye() {
	p.mu.Lock()
	p.sockets = map[seat]int{}
	for s := range p.stored {
		p.dirty[s] = struct{}{}
	}
	p.mu.Unlock()
	p.write(context.Background(), false)
}

// write brings the database to what is open now; what fails stays dirty for the next beat.
func (p *presence) write(ctx context.Context, beat bool) {
	joined, left, written := p.collect()
	defer close(written)
	if len(joined)+len(left) == 0 && (!beat || p.empty()) {
		return
	}
	_, err := bounded(ctx, func(ctx context.Context) (bool, error) { return true, p.save(ctx, joined, left) })
	if err != nil {
		slog.Debug("chat: presence not written", "error", err)
		p.again(joined, left)
		return
	}
	p.signal(joined, left)
}

func (p *presence) save(ctx context.Context, joined, left []present) error {
	return p.store.db.InTx(ctx, func(ctx context.Context) error {
		fresh, err := p.store.seen(ctx, p.replica)
		if err != nil {
			return err
		}
		if fresh {
			// The others took this replica for dead and forgot who is here.
			joined = p.everyone()
		}
		for _, r := range joined {
			if err := p.store.addPresent(ctx, p.replica, r); err != nil {
				return err
			}
		}
		for _, r := range left {
			if err := p.store.removePresent(ctx, p.replica, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// collect takes what is dirty and notes it as stored.
func (p *presence) collect() (joined, left []present, written chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	written, p.written = p.written, make(chan struct{})
	for s := range p.dirty {
		switch on := p.sockets[s] > 0; {
		case on && !p.stored[s]:
			joined = append(joined, present{s.channelID, s.userID, p.since[s]})
			p.stored[s] = true
		case !on && p.stored[s]:
			left = append(left, present{ChannelID: s.channelID, UserID: s.userID})
			delete(p.stored, s)
			delete(p.since, s)
		}
	}
	clear(p.dirty)
	return joined, left, written
}

func (p *presence) again(joined, left []present) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range joined {
		delete(p.stored, seat{r.ChannelID, r.UserID})
		p.dirty[seat{r.ChannelID, r.UserID}] = struct{}{}
	}
	for _, r := range left {
		s := seat{r.ChannelID, r.UserID}
		p.stored[s] = true
		if p.since[s].IsZero() {
			p.since[s] = p.clock.Now()
		}
		p.dirty[s] = struct{}{}
	}
}

func (p *presence) everyone() []present {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]present, 0, len(p.stored))
	for s := range p.stored {
		out = append(out, present{s.channelID, s.userID, p.since[s]})
	}
	return out
}

func (p *presence) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.stored) == 0
}

func (p *presence) signal(joined, left []present) {
	told := map[string]bool{}
	for _, r := range append(joined, left...) {
		if !told[r.ChannelID] {
			told[r.ChannelID] = true
			p.bus.SendSignal(topicPresence, r.ChannelID)
		}
	}
}

// listPresent returns the accounts that are in a channel on any replica, the earliest first, and their names by account id.
// It returns 404 for a channel that does not exist and 403 for one that the caller may not read.
func (s *Service) listPresent(ctx context.Context, slug string) ([]present, map[string]usersapi.Person, error) {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.store.presentIn(ctx, []string{c.ID})
	if err != nil {
		return nil, nil, err
	}
	accounts := make([]string, len(found))
	for i, p := range found {
		accounts[i] = p.UserID
	}
	people, err := usersapi.Persons(ctx, s.accounts, accounts)
	return found, people, err
}
