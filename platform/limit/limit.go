package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/apperr"
)

// Budget is a rate under a name, which clients see in RateLimit (draft-ietf-httpapi-ratelimit-headers).
type Budget struct {
	Name string
	Rate Rate
}

// Times around Redis. A call that takes longer counts as Redis being away: then the process counts by
// itself for a while before it asks again.
const (
	callTime  = 500 * time.Millisecond
	awayTime  = time.Second
	payTime   = 20 * time.Millisecond
	keyPrefix = "lyceum:limit:"
)

// Limiter counts. One that is nil or disabled lets everything pass.
type Limiter struct {
	redis   redis.UniversalClient
	local   *local
	key     []byte
	enabled bool
	// away is until when Redis is not asked, in nanoseconds since 1970.
	away atomic.Int64

	mu sync.Mutex
	// owed are hits to be given back: with the next call, or shortly by themselves.
	owed []string
}

// New makes a limiter. Without r it counts in this process alone; key keeps addresses and accounts
// unreadable in Redis.
func New(r redis.UniversalClient, key []byte, enabled bool) *Limiter {
	return &Limiter{redis: r, local: newLocal(), key: key, enabled: enabled}
}

// Result is how a hit went.
type Result struct {
	Budget
	// Passed says whether the hit is within the rate.
	Passed bool
	// Remaining hits of the window.
	Remaining int
	// Reset is how long the window lasts yet.
	Reset time.Duration

	key   string
	taken time.Time
	off   bool
}

// Off says that nothing is limited, so that there is nothing to tell.
func (r Result) Off() bool { return r.off }

// Err is 429 rate-limited for a hit beyond the rate, else nil.
func (r Result) Err(detail string) error {
	if r.Passed {
		return nil
	}
	e := apperr.ProblemRateLimited.New(detail)
	e.RetryAfter = max(r.Reset, time.Second)
	e.Limit = r.State()
	return e
}

// State is what clients are told of the budget.
func (r Result) State() *apperr.Limit {
	return &apperr.Limit{Name: r.Name, Quota: r.Rate.Hits, Window: r.Rate.Window, Remaining: r.Remaining, Reset: r.Reset}
}

// Take counts one hit of who, which may be anything that names somebody.
func (l *Limiter) Take(ctx context.Context, b Budget, who string) Result {
	if l == nil || !l.enabled {
		return Result{Budget: b, Passed: true, off: true}
	}
	r := Result{Budget: b, key: l.keyOf(b.Name, who), taken: time.Now()}
	count, left, ok := l.count(ctx, r.key, b.Rate.Window)
	if ok {
		l.local.learn(r.key, count, r.taken.Add(left))
	} else {
		count, left = l.local.hit(r.key, b.Rate.Window, r.taken)
	}
	r.Passed = count <= int64(b.Rate.Hits)
	r.Remaining = int(max(int64(b.Rate.Hits)-count, 0))
	r.Reset = left
	return r
}

// GiveBack takes a hit back, as for a password that was right: work that must be limited before its
// outcome is known reserves its hit first. It costs no call of its own where others follow soon.
func (l *Limiter) GiveBack(_ context.Context, r Result) {
	// Near its end the window may be over before the call arrives, and the next one is not ours to change.
	if r.off || !r.Passed || time.Since(r.taken) > r.Reset-2*callTime {
		return
	}
	l.local.giveBack(r.key)
	if !l.asks() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owed = append(l.owed, r.key); len(l.owed) == 1 {
		time.AfterFunc(payTime, l.pay)
	}
}

// pay gives back what no other call has taken along.
func (l *Limiter) pay() {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	p := l.redis.Pipeline()
	if paid := l.payWith(ctx, p); len(paid) > 0 {
		_, err := p.Exec(ctx)
		l.settle(ctx, paid, err)
	}
}

// payWith adds what is owed to a pipeline.
func (l *Limiter) payWith(ctx context.Context, p redis.Pipeliner) (paid []*redis.IntCmd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range l.owed {
		paid = append(paid, p.Decr(ctx, key))
	}
	l.owed = nil
	return paid
}

// settle removes counters that were gone by then: nothing without an end may stay.
func (l *Limiter) settle(ctx context.Context, paid []*redis.IntCmd, err error) {
	if err != nil {
		l.failed(err)
		return
	}
	for _, cmd := range paid {
		if cmd.Val() < 0 {
			l.redis.Del(ctx, cmd.Args()[1].(string))
		}
	}
}

// count asks Redis; ok is false when it can't be asked.
func (l *Limiter) count(ctx context.Context, key string, window time.Duration) (n int64, left time.Duration, ok bool) {
	if !l.asks() {
		return 0, 0, false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	p := l.redis.Pipeline()
	paid := l.payWith(ctx, p)
	incr := p.Incr(ctx, key)
	p.Do(ctx, "pexpire", key, window.Milliseconds(), "nx")
	ttl := p.PTTL(ctx, key)
	_, err := p.Exec(ctx)
	l.settle(ctx, paid, err)
	if err != nil {
		return 0, 0, false
	}
	left = ttl.Val()
	if left < 0 || left > window {
		left = window
	}
	return incr.Val(), left, true
}

func (l *Limiter) asks() bool { return l.redis != nil && time.Now().UnixNano() >= l.away.Load() }

// failed notes that Redis is away. One call after the pause tries again, the others go on locally.
func (l *Limiter) failed(err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, redis.ErrClosed) {
		return
	}
	before := l.away.Swap(time.Now().Add(awayTime).UnixNano())
	if time.Since(time.Unix(0, before)) > 10*awayTime {
		slog.Warn("limits are counted by this process alone while Redis is away", "error", err)
	}
}

func (l *Limiter) keyOf(name, who string) string {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte(who))
	return keyPrefix + name + ":" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// Seconds is a duration in whole seconds, rounded up, as headers carry it.
func Seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
