package limit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"math"
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
	e := apperr.New(429, "rate-limited", detail)
	e.RetryAfter = max(r.Reset, time.Second)
	e.Limit = &apperr.Limit{Name: r.Name, Quota: r.Rate.Hits, Window: r.Rate.Window, Remaining: r.Remaining, Reset: r.Reset}
	return e
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
// outcome is known reserves its hit first.
func (l *Limiter) GiveBack(ctx context.Context, r Result) {
	// Near its end the window may be over before the call arrives, and the next one is not ours to change.
	if r.off || !r.Passed || time.Since(r.taken) > r.Reset-callTime {
		return
	}
	l.local.giveBack(r.key)
	if !l.asks() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	if n, err := l.redis.Decr(ctx, r.key).Result(); err != nil {
		l.failed(err)
	} else if n < 0 {
		l.redis.Del(ctx, r.key) // the window ended all the same: nothing without an end may stay
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
	incr := p.Incr(ctx, key)
	p.Do(ctx, "pexpire", key, window.Milliseconds(), "nx")
	ttl := p.PTTL(ctx, key)
	if _, err := p.Exec(ctx); err != nil {
		l.failed(err)
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
	if errors.Is(err, context.Canceled) {
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
