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

	// count is the value of the counter, left the time until its window ends. Both are zero if Redis
	// could not be asked.
	count int64
	left  time.Duration
}

// errAway says that Redis is not asked at the moment.
var errAway = errors.New("limit: Redis is away")

// counter is what a batch does with one counter in Redis: it adds all hits of the counter at once.
type counter struct {
	hits  []*hit
	count *redis.IntCmd
	// left is the time until the window ends, if this process knows it. Otherwise end asks for it.
	left time.Duration
	end  *redis.DurationCmd
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
		c.count = pipeline.IncrBy(ctx, c.hits[0].key, int64(len(c.hits)))
		if c.left = l.local.leftOf(c.hits[0].key, now); c.left <= 0 {
			c.askForEnd(ctx, pipeline)
		}
	}
	_, err := pipeline.Exec(ctx)
	l.checkRepaid(ctx, repaid, err)
	if err == nil {
		err = l.beginWindows(ctx, counters)
	}
	if err != nil {
		return err
	}
	for _, c := range counters {
		c.noteOutcomes()
	}
	return nil
}

// beginWindows gives an end to the counters that turned out to be new although this process knew their window: Redis
// has lost them, or their window was a little shorter. A counter must not stay without an end, which would refuse its
// subject forever.
func (l *Limiter) beginWindows(ctx context.Context, counters []*counter) error {
	pipeline := l.redis.Pipeline()
	for _, c := range counters {
		if c.end == nil && c.count.Val() <= int64(len(c.hits)) {
			c.askForEnd(ctx, pipeline)
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

// askForEnd adds the commands that give a new counter its end and ask for it.
func (c *counter) askForEnd(ctx context.Context, pipeline redis.Pipeliner) {
	first := c.hits[0]
	pipeline.Do(ctx, "pexpire", first.key, first.window.Milliseconds(), "nx")
	c.end = pipeline.PTTL(ctx, first.key)
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

// noteOutcomes tells each hit the value that the counter had with it.
func (c *counter) noteOutcomes() {
	before, left := c.count.Val()-int64(len(c.hits)), c.left
	if c.end != nil {
		left = c.end.Val()
	}
	for i, h := range c.hits {
		h.count, h.left = before+int64(i)+1, left
		if left < 0 || left > h.window {
			h.left = h.window
		}
	}
}
