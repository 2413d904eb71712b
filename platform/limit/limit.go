package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/apperr"
	"lyceum/platform/batching"
	"lyceum/platform/db"
)

// Budget is a rate with a name. Clients see both in the RateLimit headers
// (draft-ietf-httpapi-ratelimit-headers).
type Budget struct {
	Name string
	Rate Rate
}

const (
	// callTimeout is the time after which Redis counts as unreachable.
	callTimeout = 500 * time.Millisecond
	// awayPause is how long the process counts by itself before it asks Redis again. Without it each
	// request would wait for callTimeout.
	awayPause = time.Second
	// repayDelay is how long a hit that was given back waits for another call to Redis to join.
	repayDelay = 20 * time.Millisecond
	keyPrefix  = "lyceum:limit:"
)

// Limiter counts hits. Make one with New. A nil or disabled limiter lets every hit pass. It is safe
// for concurrent use.
type Limiter struct {
	redis redis.UniversalClient
	hits  *batching.Group[*hit]
	local *localCounter
	// macs holds hashes with the key that turns subjects into names.
	macs    sync.Pool
	enabled bool
	// awayUntil is the time until which Redis is not asked, in nanoseconds since 1970.
	awayUntil atomic.Int64

	mu sync.Mutex
	// owedKeys are the keys of hits that were given back and are still counted in Redis.
	owedKeys []string
}

// New returns a limiter. Without a Redis client it counts in this process alone. The key turns
// accounts and addresses into names that Redis may see; replicas must use the same one.
func New(r redis.UniversalClient, key []byte, enabled bool) *Limiter {
	l := &Limiter{redis: r, local: newLocalCounter(), enabled: enabled}
	l.macs.New = func() any { return hmac.New(sha256.New, key) }
	l.hits = batching.NewGroup(l.sendHits)
	return l
}

// Result is the outcome of one hit.
type Result struct {
	Budget
	// Passed is true if the hit is within the rate.
	Passed bool
	// Remaining is the number of hits that are left in the window.
	Remaining int
	// Reset is the time until the window ends.
	Reset time.Duration

	key       string
	takenAt   time.Time
	unlimited bool
}

// IsUnlimited returns whether the limiter is off, so that clients get no RateLimit headers.
func (r Result) IsUnlimited() bool { return r.unlimited }

// RefusalError returns nil for a hit that passed. For others it returns 429 rate-limited with the
// given detail, the budget, and a Retry-After of at least a second.
func (r Result) RefusalError(detail string) error {
	if r.Passed {
		return nil
	}
	e := apperr.ProblemRateLimited.New(detail)
	e.RetryAfter = max(r.Reset, time.Second)
	e.Limit = r.ClientLimit()
	return e
}

// ClientLimit returns what the RateLimit headers tell a client about the budget.
func (r Result) ClientLimit() *apperr.Limit {
	return &apperr.Limit{
		Name: r.Name, Quota: r.Rate.Hits, Window: r.Rate.Window, Remaining: r.Remaining, Reset: r.Reset,
	}
}

// TakeHit counts one hit of a subject, such as an account or an address, and returns whether it is
// within the rate. It never fails: while Redis is unreachable this process counts by itself.
func (l *Limiter) TakeHit(ctx context.Context, b Budget, subject string) Result {
	if l == nil || !l.enabled {
		return Result{Budget: b, Passed: true, unlimited: true}
	}
	db.RequireNoTx(ctx, "a rate limit")
	r := Result{Budget: b, key: l.counterKey(b.Name, subject), takenAt: time.Now()}
	h := &hit{key: r.key, window: b.Rate.Window}
	if l.canAskRedis() && l.hits.Do(h) == nil {
		l.local.adoptCount(h.key, h.count, h.ends)
	} else {
		h.count, h.ends = l.local.countHit(h.key, h.window, r.takenAt)
	}
	r.Passed = h.count <= int64(b.Rate.Hits)
	if !r.Passed {
		refusals.WithLabelValues(b.Name).Inc()
	}
	r.Remaining = int(max(int64(b.Rate.Hits)-h.count, 0))
	r.Reset = max(time.Until(h.ends), 0)
	return r
}

// GiveBack takes a hit out of the count, for work that turned out not to count, such as a correct
// password. A hit that did not pass is not given back: refused attempts must not make room for more.
// Usually it costs no call of its own, as the next call to Redis within 20 ms carries it along.
func (l *Limiter) GiveBack(_ context.Context, r Result) {
	// Close to the end of the window the call might arrive in the next window and lower its count.
	if r.unlimited || !r.Passed || time.Since(r.takenAt) > r.Reset-2*callTimeout {
		return
	}
	l.local.giveBack(r.key)
	if !l.canAskRedis() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owedKeys = append(l.owedKeys, r.key); len(l.owedKeys) == 1 {
		time.AfterFunc(repayDelay, l.repayOwed)
	}
}

// repayOwed subtracts the owed hits that no other call has carried along.
func (l *Limiter) repayOwed() {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	pipeline := l.redis.Pipeline()
	if repaid := l.appendOwed(ctx, pipeline); len(repaid) > 0 {
		_, err := pipeline.Exec(ctx)
		l.checkRepaid(ctx, repaid, err)
	}
}

// appendOwed moves the owed hits into a pipeline and returns its commands.
func (l *Limiter) appendOwed(ctx context.Context, p redis.Pipeliner) (repaid []*redis.IntCmd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range l.owedKeys {
		repaid = append(repaid, p.Decr(ctx, key))
	}
	l.owedKeys = nil
	return repaid
}

// checkRepaid removes counters whose window had ended before the hit was subtracted: DECR has made
// them anew at -1 and without an end.
func (l *Limiter) checkRepaid(ctx context.Context, repaid []*redis.IntCmd, err error) {
	if err != nil {
		l.markAway(err)
		return
	}
	for _, cmd := range repaid {
		if cmd.Val() < 0 {
			l.redis.Del(ctx, cmd.Args()[1].(string))
		}
	}
}

// canAskRedis returns false without Redis, and during the pause after a failed call.
func (l *Limiter) canAskRedis() bool {
	return l.redis != nil && time.Now().UnixNano() >= l.awayUntil.Load()
}

// markAway begins a pause during which Redis is not asked. It logs the first failure of an outage:
// failures within ten pauses belong to the same one.
func (l *Limiter) markAway(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, redis.ErrClosed) {
		return
	}
	before := l.awayUntil.Swap(time.Now().Add(awayPause).UnixNano())
	if time.Since(time.Unix(0, before)) > 10*awayPause {
		slog.Warn("redis unreachable, rate limits are counted per process", "error", err)
	}
}

// counterKey returns the Redis key of a subject's counter: 128 bits of an HMAC, so that the key names
// no account and no address.
func (l *Limiter) counterKey(budget, subject string) string {
	h := l.macs.Get().(hash.Hash)
	defer l.macs.Put(h)
	h.Reset()
	h.Write([]byte(subject))
	var sum [sha256.Size]byte
	return keyPrefix + budget + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(sum[:0])[:16])
}

// WholeSeconds returns a duration in seconds, rounded up, as HTTP headers carry it: a client that
// waits that long does not come too early.
func WholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
