package main

import (
	"fmt"
	"testing"

	"lyceum/app/sitetest"
)

// writers is how many clients change something at the same time.
const writers = 32

// BenchmarkSingleWriters measures what all replicas write one after the other, however many there are: entries of the
// audit chain, and messages of a channel. Two replicas, their clients, PostgreSQL and Redis share the machine.
func BenchmarkSingleWriters(b *testing.B) {
	sites := sitetest.StartReplicas(b, 2, "RATE_LIMIT_ENABLED=false")
	admin := sites[0].AdminToken()
	clients := []*sitetest.LoadClient{sites[0].NewLoadClient(b), sites[1].NewLoadClient(b)}
	courses := make([]string, writers)
	for i := range courses {
		courses[i] = sites[0].Want(201, "POST", "/courses", admin, map[string]any{"title": fmt.Sprint("Writer ", i)}).
			Text("id")
	}
	channels := []string{"hq"}
	for i := range 7 {
		channels = append(channels, sites[0].Want(201, "POST", "/channels", admin,
			map[string]any{"title": fmt.Sprint("Writers ", i), "visibility": "public"}).Text("slug"))
	}
	measure := func(name, method string, status int, path func(i int) string, body func(i int) string) {
		b.Run(name, func(b *testing.B) {
			rate := sitetest.MeasureRate(max(b.N, 20*writers), writers, func(i int) {
				if got := clients[i%2].Try(method, path(i), admin, body(i)); got != status {
					b.Errorf("%s %s: %d", method, path(i), got)
				}
			})
			b.ReportMetric(rate, "changes/s")
			b.ReportMetric(0, "ns/op")
		})
	}
	measure("audited changes", "PATCH", 200, func(i int) string { return "/courses/" + courses[i%writers] },
		func(i int) string { return fmt.Sprintf(`{"title":"Change %d"}`, i) })
	message := func(i int) string { return fmt.Sprintf(`{"body":"message %d"}`, i) }
	measure("messages of one channel", "POST", 201, func(int) string { return "/channels/hq/messages" }, message)
	measure("messages of eight channels", "POST", 201,
		func(i int) string { return "/channels/" + channels[i%len(channels)] + "/messages" }, message)
}
