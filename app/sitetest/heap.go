package sitetest

import (
	"runtime"
	"time"
)

// WatchHeap begins to watch the heap of this process. The function that it returns ends that and
// returns by how many bytes the heap had grown at its peak.
func WatchHeap() (end func() int64) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	runtime.GC()
	base, peak := heap(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				peak = max(peak, heap())
			}
		}
	}()
	return func() int64 {
		close(stop)
		<-stopped
		return peak - base
	}
}
