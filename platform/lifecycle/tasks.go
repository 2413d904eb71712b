package lifecycle

import (
	"context"
	"sync"
)

// Tasks runs short work that a request has begun and does not wait for, such as deleting a file after the
// commit. Its owner waits for the work before the server closes its connections. The zero value is ready.
// It is safe for concurrent use.
type Tasks struct {
	mu      sync.Mutex
	running int
	// idle is closed once nothing runs; it is nil while nobody waits.
	idle chan struct{}
}

// Run calls work on a goroutine of its own, with a context that does not end before work returns. Work
// bounds its own time. The name stands in the log if work panics, which does not end the process.
func (t *Tasks) Run(name string, work func(ctx context.Context)) {
	t.mu.Lock()
	t.running++
	t.mu.Unlock()
	go func() {
		defer t.finishOne()
		_ = runGuarded(context.Background(), name, work)
	}()
}

// finishOne counts a piece of work as ended and wakes those who wait for the last.
func (t *Tasks) finishOne() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running--; t.running == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// Wait returns when no work runs.
func (t *Tasks) Wait() {
	t.mu.Lock()
	if t.running == 0 {
		t.mu.Unlock()
		return
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	idle := t.idle
	t.mu.Unlock()
	<-idle
}

// WaitAtStop returns a background that ends, with its context, when no work runs any more.
func (t *Tasks) WaitAtStop(name string) Background {
	return Background{Name: name, Run: func(ctx context.Context) {
		<-ctx.Done()
		t.Wait()
	}}
}
