package main

import (
	"context"
	"fmt"

	"lyceum/tools/bench/charts"
)

// socketSteps are how many sockets are open in one channel, in a rising order.
var socketSteps = []int{1, 10, 100, 1_000, 10_000}

// fewSockets is the number of sockets whose memory differs from that of the work with them.
const fewSockets = 1_000

// socketPoint is what was measured with a number of sockets. A request of the sample is the delivery of a message to
// one socket; its SocketKiB is what all sockets take of the server's memory, divided by their number, if they are not few.
type socketPoint struct {
	Sockets int `json:"sockets"`
	sample
}

// measureSockets measures the deliveries of one sender, who sends the next message when the last one is acknowledged,
// to each number of sockets.
func measureSockets(ctx context.Context, lyceum *server, d *dataset, o options) (points []socketPoint, err error) {
	s := &side{name: "Lyceum", server: lyceum, routes: &lyceumRoutes{}}
	m := &meter{options: o, data: d, sides: []*side{s}}
	if err := lyceum.measureScrape(ctx); err != nil {
		return nil, err
	}
	before := readMemory(lyceum.pid())
	for _, n := range o.sockets {
		chat := scenario{chat: &chatLoad{sockets: n, senders: 1}}
		taken, err := m.measureRound(ctx, s, chat, o.roundLength())
		if err != nil {
			return points, fmt.Errorf("%d sockets: %w", n, err)
		}
		if n >= fewSockets {
			taken.SocketKiB = (taken.Memory - before) * 1024 / float64(n)
		}
		points = append(points, socketPoint{n, taken})
	}
	return points, nil
}

// socketRows returns the cells of the table of sockets, a row for each step.
func socketRows(points []socketPoint) [][]string {
	rows := [][]string{{"sockets", "deliveries/s", "p50 ms", "p99 ms", "CPU µs/delivery", "KiB/socket"}}
	for _, p := range points {
		row := []string{fmt.Sprint(p.Sockets)}
		for _, value := range []float64{p.Rate, p.P50, p.P99, p.CPU, p.SocketKiB} {
			row = append(row, charts.FormatNumber(value))
		}
		rows = append(rows, row)
	}
	return rows
}

// chartSockets returns the chart of a delivery and of a socket while sockets become more.
func chartSockets(points []socketPoint) charts.Curves {
	cpu, memory := charts.Curve{Name: "CPU µs/delivery"}, charts.Curve{Name: "KiB/socket"}
	c := charts.Curves{Title: "A delivery and a socket while sockets become more (flat is better)"}
	for _, p := range points {
		c.Steps = append(c.Steps, []string{shorten(p.Sockets) + " sockets"})
		cpu.Values, memory.Values = append(cpu.Values, p.CPU), append(memory.Values, p.SocketKiB)
	}
	c.Curves = []charts.Curve{cpu, memory}
	return c
}
