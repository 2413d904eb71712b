package courses_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/testkit"
)

// replicas are two sites on the same services that take turns with the requests of one program.
type replicas struct {
	sites []*sitetest.Site
	// heard counts the signals about courses, its own and others', at each site.
	heard []*atomic.Int64
}

func newReplicas(sites []*sitetest.Site) *replicas {
	r := &replicas{sites: sites}
	for _, s := range sites {
		heard := &atomic.Int64{}
		s.Running.Parts.Broadcast.Subscribe(outline.Topic, func(string) { heard.Add(1) })
		r.heard = append(r.heard, heard)
	}
	return r
}

// pick returns one of the sites once both have heard of every change, which takes them less than a second.
func (r *replicas) pick(t *testing.T, random *rand.Rand) *sitetest.Site {
	t.Helper()
	bothHeardAll := func() bool { return r.heard[0].Load() == r.heard[1].Load() }
	if !bothHeardAll() {
		require.Eventually(t, bothHeardAll, time.Second, time.Millisecond)
	}
	return r.sites[random.IntN(len(r.sites))]
}

// What replicas answer from memory is what the model says, whichever of them has made a change.
func TestReplicasMatchModel(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false", "ACCESS_TOKEN_TTL=24h")
	for _, s := range sites {
		testkit.Eventually(t, s.Running.Parts.Broadcast.IsHealthy, "the replica hears signals")
	}
	seed, p := modelSeed(t), &modelProgram{cast: newCast(sites[0], 0), t: t, s: sites[0]}
	p.replicas = newReplicas(sites)
	for n := range testkit.Rounds(1_000) {
		next := *p
		next.run(seed, n)
	}
}

// A list that everybody may see has a new course at once where it was made, and soon elsewhere.
func TestNewCoursesAreListedOnEveryReplica(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2)
	here, there := sites[0], sites[1]
	teacher := here.NewCast().Instructor
	first := func(s *sitetest.Site) string {
		return s.Want(200, "GET", "/courses?limit=1", "", nil).Text("items.0.id")
	}
	for range 5 {
		first(here)
		first(there)
		id := here.Want(201, "POST", "/courses", teacher, `{"title":"New","status":"published"}`).Text("id")
		require.Equal(t, id, first(here))
		require.Eventually(t, func() bool { return first(there) == id }, time.Second, 5*time.Millisecond)
	}
}
