package limit

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxLocal bounds the windows that one process remembers; whoever was not seen longest is forgotten first.
const maxLocal = 200_000

// local counts in this process.
type local struct {
	mu      sync.Mutex
	windows *lru.Cache[string, *window]
}

type window struct {
	count int64
	ends  time.Time
}

func newLocal() *local {
	windows, err := lru.New[string, *window](maxLocal)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &local{windows: windows}
}

// hit counts one and says how many there are in the window and how long it lasts yet.
func (l *local) hit(key string, length time.Duration, now time.Time) (int64, time.Duration) {
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

// learn notes what all replicas together have counted, so that this one goes on from there when it
// has to count alone.
func (l *local) learn(key string, count int64, ends time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Answers may overtake each other: within one window the count only rises.
	if w, ok := l.windows.Get(key); ok && w.count > count && ends.Sub(w.ends) < time.Second {
		return
	}
	l.windows.Add(key, &window{count, ends})
}

func (l *local) giveBack(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w, ok := l.windows.Peek(key); ok && w.count > 0 {
		w.count--
	}
}
