package limit

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxLocalWindows bounds the memory of one process. The windows that were used the longest time ago
// are forgotten first.
const maxLocalWindows = 200_000

// localCounter counts in the memory of this process. It is safe for concurrent use.
type localCounter struct {
	mu      sync.Mutex
	windows *lru.Cache[string, *window]
}

// window is the count of one key until its end.
type window struct {
	count int64
	ends  time.Time
}

// newLocalCounter returns a counter that has seen no key.
func newLocalCounter() *localCounter {
	windows, err := lru.New[string, *window](maxLocalWindows)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &localCounter{windows: windows}
}

// countHit adds one hit. It returns the count of the window and the time until it ends. A window
// begins with its first hit and has the given length.
func (l *localCounter) countHit(key string, length time.Duration, now time.Time) (int64, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows.Get(key)
	if !ok || !now.Before(w.ends) {
		w = &window{ends: now.Add(length)}
		l.windows.Add(key, w)
	}
	w.count++
	return w.count, w.ends.Sub(now)
}

// adoptCount takes over the count that Redis has answered, so that this process goes on from there
// if Redis becomes unreachable. Answers may overtake each other: within one window, whose end they
// report with less than a second of difference, a lower count is older and is ignored.
func (l *localCounter) adoptCount(key string, count int64, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Get(key); ok && w.count > count && ends.Sub(w.ends) < time.Second {
		return
	}
	l.windows.Add(key, &window{count, ends})
}

// leftOf returns the time until the window of a key ends, and 0 if it has ended or is not known.
func (l *localCounter) leftOf(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Get(key); ok {
		return max(w.ends.Sub(now), 0)
	}
	return 0
}

// giveBack takes one hit out of the window of a key, if it is still known.
func (l *localCounter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Peek(key); ok && w.count > 0 {
		w.count--
	}
}
