package limit_test

import (
	"testing"
	"time"

	"lyceum/platform/limit"
	"lyceum/platform/testkit"
)

// What a limited request pays for its count, by this process alone and in Redis.
func BenchmarkTake(b *testing.B) {
	huge := limit.Budget{Name: "huge", Rate: limit.Rate{Hits: 1_000_000_000, Window: time.Hour}}
	for name, l := range map[string]*limit.Limiter{"alone": limit.New(nil, []byte("key"), true), "redis": limit.New(clientOf(b, testkit.Redis(b)), []byte("key"), true)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				l.Take(b.Context(), huge, "me")
			}
		})
	}
}
