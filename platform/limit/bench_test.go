package limit_test

import (
	"testing"
	"time"

	"lyceum/platform/limit"
	"lyceum/platform/testkit"
)

// BenchmarkTakeHit measures what a limited request pays for its count, in this process and in Redis.
func BenchmarkTakeHit(b *testing.B) {
	huge := limit.Budget{Name: "huge", Rate: limit.Rate{Hits: 1_000_000_000, Window: time.Hour}}
	for name, l := range map[string]*limit.Limiter{
		"alone": limit.New(nil, []byte("key"), true),
		"redis": limit.New(newClient(b, testkit.Redis(b)), []byte("key"), true),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l.TakeHit(b.Context(), huge, "me")
			}
		})
	}
}
