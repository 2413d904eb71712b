package presence

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// Topic is the topic of the signals that somebody came or went. The key is the channel's id.
const Topic = "chat.presence"

// Times of presence.
const (
	// heartbeatInterval is how often a replica with present accounts renews its row.
	heartbeatInterval = 3 * time.Second
	// leaveDelay is how long an account counts as present after its last socket closed, so that
	// reloading a page announces nothing.
	leaveDelay = 250 * time.Millisecond
	// joinTimeout bounds how long a new socket waits until its account is stored as present.
	joinTimeout = time.Second
	// writeTimeout bounds one write to the database.
	writeTimeout = 2500 * time.Millisecond
)

// place is one account in one channel, with any number of sockets.
type place struct{ channelID, accountID string }

// Registry knows who is present on this replica, stores it, and lists who is present on any
// replica.
type Registry struct {
	store     *store
	broadcast *broadcast.Bus
	clock     clock.Clock
	replicaID string
	wake      chan struct{}

	mu sync.Mutex
	// sockets counts the open sockets of each place.
	sockets map[place]int
	since   map[place]clock.Time
	// stored holds the places that the database has for this replica, or that the running write
	// adds.
	stored map[place]bool
	// dirty holds the places where sockets and stored may differ.
	dirty map[place]struct{}
	// nextWrite is closed when the next write, which takes what is dirty now, has ended.
	nextWrite chan struct{}
}

// NewRegistry returns a Registry for a replica with a new id. Its caller runs Run.
func NewRegistry(d *db.DB, b *broadcast.Bus, c clock.Clock) *Registry {
	return &Registry{
		store: &store{d}, broadcast: b, clock: c, replicaID: ids.New(), wake: make(chan struct{}, 1),
		sockets: map[place]int{}, since: map[place]clock.Time{}, stored: map[place]bool{},
		dirty: map[place]struct{}{}, nextWrite: make(chan struct{}),
	}
}

// Join counts a new socket of an account in a channel. For the account's first socket there it
// waits until the next write has ended, well or not, at most for a second.
func (r *Registry) Join(ctx context.Context, channelID, accountID string) {
	p := place{channelID, accountID}
	r.mu.Lock()
	r.sockets[p]++
	if r.sockets[p] > 1 || r.stored[p] {
		r.mu.Unlock()
		return
	}
	r.since[p] = r.clock.Now()
	r.dirty[p] = struct{}{}
	written := r.nextWrite
	r.mu.Unlock()
	r.wakeWriter()
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	select {
	case <-written:
	case <-ctx.Done():
	}
}

// Leave removes a socket that Join has counted. The account is present a little longer.
func (r *Registry) Leave(channelID, accountID string) {
	p := place{channelID, accountID}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sockets[p]--; r.sockets[p] > 0 {
		return
	}
	delete(r.sockets, p)
	time.AfterFunc(leaveDelay, func() {
		r.mu.Lock()
		r.dirty[p] = struct{}{}
		r.mu.Unlock()
		r.wakeWriter()
	})
}

// List returns the accounts that are present in a channel on any living replica, the earliest
// first.
func (r *Registry) List(ctx context.Context, channelID string) ([]Entry, error) {
	return r.store.listPresent(ctx, channelID)
}

// RemoveDeadReplicas deletes the rows of replicas that ended without removing them.
func (r *Registry) RemoveDeadReplicas(ctx context.Context) error {
	return r.store.db.InTx(ctx, r.store.deleteDeadReplicas)
}

// Run writes changes as they come, and renews the replica's row, until ctx ends. Then it removes
// everybody. The loop is written out because lifecycle.RunEvery can't be woken between two beats.
func (r *Registry) Run(ctx context.Context) {
	heartbeat := time.NewTicker(heartbeatInterval)
	defer heartbeat.Stop()
	for {
		select {
		case <-ctx.Done():
			r.removeAll()
			return
		case <-r.wake:
			r.write(ctx, false)
		case <-heartbeat.C:
			r.write(ctx, true)
		}
	}
}

