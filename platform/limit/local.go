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
	// isTold says that the end is the one that Redis has told.
	isTold bool
}

// newLocalCounter returns a counter that has seen no key.
func newLocalCounter() *localCounter {
	windows, err := lru.New[string, *window](maxLocalWindows)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &localCounter{windows: windows}
}

// countHit adds one hit. It returns the count of the window and its end. A window begins with its first
// hit and has the given length.
func (l *localCounter) countHit(key string, length time.Duration, now time.Time) (int64, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w, ok := l.windows.Get(key)
	if !ok || !now.Before(w.ends) {
		w = &window{ends: now.Add(length)}
		l.windows.Add(key, w)
	}
	w.count++
	w.isTold = false // Redis may count in another window when it is back
	return w.count, w.ends
}

// adoptCount takes over the count and the end that Redis has answered, so that this process goes on from there
// if Redis becomes unreachable. Answers may overtake each other: within one window, whose end they
// report with less than a second of difference, a lower count is older and is ignored.
func (l *localCounter) adoptCount(key string, count int64, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Get(key); ok && w.count > count && ends.Sub(w.ends) < time.Second {
		return
	}
	l.windows.Add(key, &window{count, ends, true})
}

// knownEnd returns the end of the window of a key, if Redis has told it and it is after now. Otherwise it returns the
// zero time, also for a count of 0: the next hit would look like the first of a window.
func (l *localCounter) knownEnd(key string, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Get(key); ok && w.isTold && w.count > 0 && now.Before(w.ends) {
		return w.ends
	}
	return time.Time{}
}

// giveBack takes one hit out of the window of a key, if it is still known.
func (l *localCounter) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Peek(key); ok && w.count > 0 {
		w.count--
	}
}
