package limit

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// hit is one hit that is to be counted in Redis, and the outcome.
type hit struct {
	key    string
	window time.Duration

	// count is the value of the counter, ends the end of its window. Both are zero if Redis could not be
	// asked.
	count int64
	ends  time.Time
}

// errAway says that Redis is not asked at the moment.
var errAway = errors.New("limit: Redis is away")

// counter is what a batch does with one counter in Redis: it adds all hits of the counter at once.
type counter struct {
	hits  []*hit
	count *redis.IntCmd
	// ends is the end of the window, if Redis has told it to this process before. Otherwise left asks for it.
	ends time.Time
	left *redis.DurationCmd
}

// sendHits adds the hits of a batch to their counters and notes the outcomes. It returns an error if Redis can't be
// asked. It does not depend on a request, as the hit of a client that hangs up must count.
func (l *Limiter) sendHits(hits []*hit) error {
	if !l.canAskRedis() {
		return errAway // the batch before has found out
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	pipeline := l.redis.Pipeline()
	repaid := l.appendOwed(ctx, pipeline)
	counters := groupByCounter(hits)
	now := time.Now()
	for _, c := range counters {
		first := c.hits[0]
		c.count = pipeline.IncrBy(ctx, first.key, int64(len(c.hits)))
		// Always behind it: a counter without an end would refuse its subject forever.
		pipeline.Do(ctx, "pexpire", first.key, first.window.Milliseconds(), "nx")
		if c.ends = l.local.knownEnd(first.key, now); c.ends.IsZero() {
			c.left = pipeline.PTTL(ctx, first.key)
		}
	}
	_, err := pipeline.Exec(ctx)
	l.checkRepaid(ctx, repaid, err)
	if err == nil {
		err = l.askForNewEnds(ctx, counters)
	}
	if err != nil {
		return err
	}
	now = time.Now()
	for _, c := range counters {
		c.noteOutcomes(now)
	}
	return nil
}

// askForNewEnds asks for the ends of counters that turned out to be new although this process knew an end: Redis has
// lost them, or their window was a little shorter.
func (l *Limiter) askForNewEnds(ctx context.Context, counters []*counter) error {
	pipeline := l.redis.Pipeline()
	for _, c := range counters {
		if c.left == nil && c.count.Val() <= int64(len(c.hits)) {
			c.left = pipeline.PTTL(ctx, c.hits[0].key)
		}
	}
	if pipeline.Len() == 0 {
		return nil
	}
	_, err := pipeline.Exec(ctx)
	if err != nil {
		l.markAway(err)
	}
	return err
}

// groupByCounter returns the counters of hits, each with its hits in the order of their arrival.
func groupByCounter(hits []*hit) []*counter {
	counters := make([]*counter, 0, len(hits))
	known := make(map[string]*counter, len(hits))
	for _, h := range hits {
		c := known[h.key]
		if c == nil {
			c = &counter{}
			known[h.key], counters = c, append(counters, c)
		}
		c.hits = append(c.hits, h)
	}
	return counters
}

// noteOutcomes tells each hit the value that the counter had with it, and the end of its window. now is when Redis has
// answered.
func (c *counter) noteOutcomes(now time.Time) {
	window := c.hits[0].window
	if c.left != nil {
		left := c.left.Val()
		if left < 0 || left > window {
			left = window
		}
		c.ends = now.Add(left)
	}
	before := c.count.Val() - int64(len(c.hits))
	for i, h := range c.hits {
		h.count, h.ends = before+int64(i)+1, c.ends
	}
}
