package faults

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/clock"
	"lyceum/platform/testkit"
)

// fault is something that fails for a while.
type fault struct {
	name         string
	inject, mend func()
	// least is how long it lasts at least.
	least time.Duration
}

// plan says how the faults of a story are spread.
type plan struct {
	random *rand.Rand
	rounds int
	// shortest and longest bound how long a fault lasts.
	shortest, longest time.Duration
	// healing is how long work of every kind may take to succeed again.
	healing time.Duration
}

// newPlan returns the plan of this run: one short round with fixed choices, or several long ones with choices that are
// other ones each time under LYCEUM_PROVE=1.
func newPlan(t *testing.T) plan {
	t.Helper()
	if !proves() {
		return plan{
			random: rand.New(rand.NewPCG(1, 1)), rounds: 1, shortest: 500 * time.Millisecond,
			longest: 500 * time.Millisecond, healing: 30 * time.Second,
		}
	}
	return plan{
		random: rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1)), rounds: 4, shortest: 200 * time.Millisecond,
		longest: 8 * time.Second, healing: 15 * time.Second,
	}
}

// length returns how long a fault lasts.
func (p plan) length() time.Duration {
	return p.shortest + time.Duration(p.random.Int64N(int64(p.longest-p.shortest)+1))
}

// TestNothingAcknowledgedIsLost lets parts fail one after the other while people work, and compares what is stored with
// what was acknowledged.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Run("on services", func(t *testing.T) {
		t.Parallel()
		i := startOnServices(t, 3, program)
		suffer(t, i, func(random *rand.Rand) []fault {
			anyOf := func() *replica { return i.replicas[random.IntN(len(i.replicas))] }
			all := append(i.replicaFaults(anyOf()), i.replicaFaults(anyOf())...)
			all = append(all, i.clockFault("fast", 4*time.Second), i.clockFault("slow", -4*time.Second))
			return append(append(all, i.smtpFaults()...), i.serviceFaults()...)
		})
	})
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		disk := testkit.NewDisk(t, "256m")
		i := startEmbedded(t, program, disk.Dir)
		suffer(t, i, func(*rand.Rand) []fault {
			return append(append(i.replicaFaults(i.replicas[0]), i.smtpFaults()...),
				fault{name: "disk full", inject: disk.Fill, mend: disk.Free})
		})
	})
}

// suffer runs a load through all faults and checks what is left.
func suffer(t *testing.T, i *installation, list func(*rand.Rand) []fault) {
	t.Helper()
	p := newPlan(t)
	l := newLoad(t, i)
	l.start()
	l.awaitWork(t, time.Now(), 20*time.Second)
	_, total := l.sum(figures{})
	report := []string{fmt.Sprintf("%-22s %6s %12s %8s %8s %8s", "fault", "for", "acknowledged", "refused", "healed",
		"slowest")}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("\n%s\n%s", strings.Join(report, "\n"), i.logs())
		}
	})
	var longest time.Duration
	for range p.rounds {
		faults := list(p.random)
		p.random.Shuffle(len(faults), func(a, b int) { faults[a], faults[b] = faults[b], faults[a] })
		for _, f := range faults {
			length := max(p.length(), f.least)
			t.Logf("%s %s", time.Now().Format(time.TimeOnly), f.name)
			f.inject()
			l.wait(length)
			f.mend()
			mended := time.Now()
			i.awaitReady(len(i.replicas))
			l.awaitWork(t, mended, p.healing)
			healed := time.Since(mended)
			var since figures
			since, total = l.sum(total)
			longest = max(longest, healed)
			report = append(report, fmt.Sprintf("%-22s %6s %12d %8d %8s %8s  %s", f.name, round(length),
				since.acknowledged, since.refused, round(healed), round(since.slowest), since.slowestKind))
		}
	}
	l.finish()
	settled := check(t, i, l)
	t.Logf("\n%s\n%s\nlongest time to heal %s, mails and deliveries settled after %s", strings.Join(report, "\n"), l,
		round(longest), round(settled))
}

// round cuts a duration for the report.
func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// replicaFaults are what can happen to one replica.
func (i *installation) replicaFaults(r *replica) []fault {
	descriptors := uint64(0)
	return []fault{
		{name: "server killed", inject: func() { r.process.Kill() }, mend: func() { i.start(r) }},
		{
			name:   "server frozen",
			inject: func() { r.signal(i.t, syscall.SIGSTOP) }, mend: func() { r.signal(i.t, syscall.SIGCONT) },
		},
		{
			name:   "descriptors used up",
			inject: func() { descriptors = limitDescriptors(i.t, r, 16) },
			mend:   func() { limitDescriptors(i.t, r, descriptors) },
		},
	}
}

// smtpFaults are what can happen to the mail server.
func (i *installation) smtpFaults() []fault {
	return []fault{
		{name: "SMTP cut off", inject: i.smtp.Cut, mend: i.smtp.Mend},
		{name: "SMTP silent", inject: i.smtp.Hang, mend: i.smtp.Mend},
	}
}

// serviceFaults are what can happen to the services of all replicas.
func (i *installation) serviceFaults() []fault {
	s := i.services
	all := []fault{{name: "Redis emptied", inject: func() { emptyRedis(i.t, s.redis) }, mend: func() {}}}
	for _, part := range []struct {
		name   string
		server *testkit.Server
		wire   *wire
		// patience is longer than a request waits for the part.
		patience time.Duration
	}{
		{"PostgreSQL", s.postgres, s.postgresWire, 3 * time.Second}, {"Redis", s.redis, s.redisWire, 1200 * time.Millisecond},
		{"MinIO", s.minio, s.storageWire, 0},
	} {
		all = append(all, fault{name: part.name + " killed", inject: part.server.Kill, mend: part.server.Start},
			fault{name: part.name + " frozen", inject: part.server.Freeze, mend: part.server.Thaw, least: part.patience},
			fault{name: part.name + " cut off", inject: part.wire.Cut, mend: part.wire.Mend},
			fault{name: part.name + " silent", inject: part.wire.Hang, mend: part.wire.Mend, least: part.patience})
	}
	return all
}

// clockFault is one more replica whose clock differs from that of the machine by offset. Tokens allow for five seconds.
func (i *installation) clockFault(name string, offset time.Duration) fault {
	var s *sitetest.Site
	return fault{name: "clock " + name, inject: func() {
		vars := maps.Clone(i.vars)
		vars["HTTP_ADDR"], vars["DATA_DIR"] = "127.0.0.1:"+testkit.FreePort(i.t), i.t.TempDir()
		s = sitetest.StartWithClock(i.t, vars, shiftedClock(offset))
		i.balancer.Add(vars["HTTP_ADDR"])
		i.awaitReady(len(i.replicas) + 1)
	}, mend: func() {
		i.balancer.Remove(s.Config.HTTPAddr)
		s.Stop()
	}}
}

// shiftedClock shows another time than that of the machine.
type shiftedClock time.Duration

// Now returns the time of the machine with the shift.
func (c shiftedClock) Now() clock.Time { return clock.System{}.Now().Add(time.Duration(c)) }

// emptyRedis removes everything that Redis holds.
func emptyRedis(t *testing.T, server *testkit.Server) {
	t.Helper()
	o, err := redis.ParseURL(server.URL)
	require.NoError(t, err)
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	require.NoError(t, c.FlushAll(t.Context()).Err())
}
