package limit

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// hit is one hit that is to be counted in Redis, and the outcome.
type hit struct {
	key    string
	window time.Duration

	// count is the value of the counter, left the time until its window ends. Both are zero if Redis
	// could not be asked.
	count int64
	left  time.Duration
}

// batch is a group of hits that are sent to Redis together.
type batch struct {
	hits []*hit
	// turn lets the first hit's request send the batch.
	turn chan struct{}
	// sent is closed when the outcomes are there.
	sent chan struct{}
	ok   bool
}

// batcher sends hits in batches: while one is under way, the hits that arrive gather in the next. So a hit that
// comes alone is sent at once, and many at a time share a round trip. The requests send the batches
// themselves, each the one that it began.
type batcher struct {
	send func([]*hit) bool

	mu sync.Mutex
	// isSending is true while a batch is under way. Then next gathers hits; it is nil if there are none.
	isSending bool
	next      *batch
}

// countHit sends a hit with others and waits for the outcome. It returns false if Redis could not be asked.
func (b *batcher) countHit(h *hit) bool {
	own, isFirst := b.join(h)
	if isFirst {
		<-own.turn
		b.sendBatch(own)
	}
	<-own.sent
	return own.ok
}

// join adds a hit to the next batch and returns it, and whether the hit is its first.
func (b *batcher) join(h *hit) (own *batch, isFirst bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = &batch{turn: make(chan struct{}, 1), sent: make(chan struct{})}
		if !b.isSending {
			b.isSending = true
			b.next.turn <- struct{}{}
		}
	}
	b.next.hits = append(b.next.hits, h)
	return b.next, len(b.next.hits) == 1
}

// sendBatch closes a batch to further hits, sends it, and gives the turn to the one after it.
func (b *batcher) sendBatch(own *batch) {
	b.mu.Lock()
	b.next = nil
	b.mu.Unlock()
	defer func() {
		close(own.sent)
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.next == nil {
			b.isSending = false
		} else {
			b.next.turn <- struct{}{}
		}
	}()
	own.ok = b.send(own.hits)
}

// sendHits adds hits to their counters and notes the outcomes. It returns false if Redis can't be asked. It does
// not depend on a request, as the hit of a client that hangs up must count.
func (l *Limiter) sendHits(hits []*hit) bool {
	if !l.canAskRedis() {
		return false // the batch before has found out
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	pipeline := l.redis.Pipeline()
	repaid := l.appendOwed(ctx, pipeline)
	counts, ends := make([]*redis.IntCmd, len(hits)), make([]*redis.DurationCmd, len(hits))
	for i, h := range hits {
		counts[i] = pipeline.Incr(ctx, h.key)
		pipeline.Do(ctx, "pexpire", h.key, h.window.Milliseconds(), "nx")
		ends[i] = pipeline.PTTL(ctx, h.key)
	}
	_, err := pipeline.Exec(ctx)
	l.checkRepaid(ctx, repaid, err)
	if err != nil {
		return false
	}
	for i, h := range hits {
		h.count, h.left = counts[i].Val(), ends[i].Val()
		if h.left < 0 || h.left > h.window {
			h.left = h.window
		}
	}
	return true
}
