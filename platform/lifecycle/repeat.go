package lifecycle

import (
	"context"
	"time"
)

// RunEvery calls run each interval until ctx ends. The first call comes after one interval. A call
// that takes longer than the interval delays the next one; calls that were missed are not made up
// for. The name stands in the log if run panics.
func RunEvery(ctx context.Context, name string, interval time.Duration, run func(context.Context)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = runGuarded(ctx, name, run)
		}
	}
}

// RunRepeatedly calls run at once, and again after a pause each time that it has returned, until ctx ends.
// The name stands in the log if run panics.
func RunRepeatedly(ctx context.Context, name string, pause time.Duration, run func(context.Context)) {
	for {
		_ = runGuarded(ctx, name, run)
		if !Sleep(ctx, pause) {
			return
		}
	}
}

// Sleep waits for d. It returns false at once if ctx ends before that.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