// wakeWriter makes Run write what is dirty. Several calls before the write are one.
func (r *Registry) wakeWriter() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// removeAll removes everybody from the database, so that the other replicas need not wait for this
// one to count as dead.
func (r *Registry) removeAll() {
	r.mu.Lock()
	r.sockets = map[place]int{}
	for p := range r.stored {
		r.dirty[p] = struct{}{}
	}
	r.mu.Unlock()
	r.write(context.Background(), false)
}

// write brings the database to what is open now and signals the channels that changed. After an
// error everything stays dirty until the next write, at the latest that of the next heartbeat.
func (r *Registry) write(ctx context.Context, isHeartbeat bool) {
	joined, left, written := r.takeDirty()
	defer close(written)
	if len(joined)+len(left) == 0 && (!isHeartbeat || r.isEmpty()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := r.save(ctx, joined, left); err != nil {
		slog.Debug("chat: presence not written", "error", err)
		r.restoreDirty(joined, left)
		return
	}
	r.signalChannels(joined, left)
}

// takeDirty returns who came and who left, and notes both as stored; restoreDirty undoes that if
// the write fails. The caller closes written after the write.
func (r *Registry) takeDirty() (joined, left []Entry, written chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	written, r.nextWrite = r.nextWrite, make(chan struct{})
	for p := range r.dirty {
		switch isOpen := r.sockets[p] > 0; {
		case isOpen && !r.stored[p]:
			joined = append(joined, Entry{p.channelID, p.accountID, r.since[p]})
			r.stored[p] = true
		case !isOpen && r.stored[p]:
			left = append(left, Entry{ChannelID: p.channelID, UserID: p.accountID})
			delete(r.stored, p)
			delete(r.since, p)
		}
	}
	clear(r.dirty)
	return joined, left, written
}

// save writes one set of changes in a transaction. If the other replicas took this one for dead and
// deleted its rows, it writes everybody again.
func (r *Registry) save(ctx context.Context, joined, left []Entry) error {
	return r.store.db.InTx(ctx, func(ctx context.Context) error {
		isNew, err := r.store.renewReplica(ctx, r.replicaID)
		if err != nil {
			return err
		}
		toAdd := joined
		if isNew {
			toAdd = r.listStored()
		}
		for _, e := range toAdd {
			if err := r.store.addPresent(ctx, r.replicaID, e); err != nil {
				return err
			}
		}
		for _, e := range left {
			if err := r.store.removePresent(ctx, r.replicaID, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// restoreDirty undoes takeDirty after a failed write.
func (r *Registry) restoreDirty(joined, left []Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range joined {
		p := place{e.ChannelID, e.UserID}
		delete(r.stored, p)
		r.dirty[p] = struct{}{}
	}
	for _, e := range left {
		p := place{e.ChannelID, e.UserID}
		r.stored[p] = true
		if r.since[p].IsZero() {
			r.since[p] = r.clock.Now()
		}
		r.dirty[p] = struct{}{}
	}
}

// listStored returns everybody whom the database should have for this replica.
func (r *Registry) listStored() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := make([]Entry, 0, len(r.stored))
	for p := range r.stored {
		entries = append(entries, Entry{p.channelID, p.accountID, r.since[p]})
	}
	return entries
}

// isEmpty returns whether nobody is stored for this replica.
func (r *Registry) isEmpty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.stored) == 0
}

// signalChannels wakes the feeds of the channels in which somebody came or went, each once.
func (r *Registry) signalChannels(joined, left []Entry) {
	signaled := map[string]bool{}
	for _, e := range append(joined, left...) {
		if !signaled[e.ChannelID] {
			signaled[e.ChannelID] = true
			r.broadcast.SendSignal(Topic, e.ChannelID)
		}
	}
}
